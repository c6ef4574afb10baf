//! Recursions of joins, in jobs and outside of them: leaves that are borrowed are halved down to one, and on the way
//! halves panic, see that they should stop, submit jobs and wait for these.
//!
//! The leaves are freed as soon as the outermost join is over, so that valgrind sees a half that still uses them.

use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use corepool::{Pool, checkpoint};
use fastrand::Rng;

use super::halves::{DEEPEST, Leaf, Place, Sum};
use super::job::{Burst, DEEPEST as DEEPEST_JOB, Work, contain, nest};
use super::ledger::{Answer, Fate, Record};
use super::submitter::Submitter;

const PAUSE: Duration = Duration::from_micros(50);

enum Event {
    /// With what bursts when it is dropped, or does not.
    Panics(bool),
    /// It submits jobs, drawn from these numbers, and joins them.
    Submits(Rng),
    /// Long enough for others to take halves.
    Pauses,
    /// It cancels the token that its submitter gives to jobs: the one that forks may be among them.
    Cancels,
}

/// What a half panics with.
pub struct Thrown {
    by: Place,
    _record: Arc<Record>,
    _burst: Burst,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Job,
    Client,
}

/// One recursion, as all its halves see it.
struct Recursion<'s> {
    pool: &'s Pool,
    submitter: &'s Submitter,
    record: &'s Arc<Record>,
    caller: Caller,
    /// How deep the job nests; those that halves submit nest deeper.
    job_depth: u8,
    events: Vec<(Place, Event)>,
    /// How long it stays at a leaf.
    turns: usize,
    has_stopped: AtomicBool,
}

/// The work of a job that forks.
pub fn fork(submitter: Submitter, mut rng: Rng, job_depth: u8) -> Work {
    Box::new(move |record| {
        if let Err(thrown) = recurse(&submitter, &mut rng, Caller::Job, record, job_depth) {
            record.ran(Fate::Panicked);
            resume_unwind(thrown);
        }
    })
}

/// The same outside of jobs: its record is that of a job which nobody accepts.
pub fn fork_outside(submitter: &Submitter, rng: &mut Rng) {
    let record = submitter.subject.books.open();
    if let Err(thrown) = recurse(submitter, rng, Caller::Client, &record, 0) {
        contain(|| drop(thrown));
    }
    record.heard(Answer::NotAccepted);
}

fn recurse(
    submitter: &Submitter,
    rng: &mut Rng,
    caller: Caller,
    record: &Arc<Record>,
    job_depth: u8,
) -> Result<(), Box<Thrown>> {
    record.books.forks.add_one();
    let most = 1 << rng.u32(1..=DEEPEST);
    let mut leaves: Vec<_> = (0..rng.usize(1..most)).map(|_| Leaf::draw(rng)).collect();
    let expected = Sum::of(&leaves, record);
    // A half that a worker of the other pool runs for a client would wait there for room in this one.
    let is_elsewhere = caller == Caller::Job && rng.u8(..8) == 0;
    let pool = if is_elsewhere { &submitter.elsewhere.pool } else { &submitter.subject.pool };
    let mut events: Vec<_> = (0..rng.usize(..5)).map(|_| draw_event(rng, leaves.len())).collect();
    events.sort_by_key(|(place, _)| *place);
    let turns = rng.usize(..600) / leaves.len();
    let has_stopped = AtomicBool::new(false);
    let recursion = Recursion { pool, submitter, record, caller, job_depth, events, turns, has_stopped };
    let summed = catch_unwind(AssertUnwindSafe(|| recursion.visit(&mut leaves, Place::default())));
    drop(leaves);
    recursion.judge(&expected, summed)
}

/// On a busy machine a single turn may be enough.
fn pause() {
    let begin = Instant::now();
    while begin.elapsed() < PAUSE {
        thread::yield_now();
    }
}

fn draw_event(rng: &mut Rng, leaves: usize) -> (Place, Event) {
    let event = match rng.u8(..16) {
        0..2 => Event::Cancels,
        2..5 => Event::Submits(rng.fork()),
        5..10 => Event::Pauses,
        _ => Event::Panics(rng.bool()),
    };
    (Place::draw(rng, leaves), event)
}

impl Recursion<'_> {
    fn visit(&self, leaves: &mut [Leaf], place: Place) -> Sum {
        if self.is_to_stop() {
            return Sum::of(&[], self.record);
        }
        self.events.iter().filter(|(at, _)| *at == place).for_each(|(_, event)| self.happens(place, event));
        if let [leaf] = leaves {
            (0..self.turns).for_each(|_| hint::spin_loop());
            return leaf.visit(self.record);
        }
        let [left, right] = place.halves(leaves.len());
        let (lefts, rights) = leaves.split_at_mut(leaves.len() / 2);
        let (first, second) = self.pool.join(|| self.visit(lefts, left), || self.visit(rights, right));
        first.then(second.checksum, second.leaves)
    }

    /// What is said to a half is said to the job that joins, on whatever thread; nothing is said to a client.
    fn is_to_stop(&self) -> bool {
        let Err(why) = checkpoint() else { return false };
        match self.caller {
            Caller::Job => self.record.told(why),
            Caller::Client => self.record.books.check(false),
        }
        // ORDERING: Relaxed, as it is read once all halves have ended.
        self.has_stopped.store(true, Ordering::Relaxed);
        true
    }

    fn happens(&self, place: Place, event: &Event) {
        match event {
            Event::Panics(bursts) => {
                panic_any(Thrown { by: place, _record: Arc::clone(self.record), _burst: Burst(*bursts) })
            }
            Event::Submits(rng) if self.job_depth < DEEPEST_JOB => {
                nest(self.submitter, &mut rng.clone(), self.job_depth)
            }
            Event::Submits(_) => {}
            Event::Pauses => pause(),
            Event::Cancels => self.submitter.token.cancel(),
        }
    }

    /// Of the halves that panic, one thread would come to the first, and to none after it.
    fn judge(&self, expected: &Sum, summed: thread::Result<Sum>) -> Result<(), Box<Thrown>> {
        let mut panicking = self.events.iter().filter(|(_, event)| matches!(event, Event::Panics(_)));
        let books = &self.record.books;
        // ORDERING: Relaxed, see where it is set.
        let has_stopped = self.has_stopped.load(Ordering::Relaxed);
        if has_stopped {
            books.forks_stopped.add_one();
        }
        match summed.map_err(|payload| payload.downcast::<Thrown>()) {
            Ok(sum) => {
                let is_whole = (sum.checksum, sum.leaves) == (expected.checksum, expected.leaves);
                books.check(has_stopped || (is_whole && panicking.next().is_none()));
                Ok(())
            }
            Err(Ok(thrown)) => {
                books.forks_thrown.add_one();
                let is_first = panicking.next().is_some_and(|(place, _)| *place == thrown.by);
                books.check(is_first || (has_stopped && panicking.any(|(place, _)| *place == thrown.by)));
                Err(thrown)
            }
            Err(Err(_)) => {
                books.check(false);
                Ok(())
            }
        }
    }
}
