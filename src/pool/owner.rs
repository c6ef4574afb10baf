//! What lives as long as the last clone of the pool: its threads hold on to what they share with it only.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::error::WaitError;
use crate::pool::shutdown::{Shutdown, ShutdownReport, Threads, close, shut_down};
use crate::worker::seat::would_wait_for_itself;
use crate::worker::shared::Shared;

pub(crate) struct Owner {
    shared: Arc<Shared>,
    threads: Threads,
    workers: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Own,
    Global,
}

impl Owner {
    pub(crate) fn new(shared: Arc<Shared>, threads: Threads, workers: usize, kind: Kind) -> Self {
        Self { shared, threads, workers, kind }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn shut_down(&self, mode: Shutdown, timeout: Option<Duration>) -> Result<ShutdownReport, WaitError> {
        if self.kind == Kind::Global {
            return Err(WaitError::GlobalPool);
        }
        shut_down(&self.shared, &self.threads, mode, timeout)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        close(&self.shared, Shutdown::Drain);
        if !would_wait_for_itself(&self.shared) {
            // Without a deadline neither can fail.
            let _ = self.shared.monitor.wait_ended(None);
            let _ = self.threads.join_all(&self.shared, None);
        }
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.shared.monitor.stats()).finish_non_exhaustive()
    }
}
