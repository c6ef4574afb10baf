//! What lives as long as the last clone of the pool: its threads hold on to what they share with it only.
//!
//! | a `Pool` that | holds | when the last clone is dropped |
//! |---|---|---|
//! | was built, or upgraded | the pool's one owner, open | the pool drains, and the drop may wait for its end |
//! | was asked for inside one of the pool's jobs | an owner of its own, which is none | nothing: the pool does not end before the job |

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::RefUnwindSafe;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crate::base::error::WaitError;
use crate::pool::shutdown::{Shutdown, ShutdownReport, close, join_threads, shut_down};
use crate::pool::shutdown_async::ShutdownAsync;
use crate::queue::awaited::Awaited;
use crate::worker::inline::{run_queued, wait_for};
use crate::worker::seat::would_wait_for_itself;
use crate::worker::shared::Shared;

pub(crate) struct Owner {
    shared: Arc<Shared>,
    kind: Kind,
}

/// No code of the user's runs under a lock, so no panic leaves anything half done.
impl RefUnwindSafe for Owner {}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Own,
    Global,
    /// Keeps nothing open.
    Visitor,
}

impl Owner {
    /// The pool's one owner.
    pub(crate) fn new(shared: Arc<Shared>, kind: Kind) -> Arc<Self> {
        let owner = Arc::new(Self { shared, kind });
        let weak: Weak<Self> = Arc::downgrade(&owner);
        let known = owner.shared.owner.set(weak);
        debug_assert!(known.is_ok(), "a pool is built once");
        owner
    }

    /// For code inside one of the pool's jobs.
    pub(crate) fn visitor(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { shared, kind: Kind::Visitor })
    }

    /// The pool's one owner, while there is one.
    pub(crate) fn of(shared: &Shared) -> Option<Arc<Self>> {
        let owner: Arc<dyn Any + Send + Sync> = shared.owner.get()?.upgrade()?;
        owner.downcast().ok()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn shut_down(&self, mode: Shutdown, timeout: Option<Duration>) -> Result<ShutdownReport, WaitError> {
        self.may_shut_down()?;
        let report = shut_down(&self.shared, mode, timeout)?;
        if report.still_running > 0 {
            // Whoever gave it a time does not wait for what is left.
            self.shared.let_go();
        }
        Ok(report)
    }

    pub(crate) fn shutdown_async(&self, mode: Shutdown) -> ShutdownAsync {
        ShutdownAsync::new(&self.shared, mode, self.may_shut_down())
    }

    pub(crate) fn begin_shutdown(&self, mode: Shutdown) -> Result<(), WaitError> {
        self.may_shut_down()?;
        close(&self.shared, mode);
        Ok(())
    }

    fn may_shut_down(&self) -> Result<(), WaitError> {
        if Self::of(&self.shared).is_some_and(|owner| owner.kind == Kind::Global) {
            return Err(WaitError::GlobalPool);
        }
        if self.shared.id.is_of_parent() { Err(WaitError::Forked) } else { Ok(()) }
    }

    /// Whether the last clone waits, when it is dropped, for the pool to end.
    fn waits(&self) -> bool {
        // A job may wait for something that is dropped further up as the panic unwinds.
        !self.shared.is_let_go() && !thread::panicking() && !would_wait_for_itself(&self.shared)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if self.kind == Kind::Visitor {
            return;
        }
        if self.shared.id.is_of_parent() {
            // The threads are not there to be joined or let go of, nor to give back a lock that they hold.
            mem::forget(Arc::clone(&self.shared));
            return;
        }
        close(&self.shared, Shutdown::Drain);
        if !thread::panicking() {
            // An inline pool's, whether or not anybody waits: nobody else would.
            run_queued(&self.shared, || false);
        }
        if self.waits() {
            // Without a deadline neither can fail.
            let _ = wait_for(&self.shared, Awaited::End, None);
            let _ = join_threads(&self.shared, None);
        }
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("id", &self.shared.id)
            .field("name", &self.shared.name)
            .field("stats", &self.shared.monitor.stats())
            .finish_non_exhaustive()
    }
}
