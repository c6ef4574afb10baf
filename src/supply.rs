//! How a worker comes by its next job: from the back of the queue alone while that lasts, else through both locks, else
//! by waiting as [`crate::sleep`] says.
//!
//! **Meetings.** Where a worker and a submitter want the front at the same time, both lose several times what handing a job
//! over costs otherwise. A worker that keeps up with a submitter would meet it at every job, slow it down so, and keep up
//! for good. Two things are done against that:
//!
//! - It lets go of the front before it takes its job from the back.
//! - It lets jobs gather: if there were many when a worker last went to the front, more are on their way, so each worker
//!   that runs out of jobs pauses once before it goes there again. While it pauses it holds no lock, and like a worker that
//!   runs a job it looks once that is over.

use crate::idle::{Epoch, Progress};
use crate::job::Runnable;
use crate::queue::Monitor;
use crate::sides::{Back, Both, Hint, Phase, Signals};
use crate::sleep::Called;
use crate::sync::{let_gather, spin_until};

impl Monitor {
    /// The next job for a worker, which retires the one it has run in the same step; waits for one. `None`: leave.
    pub(crate) fn next(&self, done: Option<Epoch>) -> Option<Runnable> {
        let mut back = self.lock_back();
        if let Some(epoch) = done {
            self.retire_from(&mut back, epoch);
        }
        let mut job = back.pop_alone(self.hint.read());
        if job.is_none() && back.jobs_may_gather() {
            drop(back);
            let_gather();
            back = self.lock_back();
            job = back.pop_alone(self.hint.read());
        }
        if let Some(job) = job {
            return Some(job.into_runnable());
        }
        let mut both = self.with_front(back);
        let mut searched = false;
        loop {
            both = match both.take(self.capacity(), &self.hint) {
                Ok((job, signals)) => {
                    self.send(signals);
                    return Some(job);
                }
                Err(both) => both,
            };
            if both.may_leave() {
                both.front.phase = Phase::Closed;
                both.front.sleep.call_all();
                drop(both);
                self.work.notify_all();
                return None;
            }
            both = if searched { self.sleep(both) } else { self.search(both) };
            searched = !searched;
        }
    }

    /// Step 1 of [`crate::sleep`].
    fn search<'a>(&'a self, mut both: Both<'a>) -> Both<'a> {
        both.front.sleep.start_searching();
        drop(both);
        spin_until(|| !self.hint.read().is_empty());
        let mut both = self.lock_both();
        both.front.sleep.stop_searching();
        both
    }

    /// Step 2 of [`crate::sleep`].
    fn sleep<'a>(&'a self, both: Both<'a>) -> Both<'a> {
        let Both { back, mut front } = both;
        front.sleep.fall_asleep();
        drop(back);
        while front.sleep.answer_call() == Called::NotYet {
            front = self.work.wait(front);
        }
        drop(front);
        let mut both = self.lock_both();
        both.front.sleep.stop_searching();
        both
    }

    /// Retires a claimed job once it has run.
    pub(crate) fn retire(&self, epoch: Epoch) {
        self.retire_from(&mut self.lock_back(), epoch);
    }

    /// Counts a job as retired and tells watchers if it may be the one they wait for.
    pub(crate) fn retire_from(&self, back: &mut Back, epoch: Epoch) {
        if back.retired.count(epoch) == Progress::Emptied {
            self.quiet.notify_all();
        }
    }
}

impl Both<'_> {
    /// The next job, and whom to wake for what is left; if there is none, both sides, locked since they were found empty.
    fn take(mut self, capacity: usize, hint: &Hint) -> Result<(Runnable, Signals), Self> {
        self.move_over();
        // Every lane that waits has its oldest job in the back now.
        let waiting = self.back.jobs.waiting();
        let Some(lane) = self.back.turn.next(waiting) else { return Err(self) };
        self.back.turn.served(lane, waiting);
        let signals = self.settle(1, capacity, hint);
        let Both { mut back, front } = self;
        drop(front);
        let job = back.jobs.pop(lane).expect("a lane that waits holds a job");
        Ok((job.into_runnable(), signals))
    }

    /// Whether a worker that found the queue empty may leave: nothing can come any more.
    fn may_leave(&self) -> bool {
        match self.front.phase {
            Phase::Open => false,
            Phase::Draining => self.running() == 0,
            Phase::Aborting | Phase::Closed => true,
        }
    }
}
