//! Someone with a browser: keeps the cookie and sends it again.

use std::net::SocketAddr;

use anyhow::Result;
use hyper::Method;
use hyper::header::{COOKIE, SET_COOKIE};

use super::client::{Answer, send};

#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// `visitor=...`
    pub cookie: Option<String>,
}

impl Visitor {
    pub fn visit(&mut self, address: SocketAddr) -> Result<Answer> {
        self.visit_with(address, &[])
    }

    /// With more headers.
    pub fn visit_with(&mut self, address: SocketAddr, headers: &[(&str, &str)]) -> Result<Answer> {
        let cookie = self.cookie.clone();
        let mut headers = headers.to_vec();
        headers.extend(cookie.as_deref().map(|cookie| (COOKIE.as_str(), cookie)));
        let answer = send(address, Method::GET, "/visit", &headers)?;
        if let Some(set) = answer.header(SET_COOKIE.as_str()) {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        Ok(answer)
    }

    /// One that must be answered: how many there were with it.
    pub fn count(&mut self, address: SocketAddr) -> Result<u64> {
        self.visit(address)?.with_status(200)?.number("visits")
    }
}
