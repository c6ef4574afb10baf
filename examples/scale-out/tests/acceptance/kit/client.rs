//! One request at a time. Nothing is sent twice here: what a client would hide by trying again, the tests must see.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// After which a request without an answer has failed.
pub const LIMIT: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {self:?}"))
    }

    /// A whole number of the body.
    pub fn number(&self, name: &str) -> Result<u64> {
        self.json()?[name].as_u64().with_context(|| format!("no number {name} in {self:?}"))
    }

    /// A text of the body.
    pub fn text(&self, name: &str) -> Result<String> {
        Ok(self.json()?[name].as_str().with_context(|| format!("no text {name} in {self:?}"))?.to_owned())
    }

    pub fn with_status(self, status: u16) -> Result<Self> {
        ensure!(self.status == status, "wanted {status}, got {self:?}");
        Ok(self)
    }
}

pub fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    send(address, Method::GET, path, &[])
}

pub fn post(address: SocketAddr, path: &str) -> Result<Answer> {
    send(address, Method::POST, path, &[])
}

/// The answer comes when it is asked for: the test goes on meanwhile.
pub fn get_later(address: SocketAddr, path: &str) -> JoinHandle<Result<Answer>> {
    let path = path.to_owned();
    thread::spawn(move || get(address, &path))
}

pub fn send(address: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
    exchange(address, request(method, path, headers)?)
}

pub fn post_json(address: SocketAddr, path: &str, body: impl AsRef<[u8]>) -> Result<Answer> {
    let head = Request::post(path).header(HOST, "localhost").header(CONTENT_TYPE, "application/json");
    exchange(address, head.body(Full::new(Bytes::copy_from_slice(body.as_ref())))?)
}

fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Answer> {
    // With the runtime ends the connection, before this returns.
    runtime()?.block_on(async {
        let path = request.uri().path().to_owned();
        let exchange = async { Connection::open(address).await?.send(request).await };
        timeout(LIMIT, exchange).await.with_context(|| format!("{path} has no answer after {LIMIT:?}"))?
    })
}

pub fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

pub fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Result<Request<Full<Bytes>>> {
    let mut builder = Request::builder().method(&method).uri(path).header(HOST, "localhost");
    if method == Method::POST {
        builder = builder.header(CONTENT_LENGTH, 0);
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    Ok(builder.body(Full::default())?)
}

/// A connection that is kept from request to request.
#[derive(Debug)]
pub struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        self.0.ready().await?;
        let (head, body) = self.0.send_request(request).await?.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// A request that nobody waits for: dropping it hangs up.
#[derive(Debug)]
pub struct Unanswered(#[expect(dead_code, reason = "it is only held")] TcpStream);

impl Unanswered {
    pub fn get(address: SocketAddr, path: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        Ok(Self(stream))
    }
}
