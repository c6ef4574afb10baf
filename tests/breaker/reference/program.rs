//! The language of programs: what is done with one breaker, its permits and its futures.
//!
//! A held call has a random tag, and a step means the one whose tag is the next after a number of its own, out of those that
//! it can mean then. So a program without some of its steps is a program too, in which most others mean the same as before.
//! Printed, it says what each step came to mean, and what the contract makes of it.

use std::fmt::{self, Debug};

use corepool::breaker::Outcome;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};

use super::plain::Plain;
use super::rules::{Rules, Time, rules};

/// A held call, in the order of their making.
pub type Id = usize;

/// Stands for the call whose tag is the next after it.
pub type Pick = u8;

pub type Tag = u8;

#[derive(Clone)]
pub struct Program {
    pub rules: Rules,
    pub steps: Vec<Step<Pick>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Step<H> {
    /// `try_acquire`; the permit is held.
    Acquire(Tag),
    /// `call_async_with`; the future is held, and not polled.
    CallAsync(Tag),
    /// Polls a future that cannot end.
    Poll(H),
    Start(H),
    Pause(H),
    /// Ends a permit, or lets a future end and polls it.
    End(H, End),
    /// Makes a call that takes so long.
    Call(End, Time),
    /// So many calls, one like the other.
    Burst(u8, End),
    Advance(Time),
    /// To that moment, before it, or past it.
    AdvanceTo(Edge, Side),
    Command(Command),
    Subscribe,
    /// The oldest, or the youngest.
    Unsubscribe(Age),
}

/// How a call comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The permit is told so, or a classifier says so.
    Report(Outcome),
    /// It returns `Ok` or `Err`.
    Return(Result<(), ()>),
    Panic,
    ClassifierPanics,
    /// The permit, or the future, is dropped.
    Drop,
}

/// Moments at which something changes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The end of the open wait or the lease.
    Deadline,
    /// The next bucket of the first rate's window.
    Bucket,
    /// The last moment in which a held call is not slow.
    Slow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    At,
    Past,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    ForceOpen,
    OpenFor(Time),
    Disable,
    MetricsOnly,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Oldest,
    Youngest,
}

pub fn programs() -> impl Strategy<Value = Program> {
    (rules(), vec(step(), 1..40)).prop_map(|(rules, steps)| Program { rules, steps })
}

fn step() -> impl Strategy<Value = Step<Pick>> {
    prop_oneof![
        22 => tag().prop_map(Step::Acquire),
        5 => tag().prop_map(Step::CallAsync),
        3 => tag().prop_map(Step::Poll),
        2 => tag().prop_map(Step::Start),
        2 => tag().prop_map(Step::Pause),
        20 => (tag(), prop_oneof![4 => end(), 1 => Just(End::Drop)]).prop_map(|(held, end)| Step::End(held, end)),
        14 => (end(), prop_oneof![2 => Just(0), 1 => 0..=5_u64]).prop_map(|(end, takes)| Step::Call(end, takes)),
        1 => (prop_oneof![2..=6_u8, 98..=101_u8], end()).prop_map(|(calls, end)| Step::Burst(calls, end)),
        7 => (1..=4_u64).prop_map(Step::Advance),
        9 => advance_to(),
        4 => command().prop_map(Step::Command),
        3 => Just(Step::Subscribe),
        1 => prop_oneof![Just(Age::Oldest), Just(Age::Youngest)].prop_map(Step::Unsubscribe),
    ]
}

/// A smaller one is no simpler.
fn tag() -> impl Strategy<Value = Tag> {
    any::<Tag>().no_shrink()
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Return(Ok(()))),
        4 => Just(End::Return(Err(()))),
        1 => Just(End::Report(Outcome::Success)),
        2 => Just(End::Report(Outcome::Failure)),
        2 => Just(End::Report(Outcome::Ignored)),
        1 => Just(End::Panic),
        1 => Just(End::ClassifierPanics),
    ]
}

fn advance_to() -> BoxedStrategy<Step<Pick>> {
    let edge = prop_oneof![4 => Just(Edge::Deadline), 2 => Just(Edge::Bucket), 2 => Just(Edge::Slow)];
    let side = prop_oneof![4 => Just(Side::At), 1 => Just(Side::Before), 2 => Just(Side::Past)];
    (edge, side).prop_map(|(edge, side)| Step::AdvanceTo(edge, side)).boxed()
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => Just(Command::Reset),
        2 => (0..=5_u64).prop_map(Command::OpenFor),
        1 => Just(Command::ForceOpen),
        1 => Just(Command::Disable),
        2 => Just(Command::MetricsOnly),
    ]
}

impl Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.rules)?;
        let mut plain = Plain::new(self.rules.clone());
        for step in &self.steps {
            // A step that cannot be done then is skipped, here as in play.
            if let Some(step) = plain.resolve(*step) {
                let answer = plain.perform(step);
                writeln!(f, "  {:<40} {answer:?}; {}", format!("{step:?}"), plain.in_words())?;
            }
        }
        Ok(())
    }
}
