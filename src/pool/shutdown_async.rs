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
    state: State,
}

enum State {
    New(Result<(), WaitError>),
    /// The shutdown goes on; where the waker stands among those who watch the pool.
    Begun(Option<Key>),
    Ended,
}

impl ShutdownAsync {
    pub(crate) fn new(pool: &Arc<Shared>, mode: Shutdown, allowed: Result<(), WaitError>) -> Self {
        Self { pool: Arc::clone(pool), mode, state: State::New(allowed) }
    }

    /// The first poll. Only here is it an error to be on one of the pool's own workers, where nobody has waited yet: later on,
    /// as in a waker, a poll that comes too early blocks nobody.
    fn begin(&self, allowed: Result<(), WaitError>) -> Result<(), WaitError> {
        allowed?;
        if would_wait_for_itself(&self.pool) {
            return Err(WaitError::WouldDeadlock);
        }
        close(&self.pool, self.mode);
        Ok(())
    }
}

impl Future for ShutdownAsync {
    type Output = Result<ShutdownReport, WaitError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.pool.id.is_of_parent() {
            return Poll::Ready(Err(WaitError::Forked));
        }
        if let State::New(allowed) = this.state {
            this.begin(allowed)?;
            this.state = State::Begun(None);
        }
        if let State::Begun(key) = &mut this.state
            && this.pool.monitor.poll_ended(key, cx.waker()).is_pending()
        {
            return Poll::Pending;
        }
        this.state = State::Ended;
        Poll::Ready(Ok(report(&this.pool, 0)))
    }
}

impl Drop for ShutdownAsync {
    fn drop(&mut self) {
        let State::Begun(key) = self.state else { return };
        self.pool.let_go();
        if let Some(key) = key
            && !self.pool.id.is_of_parent()
        {
            self.pool.monitor.stop_watching(key);
        }
    }
}
