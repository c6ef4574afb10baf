//! A race track: the same threads run round after round, each round on a stage of its own.

use std::iter::Sum;
use std::ops::Add;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, RwLock};
use std::thread;

use corepool::breaker::{CircuitBreaker, Outcome, Recorded};

use crate::common::{self, within_a_minute};

/// Has `racers` threads do `act` at once, each with its number, then `judge` what came of it: `rounds` times at most. A
/// panic in any of them, or a hang, fails the test.
pub fn race<S, A>(
    racers: usize,
    rounds: usize,
    prepare: impl Fn() -> S + Send + 'static,
    act: impl Fn(&S, usize) -> A + Send + Sync + 'static,
    judge: impl Fn(&S, Vec<A>) + Send + 'static,
) where
    S: Send + Sync + 'static,
    A: Send + 'static,
{
    within_a_minute(move || {
        let track = Track::new(racers);
        thread::scope(|scope| {
            for racer in 0..racers {
                let (track, act) = (&track, &act);
                scope.spawn(move || while track.run(racer, act) {});
            }
            let rounds = common::rounds(rounds).map(|_| track.round(&prepare, &judge));
            // Ends the threads whatever happened: the scope waits for them.
            let outcome = catch_unwind(AssertUnwindSafe(|| rounds.for_each(drop)));
            track.close();
            outcome.unwrap_or_else(|panic| resume_unwind(panic));
        });
    });
}

struct Track<S, A> {
    /// Where the racers and the judge meet before a round and after it.
    line: Barrier,
    /// Racers that have come to the start, in all rounds together.
    started: AtomicUsize,
    is_closed: AtomicBool,
    stage: RwLock<Option<S>>,
    answers: Vec<Mutex<Option<thread::Result<A>>>>,
}

impl<S, A> Track<S, A> {
    fn new(racers: usize) -> Self {
        Self {
            line: Barrier::new(racers + 1),
            started: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            stage: RwLock::new(None),
            answers: (0..racers).map(|_| Mutex::new(None)).collect(),
        }
    }

    /// A racer's part of a round, unless there is none.
    fn run(&self, racer: usize, act: impl Fn(&S, usize) -> A) -> bool {
        self.line.wait();
        if self.is_closed.load(Ordering::SeqCst) {
            return false;
        }
        let stage = self.stage.read().unwrap();
        self.start();
        let answer = catch_unwind(AssertUnwindSafe(|| act(stage.as_ref().expect("it is set"), racer)));
        drop(stage);
        *self.answers[racer].lock().unwrap() = Some(answer);
        self.line.wait();
        true
    }

    /// A barrier lets its threads go one by one; this one keeps those that have a processor until all have come.
    fn start(&self) {
        let racers = self.answers.len();
        let all = (self.started.fetch_add(1, Ordering::SeqCst) / racers + 1) * racers;
        let mut spins = 0;
        while self.started.load(Ordering::SeqCst) < all {
            spins += 1;
            if spins % 64 == 0 { thread::yield_now() } else { std::hint::spin_loop() }
        }
    }

    fn round(&self, prepare: impl Fn() -> S, judge: impl Fn(&S, Vec<A>)) {
        *self.stage.write().unwrap() = Some(prepare());
        self.line.wait();
        self.line.wait();
        let answer = |slot: &Mutex<Option<thread::Result<A>>>| slot.lock().unwrap().take().expect("each has answered");
        let answers = self.answers.iter().map(|slot| answer(slot).unwrap_or_else(|panic| resume_unwind(panic)));
        let answers = answers.collect();
        let stage = self.stage.write().unwrap().take();
        judge(&stage.expect("it is set"), answers);
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.line.wait();
    }
}

/// What the calls of one thread, or of all, heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub asked: u64,
    pub rejected: u64,
    pub counted: u64,
    pub late: u64,
}

impl Books {
    /// Asks, and reports at once if admitted.
    pub fn call(&mut self, breaker: &CircuitBreaker, outcome: Outcome) {
        self.asked += 1;
        match breaker.try_acquire() {
            Err(_) => self.rejected += 1,
            Ok(permit) => self.enter(permit.record(outcome)),
        }
    }

    pub fn enter(&mut self, recorded: Recorded) {
        match recorded {
            Recorded::Counted => self.counted += 1,
            Recorded::Stale => self.late += 1,
        }
    }

    /// Nothing is lost and nothing counted twice, here and in the breaker.
    pub fn assert_balanced(self, breaker: &CircuitBreaker) {
        assert_eq!(self.rejected + self.counted + self.late, self.asked, "{self:?}");
        let (state, snapshot) = (breaker.state(), breaker.snapshot());
        assert_eq!(state, snapshot.state);
        assert_eq!((snapshot.rejected, snapshot.late_results), (self.rejected, self.late), "{self:?}");
    }
}

impl Add for Books {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            asked: self.asked + other.asked,
            rejected: self.rejected + other.rejected,
            counted: self.counted + other.counted,
            late: self.late + other.late,
        }
    }
}

impl Sum for Books {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

impl From<Recorded> for Books {
    fn from(recorded: Recorded) -> Self {
        let mut books = Self { asked: 1, ..Self::default() };
        books.enter(recorded);
        books
    }
}
