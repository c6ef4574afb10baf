//! Races of results: against each other, against a reset, against the end of a lease.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use corepool::breaker::{
    CircuitBreaker, Clock, Expired, FailurePolicy, ManualClock, Outcome, Permit, Reason, Recorded, Rejected, State,
};

use super::track::{Books, race};

const LEASE: Duration = Duration::from_secs(1);
const WAIT: Duration = Duration::from_secs(10);

/// A closed breaker, and a permit for each of so many threads.
struct Calls {
    breaker: CircuitBreaker,
    permits: Vec<Mutex<Option<Permit>>>,
}

impl Calls {
    fn new(policy: FailurePolicy, threads: usize) -> Self {
        let breaker = CircuitBreaker::builder().failure_policy(policy).build().unwrap();
        let permits = (0..threads).map(|_| Mutex::new(breaker.try_acquire().ok())).collect();
        Self { breaker, permits }
    }

    fn end(&self, thread: usize, outcome: Outcome) -> Recorded {
        let permit = self.permits[thread].lock().unwrap().take();
        permit.expect("it was admitted").record(outcome)
    }

    /// The state and its generation, once the books have been found to balance.
    fn outcome(&self, answers: impl IntoIterator<Item = Recorded>) -> (State, u64) {
        answers.into_iter().map(Books::from).sum::<Books>().assert_balanced(&self.breaker);
        let seen = self.breaker.snapshot();
        (seen.state, seen.generation)
    }
}

#[test]
fn two_threads_that_fail_at_once_open_it_once() {
    race(
        2,
        6_000,
        || Calls::new(FailurePolicy::Consecutive(1), 2),
        |calls, racer| calls.end(racer, Outcome::Failure),
        |calls, answers| {
            assert_ne!(answers[0], answers[1]);
            assert_eq!(calls.outcome(answers), (State::Open, 1));
            assert_eq!(calls.breaker.snapshot().attempt, 1);
        },
    );
}

#[test]
fn failures_of_four_threads_are_counted_until_one_opens_it() {
    race(
        4,
        4_000,
        || Calls::new(FailurePolicy::Consecutive(3), 4),
        |calls, racer| calls.end(racer, Outcome::Failure),
        |calls, answers| {
            let counted = answers.iter().filter(|answer| **answer == Recorded::Counted).count();
            assert_eq!(counted, 3);
            assert_eq!(calls.outcome(answers), (State::Open, 1));
        },
    );
}

#[test]
fn a_success_comes_before_the_failure_that_opens_it_or_is_late() {
    race(
        2,
        6_000,
        || {
            let calls = Calls::new(FailurePolicy::Consecutive(2), 2);
            calls.breaker.try_acquire().unwrap().failure();
            calls
        },
        |calls, racer| calls.end(racer, [Outcome::Success, Outcome::Failure][racer]),
        |calls, answers| {
            assert_eq!(answers[1], Recorded::Counted);
            let expected = match answers[0] {
                Recorded::Counted => (State::Closed, 0),
                Recorded::Stale => (State::Open, 1),
            };
            assert_eq!(calls.outcome(answers), expected);
        },
    );
}

#[test]
fn a_success_that_changes_nothing_keeps_no_failure_from_opening_it() {
    race(
        2,
        6_000,
        || Calls::new(FailurePolicy::Consecutive(1), 2),
        |calls, racer| calls.end(racer, [Outcome::Success, Outcome::Failure][racer]),
        |calls, answers| {
            assert_eq!(answers[1], Recorded::Counted);
            assert_eq!(calls.outcome(answers), (State::Open, 1));
        },
    );
}

#[test]
fn a_failure_never_opens_it_after_a_reset() {
    race(
        3,
        6_000,
        || Calls::new(FailurePolicy::Consecutive(1), 2),
        |calls, racer| match racer {
            2 => {
                calls.breaker.reset();
                None
            }
            _ => Some(calls.end(racer, Outcome::Failure)),
        },
        |calls, answers| {
            let answers: Vec<_> = answers.into_iter().flatten().collect();
            // At most one was faster than the reset: it has opened the breaker, and made the other late.
            let counted = answers.iter().filter(|answer| **answer == Recorded::Counted).count() as u64;
            assert!(counted <= 1);
            assert_eq!(calls.outcome(answers), (State::Closed, 1 + counted));
            assert_eq!(calls.breaker.snapshot().consecutive_failures, 0);
        },
    );
}

