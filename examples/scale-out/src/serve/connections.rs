//! The connections, from accepting them to their end.
//!
//! | from | new connections | requests | idle connections |
//! |---|---|---|---|
//! | the start | accepted | answered | kept |
//! | the begin of a drain | accepted | answered, with `Connection: close` | kept: a client may be sending just now |
//! | half of the grace | left to who else has the socket, or refused | the same | the same |
//! | the end of the grace | the same | finished | closed |
//! | the drain's time-out | the same | cut off | |
//!
//! No request is lost on the way if clients leave no connection idle for as long as half of the grace. Whatever connection
//! there was at the begin has then been closed by its client, or has had an answer that closes it; and one accepted since, up
//! to half of the grace, has had the other half to send its request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::sockets::Socket;

/// A client that has not sent its request's head by then never will.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// No descriptor is free: until one may be, there is no use in trying.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

pub(super) struct Connections {
    accepting: JoinSet<()>,
    open: Arc<GracefulShutdown>,
}

impl Connections {
    pub(super) fn accept(sockets: Vec<Socket>, app: Router) -> Self {
        let open = Arc::new(GracefulShutdown::new());
        let mut accepting = JoinSet::new();
        for socket in sockets {
            accepting.spawn(accept_from(socket, app.clone(), Arc::clone(&open)));
        }
        Self { accepting, open }
    }

    /// # Errors
    ///
    /// Requests were still running when `limit` had passed after the grace.
    pub(super) async fn drain(mut self, grace: Duration, limit: Duration) -> Result<()> {
        sleep(grace / 2).await;
        self.accepting.shutdown().await;
        sleep(grace / 2).await;
        let Some(open) = Arc::into_inner(self.open) else {
            unreachable!("only those who accept have it, too, and they have ended");
        };
        let left = open.count();
        if timeout(limit, open.shutdown()).await.is_err() {
            bail!("{limit:?} after the grace requests were still running, of {left}: they were cut off");
        }
        Ok(())
    }
}

async fn accept_from(socket: Socket, app: Router, open: Arc<GracefulShutdown>) {
    loop {
        let accepted = match &socket {
            Socket::Tcp(socket) => socket.accept().await.map(|(stream, _)| {
                // Answers are small and go out whole.
                let _ = stream.set_nodelay(true);
                spawn(stream, &app, open.watcher())
            }),
            Socket::Unix(socket) => socket.accept().await.map(|(stream, _)| spawn(stream, &app, open.watcher())),
        };
        match accepted {
            Ok(()) => {}
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// The client has gone while it waited.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

fn spawn<S>(stream: S, app: &Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app.clone()));
    tokio::spawn(async move {
        if let Err(error) = watcher.watch(connection).await {
            debug!(%error, "a connection ended");
        }
    });
}
