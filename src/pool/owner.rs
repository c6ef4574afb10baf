//! What lives as long as the last clone of the pool: its threads hold on to what they share with it only.

use std::fmt;
use std::mem;
use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::base::error::WaitError;
use crate::pool::shutdown::{Shutdown, ShutdownReport, Threads, close, shut_down};
use crate::pool::shutdown_async::ShutdownAsync;
use crate::worker::seat::would_wait_for_itself;
use crate::worker::shared::Shared;

pub(crate) struct Owner {
    shared: Arc<Shared>,
    threads: Threads,
    workers: usize,
    kind: Kind,
    /// A shutdown has run out of time, or an awaited one was dropped: whoever asked for it does not wait for what is left.
    given_up: Arc<AtomicBool>,
}

/// No code of the user's runs under a lock, so no panic leaves anything half done.
impl RefUnwindSafe for Owner {}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Own,
    Global,
}

impl Owner {
    pub(crate) fn new(shared: Arc<Shared>, threads: Threads, workers: usize, kind: Kind) -> Self {
        Self { shared, threads, workers, kind, given_up: Arc::default() }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn shut_down(&self, mode: Shutdown, timeout: Option<Duration>) -> Result<ShutdownReport, WaitError> {
        self.may_shut_down()?;
        let report = shut_down(&self.shared, &self.threads, mode, timeout)?;
        if report.still_running > 0 {
            // ORDERING: Relaxed, as the drop that reads it comes after all use of the pool.
            self.given_up.store(true, Ordering::Relaxed);
        }
        Ok(report)
    }

    pub(crate) fn shutdown_async(&self, mode: Shutdown) -> ShutdownAsync {
        ShutdownAsync::new(&self.shared, mode, self.may_shut_down(), Arc::clone(&self.given_up))
    }

    pub(crate) fn begin_shutdown(&self, mode: Shutdown) -> Result<(), WaitError> {
        self.may_shut_down()?;
        close(&self.shared, mode);
        Ok(())
    }

    fn may_shut_down(&self) -> Result<(), WaitError> {
        match self.kind {
            Kind::Global => Err(WaitError::GlobalPool),
            Kind::Own if self.shared.id.is_of_parent() => Err(WaitError::Forked),
            Kind::Own => Ok(()),
        }
    }

    /// Whether the last clone waits, when it is dropped, for the pool to end.
    fn waits(&self) -> bool {
        // ORDERING: Relaxed, see `shut_down`.
        let given_up = self.given_up.load(Ordering::Relaxed);
        // A job may wait for something that is dropped further up as the panic unwinds.
        !given_up && !thread::panicking() && !would_wait_for_itself(&self.shared)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if self.shared.id.is_of_parent() {
            // The threads are not there to be joined or let go of, nor to give back a lock that they hold.
            mem::forget(self.threads.clone());
            return;
        }
        close(&self.shared, Shutdown::Drain);
        if self.waits() {
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
