//! Jobs that one worker is to run, and no other: what a broadcast has sent. Each worker has a box of its own, and looks into it
//! before it looks for other jobs.
//!
//! 1. Who sends holds both locks: it puts a job into every box and counts the broadcast in the front. After unlocking it
//!    notifies all who sleep.
//! 2. A worker looks into its box whenever it comes for a job, with the back's lock, and once more before it sleeps, with both.
//! 3. It sleeps until it is woken or the count has changed since that look, which it held the front's lock from.
//!
//! So no worker sleeps on a job in its box. Nor does any exit: only an open pool takes a broadcast, and no worker leaves that
//! before it has looked into its box once more.

use std::collections::VecDeque;

use crate::base::tick::Tick;
use crate::job::runnable::Queued;

/// Changes under the back's lock.
#[derive(Default)]
pub(crate) struct Mailboxes {
    boxes: Vec<VecDeque<(Queued, Tick)>>,
}

impl Mailboxes {
    /// A box for one worker more.
    pub(crate) fn add(&mut self) {
        self.boxes.push(VecDeque::new());
    }

    /// Jobs in all boxes.
    pub(crate) fn len(&self) -> usize {
        self.boxes.iter().map(VecDeque::len).sum()
    }

    /// A job for each worker, in their order, submitted at `since`.
    pub(crate) fn send(&mut self, jobs: impl Iterator<Item = Queued>, since: Tick) {
        for (own, job) in self.boxes.iter_mut().zip(jobs) {
            own.push_back((job, since));
        }
    }

    /// A job, and when it was submitted.
    pub(crate) fn take(&mut self, worker: usize) -> Option<(Queued, Tick)> {
        self.boxes.get_mut(worker)?.pop_front()
    }

    /// A job out of any box, to be aborted.
    pub(crate) fn take_any(&mut self) -> Option<(Queued, Tick)> {
        (0..self.boxes.len()).find_map(|worker| self.take(worker))
    }
}
