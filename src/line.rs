//! The line of submitters that wait for room: first come, first served.
//!
//! A submitter stands in line together with its job. Whoever makes room moves the head's job into the queue in the same
//! step ([`crate::queue`]) and wakes the submitter after it: the place is never free in between, so nobody can barge,
//! and a job need not wait until its submitter has woken up. The waiting thread learns the verdict from its cell's
//! header:
//!
//! | standing | set by | means |
//! |---|---|---|
//! | `InLine` | the submitter, joining the line | wait |
//! | `Accepted` | whoever made room | the job is in the queue |
//! | `Refused` | a shutdown | the closure is the submitter's again |
//! | `TimedOut` | the keeper of deadlines | the same |
//! | `Cancelled` | the job's token | the same |
//! | `Finished` | whoever resolved it | it was accepted and has run already |
//!
//! Each change but the last happens under both locks, as does leaving the line, so a submitter that gives up and a place
//! handed to it never cross: it is either out of the line, or it has the place.

use std::mem;
use std::task::Waker;
use std::time::Instant;

use crate::error::SubmitErrorKind;
use crate::fifo::Fifo;
use crate::job::{Header, Runnable, Standing};
use crate::options::Options;
use crate::park::{is_ahead, with_parker};
use crate::queue::{LeftLine, Monitor, Refused};
use crate::sync::{Woken, spin_until};

/// A job that waits for room, and whom to wake once that is decided.
pub(crate) struct Waiting {
    pub(crate) job: Runnable,
    pub(crate) waker: Waker,
}

impl Waiting {
    /// Hands the closure back to the submitter; gives its waker, to be woken once the locks are free.
    pub(crate) fn turn_away(self, why: Standing) -> Waker {
        self.job.header().set_standing(why);
        self.job.hand_back();
        self.waker
    }
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
        waiting.job.header().set_standing(Standing::InLine);
        waiting.job.header().set_slot(self.0.next_key());
        self.0.push_back(waiting);
    }

    /// Takes the head out, accepted; the caller puts its job into the queue in the same step. Before it, those that have
    /// ended are turned away into `turned_away`: who ends them may not have come to them yet, but they have.
    pub(crate) fn admit(&mut self, turned_away: &mut Vec<Waker>) -> Option<Waiting> {
        loop {
            let head = self.0.pop_front()?;
            match head.job.options().and_then(Options::ended) {
                Some(why) => turned_away.push(head.turn_away(why.in_line())),
                None => {
                    head.job.header().set_standing(Standing::Accepted);
                    return Some(head);
                }
            }
        }
    }

    pub(crate) fn leave(&mut self, header: &Header) -> Option<Waiting> {
        // A key alone proves nothing once the job was admitted: the slot then counts in the queue.
        self.0.get(header.slot()).filter(|waiting| waiting.job.header().is(header))?;
        self.0.remove(header.slot())
    }

    /// Gives the waker that is woken no more; the new one back where the job does not stand here.
    pub(crate) fn change_waker(&mut self, header: &Header, waker: Waker) -> Result<Waker, Waker> {
        match self.0.get_mut(header.slot()).filter(|waiting| waiting.job.header().is(header)) {
            Some(waiting) => Ok(mem::replace(&mut waiting.waker, waker)),
            None => Err(waker),
        }
    }

    /// Empties the line; gives the wakers of those refused.
    pub(crate) fn refuse_all(&mut self) -> Vec<Waker> {
        let all = mem::replace(&mut self.0, Fifo::new());
        all.into_values().map(|waiting| waiting.turn_away(Standing::Refused)).collect()
    }
}

/// What a submitter that stands in line learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    NotYet,
    Accepted,
    TurnedAway(SubmitErrorKind),
}

impl Verdict {
    pub(crate) fn on(header: &Header) -> Self {
        match header.standing() {
            Standing::InLine => Self::NotYet,
            Standing::Accepted | Standing::Finished => Self::Accepted,
            Standing::Refused => Self::TurnedAway(SubmitErrorKind::ShutDown),
            Standing::TimedOut => Self::TurnedAway(SubmitErrorKind::TimedOut),
            Standing::Cancelled => Self::TurnedAway(SubmitErrorKind::Cancelled),
        }
    }
}

/// Waits in line, on this thread, until the job is accepted or turned away, or until `deadline`. The caller holds the
/// job's cell, whose options these are.
pub(crate) fn wait_for_room(
    monitor: &Monitor,
    job: Runnable,
    header: &Header,
    options: Option<&Options>,
    deadline: Option<Instant>,
) -> Result<(), SubmitErrorKind> {
    with_parker(|parker, waker| {
        if monitor.stand_in_line(job, waker.clone()).map_err(Refused::hand_back)? == Standing::Accepted {
            return Ok(());
        }
        withdraw_if_ended(monitor, header, options);
        if is_ahead(deadline) {
            spin_until(|| Verdict::on(header) != Verdict::NotYet);
        }
        loop {
            match Verdict::on(header) {
                Verdict::Accepted => return Ok(()),
                Verdict::TurnedAway(why) => return Err(why),
                Verdict::NotYet => {}
            }
            if parker.park_until(deadline) == Woken::TimedOut && monitor.give_up_waiting(header) == LeftLine::GaveUp {
                return Err(SubmitErrorKind::TimedOut);
            }
        }
    })
}

/// Step 3 of [`crate::options`].
pub(crate) fn withdraw_if_ended(monitor: &Monitor, header: &Header, options: Option<&Options>) {
    if let Some(why) = options.and_then(Options::ended) {
        monitor.withdraw(header, why);
    }
}

impl Refused {
    /// Leaves the closure in its cell for the submitter; gives the reason.
    pub(crate) fn hand_back(self) -> SubmitErrorKind {
        self.job.hand_back();
        self.kind
    }
}
