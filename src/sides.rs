//! The two sides of the monitor, and what is done under their locks: the invariants of [`crate::queue`] are kept here.

use std::mem;
use std::sync::Arc;
use std::task::Waker;

use crate::error::SubmitErrorKind;
use crate::idle::{Accepted, Retired};
use crate::job::{Header, Queued, Runnable};
use crate::lanes::{LaneSet, Lanes, Turn};
use crate::line::{Line, Waiting};
use crate::options::Priority;
use crate::queue::Refused;
use crate::sleep::Sleep;
use crate::stats::{Meter, UnrunCounts};
use crate::sync::{AtomicU8, MutexGuard, Ordering};
use crate::unrun::Unrun;

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

/// So many jobs in the front say that more come, whether or not these are done. Fewer may be those of a few submitters who
/// each wait for theirs: a pause would only keep them.
const STREAM: usize = 8;

/// The submitters' side. Laid out as declared: what every submit touches stands together, in as few cache lines as it
/// can.
#[repr(C)]
pub(crate) struct Front {
    pub(crate) room: usize,
    pub(crate) sleep: Sleep,
    pub(crate) phase: Phase,
    /// What the hint says.
    hinted: LaneSet,
    pub(crate) accepted: Accepted,
    pub(crate) jobs: Lanes,
    pub(crate) rejected: u64,
    pub(crate) line: Line,
}

/// The workers' side. Laid out as declared, as [`Front`] is.
#[repr(C)]
pub(crate) struct Back {
    pub(crate) line_waits: bool,
    /// Whether the front held a [`STREAM`] when a worker last went there for a job.
    pub(crate) is_streaming: bool,
    pub(crate) turn: Turn,
    pub(crate) retired: Retired,
    pub(crate) jobs: Lanes,
    /// Jobs taken out of the queue to be given up, not yet retired.
    pub(crate) giving_up: u64,
    /// Jobs taken out of the queue to be given up since the pool was built.
    pub(crate) unrun: UnrunCounts,
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
    /// Submitters whose jobs ended in line.
    pub(crate) turned_away: Vec<Waker>,
}

impl Front {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            room: capacity,
            sleep: Sleep::default(),
            phase: Phase::Open,
            hinted: LaneSet::default(),
            accepted: Accepted::default(),
            jobs: Lanes::new(),
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
        self.jobs.push(job.into_queued(), self.accepted.count());
        self.room = self.room.saturating_sub(1);
        self.tell(hint);
    }

    /// Sets the hint where it has changed: workers read it all the time.
    fn tell(&mut self, hint: &Hint) {
        let waiting = self.jobs.waiting();
        if waiting != mem::replace(&mut self.hinted, waiting) {
            hint.set(waiting);
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
            line_waits: false,
            is_streaming: false,
            turn: Turn::default(),
            retired: Retired::default(),
            jobs: Lanes::new(),
            giving_up: 0,
            unrun: UnrunCounts::default(),
            live: 0,
            meters: Vec::new(),
        }
    }

    /// Jobs were taken out of the queue to be given up.
    pub(crate) fn count_unrun(&mut self, why: Unrun, jobs: u64) {
        self.unrun.count(why, jobs);
        self.giving_up += jobs;
    }

    /// Whether it is worth a pause to find more jobs in the front: not while some wait here, nor while submitters stand in
    /// line, who can push none.
    pub(crate) fn jobs_may_gather(&self) -> bool {
        self.is_streaming && self.jobs.len() == 0 && !self.line_waits
    }

    /// Takes the next job without a look at the front, whose lanes are said to wait: the front's turn may have come.
    pub(crate) fn pop_alone(&mut self, in_front: LaneSet) -> Option<Queued> {
        if self.line_waits {
            return None;
        }
        let waiting = self.jobs.waiting().or(in_front);
        if waiting == LaneSet::NORMAL {
            // As mostly: no turn to take, and none is saved up.
            self.turn = Turn::default();
            return self.jobs.pop(Priority::Normal);
        }
        let lane = self.turn.next(waiting)?;
        let job = self.jobs.pop(lane)?;
        self.turn.served(lane, waiting);
        Some(job)
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

    /// Counts the room anew; jobs that are `leaving` have left theirs.
    pub(crate) fn count_room(&mut self, leaving: usize, capacity: usize) {
        self.front.room = capacity.saturating_sub(self.queued() - leaving);
    }

    /// Where the back has none left of a lane, all that the front has of it moves over.
    pub(crate) fn move_over(&mut self) {
        self.back.is_streaming = self.front.jobs.len() >= STREAM;
        for lane in Priority::ALL {
            if self.back.jobs.lane(lane).is_empty() && !self.front.jobs.lane(lane).is_empty() {
                self.back.jobs.swap_lane(&mut self.front.jobs, lane);
            }
        }
    }

    /// Takes one job out of the queue, if it is there.
    pub(crate) fn remove(&mut self, header: &Header) -> Option<Queued> {
        self.back.jobs.remove(header).or_else(|| self.front.jobs.remove(header))
    }

    /// After a job was taken out, or while one is `leaving` that is taken out before the back's lock is free: hands its
    /// place on, and calls workers for what is left.
    pub(crate) fn settle(&mut self, leaving: usize, capacity: usize, hint: &Hint) -> Signals {
        self.count_room(leaving, capacity);
        let (mut submitter, mut turned_away) = (None, Vec::new());
        if self.front.room > 0
            && let Some(Waiting { job, waker }) = self.front.line.admit(&mut turned_away)
        {
            self.front.accept(job, hint);
            submitter = Some(waker);
        }
        self.front.rejected += turned_away.len() as u64;
        self.back.line_waits = !self.front.line.is_empty();
        self.front.tell(hint);
        let left = self.queued() - leaving;
        Signals { workers: self.front.sleep.call_for(left), submitter, turned_away }
    }

    /// Takes a job out of the line, if it stands there.
    pub(crate) fn leave_line(&mut self, header: &Header) -> Option<Waiting> {
        let left = self.front.line.leave(header)?;
        self.back.line_waits = !self.front.line.is_empty();
        Some(left)
    }

    /// Everything queued, the older side first, counted as aborted.
    pub(crate) fn take_all(&mut self, hint: &Hint) -> [Lanes; 2] {
        let taken = [&mut self.back.jobs, &mut self.front.jobs].map(|jobs| mem::replace(jobs, Lanes::new()));
        self.back.count_unrun(Unrun::Aborted, taken.iter().map(Lanes::len).sum::<usize>() as u64);
        self.front.tell(hint);
        taken
    }
}

/// Which lanes of the front hold jobs: what searching workers spin on, and what tells a worker that pops from the back
/// whether it may. Written under the front's lock.
#[derive(Debug)]
pub(crate) struct Hint(AtomicU8);

impl Hint {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    pub(crate) fn read(&self) -> LaneSet {
        // ORDERING: Relaxed. A searching worker looks under the lock. A worker that pops from the back may miss a push
        // that it is not ordered after by anything else, and then pops as if that push came next.
        LaneSet::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, in_front: LaneSet) {
        // ORDERING: Relaxed, see `read`.
        self.0.store(in_front.bits(), Ordering::Relaxed);
    }
}
