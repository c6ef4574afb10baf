//! Rule 11, as far as a test can see it: how often a call reads the clock. What it costs is in `benches/breaker.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use corepool::breaker::{BreakerBuilder, CircuitBreaker, Clock, FailurePolicy, Window};

use crate::support::{rate, secs};

/// Counts how often it is read.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU32>);

impl Clock for Counting {
    fn now(&self) -> Duration {
        self.0.fetch_add(1, Ordering::SeqCst);
        Duration::ZERO
    }
}

/// How often a hundred calls that end so read the clock, once a success has been seen.
fn reads(rules: impl FnOnce(BreakerBuilder) -> BreakerBuilder, result: Result<(), ()>) -> u32 {
    let clock = Counting::default();
    let breaker = rules(CircuitBreaker::builder().clock(clock.clone())).build().unwrap();
    breaker.call(|| Ok::<_, ()>(())).unwrap();
    clock.0.store(0, Ordering::SeqCst);
    for _ in 0..100 {
        let _ = breaker.call(|| result);
    }
    clock.0.load(Ordering::SeqCst)
}

#[test]
fn a_healthy_call_reads_no_clock() {
    assert_eq!(reads(|rules| rules, Ok(())), 0);
}

#[test]
fn a_healthy_call_in_a_window_of_counts_reads_no_clock() {
    let counted = |minimum| reads(|rules| rules.failure_policy(rate(0.5, Window::Count(1_000), minimum)), Ok(()));
    assert_eq!((counted(1_000), counted(50)), (0, 0));
}

#[test]
fn after_a_failure_a_window_of_counts_needs_the_time_only_where_the_first_rate_is_due() {
    let clock = Counting::default();
    let builder = CircuitBreaker::builder().clock(clock.clone()).failure_policy(rate(0.5, Window::Count(1_000), 50));
    let breaker = builder.build().unwrap();
    breaker.try_acquire().unwrap().failure();
    assert_eq!(clock.0.load(Ordering::SeqCst), 1);
    for call in 2..=100 {
        breaker.try_acquire().unwrap().success();
        assert_eq!(clock.0.load(Ordering::SeqCst), if call < 50 { 1 } else { 2 });
    }
}

#[test]
fn any_other_call_reads_it_once_and_a_timed_one_twice() {
    let many = |rules: BreakerBuilder| rules.failure_policy(FailurePolicy::Consecutive(1_000));
    assert_eq!(reads(many, Err(())), 100);
    let span = Window::Time { span: secs(1.0), buckets: 10 };
    assert_eq!(reads(|rules| rules.failure_policy(rate(0.5, span, 10)), Ok(())), 100);
    assert_eq!(reads(|rules| rules.slow_calls(secs(1.0), 1.0), Ok(())), 200);
}
