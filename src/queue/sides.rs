//! Transitions that need both sides.
//!
//! Each lane of the queue is two lists behind two locks, so that submitters and workers seldom meet:
//!
//! ```text
//!   submitters --push--> front.jobs ==swapped over==> back.jobs --pop--> workers
//!                        (front lock)   (both locks)   (back lock)
//! ```
//!
//! A worker pops from the back. When a lane of the back is empty it swaps that lane's lists: everything queued there moves
//! over in O(1) and in order, and the keys of the jobs stay good. So a lane is FIFO across both, and the back holds its
//! older jobs. A worker also goes to the front when a lane whose turn it is waits there only, of which the
//! [`Hint`] tells it without the lock.
//!
//! Nobody stands in line while there is room: `back.line_waits` sends every pop through both locks, where the freed place
//! is handed to the head in the same step ([`crate::queue::line`]).

use std::mem;
use std::task::Waker;

#[cfg(corepool_loom)]
use crate::base::ids::Epoch;
use crate::base::ids::ThreadId;
use crate::base::priority::Priority;
use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::runnable::{Queued, Runnable};
use crate::queue::back::Back;
use crate::queue::epochs::Goal;
use crate::queue::front::{Front, Origin, Phase, Rejected};
use crate::queue::hint::Hint;
use crate::queue::lanes::Lanes;
use crate::queue::line::Waiting;
use crate::queue::stats::Stats;

/// So many jobs in the front say that more come, whether or not these are done. Fewer may be those of a few submitters who
/// each wait for theirs: a pause would only keep them. With 1 in its place a round trip takes 1.08 times as long, alone as
/// from four threads at once, and nothing gets faster (medians of 60 paired runs on two cores).
const STREAM: usize = 8;

/// Both sides, whose locks the caller holds.
pub(crate) struct Sides<'a> {
    back: &'a mut Back,
    front: &'a mut Front,
}

/// Whom to wake once the locks are free. Filled in where it stands: to hand it on by value would cost a job a tenth.
#[derive(Default)]
#[must_use]
pub(crate) struct Wakeups {
    pub(crate) workers: usize,
    /// A submitter whose job got the place that came free.
    pub(crate) accepted: Option<Waker>,
    /// Submitters whose jobs ended in line.
    pub(crate) rejected: Vec<Waker>,
}

/// What is left to do for who has moved the pool to another phase, once the locks are free.
#[must_use]
pub(crate) struct Closing {
    /// To abort, oldest first.
    pub(crate) queued: Vec<Lanes>,
    /// The submitters that stood in line; the workers are notified all at once.
    pub(crate) wakeups: Wakeups,
}

/// Whether a worker that has found the queue empty goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Next {
    Wait,
    Exit,
}

impl<'a> Sides<'a> {
    pub(crate) fn new(back: &'a mut Back, front: &'a mut Front) -> Self {
        Self { back, front }
    }

    fn queued(&self) -> usize {
        self.back.jobs.len() + self.front.jobs.len()
    }

    /// Jobs that were begun and are not retired.
    fn running(&self) -> u64 {
        let unfinished = self.front.accepted.total() - self.back.retired.total();
        unfinished - self.queued() as u64 - self.back.aborts.in_flight()
    }

    /// Counts the room anew; jobs that are `leaving` have left theirs.
    fn recount_room(&mut self, leaving: usize) {
        let queued = self.queued() - leaving;
        self.front.room.recount(queued);
    }

    /// Whether the queue is full, now that both sides are counted.
    pub(crate) fn is_full(&mut self) -> bool {
        self.recount_room(0);
        self.front.is_full()
    }

    /// Puts a job in line, whose submitter is woken once it was accepted or rejected.
    pub(crate) fn join_line(&mut self, waiting: Waiting) {
        self.front.line.join(waiting);
        self.back.line_waits = true;
    }

    /// Takes a job out of the line, if it stands there.
    pub(crate) fn remove_from_line(&mut self, header: &Header) -> Option<Waiting> {
        let waiting = self.front.line.remove(header)?;
        self.back.line_waits = !self.front.line.is_empty();
        Some(waiting)
    }

    /// The same, where it is rejected for good.
    pub(crate) fn reject_in_line(&mut self, header: &Header) -> Option<Waiting> {
        let waiting = self.remove_from_line(header)?;
        self.front.rejected += 1;
        Some(waiting)
    }

    /// Has another waker woken for a job in line; gives the one to drop.
    pub(crate) fn change_waker(&mut self, header: &Header, waker: Waker) -> Result<Waker, Waker> {
        self.front.line.change_waker(header, waker)
    }

    /// Where the back has none left of a lane, all that the front has of it moves over.
    #[inline]
    pub(crate) fn move_over(&mut self) {
        self.back.is_streaming = self.front.jobs.len() >= STREAM;
        for lane in Priority::ALL {
            if self.back.jobs.lane(lane).is_empty() && !self.front.jobs.lane(lane).is_empty() {
                self.back.jobs.swap_lane(&mut self.front.jobs, lane);
            }
        }
    }

    /// The lane of the back to take the next job from, and whom to wake for what is left. Its place is given away at once.
    #[inline]
    pub(crate) fn next_lane(&mut self, hint: &Hint, wakeups: &mut Wakeups) -> Option<Priority> {
        self.move_over();
        // Every lane that waits has its oldest job in the back now.
        let waiting = self.back.jobs.waiting();
        let lane = self.back.turn.next(waiting)?;
        self.back.turn.served(lane, waiting);
        self.refill(1, hint, wakeups);
        Some(lane)
    }

