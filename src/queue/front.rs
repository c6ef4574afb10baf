//! The submitters' side: what they push to, wait in line for, and whom they wake.

use std::mem;
use std::time::Duration;

use crate::base::error::SubmitErrorKind;
use crate::base::tick::Tick;
use crate::job::runnable::Runnable;
use crate::queue::epochs::Accepted;
use crate::queue::hint::Hint;
use crate::queue::lanes::{LaneSet, Lanes};
use crate::queue::line::Line;
use crate::queue::rejections::Rejections;
use crate::queue::room::Room;
use crate::queue::sleep::{Calls, Rest, Sleep, Wakeup};

/// How far a pool has shut down. In order: it only ever moves down this list, each step under both locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    /// Takes jobs from everybody.
    Open,
    /// Rejects the line and outsiders; jobs of this pool may still submit.
    Draining,
    /// Rejects everybody, and aborts what is queued.
    Aborting,
    /// Set by the first worker that may exit: from `Draining` once nothing is queued and nothing runs, so that nobody is
    /// left who could submit; from `Aborting` at once. Every worker then exits, since the queue stays empty for good.
    Closed,
}

/// Who submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Outside,
    /// A worker of this pool, within a job or a hook.
    Inside,
}

/// A job that was not accepted, and why.
pub(crate) struct Rejected {
    pub(crate) job: Runnable,
    pub(crate) kind: SubmitErrorKind,
}

impl Rejected {
    /// Leaves the closure in its cell for the submitter; gives the reason.
    pub(crate) fn into_kind(self) -> SubmitErrorKind {
        self.job.reject();
        self.kind
    }
}

/// Laid out as declared: what every submit touches stands together, in as few cache lines as it can.
#[repr(C)]
pub(crate) struct Front {
    pub(super) room: Room,
    pub(super) sleep: Sleep,
    pub(super) phase: Phase,
    /// What the hint says.
    hinted: LaneSet,
    pub(super) accepted: Accepted,
    pub(super) jobs: Lanes,
    pub(super) rejections: Rejections,
    pub(super) broadcasts: u64,
    pub(super) line: Line,
}

impl Front {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            room: Room::new(capacity),
            sleep: Sleep::default(),
            phase: Phase::Open,
            hinted: LaneSet::default(),
            accepted: Accepted::default(),
            jobs: Lanes::new(),
            rejections: Rejections::default(),
            broadcasts: 0,
            line: Line::new(),
        }
    }

    pub(crate) fn admits(&self, origin: Origin) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Draining => origin != Origin::Outside,
            Phase::Aborting | Phase::Closed => false,
        }
    }

    /// Gives the job on unless the phase rejects it. For the cold ways in: to pass a job through costs a few per cent.
    pub(crate) fn admit(&mut self, job: Runnable, origin: Origin) -> Result<Runnable, Rejected> {
        if self.admits(origin) { Ok(job) } else { Err(self.reject(job, SubmitErrorKind::ShutDown)) }
    }

    /// Whether no room is left, as far as is known on this side: see [`Room`].
    pub(crate) fn is_full(&self) -> bool {
        self.room.is_full()
    }

    #[inline]
    pub(crate) fn accept(&mut self, job: Runnable, since: Tick, hint: &Hint) {
        self.jobs.push(job.into_queued(), self.accepted.count(), since);
        self.room.take();
        self.publish(hint);
    }

    /// Sets the hint where it has changed: workers read it all the time.
    #[inline]
    pub(super) fn publish(&mut self, hint: &Hint) {
        let waiting = self.jobs.waiting();
        if waiting != mem::replace(&mut self.hinted, waiting) {
            hint.set(waiting);
        }
    }

    /// Rejects a job for good.
    pub(crate) fn reject(&mut self, job: Runnable, kind: SubmitErrorKind) -> Rejected {
        self.rejections.count(kind, 1);
        Rejected { job, kind }
    }

    /// Step 3 of [`crate::queue::sleep`]: how many workers to notify.
    pub(crate) fn wake_for_backlog(&mut self) -> usize {
        self.sleep.wake_for(self.jobs.len())
    }

    pub(crate) fn start_searching(&mut self) {
        self.sleep.start_searching();
    }

    pub(crate) fn stop_searching(&mut self) {
        self.sleep.stop_searching();
    }

    /// How long a worker may sleep, if it may; and how many broadcasts there were, for [`take_wakeup`](Self::take_wakeup).
    pub(crate) fn fall_asleep(&mut self, rest: Rest) -> Option<(Option<Duration>, u64)> {
        Some((self.sleep.fall_asleep(rest)?, self.broadcasts))
    }

    /// A worker that has dozed for so long gets up, unless it was woken just now.
    pub(crate) fn stop_dozing(&mut self, woken: Wakeup) {
        self.sleep.stop_dozing();
        if woken == Wakeup::NotYet {
            self.sleep.wake_up();
        }
    }

    pub(crate) fn calls(&self) -> Calls {
        self.sleep.calls()
    }

    /// A worker is called for a half: how many to notify.
    pub(crate) fn call(&mut self) -> usize {
        self.sleep.call()
    }

    /// What a sleeper asks whenever it is notified; a broadcast wakes it, too.
    pub(crate) fn take_wakeup(&mut self, broadcasts: u64) -> Wakeup {
        match self.sleep.take_wakeup() {
            Wakeup::NotYet if self.broadcasts != broadcasts => self.sleep.wake_up(),
            wakeup => wakeup,
        }
    }
}
