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

/// Nothing but fast successes in it: one more leaves it as it is.
#[test]
fn a_healthy_call_in_a_full_window_of_counts_reads_no_clock() {
    let clock = Counting::default();
    let builder = CircuitBreaker::builder().clock(clock.clone()).failure_policy(rate(0.5, Window::Count(100), 50));
    let breaker = builder.build().unwrap();
    let reads_of = |result: Result<(), ()>, calls| {
        clock.0.store(0, Ordering::SeqCst);
        for _ in 0..calls {
            let _ = breaker.call(|| result);
        }
        clock.0.load(Ordering::SeqCst)
    };
    for (result, calls, reads) in [
        (Ok(()), 100, 100), // until it is full
        (Ok(()), 500, 0),
        (Err(()), 1, 1),
        (Ok(()), 100, 100), // until the failure has left it
        (Ok(()), 500, 0),
    ] {
        assert_eq!(reads_of(result, calls), reads, "{calls} calls, {result:?}");
    }
    assert_eq!(breaker.snapshot().window.unwrap().calls, 100);
}

#[test]
fn any_other_call_reads_it_once_and_a_timed_one_twice() {
    let many = |rules: BreakerBuilder| rules.failure_policy(FailurePolicy::Consecutive(1_000));
    assert_eq!(reads(many, Err(())), 100);
    let span = Window::Time { span: secs(1.0), buckets: 10 };
    assert_eq!(reads(|rules| rules.failure_policy(rate(0.5, span, 10)), Ok(())), 100);
    assert_eq!(reads(|rules| rules.slow_calls(secs(1.0), 1.0), Ok(())), 200);
}
