//! A pool's threads, to be joined once it has ended.
//!
//! Joining knows no deadline, and what a thread still does may be user code (thread-local destructors, wakers of those who watch
//! the pool). So callers with a deadline leave it to a helper thread, which they share, and wait for that.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use parking_lot::Mutex;

use crate::base::error::WaitError;
use crate::base::thread;
use crate::ending::keeper::Keeper;

/// What there is to join of a pool.
pub(crate) struct Threads {
    helper_name: String,
    /// Its workers: empty once they were joined. Locked until the keeper's threads are joined too, so that every caller
    /// comes back to ended threads.
    unjoined: Arc<Mutex<Vec<JoinHandle<()>>>>,
    /// Started by the first caller with a deadline, for all of them, and joined after the others.
    helper: Mutex<Option<Helper>>,
}

struct Helper {
    thread: JoinHandle<()>,
    /// Closed once it has joined the others.
    joined: Receiver<Infallible>,
}

impl Threads {
    pub(crate) fn new(pool_name: &str) -> Self {
        Self { helper_name: format!("{pool_name}-join"), unjoined: Arc::default(), helper: Mutex::default() }
    }

    pub(crate) fn add(&self, thread: JoinHandle<()>) {
        self.unjoined.lock().push(thread);
    }

    /// Waits for the pool's threads to end, or until `deadline`. Not on one of them.
    pub(crate) fn join_all(&self, keeper: &Arc<Keeper>, deadline: Option<Instant>) -> Result<(), WaitError> {
        if let Some(deadline) = deadline
            && let Some(joined) = self.joined_by_helper(keeper)
            && let Err(RecvTimeoutError::Timeout) = joined.recv_deadline(deadline)
        {
            return Err(WaitError::TimedOut);
        }
        join(&self.unjoined, keeper);
        let mut helper = self.helper.lock();
        if let Some(Helper { thread, .. }) = helper.take() {
            // It has nothing left to do.
            let _ = thread.join();
        }
        Ok(())
    }

    /// Nothing where no helper can be started, or none is needed any more: better late than not at all.
    fn joined_by_helper(&self, keeper: &Arc<Keeper>) -> Option<Receiver<Infallible>> {
        if self.unjoined.try_lock().is_some_and(|unjoined| unjoined.is_empty()) {
            return None;
        }
        let mut helper = self.helper.lock();
        if helper.is_none() {
            let (joins, joined) = bounded(0);
            let (unjoined, keeper) = (Arc::clone(&self.unjoined), Arc::clone(keeper));
            let spawned = thread::named(self.helper_name.clone(), None).spawn(move || {
                join(&unjoined, &keeper);
                drop(joins);
            });
            *helper = spawned.ok().map(|thread| Helper { thread, joined });
        }
        helper.as_ref().map(|helper| helper.joined.clone())
    }
}

fn join(threads: &Mutex<Vec<JoinHandle<()>>>, keeper: &Keeper) {
    let mut unjoined = threads.lock();
    for thread in unjoined.drain(..) {
        // It fails only where a panic escaped the worker, which contains all it runs.
        let _ = thread.join();
    }
    keeper.join();
}
