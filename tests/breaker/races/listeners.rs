//! Races that are listened to: nothing is told twice, left out, or told out of order.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use corepool::breaker::{CircuitBreaker, Event, FailurePolicy, Outcome, State, Subscription};

use super::track::{Books, race};

type Log = Arc<Mutex<Vec<Event>>>;

fn listen(breaker: &CircuitBreaker) -> (Log, Subscription) {
    let log = Log::default();
    let listening = Arc::clone(&log);
    let subscription = breaker.subscribe(move |event| {
        listening.lock().unwrap().push(event.clone());
        // Whoever has something to tell now comes while another is told.
        thread::yield_now();
    });
    (log, subscription)
}

/// Two failures open it, and the next call is a probe.
fn restless() -> CircuitBreaker {
    let builder = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(2));
    builder.open_wait(Duration::ZERO).build().unwrap()
}

/// Makes calls that open and close a restless breaker, by a pattern of the thread's own.
fn call(breaker: &CircuitBreaker, thread: usize) -> Books {
    let mut books = Books::default();
    for call in 0..6 {
        let is_success = (call + thread).is_multiple_of(3);
        books.call(breaker, if is_success { Outcome::Success } else { Outcome::Failure });
    }
    books
}

/// Each event must fit the state that the events before it have led to. Returns what they add up to.
fn read(log: &[Event], breaker: &CircuitBreaker) -> Books {
    let (mut books, mut state, mut now) = (Books::default(), State::Closed, 0);
    for event in log {
        match event {
            Event::StateChanged { from, to, generation, .. } => {
                assert_eq!((*from, *generation), (state, now + 1), "the chain is broken");
                (state, now) = (*to, *generation);
                continue;
            }
            Event::Rejected { generation, .. } => {
                assert_eq!(*generation, now);
                books.rejected += 1;
            }
            Event::Recorded { generation, .. } => {
                assert_eq!(*generation, now);
                books.counted += 1;
            }
            Event::LateResult { generation, .. } => {
                assert!(*generation < now);
                books.late += 1;
            }
            other => panic!("not expected: {other:?}"),
        }
        books.asked += 1;
    }
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.generation), (state, now), "the last change is missing");
    books
}

#[test]
fn what_four_threads_do_is_told_once_and_in_order() {
    race(
        4,
        1_500,
        || {
            let breaker = restless();
            let (log, subscription) = listen(&breaker);
            (breaker, log, subscription)
        },
        |(breaker, _, _), racer| call(breaker, racer),
        |(breaker, log, _), books| {
            let books: Books = books.into_iter().sum();
            books.assert_balanced(breaker);
            assert_eq!(read(&log.lock().unwrap(), breaker), books);
        },
    );
}

/// What was heard from some moment on, in which the breaker was in this generation or a later one.
struct Visit {
    since: u64,
    log: Log,
}

impl Visit {
    fn assert_part_of(&self, all: &[Event]) {
        let part = self.log.lock().unwrap();
        let is_part = part.is_empty() || all.windows(part.len()).any(|run| run == &part[..]);
        assert!(is_part, "{part:?} is no part of {all:?}");
        let is_past =
            |event: &Event| matches!(event, Event::StateChanged { generation, .. } if *generation <= self.since);
        assert!(!part.iter().any(is_past), "{part:?} begins before the state {}", self.since);
    }
}

/// Listens for the time of one call, and again.
fn visit(breaker: &CircuitBreaker) -> (Books, Vec<Visit>) {
    let mut books = Books::default();
    let visits = (0..3).map(|_| {
        let since = breaker.snapshot().generation;
        let (log, _subscription) = listen(breaker);
        books.call(breaker, Outcome::Failure);
        Visit { since, log }
    });
    let visits = visits.collect();
    (books, visits)
}

#[test]
fn who_comes_and_goes_hears_a_part_of_it_without_gaps() {
    race(
        3,
        1_500,
        || {
            let breaker = restless();
            let (log, subscription) = listen(&breaker);
            (breaker, log, subscription)
        },
        |(breaker, _, _), racer| match racer {
            0 => visit(breaker),
            _ => (call(breaker, racer), Vec::new()),
        },
        |(breaker, log, _), answers| {
            let all = log.lock().unwrap();
            let books: Books = answers.iter().map(|(books, _)| *books).sum();
            books.assert_balanced(breaker);
            assert_eq!(read(&all, breaker), books);
            answers.iter().flat_map(|(_, visits)| visits).for_each(|visit| visit.assert_part_of(&all));
        },
    );
}

/// Resets `other` whenever `one` is forced open.
fn relieve(one: &CircuitBreaker, other: &CircuitBreaker) -> Subscription {
    let other = other.clone();
    one.subscribe(move |event| {
        if matches!(event, Event::StateChanged { to: State::ForcedOpen, .. }) {
            other.reset();
        }
    })
}

#[test]
fn two_breakers_whose_listeners_command_each_other_never_hang() {
    race(
        2,
        1_000,
        || {
            let breakers = [CircuitBreaker::new(), CircuitBreaker::new()];
            let logs = [listen(&breakers[0]), listen(&breakers[1])];
            let relief = [relieve(&breakers[0], &breakers[1]), relieve(&breakers[1], &breakers[0])];
            (breakers, logs, relief)
        },
        |(breakers, _, _), racer| (0..10).for_each(|_| breakers[racer].force_open()),
        |(breakers, logs, _), _| {
            // Whenever one was forced open, the other was reset after it: so one of them was reset last.
            assert!(breakers.iter().any(|breaker| breaker.state() == State::Closed));
            let [one, other] = logs.each_ref().map(|(log, _)| openings(&log.lock().unwrap()));
            assert_eq!(breakers.each_ref().map(|breaker| breaker.snapshot().generation), [10 + other, 10 + one]);
        },
    );
}

fn openings(log: &[Event]) -> u64 {
    let is_opening = |event: &&Event| matches!(event, Event::StateChanged { to: State::ForcedOpen, .. });
    log.iter().filter(is_opening).count() as u64
}
