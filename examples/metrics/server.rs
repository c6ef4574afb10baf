//! Gives the text to who asks for it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Method, Request, Response};

use crate::Scrape;

pub struct Server {
    server: tiny_http::Server,
    address: SocketAddr,
}

impl Server {
    pub fn listen(port: u16) -> Result<Self> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = tiny_http::Server::http(wanted)
            .map_err(|error| anyhow!(error))
            .with_context(|| format!("cannot listen on {wanted}"))?;
        let address = server.server_addr().to_ip().context("the server has no address")?;
        Ok(Self { server, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers one request, if one comes in time.
    pub fn answer<S: Scrape>(&self, time: Duration, scrape: &mut S) -> Result<()> {
        match self.server.recv_timeout(time).context("the server has ended")? {
            Some(request) => respond(request, scrape),
            None => Ok(()),
        }
    }
}

fn respond<S: Scrape>(request: Request, scrape: &mut S) -> Result<()> {
    let is_known = request.method() == &Method::Get && request.url() == "/metrics";
    let response = match is_known {
        true => Response::from_string(scrape.text()?).with_header(content_type(S::CONTENT_TYPE)?),
        false => Response::from_string("GET /metrics\n").with_status_code(404),
    };
    // Who asked may have gone, and others may ask.
    let _ = request.respond(response);
    Ok(())
}

fn content_type(value: &str) -> Result<Header> {
    Header::from_bytes("Content-Type", value).map_err(|()| anyhow!("no header: {value}"))
}
