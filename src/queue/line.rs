//! The line of submitters that wait for room: first come, first served.
//!
//! A submitter stands in line together with its job. Who is about to take a job out of the queue moves the head's job in
//! first ([`crate::queue::sides`]) and wakes the submitter: the place is never free in between, so nobody can barge, and a
//! job need not wait until its submitter has woken up. The waiting thread learns the verdict from its job's header:
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
use crate::base::tick::Tick;
use crate::base::unrun::Unrun;
use crate::job::header::{Header, Standing};
use crate::job::runnable::Runnable;

/// A job that waits for room, and whom to wake once that is decided.
pub(crate) struct Waiting {
    pub(crate) job: Runnable,
    pub(crate) waker: Waker,
    /// When it was submitted.
    pub(crate) since: Tick,
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

/// How a job leaves the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// To a worker that takes the next one: all that is queued moves on.
    InTurn,
    /// Out of the middle: claimed or ended.
    OutOfTurn,
}

const CHUNK: usize = 16;

/// The line itself.
pub(crate) struct Line {
    waiting: Fifo<Waiting, CHUNK>,
    /// Jobs that have left the queue in turn while somebody waited, since a head was last admitted.
    passed_over: u32,
}

impl Line {
    /// Where the pool's own jobs keep the queue full beyond its bound, one in so many jobs that leave it in turn gives its
    /// place to the head of the line all the same. Out of turn none does: a job that submits children and claims them again
    /// would make room for all who wait, and none of what is queued moves on.
    const SHARE: u32 = 16;

    pub(crate) fn new() -> Self {
        Self { waiting: Fifo::new(), passed_over: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether the head gets a place, now that a job is about to leave a queue that then has room, or has not.
    pub(crate) fn is_due(&self, leave: Leave, has_room: bool) -> bool {
        !self.is_empty() && (has_room || (leave == Leave::InTurn && self.passed_over >= Self::SHARE))
    }

    /// A job has left the queue in turn.
    pub(crate) fn pass_over(&mut self) {
        self.passed_over += 1;
    }

    pub(crate) fn join(&mut self, waiting: Waiting) {
        waiting.job.header().set_standing(Standing::InLine);
        waiting.job.header().set_slot(self.waiting.next_key());
        self.waiting.push_back(waiting);
    }

    /// Takes the head out, accepted; the caller puts its job into the queue in the same step. Before it, those that have
    /// ended are rejected, and `rejected` gets their wakers: who ends them may not have come to them yet, but they have.
    pub(crate) fn admit(&mut self, mut rejected: impl FnMut(Waker, Unrun)) -> Option<Waiting> {
        self.passed_over = 0;
        loop {
            let head = self.waiting.pop_front()?;
            match head.job.ended() {
                Some(why) => rejected(head.reject(why), why),
                None => {
                    head.job.header().set_standing(Standing::Accepted);
                    return Some(head);
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, header: &Header) -> Option<Waiting> {
        // A key alone proves nothing once the job was admitted: the slot then counts in the queue.
        self.waiting.get(header.slot()).filter(|waiting| waiting.job.header().is(header))?;
        self.waiting.remove(header.slot())
    }

    /// Gives the waker that is woken no more; the new one back where the job does not stand here.
    pub(crate) fn change_waker(&mut self, header: &Header, waker: Waker) -> Result<Waker, Waker> {
        match self.waiting.get_mut(header.slot()).filter(|waiting| waiting.job.header().is(header)) {
            Some(waiting) => Ok(mem::replace(&mut waiting.waker, waker)),
            None => Err(waker),
        }
    }

    /// Empties the line for a shutdown; gives the submitters' wakers.
    pub(crate) fn reject_all(&mut self) -> Vec<Waker> {
        let all = mem::replace(&mut self.waiting, Fifo::new());
        all.into_values().map(|waiting| waiting.reject_as(Standing::Rejected)).collect()
    }
}
