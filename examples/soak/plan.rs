//! What is drawn for each job: what it does, how it is submitted, with which options, and what becomes of its handle.

use std::time::Duration;

use corepool::Priority;
use fastrand::Rng;

/// What the closure does.
#[derive(Clone, Copy)]
pub enum Work {
    Return,
    /// So many turns of a loop.
    Busy(u16),
    /// Goes on until `checkpoint()` stops it, for a while.
    Checkpoints,
    Panic,
    PanicWithValue,
    PanicWithBurstingValue,
    /// The value's destructor panics.
    BurstingValue,
    /// The destructor of what the closure has captured panics: at the end of the job, or when it is dropped unrun.
    BurstingClosure,
    /// Submits and joins jobs of its own.
    Nest,
    /// The same with jobs of another pool, which may do so in turn.
    NestElsewhere,
    /// What it has captured joins a job that was submitted after it: as it ends, or when it is dropped unrun.
    JoiningClosure,
    /// Asks for what would wait for itself.
    WaitForItself,
    /// Cancels the token of its client.
    CancelToken,
}

#[derive(Clone, Copy)]
pub enum Verb {
    Submit,
    Try,
    Timeout(Duration),
    /// Awaited at once.
    Await,
    /// Polled once, and awaited or dropped later.
    StandInLine,
    /// A future that is dropped as it was made.
    NeverPoll,
}

#[derive(Clone, Copy)]
pub struct Options {
    pub priority: Priority,
    pub is_named: bool,
    pub has_token: bool,
    /// From when it is submitted.
    pub deadline: Option<Duration>,
}

/// What is done with the closure of a rejected job.
#[derive(Clone, Copy)]
pub enum Rejection {
    SubmitAgain,
    Drop,
}

/// What becomes of the handle, once its turn has come.
#[derive(Clone, Copy)]
pub enum Handling {
    Join,
    JoinTimeout(Duration),
    TryJoin,
    Await,
    /// Joined by another thread.
    JoinElsewhere,
    /// Awaited by a task that is polled within `wake`.
    AwaitInline,
    Detach,
    Drop,
    CancelAndJoin,
    CancelAndDrop,
    DropGuard,
    JoinGuard,
}

#[derive(Clone, Copy)]
pub struct Plan {
    pub work: Work,
    pub verb: Verb,
    /// `None`: a plain job.
    pub options: Option<Options>,
    pub rejection: Rejection,
    pub handling: Handling,
    /// How deep the job is nested; an outermost one is at 0.
    pub depth: u8,
    pub seed: u64,
}

/// Jobs nest no deeper.
const DEEPEST: u8 = 3;

impl Plan {
    pub const PLAIN: Self = Self {
        work: Work::Return,
        verb: Verb::Submit,
        options: None,
        rejection: Rejection::Drop,
        handling: Handling::Join,
        depth: 0,
        seed: 0,
    };

    pub fn draw(rng: &mut Rng, depth: u8) -> Self {
        Self {
            work: draw_work(rng, depth),
            verb: draw_verb(rng),
            options: (rng.u8(..100) < 40).then(|| draw_options(rng)),
            rejection: if rng.u8(..4) == 0 { Rejection::SubmitAgain } else { Rejection::Drop },
            handling: draw_handling(rng),
            depth,
            seed: rng.u64(..),
        }
    }
}

fn draw_work(rng: &mut Rng, depth: u8) -> Work {
    match rng.u16(..1_000) {
        450..730 => Work::Busy(rng.u16(..300)),
        730..735 => Work::Busy(5_000),
        735..770 => Work::Checkpoints,
        770..840 => pick(rng, [Work::Panic, Work::PanicWithValue, Work::PanicWithBurstingValue]),
        840..890 => Work::BurstingValue,
        890..930 => Work::BurstingClosure,
        930..970 if depth < DEEPEST => Work::Nest,
        970..980 if depth < DEEPEST => Work::NestElsewhere,
        980..990 => Work::JoiningClosure,
        990..995 => Work::WaitForItself,
        995 => Work::CancelToken,
        _ => Work::Return,
    }
}

fn draw_verb(rng: &mut Rng) -> Verb {
    match rng.u8(..100) {
        0..5 => Verb::Submit,
        5..30 => Verb::Try,
        30..35 => Verb::Timeout(Duration::ZERO),
        35..40 => Verb::Timeout(Duration::from_micros(rng.u64(..200))),
        40..42 => Verb::Timeout(Duration::MAX),
        42..45 => Verb::Await,
        // Most of them: a line of futures fills the queue again without a thread that has to wake up first.
        45..99 => Verb::StandInLine,
        _ => Verb::NeverPoll,
    }
}

fn draw_options(rng: &mut Rng) -> Options {
    Options {
        priority: pick(rng, [Priority::High, Priority::Normal, Priority::Low]),
        is_named: rng.bool(),
        has_token: rng.u8(..100) < 40,
        deadline: match rng.u8(..100) {
            0..5 => Some(Duration::ZERO),
            5..25 => Some(Duration::from_micros(rng.u64(..1_000))),
            25..35 => Some(Duration::from_secs(3_600)),
            _ => None,
        },
    }
}

fn draw_handling(rng: &mut Rng) -> Handling {
    match rng.u8(..100) {
        0..20 => Handling::Join,
        20..30 => Handling::AwaitInline,
        30..40 => Handling::JoinTimeout(Duration::from_micros(rng.u64(..100))),
        40..50 => Handling::TryJoin,
        50..60 => Handling::Await,
        60..65 => Handling::JoinElsewhere,
        65..70 => Handling::Detach,
        70..75 => Handling::Drop,
        75..85 => Handling::CancelAndJoin,
        85..90 => Handling::CancelAndDrop,
        90..95 => Handling::DropGuard,
        _ => Handling::JoinGuard,
    }
}

fn pick<T: Copy>(rng: &mut Rng, choices: [T; 3]) -> T {
    choices[rng.usize(..choices.len())]
}
