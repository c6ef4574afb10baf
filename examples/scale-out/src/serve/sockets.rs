//! Where connections come from: sockets that were handed over, or one of our own.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};
use tracing::info;

use crate::program::{BadInput, listen};

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The sockets of LISTEN_FDS, all of them; or, without any, one at `address`.
pub(super) fn open(address: SocketAddr) -> Result<Vec<Socket>> {
    let mut given = ListenFd::from_env();
    let mut sockets = Vec::new();
    for index in 0..given.len() {
        sockets.push(
            take(&mut given, index).with_context(|| BadInput(format!("cannot use socket {index} of LISTEN_FDS")))?,
        );
    }
    if sockets.is_empty() {
        let socket = listen(address);
        sockets
            .push(Socket::Tcp(socket.with_context(|| format!("cannot listen on {address}: choose another --listen"))?));
    }
    for socket in &sockets {
        match socket {
            Socket::Tcp(socket) => info!(address = %socket.local_addr()?, "listening"),
            Socket::Unix(socket) => info!(address = ?socket.local_addr()?, "listening"),
        }
    }
    Ok(sockets)
}

fn take(given: &mut ListenFd, index: usize) -> io::Result<Socket> {
    // One that is not of this kind is left there.
    if let Ok(Some(socket)) = given.take_tcp_listener(index) {
        socket.set_nonblocking(true)?;
        return Ok(Socket::Tcp(TcpListener::from_std(socket)?));
    }
    let Some(socket) = given.take_unix_listener(index)? else {
        unreachable!("each is taken once");
    };
    socket.set_nonblocking(true)?;
    Ok(Socket::Unix(UnixListener::from_std(socket)?))
}
