//! Halves on offer, and whom to ask for more.
//!
//! A worker without a job *asks*: it raises the limit of every thread that may be in a join. Such a thread answers at its next
//! join: it lowers its limit and, if more workers are idle than there is work on offer, hands over its oldest half.
//!
//! **No worker stays idle for a lost question.** Limits change under the back's lock alone. Who looks for work and finds nothing
//! raises them all with both locks held, and counts as idle from then on. A thread that answers holds both locks too: it lowers
//! its limit and offers a half, unless the offers and the queue hold something for every idle worker; each of those was pushed
//! while somebody searched or was woken for it ([`crate::queue::sleep`]), who looks and, if others were faster, asks again. So
//! does who takes a half while others are idle, for them.

use std::sync::Arc;

use crate::base::fifo::Fifo;
use crate::queue::half::Half;
use crate::queue::limit::{Lease, Limit};

/// Few are on offer at once.
const CHUNK: usize = 16;

/// Changes under the back's lock.
pub(crate) struct Forks {
    offers: Fifo<Arc<Half>, CHUNK>,
    /// Each worker's, by its index.
    workers: Vec<Lease>,
    /// Those of other threads that are in a join.
    others: Vec<&'static Limit>,
    /// Whether every limit is raised.
    all_raised: bool,
    handed_over: u64,
}

impl Forks {
    pub(crate) fn new() -> Self {
        Self { offers: Fifo::new(), workers: Vec::new(), others: Vec::new(), all_raised: false, handed_over: 0 }
    }

    /// A limit for one worker more.
    pub(super) fn add_worker(&mut self) {
        self.workers.push(Lease::new());
        self.all_raised = false;
    }

    pub(crate) fn limit_of(&self, worker: usize) -> &'static Limit {
        self.workers[worker].limit()
    }

    /// A thread that is no worker begins a join.
    pub(super) fn enter(&mut self, limit: &'static Limit) {
        self.others.push(limit);
    }

    pub(crate) fn leave(&mut self, limit: &'static Limit) {
        self.others.retain(|other| !std::ptr::eq(*other, limit));
    }

    pub(super) fn ask(&mut self) {
        if self.all_raised {
            return;
        }
        self.all_raised = true;
        self.workers.iter().for_each(|lease| lease.limit().raise());
        self.others.iter().for_each(|limit| limit.raise());
    }

    /// A thread has heard that it was asked. Tells whether by one who waits for what it runs.
    pub(super) fn lower(&mut self, limit: &'static Limit) -> bool {
        self.all_raised = false;
        limit.lower()
    }

    pub(super) fn offer(&mut self, half: Arc<Half>) {
        half.set_slot(self.offers.next_key());
        self.offers.push_back(half);
        self.handed_over += 1;
    }

    /// The oldest offer, for an idle worker.
    pub(super) fn take(&mut self, worker: usize) -> Option<Arc<Half>> {
        let half = self.offers.pop_front()?;
        half.taken_by(self.limit_of(worker));
        Some(half)
    }

    /// The oldest offer that descends from `awaited`, for who waits for that; else asks who runs it.
    pub(super) fn take_for(&mut self, awaited: &Arc<Half>, taker: &'static Limit) -> Option<Arc<Half>> {
        let slot = self.offers.iter().find(|half| half.descends_from(awaited)).map(|half| half.slot());
        let Some(half) = slot.and_then(|slot| self.offers.remove(slot)) else {
            if let Some(runner) = awaited.runner() {
                runner.raise_for_waiter();
            }
            return None;
        };
        half.taken_by(taker);
        Some(half)
    }

    /// Takes a half back, for its own thread. `false`: it was taken.
    pub(super) fn withdraw(&mut self, half: &Arc<Half>) -> bool {
        // A key alone proves nothing.
        let is_offered = self.offers.get(half.slot()).is_some_and(|offered| Arc::ptr_eq(offered, half));
        is_offered && self.offers.remove(half.slot()).is_some()
    }

    pub(crate) fn offers(&self) -> usize {
        self.offers.len()
    }

    pub(crate) fn handed_over(&self) -> u64 {
        self.handed_over
    }
}
