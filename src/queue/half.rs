//! A half that a join has handed over, as its thread and those who may run it see it.
//!
//! | where it is | who owns its task | how it gets there |
//! |---|---|---|
//! | offered | nobody | its thread hands it over |
//! | taken | who took it out of the list | an idle worker, or a thread that waits for what this descends from |
//! | withdrawn | its own thread again | its thread comes to it first, and takes it out of the list |
//! | done | nobody | who took it has run it |
//!
//! It is taken and withdrawn under the back's lock, so it is one or the other.
//!
//! **Waiting.** Its thread may wait until it is done, and meanwhile runs what descends from it:
//!
//! 1. It leaves its waker here; then, each time, it lowers the flag `news`, looks whether the half is done, looks for an
//!    offer under the lock, and parks unless the flag has been raised or the half is done.
//! 2. Who hands over a half that descends from this one raises the flag, after it has let go of the lock, and wakes.
//! 3. Who has run it says that it is done, and wakes.
//!
//! So no wake-up is lost: an offer that the look under the lock has missed came after it, and so after the flag was lowered.

use std::sync::Arc;
use std::task::Waker;

use crate::base::fifo::Key;
use crate::base::sync::{AtomicBool, AtomicU32, Mutex, Ordering};
use crate::queue::limit::Limit;

/// Runs a half, on whatever thread; lets no panic out.
pub(crate) type Task = Box<dyn FnOnce(&Arc<Half>) + Send>;

pub(crate) struct Half {
    is_done: AtomicBool,
    /// Whether something may have been offered that descends from this.
    news: AtomicBool,
    /// Where it stands in the list of offers, or stood. Changes under the back's lock.
    slot: AtomicU32,
    inner: Mutex<Inner>,
}

struct Inner {
    task: Option<Task>,
    /// The half in whose run it was handed over, until this one is done.
    parent: Option<Arc<Half>>,
    /// Whose thread runs it.
    runner: Option<&'static Limit>,
    waiter: Option<Waker>,
}

/// So many generations are looked at to find out what descends from what. In a tree that has grown deeper meanwhile a waiter may
/// miss an offer, and then waits for those it can see.
const GENERATIONS: usize = 64;

impl Half {
    pub(crate) fn new(task: Task, parent: Option<Arc<Half>>) -> Arc<Self> {
        Arc::new(Self {
            is_done: AtomicBool::new(false),
            news: AtomicBool::new(false),
            slot: AtomicU32::new(0),
            inner: Mutex::new(Inner { task: Some(task), parent, runner: None, waiter: None }),
        })
    }

    pub(super) fn slot(&self) -> Key {
        // ORDERING: Relaxed, as it changes under a lock.
        self.slot.load(Ordering::Relaxed)
    }

    pub(super) fn set_slot(&self, slot: Key) {
        // ORDERING: Relaxed, see `slot`.
        self.slot.store(slot, Ordering::Relaxed);
    }

    /// For who has taken it out of the list.
    pub(crate) fn run(self: &Arc<Self>) {
        let task = self.inner.lock().task.take();
        if let Some(task) = task {
            task(self);
        }
        self.finish();
    }

    /// Its own thread has it again: what the task holds goes, the rest does not matter.
    pub(crate) fn withdrawn(&self) {
        let (task, parent) = {
            let mut inner = self.inner.lock();
            (inner.task.take(), inner.parent.take())
        };
        drop((task, parent));
    }

    fn finish(&self) {
        let (waiter, parent) = {
            let mut inner = self.inner.lock();
            // ORDERING: Release pairs with the Acquire in `is_done`: what the task has done is seen by who waits.
            self.is_done.store(true, Ordering::Release);
            (inner.waiter.take(), inner.parent.take())
        };
        // Its own parent holds it in turn: a chain of those that are done would be dropped on as deep a stack.
        drop(parent);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        // ORDERING: Acquire, see `finish`.
        self.is_done.load(Ordering::Acquire)
    }

    pub(super) fn taken_by(&self, runner: &'static Limit) {
        self.inner.lock().runner = Some(runner);
    }

    /// The limit of the thread that runs it.
    pub(super) fn runner(&self) -> Option<&'static Limit> {
        self.inner.lock().runner
    }

    fn parent(&self) -> Option<Arc<Self>> {
        self.inner.lock().parent.clone()
    }

    /// Those it descends from, nearest first.
    fn ancestors(&self) -> impl Iterator<Item = Arc<Self>> + use<> {
        let mut next = self.parent();
        let ancestors = std::iter::from_fn(move || {
            let ancestor = next.take()?;
            next = ancestor.parent();
            Some(ancestor)
        });
        ancestors.take(GENERATIONS)
    }

    pub(super) fn descends_from(&self, ancestor: &Arc<Self>) -> bool {
        self.ancestors().any(|other| Arc::ptr_eq(&other, ancestor))
    }

    /// Step 1 at the top of this file, once.
    pub(crate) fn wait_with(&self, waker: Waker) {
        let old = self.inner.lock().waiter.replace(waker);
        drop(old);
    }

    /// Step 1, each time.
    pub(crate) fn lower_news(&self) {
        // ORDERING: Relaxed, as the lock that is taken next orders it before any offer that the look under it misses.
        self.news.store(false, Ordering::Relaxed);
    }

    /// Whether its thread should look again.
    pub(crate) fn has_news(&self) -> bool {
        // ORDERING: Relaxed: it says when to look under the lock.
        self.is_done() || self.news.load(Ordering::Relaxed)
    }

    /// Step 2, for those who wait for what this descends from.
    pub(crate) fn tell_ancestors(&self) {
        for ancestor in self.ancestors() {
            // ORDERING: Relaxed, see `has_news`; who parks is ordered after it by the waker.
            ancestor.news.store(true, Ordering::Relaxed);
            let waiter = ancestor.inner.lock().waiter.clone();
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        }
    }
}
