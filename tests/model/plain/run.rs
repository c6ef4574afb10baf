//! Which job runs, on whose stack, and what those learn who wait for its end.

use corepool::{Interrupted, Priority};

use super::{Holder, Phase, Plain, State};
use crate::answer::{Answer, End};
use crate::program::{Body, By, Id};

const LANES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

impl Plain {
    /// The job that a free worker takes now: the oldest of the most urgent lane, but that of a lower one that was passed
    /// over 63 times in a row.
    pub fn next(&self) -> Option<Id> {
        if !self.has_free_worker() {
            return None;
        }
        let first = |lane| self.queue.iter().copied().find(|&id| self.jobs[id].options.priority == lane);
        let due = LANES.into_iter().rev().filter(|&lane| self.passed_over[lane as usize] >= 63);
        due.chain(LANES).find_map(first)
    }

    /// A worker takes the [`next`](Self::next) job.
    pub fn begin(&mut self, id: Id) {
        let taken = self.jobs[id].options.priority;
        self.make_way(true);
        for lane in LANES {
            let waits = self.queue.iter().any(|&id| self.jobs[id].options.priority == lane);
            let passed_over = &mut self.passed_over[lane as usize];
            *passed_over = if waits && lane != taken { *passed_over + 1 } else { 0 };
        }
        self.run(id, true);
    }

    /// The job leaves the queue for a worker.
    fn run(&mut self, id: Id, in_turn: bool) {
        self.leave_queue(id, in_turn);
        self.jobs[id].state = State::Running;
        match self.jobs[id].body {
            Body::Held => {}
            Body::Quick | Body::Fragile => self.end(id, End::Value),
            Body::Bang => self.end(id, End::Panicked),
        }
    }

    pub(super) fn end_actor(&mut self, by: By<Id>, end: End) -> Answer {
        if let By::Job(id) = by {
            self.end(id, end);
        }
        Answer::Done
    }

    pub(super) fn end(&mut self, id: Id, end: End) {
        self.jobs[id].state = State::Ended(end);
        if self.jobs[id].joined_by.take().is_some() {
            self.jobs[id].holder = Holder::Nobody;
            self.told.push((id, Answer::Joined(end)));
        }
        self.jobs[id].wake();
    }

    /// The last job submitted was accepted, as one that had expired before.
    pub fn expire_on_arrival(&mut self) {
        let job = self.jobs.last_mut().expect("it was submitted");
        (job.state, job.holder) = (State::Ended(End::Expired), Holder::Handle);
    }

    pub fn has_free_worker(&self) -> bool {
        let on_workers = self.jobs.iter().filter(|job| job.state == State::Running && job.inside.is_none());
        on_workers.count() < self.workers
    }

    /// Whether `id` is `top`, or runs below it on the same worker.
    pub fn is_on_stack_of(&self, top: Id, id: Id) -> bool {
        std::iter::successors(Some(top), |&job| self.jobs[job].inside).any(|job| job == id)
    }

    pub(super) fn checkpoint(&self, by: By<Id>) -> Result<(), Interrupted> {
        let By::Job(id) = by else { return Ok(()) };
        let job = &self.jobs[id];
        if job.asked_to_stop || job.options.token.is_some_and(|token| self.tokens[token]) {
            return Err(Interrupted::Cancelled);
        }
        if self.phase == Phase::Aborting { Err(Interrupted::ShuttingDown) } else { Ok(()) }
    }

    /// The outcome of a job that has ended, which leaves its holder with nothing.
    pub(super) fn outcome(&mut self, id: Id) -> Option<Answer> {
        let State::Ended(end) = self.jobs[id].state else { return None };
        self.jobs[id].holder = Holder::Nobody;
        Some(Answer::Joined(end))
    }

    pub(super) fn poll(&mut self, by: By<Id>, id: Id) -> Answer {
        self.jobs[id].wakes = Some(0);
        if self.jobs[id].holder == Holder::Future {
            return self.poll_future(by, id);
        }
        self.outcome(id).unwrap_or_else(|| {
            self.jobs[id].waker_left = true;
            Answer::NotYet
        })
    }

    pub(super) fn join(&mut self, by: By<Id>, id: Id) -> Answer {
        if let Some(outcome) = self.outcome(id) {
            return outcome;
        }
        self.jobs[id].replace_waker();
        if let By::Job(joiner) = by
            && self.is_on_stack_of(joiner, id)
        {
            self.jobs[id].holder = Holder::Nobody;
            return Answer::WouldDeadlock;
        }
        self.jobs[id].joined_by = Some(by);
        self.jobs[id].holder = Holder::Waiter;
        if let By::Job(joiner) = by
            && self.jobs[id].state == State::Queued
        {
            self.jobs[id].inside = Some(joiner);
            self.claimed.push(id);
            self.run(id, false);
        }
        Answer::Waits
    }

    pub(super) fn join_timeout(&mut self, by: By<Id>, id: Id) -> Answer {
        if let Some(outcome) = self.outcome(id) {
            return outcome;
        }
        self.jobs[id].replace_waker();
        match by {
            By::Job(joiner) if self.is_on_stack_of(joiner, id) => {
                self.jobs[id].holder = Holder::Nobody;
                Answer::WouldDeadlock
            }
            _ => Answer::NotYet,
        }
    }
}
