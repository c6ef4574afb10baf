//! What the endpoints answer.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use hyper::Method;

use crate::kit::client::{get, post, send};
use crate::kit::instances::{NO_REDIS, Server};
use crate::kit::wait::until;

#[test]
fn numbers_are_computed_by_the_pool_and_inline() -> Result<()> {
    let server = Server::start(&["--instance", "blue"])?;
    for path in ["/fib/30", "/inline/30"] {
        for request in [get, post] {
            let answer = request(server.address, path)?.with_status(200)?;
            let expected = serde_json::json!({"n": 30, "value": 832_040, "instance": "blue"});
            ensure!(answer.json()? == expected, "{answer:?}");
        }
    }
    Ok(())
}

#[test]
fn a_bad_number_is_named_in_the_error() -> Result<()> {
    let server = Server::start(&["--max-n", "20"])?;
    for bad in ["x", "-1", "1.5", "99999999999999999999", "21"] {
        for way in ["fib", "inline"] {
            let answer = get(server.address, &format!("/{way}/{bad}"))?.with_status(400)?;
            let error = answer.text("error")?;
            ensure!(error.contains(bad), "the error does not name {bad}: {error}");
        }
    }
    let largest = get(server.address, "/fib/20")?.with_status(200)?;
    ensure!(largest.number("value")? == 6765, "{largest:?}");
    Ok(())
}

#[test]
fn every_answer_names_its_instance_and_every_error_is_json() -> Result<()> {
    let server = Server::start(&["--instance", "blue", "--test-endpoints"])?;
    let paths = ["/fib/1", "/fib/x", "/healthz", "/readyz", "/metrics", "/visit", "/panic", "/nowhere"];
    for path in paths {
        let answer = get(server.address, path)?;
        ensure!(answer.header("x-instance") == Some("blue"), "{path}: {answer:?}");
        if answer.status >= 400 {
            ensure!(!answer.text("error")?.is_empty(), "{path}: {answer:?}");
        }
    }
    let wrong_method = send(server.address, Method::DELETE, "/fib/1", &[])?.with_status(405)?;
    ensure!(wrong_method.header("x-instance") == Some("blue"), "{wrong_method:?}");
    ensure!(!wrong_method.text("error")?.is_empty() && wrong_method.header("allow").is_some(), "{wrong_method:?}");
    Ok(())
}

#[test]
fn healthz_says_who_answers() -> Result<()> {
    let server = Server::start(&["--instance", "blue"])?;
    let answer = get(server.address, "/healthz")?.with_status(200)?;
    ensure!(answer.text("instance")? == "blue", "{answer:?}");
    ensure!(answer.number("pid")? == u64::from(server.program.pid()), "{answer:?}");
    ensure!(answer.number("uptime_seconds")? < 60, "{answer:?}");
    Ok(())
}

#[test]
fn without_redis_a_server_is_ready_and_refuses_visits() -> Result<()> {
    let server = Server::start(&["--redis", NO_REDIS])?;
    let ready = get(server.address, "/readyz")?.with_status(200)?;
    ensure!(ready.json()?["draining"] == false && ready.text("redis")? == "down", "{ready:?}");
    let visit = get(server.address, "/visit")?.with_status(503)?;
    visit.header("retry-after").context("no Retry-After")?;
    get(server.address, "/fib/10")?.with_status(200)?;
    until("the log says why", || server.program.output().contains("Connection refused"))?;
    Ok(())
}

#[test]
fn what_kills_and_panics_is_off_unless_asked_for() -> Result<()> {
    let mut server = Server::start(&[])?;
    for path in ["/panic", "/crash"] {
        post(server.address, path)?.with_status(404)?;
    }
    ensure!(server.program.runs());
    Ok(())
}

#[test]
fn a_panic_is_an_error_500_and_the_server_goes_on() -> Result<()> {
    let mut server = Server::start(&["--test-endpoints", "--workers", "1"])?;
    for _ in 0..3 {
        post(server.address, "/panic")?.with_status(500)?;
    }
    get(server.address, "/fib/10")?.with_status(200)?;
    ensure!(server.program.runs());
    Ok(())
}

/// A connection that is closed over what was not read takes the answer with it, or most of the time.
#[test]
fn who_sends_a_body_has_an_answer() -> Result<()> {
    let server = Server::start(&[])?;
    let body = vec![b'x'; 900_000];
    for path in ["/fib/10", "/nowhere"] {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(server.address)?;
            let length = body.len();
            write!(
                stream,
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            )?;
            stream.write_all(&body).context("cannot send the body")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).context("cannot read the answer")?;
            let status = if path == "/nowhere" { "404" } else { "200" };
            ensure!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
    }
    Ok(())
}
