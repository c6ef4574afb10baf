//! Watching the pool from async code: a future that is ready once what it waits for has come about.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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
    state: State,
}

enum State {
    New(Awaited),
    /// Where the waker stands among those who watch the pool.
    Begun(Awaited, Option<WatchKey>),
    Ended,
}

impl Watch {
    pub(crate) fn new(pool: &Arc<Shared>, awaited: Awaited) -> Self {
        Self { pool: Arc::clone(pool), state: State::New(awaited) }
    }

    pub(crate) fn pool(&self) -> &Arc<Shared> {
        &self.pool
    }

    /// Whether it was polled, and not to its end.
    pub(crate) fn is_begun(&self) -> bool {
        matches!(self.state, State::Begun(..))
    }
}

impl Future for Watch {
    type Output = Result<(), WaitError>;

    /// Only the first poll is an error on one of the pool's own workers, where nobody has waited yet: later on, as in a waker, a
    /// poll that comes too early blocks nobody.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.pool.id.is_of_parent() {
            return Poll::Ready(Err(WaitError::Forked));
        }
        match mem::replace(&mut this.state, State::Ended) {
            State::New(awaited) => {
                may_wait(&this.pool)?;
                this.state = State::Begun(awaited, None);
            }
            begun => this.state = begun,
        }
        if let State::Begun(awaited, key) = &mut this.state
            && poll_for(&this.pool, awaited, key, cx.waker()).is_pending()
        {
            return Poll::Pending;
        }
        this.state = State::Ended;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let State::Begun(awaited, Some(key)) = mem::replace(&mut self.state, State::Ended)
            && !self.pool.id.is_of_parent()
        {
            self.pool.monitor.stop_watching(awaited, key);
        }
    }
}
