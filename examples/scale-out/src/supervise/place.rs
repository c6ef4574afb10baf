//! Where an instance listens. The socket outlives the instances that use it, so connections wait in it from one to the next.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::program::listen;

#[derive(Debug)]
pub(super) struct Place {
    address: SocketAddr,
    socket: Option<Arc<TcpListener>>,
}

impl Place {
    pub(super) fn at(address: SocketAddr) -> Result<Self> {
        let socket = listen(address).with_context(|| format!("cannot listen on {address}: choose another --listen"))?;
        // Where the port was 0, it is known from here on.
        let socket = socket.into_std().context("cannot use the socket")?;
        let address = socket.local_addr().context("a socket without an address")?;
        Ok(Self { address, socket: Some(Arc::new(socket)) })
    }

    /// The same socket, for one more instance.
    pub(super) fn share(&self) -> Self {
        Self { address: self.address, socket: self.socket.clone() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A copy of the socket, for a child.
    pub(super) fn hand_over(&mut self) -> io::Result<OwnedFd> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => Arc::new(listen(self.address)?.into_std()?),
        };
        let copy = socket.try_clone()?;
        self.socket = Some(socket);
        Ok(copy.into())
    }

    /// Refuses connections until the next hand-over, unless others share the socket: a load balancer then takes another instance
    /// at once, where it would wait for an answer from a connection that nobody accepts.
    pub(super) fn let_go(&mut self) {
        if self.socket.as_ref().is_some_and(|socket| Arc::strong_count(socket) == 1) {
            self.socket = None;
        }
    }
}
