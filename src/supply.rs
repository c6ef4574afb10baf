//! How a worker comes by its next job: from the back of the queue alone while that lasts, else through both locks, else
//! by waiting as [`crate::sleep`] says.

use crate::idle::{Epoch, Progress};
use crate::job::Runnable;
use crate::queue::Monitor;
use crate::sides::{Back, Both, Hint, Phase, Signals};
use crate::sleep::Called;
use crate::sync::spin_until;

impl Monitor {
    /// The next job for a worker, which retires the one it has run in the same step; waits for one. `None`: leave.
    pub(crate) fn next(&self, done: Option<Epoch>) -> Option<Runnable> {
        let mut back = self.lock_back();
        if let Some(epoch) = done {
            self.retire_from(&mut back, epoch);
        }
        if let Some(job) = back.pop_alone(self.hint.read()) {
            return Some(job.into_runnable());
        }
        let mut both = self.with_front(back);
        let mut searched = false;
        loop {
            if let Some((job, signals)) = both.take(self.capacity(), &self.hint) {
                drop(both);
                self.send(signals);
                return Some(job);
            }
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
    /// The oldest job, and whom to wake for what is left.
    fn take(&mut self, capacity: usize, hint: &Hint) -> Option<(Runnable, Signals)> {
        self.move_over();
        let job = self.pop()?;
        Some((job.into_runnable(), self.settle(capacity, hint)))
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
