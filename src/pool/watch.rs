//! Watching the pool from async code: a future that is ready once what it waits for has come about.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::base::error::WaitError;
use crate::queue::awaited::Awaited;
use crate::queue::watchers::WatchKey;
use crate::worker::inline::poll_for;
use crate::worker::seat::would_wait_for_itself;
use crate::worker::shared::Shared;

/// Whether a thread may wait for the pool here.
pub(crate) fn may_wait(pool: &Arc<Shared>) -> Result<(), WaitError> {
    if pool.id.is_of_parent() {
        return Err(WaitError::Forked);
    }
    if would_wait_for_itself(pool) { Err(WaitError::WouldDeadlock) } else { Ok(()) }
}

/// Holds on to what the pool's threads share only: dropping it blocks nobody.
pub(crate) struct Watch {
    pool: Arc<Shared>,
    /// `None` once it has come about.
    awaited: Option<Awaited>,
    /// Where the waker stands among those who watch the pool, since the first poll.
    key: Option<WatchKey>,
}

impl Watch {
    pub(crate) fn new(pool: &Arc<Shared>, awaited: Awaited) -> Self {
        Self { pool: Arc::clone(pool), awaited: Some(awaited), key: None }
    }

    pub(crate) fn pool(&self) -> &Arc<Shared> {
        &self.pool
    }

    pub(crate) fn is_over(&self) -> bool {
        self.awaited.is_none()
    }
}

impl Future for Watch {
    type Output = Result<(), WaitError>;

    /// Only the first poll is an error on one of the pool's own workers, where nobody has waited yet: later on, as in a waker, a
    /// poll that comes too early blocks nobody.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.key.is_none() {
            may_wait(&this.pool)?;
        } else if this.pool.id.is_of_parent() {
            return Poll::Ready(Err(WaitError::Forked));
        }
        if let Some(awaited) = &mut this.awaited {
            ready!(poll_for(&this.pool, awaited, &mut this.key, cx.waker()));
            this.awaited = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let (Some(awaited), Some(key)) = (self.awaited.take(), self.key)
            && !self.pool.id.is_of_parent()
        {
            self.pool.monitor.stop_watching(awaited, key);
        }
    }
}