    /// Takes one job out of the queue, if it is there, to be run.
    pub(crate) fn claim(&mut self, header: &Header, hint: &Hint, wakeups: &mut Wakeups) -> Option<Queued> {
        let job = self.remove(header)?;
        self.refill(0, hint, wakeups);
        Some(job)
    }

    /// Takes one job out of the queue, if it is there, to be aborted on this thread.
    pub(crate) fn dequeue(
        &mut self,
        header: &Header,
        why: Unrun,
        thread: ThreadId,
        hint: &Hint,
        wakeups: &mut Wakeups,
    ) -> Option<Queued> {
        let job = self.remove(header)?;
        self.back.aborts.start(1, why, thread);
        self.refill(0, hint, wakeups);
        Some(job)
    }

    fn remove(&mut self, header: &Header) -> Option<Queued> {
        self.back.jobs.remove(header).or_else(|| self.front.jobs.remove(header))
    }

    /// Accepts a job that has ended before it was submitted: it takes no place, and is aborted on this thread.
    pub(crate) fn accept_ended(
        &mut self,
        job: Runnable,
        origin: Origin,
        why: Unrun,
        thread: ThreadId,
    ) -> Result<Queued, Rejected> {
        let job = self.front.admit(job, origin)?;
        job.header().set_epoch(self.front.accepted.count());
        self.back.aborts.start(1, why, thread);
        Ok(job.into_queued())
    }

    /// After a job was taken out, or while one is `leaving` that is taken out before the back's lock is free: hands its
    /// place to the head of the line, and wakes workers for what is left.
    #[inline]
    fn refill(&mut self, leaving: usize, hint: &Hint, wakeups: &mut Wakeups) {
        self.recount_room(leaving);
        if !self.front.is_full()
            && let Some(Waiting { job, waker }) = self.front.line.admit(&mut wakeups.rejected)
        {
            self.front.accept(job, hint);
            wakeups.accepted = Some(waker);
        }
        self.front.rejected += wakeups.rejected.len() as u64;
        self.back.line_waits = !self.front.line.is_empty();
        self.front.publish(hint);
        let left = self.queued() - leaving;
        wakeups.workers = self.front.sleep.wake_for(left);
    }

    /// Moves to `phase`, unless the pool is past it. Rejects the line and wakes every worker; where the pool aborts, takes
    /// out what is queued, to be aborted on this thread.
    pub(crate) fn close(&mut self, phase: Phase, thread: ThreadId, hint: &Hint) -> Option<Closing> {
        if self.front.phase >= phase {
            return None;
        }
        self.front.phase = phase;
        let wakeups = Wakeups { rejected: self.front.line.reject_all(), ..Wakeups::default() };
        self.front.rejected += wakeups.rejected.len() as u64;
        self.back.line_waits = false;
        let queued = if phase == Phase::Aborting { self.take_all(hint) } else { Vec::new() };
        self.back.aborts.start(queued.iter().map(Lanes::len).sum(), Unrun::Aborted, thread);
        self.front.sleep.wake_all();
        Some(Closing { queued, wakeups })
    }

    /// Everything queued, the older side first.
    fn take_all(&mut self, hint: &Hint) -> Vec<Lanes> {
        let taken = [&mut self.back.jobs, &mut self.front.jobs].map(|jobs| mem::replace(jobs, Lanes::new()));
        self.front.publish(hint);
        taken.into()
    }

    /// What a worker does that found the queue empty. It exits where nothing can come any more, and so do all others.
    #[inline]
    pub(crate) fn exit_or_wait(&mut self) -> Next {
        let may_exit = match self.front.phase {
            Phase::Open => false,
            Phase::Draining => self.running() == 0,
            Phase::Aborting | Phase::Closed => true,
        };
        if !may_exit {
            return Next::Wait;
        }
        self.front.phase = Phase::Closed;
        self.front.sleep.wake_all();
        Next::Exit
    }

    /// What `wait_idle` waits for: see [`crate::queue::epochs`].
    pub(crate) fn close_epoch(&mut self) -> Option<Goal> {
        self.front.accepted.close_epoch(&mut self.back.retired)
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats {
            workers: self.back.meters.len() as u64,
            queued: self.queued() as u64,
            waiting: self.front.line.len() as u64,
            submitted: self.front.accepted.total(),
            rejected: self.front.rejected,
            ..Stats::default()
        };
        self.back.aborts.add_to(&mut stats);
        self.back.meters.iter().for_each(|meter| meter.add_to(&mut stats));
        let resolved = stats.completed + stats.panicked + stats.cancelled + stats.expired + stats.aborted;
        // What was accepted and is neither queued nor resolved has been begun. It was begun under a lock held now, and a
        // meter counts its end after that, so `busy` is never negative.
        stats.busy = stats.submitted - stats.queued - resolved;
        stats
    }
}

/// For the models, which bring about what takes the pool's own calls too many steps.
#[cfg(corepool_loom)]
#[allow(dead_code, reason = "for the models' test binary, which includes this file")]
impl Sides<'_> {
    pub(crate) fn front(&mut self) -> &mut Front {
        self.front
    }

    pub(crate) fn back(&mut self) -> &mut Back {
        self.back
    }

    pub(crate) fn sleeping(&self) -> u32 {
        self.front.sleep.sleeping()
    }

    pub(crate) fn count_accepted(&mut self) -> Epoch {
        self.front.accepted.count()
    }

    pub(crate) fn retired(&self) -> u64 {
        self.back.retired.total()
    }
}
