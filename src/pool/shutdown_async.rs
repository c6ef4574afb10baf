//! Shutting down from async code: a future that is ready once the pool has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::base::error::WaitError;
use crate::pool::shutdown::{Shutdown, ShutdownReport, close, report};
use crate::pool::watch::{Watch, may_wait};
use crate::queue::awaited::Awaited;
use crate::worker::shared::Shared;

pub(crate) struct ShutdownAsync {
    mode: Shutdown,
    /// To be begun, if it may; `None` once it was.
    new: Option<Result<(), WaitError>>,
    end: Watch,
}

impl ShutdownAsync {
    pub(crate) fn new(pool: &Arc<Shared>, mode: Shutdown, allowed: Result<(), WaitError>) -> Self {
        Self { mode, new: Some(allowed), end: Watch::new(pool, Awaited::End) }
    }
}

impl Future for ShutdownAsync {
    type Output = Result<ShutdownReport, WaitError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(allowed) = this.new {
            allowed.and_then(|()| may_wait(this.end.pool()))?;
            this.new = None;
            close(this.end.pool(), this.mode);
        }
        ready!(Pin::new(&mut this.end).poll(cx))?;
        Poll::Ready(Ok(report(this.end.pool(), 0)))
    }
}

impl Drop for ShutdownAsync {
    fn drop(&mut self) {
        if self.new.is_none() && !self.end.is_over() {
            self.end.pool().let_go();
        }
    }
}
