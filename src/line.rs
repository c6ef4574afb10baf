//! The line of submitters that wait for room: first come, first served.
//!
//! A submitter stands in line together with its job. Whoever makes room moves the head's job into the queue in the same
//! step ([`crate::queue`]) and wakes the submitter after it: the place is never free in between, so nobody can barge,
//! and a job need not wait until its submitter has woken up. The waiting thread learns the verdict from the phase in
//! its cell's header:
//!
//! | phase | set by | means |
//! |---|---|---|
//! | `InLine` | the submitter, joining the line | wait |
//! | `Accepted` | whoever made room | the job is in the queue |
//! | `Refused` | a shutdown | the closure is the submitter's again |
//! | `Finished` | whoever resolved it | it was accepted and has run already |
//!
//! Each change but the last happens under both locks, as does leaving the line, so a submitter that gives up and a place
//! handed to it never cross: it is either out of the line, or it has the place.

use std::task::Waker;
use std::time::Instant;

use crate::fifo::Fifo;
use crate::job::{Header, Phase, Runnable};
use crate::park::{is_ahead, with_parker};
use crate::queue::{LeftLine, Monitor, NoRoom, Offered};
use crate::sides::Origin;
use crate::sync::{Woken, spin_until};

/// A job that waits for room, and whom to wake once that is decided.
pub(crate) struct Waiting {
    pub(crate) job: Runnable,
    pub(crate) waker: Waker,
}

/// The line itself, a part of the monitor's state.
pub(crate) struct Line(Fifo<Waiting>);

impl Line {
    pub(crate) fn new() -> Self {
        Self(Fifo::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn join(&mut self, waiting: Waiting) {
        waiting.job.header().set_phase(Phase::InLine);
        let (slot, waiting) = self.0.push_back(waiting);
        waiting.job.header().set_slot(slot);
    }

    /// Takes the head out, accepted; the caller puts its job into the queue in the same step.
    pub(crate) fn admit(&mut self) -> Option<Waiting> {
        let head = self.0.pop_front()?;
        head.job.header().set_phase(Phase::Accepted);
        Some(head)
    }

    pub(crate) fn leave(&mut self, header: &Header) -> Option<Waiting> {
        // A key alone proves nothing once the job was admitted: the slot then counts in the queue.
        match self.0.get(header.slot()) {
            Some(waiting) if waiting.job.header().is(header) => self.0.remove(header.slot()),
            _ => None,
        }
    }

    /// Empties the line; gives the wakers of those refused.
    pub(crate) fn refuse_all(&mut self) -> Vec<Waker> {
        let mut refused = Vec::with_capacity(self.len());
        while let Some(Waiting { job, waker }) = self.0.pop_front() {
            job.header().set_phase(Phase::Refused);
            job.hand_back();
            refused.push(waker);
        }
        refused
    }
}

/// How the wait for room ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Accepted,
    TimedOut,
    ShutDown,
}

/// Hands a job over from a thread that may wait for room until `deadline`. The caller holds the job's cell.
pub(crate) fn submit_waiting(
    monitor: &Monitor,
    job: Runnable,
    header: &Header,
    deadline: Option<Instant>,
) -> Admission {
    // Mostly there is room, so the first try is made without a waker.
    let job = match monitor.offer(job, Origin::Outside, NoRoom::GiveBack) {
        Offered::Full(job) => job,
        Offered::ShutDown(job) => return refused(job),
        Offered::Accepted | Offered::InLine => return Admission::Accepted,
    };
    with_parker(|parker, waker| {
        match monitor.offer(job, Origin::Outside, NoRoom::StandInLine(waker.clone())) {
            Offered::Full(job) | Offered::ShutDown(job) => return refused(job),
            Offered::Accepted => return Admission::Accepted,
            Offered::InLine => {}
        }
        if is_ahead(deadline) {
            spin_until(|| header.phase() != Phase::InLine);
        }
        while header.phase() == Phase::InLine {
            if parker.park_until(deadline) == Woken::TimedOut && monitor.leave_line(header) == LeftLine::GaveUp {
                return Admission::TimedOut;
            }
        }
        match header.phase() {
            Phase::Refused => Admission::ShutDown,
            _ => Admission::Accepted,
        }
    })
}

fn refused(job: Runnable) -> Admission {
    job.hand_back();
    Admission::ShutDown
}