/// Half-open, with its probe out; its lease is [`LEASE`].
fn probed(clock: &ManualClock, then: Expired) -> (CircuitBreaker, Mutex<Option<Permit>>) {
    let builder = CircuitBreaker::builder().half_open_max_wait(LEASE, then).clock(clock.clone());
    let breaker = builder.build().unwrap();
    breaker.open_for(Duration::ZERO);
    let probe = breaker.try_acquire().unwrap();
    (breaker, Mutex::new(Some(probe)))
}

#[test]
fn a_probe_reports_within_its_lease_or_is_late() {
    race(
        2,
        6_000,
        || {
            let clock = ManualClock::new();
            (probed(&clock, Expired::Reopen), clock)
        },
        |((breaker, probe), clock), racer| match racer {
            0 => {
                clock.advance(LEASE);
                breaker.try_acquire().is_ok().then_some(Recorded::Counted)
            }
            _ => probe.lock().unwrap().take().map(Permit::success),
        },
        |((breaker, _), _), answers| {
            let seen = breaker.snapshot();
            // The call after the lease is admitted where the report has closed the breaker before it.
            let (state, is_late) = match (answers[0], answers[1]) {
                (Some(_), Some(Recorded::Counted)) => (State::Closed, 0),
                (None, Some(Recorded::Stale)) => (State::Open, 1),
                answers => panic!("no order explains {answers:?}"),
            };
            assert_eq!((seen.state, seen.generation), (state, 3));
            assert_eq!((seen.late_results, seen.rejected, u64::from(seen.attempt)), (is_late, is_late, is_late));
        },
    );
}

/// Takes a while to tell the time, before the lease is over.
struct Slow(ManualClock);

impl Clock for Slow {
    fn now(&self) -> Duration {
        let now = self.0.now();
        let pauses = if now < LEASE { 20 } else { 0 };
        (0..pauses).for_each(|_| thread::yield_now());
        now
    }
}

#[test]
fn who_read_the_clock_before_another_and_comes_after_it_goes_by_the_later_time() {
    race(
        2,
        6_000,
        || {
            let clock = ManualClock::new();
            let builder = CircuitBreaker::builder().half_open_max_wait(LEASE, Expired::Reopen).open_wait(WAIT);
            let breaker = builder.clock(Slow(clock.clone())).build().unwrap();
            breaker.open_for(Duration::ZERO);
            let probe = breaker.try_acquire().unwrap();
            (breaker, probe, clock)
        },
        |(breaker, _, clock), racer| {
            if racer == 0 {
                clock.advance(LEASE);
            }
            breaker.try_acquire().unwrap_err()
        },
        |_, answers| {
            let [open, saturated] = [(Reason::Open, WAIT), (Reason::HalfOpenSaturated, LEASE)]
                .map(|(reason, wait)| Rejected { reason, retry_after: Some(wait) });
            assert_eq!(answers[0], open);
            assert!(answers[1] == open || answers[1] == saturated, "{:?}", answers[1]);
        },
    );
}

#[test]
fn a_lease_that_many_see_running_out_ends_once() {
    race(
        4,
        4_000,
        || {
            let clock = ManualClock::new();
            let stage = probed(&clock, Expired::Reprobe);
            clock.advance(LEASE);
            stage
        },
        |(breaker, probe), racer| match racer {
            0 => Err(probe.lock().unwrap().take().map(Permit::failure)),
            _ => Ok(breaker.try_acquire()),
        },
        |(breaker, _), answers| {
            let (admissions, reports): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
            assert_eq!(reports[0].as_ref().err(), Some(&Some(Recorded::Stale)));
            let probes = admissions.into_iter().flatten().flatten();
            assert_eq!(probes.collect::<Vec<_>>().len(), 1);
            let seen = breaker.snapshot();
            assert_eq!((seen.late_results, seen.rejected), (1, 2));
            assert_eq!((seen.state, seen.generation), (State::HalfOpen, 3));
        },
    );
}

/// What is read without the lock is what was written last under it.
#[test]
fn changes_by_hand_that_meet_leave_one_state_whoever_looks() {
    let changes = [CircuitBreaker::force_open, CircuitBreaker::disable, CircuitBreaker::reset];
    race(
        3,
        10_000,
        CircuitBreaker::new,
        move |breaker, racer| (0..20).for_each(|change| changes[(racer + change) % 3](breaker)),
        |breaker, _| {
            let seen = breaker.snapshot();
            assert_eq!((breaker.state(), 60), (seen.state, seen.generation));
            assert_eq!(breaker.is_call_permitted(), seen.state != State::ForcedOpen);
            assert_eq!(breaker.try_acquire().is_ok(), seen.state != State::ForcedOpen);
        },
    );
}
