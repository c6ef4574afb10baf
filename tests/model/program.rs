//! The language of programs whose every answer is known: steps that somebody outside does, or a running job.
//!
//! A job has a random tag, and a step means the one whose tag is the next after a number of its own, out of those that it
//! can mean then. So a program without some of its steps is a program too, in which most others mean the same as before.
//! Printed, it says what each step came to mean, and what the contract makes of it.

use std::fmt::{self, Debug, Display};
use std::ops::RangeInclusive;

use corepool::{Priority, Shutdown};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};

use crate::fork::{Fork, forks};
use crate::plain::Plain;

/// A job, in the order of submission.
pub type Id = usize;

/// Stands for the job whose tag is the next after it.
pub type Pick = u8;

pub type Tag = u8;

pub const TOKENS: usize = 3;

#[derive(Clone)]
pub struct Program {
    pub workers: usize,
    pub capacity: usize,
    pub steps: Vec<Step<Pick>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Step<J> {
    pub by: By<J>,
    pub act: Act<J>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By<J> {
    Outsider,
    /// A running job that does not wait.
    Job(J),
}

#[derive(Clone, Copy, Debug)]
pub enum Act<J> {
    Submit(Verb, Options, Body, Tag),
    /// Quick jobs whose handles are dropped: `try_submit` by an outsider, `submit` by a job.
    Burst(Priority, u8),
    /// Two quick jobs with a token; the closure of the first, dropped unrun, joins the second. In the ways of a burst.
    Pair(usize),
    Return,
    Panic,
    Checkpoint,
    Cancel(J),
    CancelToken(usize),
    Drop(J),
    /// A handle or a future that submits.
    Poll(J),
    Join(J),
    TryJoin(J),
    /// With no time at all.
    JoinTimeout(J),
    /// With all the time there is.
    JoinForever(J),
    CancelOnDrop(J),
    WaitIdle,
    Shutdown(Shutdown),
    BeginShutdown(Shutdown),
    /// A recursion of `Pool::join`.
    Fork(Fork),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Submit,
    TrySubmit,
    /// `submit_timeout`.
    Within(Time),
    /// `submit_async`, polled once.
    SubmitAsync,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    None,
    /// Some microseconds.
    Moment,
    Hour,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub priority: Priority,
    pub token: Option<usize>,
    pub deadline: Deadline,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deadline {
    #[default]
    None,
    /// In an hour.
    Far,
    Passed,
    /// In a moment.
    Soon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Does what it is told to, until it is told to end.
    Held,
    Quick,
    /// Panics at once.
    Bang,
    /// Quick, and its closure panics when it is dropped unrun.
    Fragile,
}

/// Programs of everything, on few workers with little room.
pub fn programs() -> impl Strategy<Value = Program> {
    let workers = prop_oneof![6 => Just(1), 3 => Just(2), 1 => Just(3), 1 => Just(4)];
    let capacity = prop_oneof![5 => Just(1), 4 => Just(2), 2 => Just(3), 1 => Just(8), 1 => Just(200)];
    (workers, capacity, vec(step(), 1..50)).prop_map(|(workers, capacity, steps)| Program { workers, capacity, steps })
}

/// Programs that fill all lanes, for the order in which they are served.
pub fn long_queues() -> impl Strategy<Value = Program> {
    let step = prop_oneof![
        2 => inside(Act::Return),
        3 => submits(),
        1 => by(pick().prop_map(Act::Cancel)),
        1 => by((0..TOKENS).prop_map(Act::CancelToken)),
        4 => burst(20..=100),
    ];
    vec(step, 1..16).prop_map(|mut steps| {
        let held = Act::Submit(Verb::Submit, Options::default(), Body::Held, 0);
        steps.insert(0, Step { by: By::Outsider, act: held });
        Program { workers: 1, capacity: 1_000, steps }
    })
}

/// A pick or a tag. A smaller one is no simpler.
pub fn pick() -> impl Strategy<Value = Pick> {
    any::<Pick>().no_shrink()
}

/// The job that is meant out of those which can be.
pub fn choose<T>(jobs: impl Iterator<Item = (T, Tag)>, pick: Pick) -> Option<T> {
    jobs.min_by_key(|(_, tag)| tag.wrapping_sub(pick)).map(|(job, _)| job)
}

fn step() -> impl Strategy<Value = Step<Pick>> {
    prop_oneof![
        30 => submits(),
        6 => inside(Act::Return),
        1 => inside(Act::Panic),
        2 => inside(Act::Checkpoint),
        6 => by(pick().prop_map(Act::Cancel)),
        5 => by((0..TOKENS).prop_map(Act::CancelToken)),
        6 => by(pick().prop_map(Act::Drop)),
        8 => by(pick().prop_map(Act::Poll)),
        8 => by(pick().prop_map(Act::Join)),
        2 => by(pick().prop_map(Act::TryJoin)),
        2 => by(pick().prop_map(Act::JoinTimeout)),
        4 => by(pick().prop_map(Act::JoinForever)),
        3 => by((0..TOKENS).prop_map(Act::Pair)),
        2 => by(pick().prop_map(Act::CancelOnDrop)),
        1 => burst(1..=70),
        6 => by(forks().prop_map(Act::Fork)),
        1 => by(Just(Act::WaitIdle)),
        1 => by(prop_oneof![Just(Shutdown::Drain), Just(Shutdown::Abort)].prop_map(Act::Shutdown)),
        1 => by(prop_oneof![Just(Shutdown::Drain), Just(Shutdown::Abort)].prop_map(Act::BeginShutdown)),
    ]
}

fn by(act: impl Strategy<Value = Act<Pick>> + 'static) -> BoxedStrategy<Step<Pick>> {
    let by = prop_oneof![2 => Just(By::Outsider), 1 => pick().prop_map(By::Job)];
    (by, act).prop_map(|(by, act)| Step { by, act }).boxed()
}

fn inside(act: Act<Pick>) -> BoxedStrategy<Step<Pick>> {
    pick().prop_map(move |job| Step { by: By::Job(job), act }).boxed()
}

fn submits() -> BoxedStrategy<Step<Pick>> {
    let time = prop_oneof![3 => Just(Time::None), 1 => Just(Time::Moment), 3 => Just(Time::Hour)];
    let verb = prop_oneof![
        4 => Just(Verb::Submit),
        4 => Just(Verb::TrySubmit),
        4 => Just(Verb::SubmitAsync),
        2 => time.prop_map(Verb::Within),
    ];
    let body =
        prop_oneof![8 => Just(Body::Held), 3 => Just(Body::Quick), 1 => Just(Body::Bang), 1 => Just(Body::Fragile)];
    let submit = (verb, options(), body, pick());
    by(submit.prop_map(|(verb, options, body, tag)| Act::Submit(verb, options, body, tag)))
}

pub fn options() -> impl Strategy<Value = Options> {
    let token = prop_oneof![1 => Just(None), 1 => (0..TOKENS).prop_map(Some)];
    let deadline = prop_oneof![
        20 => Just(Deadline::None),
        2 => Just(Deadline::Far),
        1 => Just(Deadline::Passed),
        1 => Just(Deadline::Soon),
    ];
    let some =
        (priority(), token, deadline).prop_map(|(priority, token, deadline)| Options { priority, token, deadline });
    prop_oneof![1 => Just(Options::default()), 2 => some]
}

fn burst(jobs: RangeInclusive<u8>) -> BoxedStrategy<Step<Pick>> {
    by((priority(), jobs).prop_map(|(priority, jobs)| Act::Burst(priority, jobs)))
}

fn priority() -> impl Strategy<Value = Priority> {
    prop_oneof![3 => Just(Priority::Normal), 1 => Just(Priority::High), 1 => Just(Priority::Low)]
}

impl Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workers = if self.workers == 1 { "worker" } else { "workers" };
        writeln!(f, "{} {workers}, room for {}", self.workers, self.capacity)?;
        let mut plain = Plain::new(self.workers, self.capacity);
        for step in &self.steps {
            // A step that nobody can do then is skipped, here as in play.
            if let Some(step) = plain.resolve(step) {
                writeln!(f, "  {:<44} {}", step.to_string(), plain.tell(step))?;
            }
        }
        Ok(())
    }
}

impl Display for Step<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let By::Job(job) = self.by {
            write!(f, "in #{job}: ")?;
        }
        match self.act {
            Act::Submit(verb, options, body, _) => write!(f, "{verb}{options}{body}"),
            Act::Burst(priority, jobs) => write!(f, "submit {jobs} quick {priority:?}"),
            Act::Pair(token) => write!(f, "submit two, token {token}, the first joins the second if it does not run"),
            Act::Return => write!(f, "return"),
            Act::Panic => write!(f, "panic"),
            Act::Checkpoint => write!(f, "checkpoint"),
            Act::Cancel(job) => write!(f, "cancel #{job}"),
            Act::CancelToken(token) => write!(f, "cancel token {token}"),
            Act::Drop(job) => write!(f, "drop #{job}"),
            Act::Poll(job) => write!(f, "poll #{job}"),
            Act::Join(job) => write!(f, "join #{job}"),
            Act::TryJoin(job) => write!(f, "try_join #{job}"),
            Act::JoinTimeout(job) => write!(f, "join_timeout(0) #{job}"),
            Act::JoinForever(job) => write!(f, "join_timeout(MAX) #{job}"),
            Act::CancelOnDrop(job) => write!(f, "cancel_on_drop #{job}"),
            Act::WaitIdle => write!(f, "wait_idle"),
            Act::Shutdown(mode) => write!(f, "shutdown {mode:?}"),
            Act::BeginShutdown(mode) => write!(f, "begin_shutdown {mode:?}"),
            Act::Fork(fork) => write!(f, "{fork}"),
        }
    }
}

impl Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verb::Submit => write!(f, "submit"),
            Verb::TrySubmit => write!(f, "try_submit"),
            Verb::Within(time) => write!(f, "submit_timeout({time})"),
            Verb::SubmitAsync => write!(f, "submit_async"),
        }
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Time::None => "0",
            Time::Moment => "a moment",
            Time::Hour => "an hour",
        })
    }
}

/// What is said, each behind a comma; nothing of a plain job.
impl Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.priority != Priority::Normal {
            write!(f, ", {:?}", self.priority)?;
        }
        if let Some(token) = self.token {
            write!(f, ", token {token}")?;
        }
        f.write_str(match self.deadline {
            Deadline::None => "",
            Deadline::Far => ", due in an hour",
            Deadline::Passed => ", overdue",
            Deadline::Soon => ", due in a moment",
        })
    }
}

impl Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Body::Held => "",
            Body::Quick => ", quick",
            Body::Bang => ", panics",
            Body::Fragile => ", fragile",
        })
    }
}
