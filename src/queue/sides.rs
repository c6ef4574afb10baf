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
//! Nobody stands in line while there is room: `back.line_waits` sends every pop through both locks. A waker is user code
//! that may join any job, so nobody holds a job while a submitter is woken:
//!
//! 1. Who is about to take a job out of the queue while somebody stands in line gives the place to the head, which is moved
//!    in first ([`Sides::admit_ahead`]); lets go of the locks; and wakes the submitter.
//! 2. It takes the locks again, and starts over if another job has left the queue meanwhile.
//! 3. It takes the job, unless somebody else has.
//!
//! So the queue exceeds its bound by one job for each thread in steps 1 and 2.

use std::task::Waker;

use crate::base::error::SubmitErrorKind;
#[cfg(corepool_loom)]
use crate::base::ids::Epoch;
use crate::base::priority::Priority;
use crate::base::tick::Tick;
use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::runnable::{Begun, Queued, Runnable};
use crate::queue::back::Back;
use crate::queue::epochs::Goal;
use crate::queue::front::{Front, Origin, Phase, Rejected};
use crate::queue::hint::Hint;
use crate::queue::line::{Leave, Waiting};
use crate::queue::mailboxes::Mailboxes;
use crate::queue::rejections::rejection;
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
    /// A submitter whose job was moved into the queue.
    pub(crate) accepted: Option<Waker>,
    /// Who waits for a job that has ended, in line or for its outcome.
    pub(crate) ended: Vec<Waker>,
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

    pub(crate) fn has_queued(&self) -> bool {
        self.queued() > 0
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
    pub(crate) fn reject_in_line(&mut self, header: &Header, why: SubmitErrorKind) -> Option<Waiting> {
        let waiting = self.remove_from_line(header)?;
        self.front.rejections.count(why, 1);
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

    /// Step 1 at the top of this file: whether anybody is to be woken before a job may be taken out.
    pub(crate) fn admit_ahead(&mut self, leave: Leave, hint: &Hint, wakeups: &mut Wakeups) -> bool {
        if !self.back.line_waits {
            return false;
        }
        let has_room = self.front.room.is_left_by(self.queued() - 1);
        if !self.front.line.is_due(leave, has_room) {
            return false;
        }
        let Front { line, rejections, .. } = &mut *self.front;
        let admitted = line.admit(|waker, why| {
            rejections.count(rejection(why), 1);
            wakeups.ended.push(waker);
        });
        if let Some(Waiting { job, waker, since }) = admitted {
            self.front.accept(job, since, hint);
            wakeups.accepted = Some(waker);
        }
        self.back.line_waits = !self.front.line.is_empty();
        self.recount_room(0);
        // Who wakes is busy with that until it comes back: another worker may take the jobs meanwhile.
        wakeups.workers = self.front.sleep.wake_for(self.queued());
        true
    }

    /// The lane whose turn it is.
    pub(crate) fn peek_lane(&mut self) -> Option<Priority> {
        self.move_over();
        self.back.turn.next(self.back.jobs.waiting())
    }

    /// The lane of the back to take the next job from, and how many workers to wake for what is left. It is `first` if that
    /// still waits.
    #[inline]
    pub(crate) fn next_lane(&mut self, first: Option<Priority>, hint: &Hint) -> Option<(Priority, usize)> {
        self.move_over();
        // Every lane that waits has its oldest job in the back now.
        let waiting = self.back.jobs.waiting();
        let lane = first.filter(|&lane| waiting.holds(lane)).or_else(|| self.back.turn.next(waiting))?;
        self.back.turn.served(lane, waiting);
        if self.back.line_waits {
            self.front.line.pass_over();
        }
        Some((lane, self.note_left(1, hint)))
    }

    /// Takes one job out of the queue, if it is there, to be run.
    pub(crate) fn claim(&mut self, header: &Header, origin: Origin, hint: &Hint) -> Option<(Begun, usize)> {
        let (job, since) = self.remove(header)?;
        if origin == Origin::Outside {
            self.back.guests.enter();
        }
        Some((self.back.begin(job, since), self.note_left(0, hint)))
    }

    /// Takes one job out of the queue, if it is there, to be aborted.
    pub(crate) fn dequeue(&mut self, header: &Header, why: Unrun, hint: &Hint) -> Option<(Queued, usize)> {
        let (job, _since) = self.remove(header)?;
        self.back.aborts.start(why);
        Some((job, self.note_left(0, hint)))
    }

    /// Takes the next job out of the queue, if any is left, to be aborted.
    pub(crate) fn take_to_abort(&mut self, hint: &Hint) -> Option<Queued> {
        let job = match self.next_lane(None, hint) {
            Some((lane, _all_are_awake)) => self.back.jobs.pop(lane),
            None => self.back.take_mail(Mailboxes::take_any).map(|(job, _since)| job),
        };
        if job.is_some() {
            self.back.aborts.start(Unrun::Aborted);
        }
        job
    }

    /// Whether a job is queued.
    pub(crate) fn holds(&self, header: &Header) -> bool {
        self.back.jobs.holds(header) || self.front.jobs.holds(header)
    }

    /// The job, and when it was submitted.
    #[inline]
    fn remove(&mut self, header: &Header) -> Option<(Queued, Tick)> {
        if let Some(job) = self.back.jobs.remove(header) {
            let since = self.back.jobs.since(&job);
            return Some((job, since));
        }
        let job = self.front.jobs.remove(header)?;
        let since = self.front.jobs.since(&job);
        Some((job, since))
    }

    /// Accepts a job that has ended before it was submitted: it takes no place, and is to be aborted.
    pub(crate) fn accept_ended(&mut self, job: Runnable, origin: Origin, why: Unrun) -> Result<Runnable, Rejected> {
        let job = self.front.admit(job, origin)?;
        job.header().set_epoch(self.front.accepted.count());
        self.back.aborts.start(why);
        Ok(job)
    }

    /// Accepts a job that a worker of this pool is about to run: it takes no place.
    pub(crate) fn accept_begun(&mut self, job: Runnable) -> Result<Runnable, Rejected> {
        let job = self.front.admit(job, Origin::Inside)?;
        job.header().set_epoch(self.front.accepted.count());
        self.back.count_begun();
        Ok(job)
    }

    /// Sends each worker a job that it alone is to run, if the pool is open: all sleepers are to be notified.
    pub(crate) fn broadcast(&mut self, jobs: Vec<Runnable>, since: Tick) -> Result<(), SubmitErrorKind> {
        if !self.front.admits(Origin::Outside) {
            self.front.rejections.count(SubmitErrorKind::ShutDown, jobs.len());
            // Their cells are in hands that are told of it.
            jobs.into_iter().for_each(Runnable::reject);
            return Err(SubmitErrorKind::ShutDown);
        }
        let accepted = &mut self.front.accepted;
        let jobs = jobs.into_iter().map(|job| {
            job.header().set_epoch(accepted.count());
            job.into_queued()
        });
        self.back.send(jobs, since);
        self.front.broadcasts += 1;
        Ok(())
    }

    /// After a job was taken out, or while one is `leaving` that is taken out before the back's lock is free: how many
    /// workers to wake for what is left.
    #[inline]
    fn note_left(&mut self, leaving: usize, hint: &Hint) -> usize {
        self.recount_room(leaving);
        self.front.publish(hint);
        let left = self.queued() - leaving;
        self.front.sleep.wake_for(left)
    }

    /// Moves to `phase`, unless the pool is past it. Rejects the line, whose submitters are to be woken, and wakes every
    /// worker: all are to be notified. Where that is to abort, who waits for a queued job is told first, as for
    /// [`Target::end_all`](crate::ending::target::Target::end_all), unless nobody's code runs before the job resolves.
    pub(crate) fn close(&mut self, phase: Phase) -> Option<Wakeups> {
        if self.front.phase >= phase {
            return None;
        }
        self.front.phase = phase;
        let mut ended = match phase {
            Phase::Aborting if self.queued() > 1 || self.back.line_waits => self.end_queued(),
            _ => Vec::new(),
        };
        let rejected = self.front.line.reject_all();
        self.front.rejections.count(SubmitErrorKind::ShutDown, rejected.len());
        ended.extend(rejected);
        self.back.line_waits = false;
        self.front.sleep.wake_all();
        Some(Wakeups { ended, ..Wakeups::default() })
    }

    /// No queued job may start any more; gives the wakers of those who wait for one.
    fn end_queued(&self) -> Vec<Waker> {
        self.back.jobs.iter().chain(self.front.jobs.iter()).filter_map(|job| job.end(Unrun::Aborted)).collect()
    }

    /// What a worker does that found the queue empty. It exits where nothing can come any more, and so do all others.
    #[inline]
    pub(crate) fn exit_or_wait(&mut self) -> Next {
        let may_exit = match self.front.phase {
            Phase::Open => {
                self.back.jobs.give_back();
                self.front.jobs.give_back();
                false
            }
            Phase::Draining => self.back.running() == 0,
            Phase::Aborting | Phase::Closed => true,
        };
        if !may_exit {
            return Next::Wait;
        }
        self.front.phase = Phase::Closed;
        self.front.sleep.wake_all();
        Next::Exit
    }

    /// Whether the last job of a drain has ended, so that every worker is to be notified, to exit.
    pub(crate) fn close_if_drained(&mut self) -> bool {
        self.front.phase == Phase::Draining && self.queued() == 0 && self.exit_or_wait() == Next::Exit
    }

    /// What a flush waits for: see [`crate::queue::epochs`].
    pub(crate) fn close_epoch(&mut self) -> Option<Goal> {
        self.front.accepted.close_epoch(&mut self.back.retired)
    }

    /// Nothing is queued, in line or running.
    pub(crate) fn is_idle(&self) -> bool {
        self.front.accepted.total() == self.back.retired.total() && self.front.line.is_empty()
    }

    /// Step 2 of [`crate::queue::idle`].
    pub(crate) fn look_for_idle(&mut self) {
        if self.is_idle() {
            self.back.idle().come();
        } else {
            self.close_epoch();
        }
    }

    /// The job that was queued first in each lane that waits, the most urgent first, and when it was submitted.
    pub(crate) fn oldest(&self) -> impl Iterator<Item = (&Queued, Tick)> {
        let oldest_of = |lane| self.back.jobs.oldest(lane).or_else(|| self.front.jobs.oldest(lane));
        Priority::ALL.into_iter().filter_map(oldest_of)
    }

    pub(crate) fn stats(&self) -> Stats {
        let queued_in = |lane| (self.back.jobs.lane(lane).len() + self.front.jobs.lane(lane).len()) as u64;
        let mut stats = Stats {
            queued_high: queued_in(Priority::High),
            queued_normal: queued_in(Priority::Normal),
            queued_low: queued_in(Priority::Low),
            workers: self.back.meters.len() as u64,
            queued: (self.queued() + self.back.mail()) as u64,
            waiting: self.front.line.len() as u64,
            submitted: self.front.accepted.total(),
            ..Stats::default()
        };
        self.front.rejections.add_to(&mut stats);
        self.back.aborts.add_to(&mut stats);
        let unbegun = stats.resolved();
        self.back.meters.iter().for_each(|meter| meter.add_to(&mut stats));
        self.back.guests.meter().add_to(&mut stats);
        // A job is begun under a lock held now, and a meter counts its end after that, so this is never negative.
        stats.busy = self.back.begun() - (stats.resolved() - unbegun);
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

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use std::panic::Location;
    use std::sync::Arc;

    use super::*;
    use crate::job::cell::JobCell;

    fn job() -> Runnable {
        Runnable::new(Arc::new(JobCell::new(|| (), (), Location::caller())))
    }

    /// What `Stats` promises.
    fn adds_up(stats: Stats) -> bool {
        stats.submitted == stats.resolved() + stats.queued + stats.busy
    }

    #[test]
    fn the_counts_do_not_add_up_once_a_job_is_lost() {
        let (mut back, mut front, hint) = (Back::new(), Front::new(8), Hint::new());
        (0..3).for_each(|_| front.accept(job(), Tick::ZERO, &hint));
        let mut sides = Sides::new(&mut back, &mut front);
        let (lane, _) = sides.next_lane(None, &hint).expect("three are queued");
        let running = sides.back.pop(lane);
        assert_eq!((sides.stats().queued, sides.stats().busy), (2, 1));
        assert!(adds_up(sides.stats()));
        // Not by one of the transitions, as a bug in one of them might.
        drop(sides.back.jobs.pop(lane));
        assert_eq!((sides.stats().queued, sides.stats().busy), (1, 1));
        assert!(!adds_up(sides.stats()), "a lost job is not counted as running");
        drop(running);
    }
}
