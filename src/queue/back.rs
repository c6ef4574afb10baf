//! The workers' side: what they pop from, and what has become of the jobs they took.

use std::sync::Arc;

use crate::base::ids::Epoch;
use crate::base::priority::Priority;
use crate::base::tick::Tick;
use crate::job::runnable::{Begun, Queued};
use crate::queue::aborts::Aborts;
use crate::queue::epochs::{Goal, Progress, Retired};
use crate::queue::guests::Guests;
use crate::queue::idle::Idle;
use crate::queue::lanes::{LaneSet, Lanes};
use crate::queue::mailboxes::Mailboxes;
use crate::queue::stats::{Meter, WorkerStats};
use crate::queue::turn::Turn;
use crate::queue::watchers::Watchers;

/// Who is left once a worker has exited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Others,
    Nobody,
}

/// Laid out as declared: what every pop touches stands together.
#[repr(C)]
pub(crate) struct Back {
    pub(super) line_waits: bool,
    /// Whether there are jobs for one worker alone.
    has_mail: bool,
    /// Whether the front held a stream when a worker last went there for a job: see [`Back::jobs_may_gather`].
    pub(super) is_streaming: bool,
    pub(super) turn: Turn,
    pub(super) retired: Retired,
    /// Jobs that were taken out of the queue to be run.
    begun: u64,
    pub(super) jobs: Lanes,
    pub(super) aborts: Aborts,
    /// Workers that have not exited.
    live: usize,
    pub(super) meters: Vec<Arc<Meter>>,
    pub(super) guests: Guests,
    mail: Mailboxes,
    watchers: Watchers,
    idle: Idle,
}

impl Back {
    pub(crate) fn new() -> Self {
        Self {
            line_waits: false,
            has_mail: false,
            is_streaming: false,
            turn: Turn::default(),
            retired: Retired::default(),
            begun: 0,
            jobs: Lanes::new(),
            mail: Mailboxes::default(),
            aborts: Aborts::default(),
            live: 0,
            meters: Vec::new(),
            guests: Guests::new(),
            watchers: Watchers::default(),
            idle: Idle::default(),
        }
    }

    /// A worker starts, and counts what it runs in `meter`.
    pub(crate) fn enter(&mut self, meter: Arc<Meter>) {
        self.live += 1;
        self.meters.push(meter);
        self.mail.add();
    }

    pub(crate) fn worker_stats(&self) -> Vec<WorkerStats> {
        self.meters.iter().map(|meter| meter.read()).collect()
    }

    /// A worker has left its loop and run its last hook.
    pub(crate) fn exit(&mut self) -> Left {
        self.live -= 1;
        if self.live > 0 { Left::Others } else { Left::Nobody }
    }

    /// Whether every worker has exited, and every job has resolved that another thread aborts or runs.
    pub(crate) fn has_ended(&self) -> bool {
        self.live == 0 && self.aborts.in_flight() == 0 && self.guests.running() == 0
    }

    pub(crate) fn watchers(&mut self) -> &mut Watchers {
        &mut self.watchers
    }

    pub(crate) fn idle(&mut self) -> &mut Idle {
        &mut self.idle
    }

    /// Jobs that were begun and are not retired.
    pub(super) fn running(&self) -> u64 {
        self.begun - (self.retired.total() - self.aborts.retired())
    }

    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    pub(super) fn count_begun(&mut self) {
        self.begun += 1;
    }

    /// A job that was taken out, and when it was submitted.
    #[inline]
    pub(super) fn begin(&mut self, job: Queued, since: Tick) -> Begun {
        self.count_begun();
        job.begin(since)
    }

    /// The same for one out of a lane of this side's.
    #[inline]
    fn begin_own(&mut self, job: Queued) -> Begun {
        let since = self.jobs.since(&job);
        self.begin(job, since)
    }

    pub(crate) fn is_streaming(&self) -> bool {
        self.is_streaming
    }

    pub(crate) fn line_waits(&self) -> bool {
        self.line_waits
    }

    /// Whether it is worth a pause to find more jobs in the front: not while some wait here, nor while submitters stand in
    /// line, who can push none.
    #[inline]
    pub(crate) fn jobs_may_gather(&self) -> bool {
        self.is_streaming && self.jobs.len() == 0 && !self.line_waits
    }

    /// Takes a job that is for this worker alone.
    #[inline]
    pub(crate) fn pop_mail(&mut self, worker: usize) -> Option<Begun> {
        if !self.has_mail {
            return None;
        }
        self.take_mail(|mail| mail.take(worker)).map(|(job, since)| self.begin(job, since))
    }

    #[cold]
    pub(super) fn take_mail(
        &mut self,
        take: impl FnOnce(&mut Mailboxes) -> Option<(Queued, Tick)>,
    ) -> Option<(Queued, Tick)> {
        let job = take(&mut self.mail);
        self.has_mail = self.mail.len() > 0;
        job
    }

    /// Sends each worker a job that it alone is to run.
    pub(super) fn send(&mut self, jobs: impl Iterator<Item = Queued>, since: Tick) {
        self.mail.send(jobs, since);
        self.has_mail = true;
    }

    pub(super) fn mail(&self) -> usize {
        self.mail.len()
    }

    /// Takes the next job without a look at the front, whose lanes are said to wait: the front's turn may have come.
    #[inline]
    pub(crate) fn pop_alone(&mut self, in_front: LaneSet) -> Option<Begun> {
        if self.line_waits {
            return None;
        }
        let waiting = self.jobs.waiting().or(in_front);
        if waiting == LaneSet::NORMAL {
            // As mostly: no turn to take, and none is saved up.
            self.turn = Turn::default();
            let job = self.jobs.pop(Priority::Normal)?;
            return Some(self.begin_own(job));
        }
        let lane = self.turn.next(waiting)?;
        let job = self.jobs.pop(lane)?;
        self.turn.served(lane, waiting);
        Some(self.begin_own(job))
    }

    /// Takes the job that [`Sides::next_lane`](crate::queue::sides::Sides::next_lane) has found.
    #[inline]
    pub(crate) fn pop(&mut self, lane: Priority) -> Begun {
        let job = self.jobs.pop(lane).expect("a lane that waits holds a job");
        self.begin_own(job)
    }

    /// The same for a guest.
    pub(crate) fn pop_as_guest(&mut self, lane: Priority) -> Begun {
        self.guests.enter();
        self.pop(lane)
    }

    /// A job has resolved, and its `Runnable` is gone.
    #[inline]
    pub(crate) fn retire(&mut self, epoch: Epoch) -> Progress {
        self.retired.count(epoch)
    }

    /// The same for a job that was aborted. Step 3 of [`crate::queue::aborts`].
    pub(crate) fn retire_aborted(&mut self, epoch: Epoch) -> Progress {
        self.aborts.retire();
        self.retire_one_of(epoch, self.aborts.in_flight())
    }

    /// The same for a job that a worker of another pool has run.
    pub(crate) fn retire_guest(&mut self, epoch: Epoch) -> Progress {
        self.guests.leave();
        self.retire_one_of(epoch, self.guests.running())
    }

    /// Retires one of a kind that the pool's end waits for, of which so many are left.
    fn retire_one_of(&mut self, epoch: Epoch, left: u64) -> Progress {
        match self.retire(epoch) {
            Progress::None if left > 0 => Progress::None,
            _ => Progress::Made,
        }
    }

    pub(crate) fn guest_meter(&self) -> &Meter {
        self.guests.meter()
    }

    pub(crate) fn has_reached(&self, goal: Goal) -> bool {
        self.retired.has_reached(goal)
    }
}
