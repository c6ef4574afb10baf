//! What random programs have found, in the fewest steps.

use std::time::Duration;

use corepool::breaker::{CircuitBreaker, Expired, FailurePolicy, HalfOpenPolicy, ManualClock, State, Window};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn probes_that_are_sent_anew_begin_without_the_failures_of_those_before() {
    let clock = ManualClock::new();
    let rate = FailurePolicy::Rate { threshold: 0.5, window: Window::Count(2), minimum_calls: 2 };
    let builder = CircuitBreaker::builder().failure_policy(rate).clock(clock.clone());
    let builder = builder.half_open(3, 1).half_open_policy(HalfOpenPolicy::Rate);
    let breaker = builder.half_open_max_wait(SECOND, Expired::Reprobe).build().unwrap();
    breaker.open_for(Duration::ZERO);
    breaker.try_acquire().unwrap().failure(); // one of two: undecided
    assert_eq!(breaker.snapshot().consecutive_failures, 1);
    let _never_reports = breaker.try_acquire().unwrap();

    clock.advance(SECOND);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.generation), (State::HalfOpen, 3));
    assert_eq!(snapshot.consecutive_failures, 0);
}
