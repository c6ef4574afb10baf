//! The contract in plain words: one thread, a list of what is queued, a list of who waits for room, and for each job
//! where it stands. It predicts what every step of a [`Program`](crate::program::Program) answers and what comes of it.
//!
//! A worker that is free takes a queued job before the next step is done.

mod fork;
mod room;
mod run;

use corepool::{Priority, Shutdown, SubmitErrorKind, WaitError};

use crate::answer::{Answer, End, Report};
use crate::program::{Act, Body, By, Id, Options, Step, TOKENS, Tag, Verb};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    InLine,
    Queued,
    Running,
    Ended(End),
    Rejected(SubmitErrorKind),
    /// Its future was dropped while it stood in line.
    GivenUp,
}

/// What somebody has of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Nobody,
    Handle,
    /// A handle that cancels when it is dropped.
    Guard,
    /// The future of `submit_async`, not yet ready when it was polled last.
    Future,
    /// Somebody waits, in line for room or for the job's end.
    Waiter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    Open,
    Draining,
    Aborting,
}

pub struct Job {
    pub tag: Tag,
    pub options: Options,
    pub body: Body,
    pub state: State,
    pub holder: Holder,
    /// The job in whose `join` it runs.
    pub inside: Option<Id>,
    pub joined_by: Option<By<Id>>,
    asked_to_stop: bool,
    waker_left: bool,
    /// How often the waker of the last poll was woken. The contract does not say of one that was left with a handle which
    /// was then joined: the job may end before the joiner has put its own there.
    pub wakes: Option<usize>,
}

pub struct Plain {
    workers: usize,
    capacity: usize,
    pub jobs: Vec<Job>,
    /// In the order in which they got in.
    queue: Vec<Id>,
    line: Vec<Id>,
    /// How many jobs have left the queue while somebody waited, since a head of the line got in.
    line_passed_over: u32,
    tokens: [bool; TOKENS],
    phase: Phase,
    /// How often in a row a worker has passed over each lane while it waited.
    passed_over: [u32; 3],
    /// Jobs that a `join` has begun, for whoever asks next.
    pub claimed: Vec<Id>,
    /// What those who waited were told, for whoever asks next.
    pub told: Vec<(Id, Answer)>,
}

impl Plain {
    pub fn new(workers: usize, capacity: usize) -> Self {
        Self {
            workers,
            capacity,
            jobs: Vec::new(),
            queue: Vec::new(),
            line: Vec::new(),
            line_passed_over: 0,
            tokens: [false; TOKENS],
            phase: Phase::Open,
            passed_over: [0; 3],
            claimed: Vec::new(),
            told: Vec::new(),
        }
    }

    pub fn perform(&mut self, Step { by, act }: Step<Id>) -> Answer {
        match act {
            Act::Submit(verb, options, body, tag) => self.submit(by, verb, options, body, tag),
            Act::Burst(priority, jobs) => self.burst(by, Options { priority, ..Options::default() }, jobs),
            // What ends the first ends the second too: so who joins it waits for nothing.
            Act::Pair(token) => self.burst(by, Options { token: Some(token), ..Options::default() }, 2),
            Act::Return => self.end_actor(by, End::Value),
            Act::Panic => self.end_actor(by, End::Panicked),
            Act::Checkpoint => Answer::Checkpoint(self.checkpoint(by)),
            Act::Cancel(job) => Answer::Cancel(self.cancel(job)),
            Act::CancelToken(token) => self.cancel_token(token),
            Act::Drop(job) => self.drop_holder(job),
            Act::Poll(job) => self.poll(by, job),
            Act::Join(job) => self.join(by, job),
            Act::TryJoin(job) => self.outcome(job).unwrap_or(Answer::NotYet),
            Act::JoinTimeout(job) => self.join_timeout(by, job),
            Act::JoinForever(job) => self.join(by, job),
            Act::CancelOnDrop(job) => {
                self.jobs[job].holder = Holder::Guard;
                Answer::Done
            }
            Act::WaitIdle => Answer::Idle(self.wait_idle(by)),
            Act::Shutdown(mode) => Answer::Shutdown(self.shutdown(by, mode)),
            Act::BeginShutdown(mode) => {
                self.close(mode);
                Answer::Done
            }
            Act::Fork(fork) => Answer::Forked(self.fork(by, fork)),
        }
    }

    fn burst(&mut self, by: By<Id>, options: Options, jobs: u8) -> Answer {
        let verb = if by == By::Outsider { Verb::TrySubmit } else { Verb::Submit };
        let before = self.jobs.len();
        let accepted = |answer: &Answer| *answer == Answer::Accepted;
        let accepted = (0..jobs).map(|_| self.submit(by, verb, options, Body::Quick, 0)).filter(accepted).count();
        self.jobs[before..].iter_mut().for_each(|job| job.holder = Holder::Nobody);
        Answer::AcceptedOf(accepted)
    }

    pub fn count(&self, state: impl Fn(State) -> bool) -> u64 {
        self.jobs.iter().filter(|job| state(job.state)).count() as u64
    }

    pub fn count_queued(&self, priority: Priority) -> u64 {
        let is_there = |job: &&Job| job.state == State::Queued && job.options.priority == priority;
        self.jobs.iter().filter(is_there).count() as u64
    }

    pub fn count_ended(&self, end: End) -> u64 {
        self.count(|state| state == State::Ended(end))
    }

    pub fn busy(&self) -> u64 {
        self.count(|state| state == State::Running)
    }

    pub fn count_rejected(&self, why: SubmitErrorKind) -> u64 {
        self.count(|state| state == State::Rejected(why))
    }

    fn wait_idle(&self, by: By<Id>) -> Result<(), WaitError> {
        match by {
            By::Job(_) => Err(WaitError::WouldDeadlock),
            By::Outsider if self.busy() > 0 || !self.queue.is_empty() => Err(WaitError::TimedOut),
            By::Outsider => Ok(()),
        }
    }

    fn shutdown(&mut self, by: By<Id>, mode: Shutdown) -> Result<Report, WaitError> {
        if by != By::Outsider {
            return Err(WaitError::WouldDeadlock);
        }
        self.close(mode);
        Ok(Report {
            completed: self.count_ended(End::Value),
            panicked: self.count_ended(End::Panicked),
            aborted: self.count_ended(End::Aborted),
            still_running: self.busy() as usize,
            still_queued: self.queue.len(),
        })
    }

    fn close(&mut self, mode: Shutdown) {
        let phase = if mode == Shutdown::Drain { Phase::Draining } else { Phase::Aborting };
        if self.phase < phase {
            self.phase = phase;
            for id in self.line.clone() {
                self.turn_away(id, SubmitErrorKind::ShutDown);
            }
            if phase == Phase::Aborting {
                let queue = std::mem::take(&mut self.queue);
                queue.into_iter().for_each(|id| self.end(id, End::Aborted));
            }
        }
    }
}

impl Job {
    pub fn has_run(&self) -> bool {
        matches!(self.state, State::Ended(End::Value | End::Panicked))
    }

    fn wake(&mut self) {
        if std::mem::take(&mut self.waker_left) {
            self.wakes = self.wakes.map(|wakes| wakes + 1);
        }
    }

    /// Who joins puts a waker of its own in the place of the one that was left.
    fn replace_waker(&mut self) {
        if std::mem::take(&mut self.waker_left) {
            self.wakes = None;
        }
    }
}
