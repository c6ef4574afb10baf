//! Where `serve` listens: where it is told to, or on a socket that it is given.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use anyhow::{Result, ensure};
use rustix::process::Signal;

use crate::kit::client::get;
use crate::kit::instances::{NO_REDIS, Server};
use crate::kit::program::{BINARY, Program, scale_out};
use crate::kit::wait::until;

/// Free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn serves_until_terminated(command: &mut Command, address: SocketAddr) -> Result<()> {
    let mut program = Program::start(command)?;
    until("it answers", || get(address, "/fib/10").is_ok_and(|answer| answer.status == 200))?;
    program.signal(Signal::TERM)?;
    let status = program.end()?;
    ensure!(status.code() == Some(0), "{status}");
    Ok(())
}

#[test]
fn serve_listens_where_it_is_told_to() -> Result<()> {
    let address = free_address()?;
    let mut command = scale_out(&["serve", "--grace", "10ms", "--redis", NO_REDIS, "--listen", &address.to_string()]);
    serves_until_terminated(&mut command, address)
}

#[test]
fn serve_takes_the_socket_that_systemd_hands_it() -> Result<()> {
    // The convention itself, as a shell keeps it.
    let mut server = Server::start(&["--grace", "10ms", "--listen", "192.0.2.1:1"])?;
    get(server.address, "/fib/10")?.with_status(200)?;
    server.program.signal(Signal::TERM)?;
    ensure!(server.program.end()?.success());
    // And as systemd's own tool does, where there is one.
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        println!("systemd-socket-activate is not installed: not tried");
        return Ok(());
    }
    let address = free_address()?;
    let mut command = Command::new("systemd-socket-activate");
    command.args(["--listen", &address.to_string(), BINARY, "serve", "--grace", "10ms", "--redis", NO_REDIS]);
    serves_until_terminated(&mut command, address)
}

/// As when the reader of a pipe has gone, or the disk is full.
#[test]
fn a_log_that_cannot_be_written_ends_nothing() -> Result<()> {
    let address = free_address()?;
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec "$@" 2>/dev/full"#, "sh", BINARY, "serve", "--grace", "10ms", "--redis", NO_REDIS]);
    serves_until_terminated(command.args(["--listen", &address.to_string()]), address)
}

#[test]
fn an_address_in_use_is_named() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let output = scale_out(&["serve", "--redis", NO_REDIS, "--listen", &address]).output()?;
    let error = String::from_utf8(output.stderr)?;
    ensure!(!output.status.success() && error.contains(&address), "{}: {error}", output.status);
    Ok(())
}
