//! The line of submitters that wait for room: first come, first served.
//!
//! A submitter stands in line together with its job. Whoever makes room moves the head's job into the queue in the same
//! step ([`crate::queue::sides`]) and wakes the submitter after it: the place is never free in between, so nobody can barge,
//! and a job need not wait until its submitter has woken up. The waiting thread learns the verdict from its job's
//! header:
//!
//! | standing | set by | means |
//! |---|---|---|
//! | `InLine` | the submitter, joining the line | wait |
//! | `Accepted` | whoever made room | the job is in the queue |
//! | `Rejected` | a shutdown | the closure is the submitter's again |
//! | `TimedOut` | the keeper of deadlines | the same |
//! | `Cancelled` | the job's token | the same |
//! | `Finished` | whoever resolved it | it was accepted and has run already |
//!
//! Each change but the last happens under both locks, as does leaving the line, so a submitter that stops waiting and a place
//! handed to it never cross: it is either out of the line, or it has the place.

use std::mem;
use std::task::Waker;

use crate::base::fifo::Fifo;
use crate::base::unrun::Unrun;
use crate::job::header::{Header, Standing};
use crate::job::runnable::Runnable;

/// A job that waits for room, and whom to wake once that is decided.
pub(crate) struct Waiting {
    pub(crate) job: Runnable,
    pub(crate) waker: Waker,
}

impl Waiting {
    /// Rejects a job that has ended; gives the submitter's waker, to be woken once the locks are free.
    pub(crate) fn reject(self, why: Unrun) -> Waker {
        self.reject_as(match why {
            Unrun::Cancelled => Standing::Cancelled,
            Unrun::Expired => Standing::TimedOut,
            Unrun::Aborted => unreachable!("a shutdown rejects the line as a whole"),
        })
    }

    fn reject_as(self, standing: Standing) -> Waker {
        self.job.header().set_standing(standing);
        self.job.reject();
        self.waker
    }
}

/// The line itself.
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
    /// ended are rejected, their wakers put into `rejected`: who ends them may not have come to them yet, but they have.
    pub(crate) fn admit(&mut self, rejected: &mut Vec<Waker>) -> Option<Waiting> {
        loop {
            let head = self.0.pop_front()?;
            match head.job.ended() {
                Some(why) => rejected.push(head.reject(why)),
                None => {
                    head.job.header().set_standing(Standing::Accepted);
                    return Some(head);
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, header: &Header) -> Option<Waiting> {
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

    /// Empties the line for a shutdown; gives the submitters' wakers.
    pub(crate) fn reject_all(&mut self) -> Vec<Waker> {
        let all = mem::replace(&mut self.0, Fifo::new());
        all.into_values().map(|waiting| waiting.reject_as(Standing::Rejected)).collect()
    }
}
