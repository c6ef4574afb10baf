//! Shutting down from async code: a future that is ready once the pool has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::base::error::WaitError;
use crate::base::fifo::Key;
use crate::pool::shutdown::{Shutdown, ShutdownReport, close, report};
use crate::worker::seat::would_wait_for_itself;
use crate::worker::shared::Shared;

/// Holds on to what the pool's threads share only: dropping it blocks nobody.
pub(crate) struct ShutdownAsync {
    pool: Arc<Shared>,
    mode: Shutdown,
    allowed: Result<(), WaitError>,
    /// Where its waker stands among those who watch the pool.
    key: Option<Key>,
}

impl ShutdownAsync {
    pub(crate) fn new(pool: &Arc<Shared>, mode: Shutdown, allowed: Result<(), WaitError>) -> Self {
        Self { pool: Arc::clone(pool), mode, allowed, key: None }
    }
}

impl Future for ShutdownAsync {
    type Output = Result<ShutdownReport, WaitError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Err(why) = this.allowed {
            return Poll::Ready(Err(why));
        }
        if would_wait_for_itself(&this.pool) {
            return Poll::Ready(Err(WaitError::WouldDeadlock));
        }
        close(&this.pool, this.mode);
        this.pool.monitor.poll_ended(&mut this.key, cx.waker()).map(|()| Ok(report(&this.pool, 0)))
    }
}

impl Drop for ShutdownAsync {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.pool.monitor.stop_watching(key);
        }
    }
}
