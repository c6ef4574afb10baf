//! The two sides of the monitor, and what is done under their locks: the invariants of [`crate::queue`] are kept here.

use std::mem;
use std::sync::Arc;
use std::task::Waker;

use crate::error::SubmitErrorKind;
use crate::fifo::Fifo;
use crate::idle::{Accepted, Retired};
use crate::job::{Queued, Runnable};
use crate::line::{Line, Waiting};
use crate::queue::Refused;
use crate::sleep::Sleep;
use crate::stats::Meter;
use crate::sync::{AtomicBool, MutexGuard, Ordering};

/// See the steps in [`crate::queue`]. In order: a pool only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    Open,
    Draining,
    Aborting,
    Closed,
}

/// Who submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Outside,
    /// A worker of this pool, within a job or a hook.
    Inside,
}

/// The submitters' side. Laid out as declared: what every submit touches stands together, in as few cache lines as it
/// can.
#[repr(C)]
pub(crate) struct Front {
    pub(crate) jobs: Fifo<Queued>,
    pub(crate) room: usize,
    pub(crate) sleep: Sleep,
    pub(crate) phase: Phase,
    pub(crate) accepted: Accepted,
    pub(crate) rejected: u64,
    pub(crate) line: Line,
}

/// The workers' side. Laid out as declared, as [`Front`] is.
#[repr(C)]
pub(crate) struct Back {
    pub(crate) jobs: Fifo<Queued>,
    pub(crate) line_waits: bool,
    pub(crate) retired: Retired,
    /// Jobs taken out of the queue to be given up, not yet retired.
    pub(crate) giving_up: u64,
    /// Jobs given up by an abort.
    pub(crate) aborted: u64,
    /// Workers that have not left.
    pub(crate) live: usize,
    pub(crate) meters: Vec<Arc<Meter>>,
}

/// Both sides, locked in order.
pub(crate) struct Both<'a> {
    pub(crate) back: MutexGuard<'a, Back>,
    pub(crate) front: MutexGuard<'a, Front>,
}

/// Whom to wake once the locks are free.
#[must_use]
pub(crate) struct Signals {
    pub(crate) workers: usize,
    pub(crate) submitter: Option<Waker>,
}

impl Front {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            jobs: Fifo::new(),
            room: capacity,
            sleep: Sleep::default(),
            phase: Phase::Open,
            accepted: Accepted::default(),
            rejected: 0,
            line: Line::new(),
        }
    }

    pub(crate) fn takes_from(&self, origin: Origin) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Draining => origin != Origin::Outside,
            Phase::Aborting | Phase::Closed => false,
        }
    }

    pub(crate) fn accept(&mut self, job: Runnable, hint: &Hint) {
        let (slot, job) = self.jobs.push_back(job.into_queued());
        job.header().set_slot(slot);
        job.header().set_epoch(self.accepted.count());
        self.room = self.room.saturating_sub(1);
        if self.jobs.len() == 1 {
            hint.set();
        }
    }

    /// Refuses a job for good.
    pub(crate) fn reject(&mut self, job: Runnable, kind: SubmitErrorKind) -> Refused {
        self.rejected += 1;
        Refused { job, kind }
    }
}

impl Back {
    pub(crate) fn new() -> Self {
        Self {
            jobs: Fifo::new(),
            line_waits: false,
            retired: Retired::default(),
            giving_up: 0,
            aborted: 0,
            live: 0,
            meters: Vec::new(),
        }
    }
}

impl Both<'_> {
    pub(crate) fn queued(&self) -> usize {
        self.back.jobs.len() + self.front.jobs.len()
    }

    /// Jobs that were begun and are not retired.
    pub(crate) fn running(&self) -> u64 {
        self.front.accepted.total() - self.back.retired.total() - self.queued() as u64 - self.back.giving_up
    }

    pub(crate) fn count_room(&mut self, capacity: usize) {
        self.front.room = capacity.saturating_sub(self.queued());
    }

    /// After one job was taken out under both locks: hands its place on, and calls workers for what is left.
    pub(crate) fn settle(&mut self, capacity: usize, hint: &Hint) -> Signals {
        self.count_room(capacity);
        let mut submitter = None;
        if self.front.room > 0
            && let Some(Waiting { job, waker }) = self.front.line.admit()
        {
            self.front.accept(job, hint);
            submitter = Some(waker);
        }
        self.back.line_waits = !self.front.line.is_empty();
        Signals { workers: self.call_workers(), submitter }
    }

    fn call_workers(&mut self) -> usize {
        let queued = self.queued();
        self.front.sleep.call_for(queued)
    }

    /// Everything queued, the older list first, counted as aborted.
    pub(crate) fn take_all(&mut self) -> [Fifo<Queued>; 2] {
        let taken = [&mut self.back.jobs, &mut self.front.jobs].map(|jobs| mem::replace(jobs, Fifo::new()));
        let count = taken.iter().map(|jobs| jobs.len() as u64).sum::<u64>();
        self.back.aborted += count;
        self.back.giving_up += count;
        taken
    }
}

impl Signals {
    pub(crate) fn call(workers: usize) -> Self {
        Self { workers, submitter: None }
    }
}

/// Whether the front holds anything new: what searching workers spin on. Written under the front's lock.
#[derive(Debug)]
pub(crate) struct Hint(AtomicBool);

impl Hint {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(crate) fn is_set(&self) -> bool {
        // ORDERING: Relaxed, as the hint only says when to look, and looking takes the lock.
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        // ORDERING: Relaxed, see `is_set`.
        self.0.store(true, Ordering::Relaxed);
    }

    /// All there is has been seen. Takes the front to say that its lock is held.
    pub(crate) fn clear(&self, _front: &mut Front) {
        // ORDERING: Relaxed, see `is_set`.
        self.0.store(false, Ordering::Relaxed);
    }
}
