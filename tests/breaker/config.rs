//! What `build` rejects, and with which words.

use std::time::Duration;

use corepool::breaker::{
    AbandonedPolicy, Backoff, BreakerBuilder, BreakerConfigError, CircuitBreaker, Expired, FailurePolicy,
    HalfOpenPolicy, Window,
};

use crate::support::{rate, secs};

fn rejected(rules: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> BreakerConfigError {
    rules(CircuitBreaker::builder()).build().expect_err("it makes no sense")
}

fn assert_rejected(field: &str, words: &str, rules: impl FnOnce(BreakerBuilder) -> BreakerBuilder) {
    let error = rejected(rules);
    assert_eq!(error.field(), field, "{error}");
    let text = error.to_string();
    assert!(text.starts_with(field) && text.contains(words), "{text:?} should say {words:?}");
}

#[test]
fn counts_of_zero() {
    let policy = |policy| move |rules: BreakerBuilder| rules.failure_policy(policy);
    assert_rejected("failure_policy", "consecutive failures is 0", policy(FailurePolicy::Consecutive(0)));
    assert_rejected("failure_policy", "minimum_calls is 0", policy(rate(0.5, Window::Count(10), 0)));
    assert_rejected("failure_policy", "window size is 0", policy(rate(0.5, Window::Count(0), 1)));
    let no_buckets = Window::Time { span: secs(1.0), buckets: 0 };
    assert_rejected("failure_policy", "window buckets is 0", policy(rate(0.5, no_buckets, 1)));
    assert_rejected("half_open", "permits is 0", |rules| rules.half_open(0, 0));
    assert_rejected("half_open", "successes is 0", |rules| rules.half_open(1, 0));
}

#[test]
fn rates_outside_their_range() {
    for bad in [0.0, -0.1, 1.000_1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let words = format!("is {bad}: give a number above 0, at most 1");
        assert_rejected("failure_policy", &words, |rules| rules.failure_policy(rate(bad, Window::Count(1), 1)));
        assert_rejected("slow_calls", &words, |rules| rules.slow_calls(secs(1.0), bad));
        assert_rejected("abandoned", &words, |rules| {
            rules.failure_policy(rate(0.5, Window::Count(1), 1)).abandoned(AbandonedPolicy::Rate(bad))
        });
    }
    for bad in [-0.1, 1.1, f64::NAN] {
        let jittered = Backoff::exponential(secs(1.0), 2.0).jitter(bad, 1);
        assert_rejected("open_backoff", "jitter fraction", |rules| rules.open_backoff(jittered));
    }
    for bad in [0.0, 0.99, -2.0, f64::NAN, f64::INFINITY] {
        assert_rejected("open_backoff", "factor", |rules| rules.open_backoff(Backoff::exponential(secs(1.0), bad)));
    }
}

#[test]
fn times_that_are_too_short() {
    let empty = Window::Time { span: Duration::ZERO, buckets: 10 };
    assert_rejected("failure_policy", "window span is 0ns: give at least 10ns", |rules| {
        rules.failure_policy(rate(0.5, empty, 1))
    });
    let thin = Window::Time { span: Duration::from_nanos(9), buckets: 10 };
    assert_rejected("failure_policy", "window span is 9ns", |rules| rules.failure_policy(rate(0.5, thin, 1)));
    assert_rejected("half_open_max_wait", "wait is 0ns", |rules| {
        rules.half_open_max_wait(Duration::ZERO, Expired::Close)
    });
}

#[test]
fn rules_that_contradict_each_other() {
    assert_rejected("half_open", "3 successes can never come from 2 permits", |rules| rules.half_open(2, 3));
    assert_rejected("failure_policy", "Any holds no policy", |rules| rules.failure_policy(FailurePolicy::Any(vec![])));
    assert_rejected("failure_policy", "Any holds no policy", |rules| {
        rules.failure_policy(FailurePolicy::Any(vec![FailurePolicy::Consecutive(1), FailurePolicy::Any(vec![])]))
    });
    assert_rejected("half_open_policy", "FailurePolicy::Rate", |rules| rules.half_open_policy(HalfOpenPolicy::Rate));
    // The window that slow calls bring is not one of failures.
    assert_rejected("half_open_policy", "FailurePolicy::Rate", |rules| {
        rules.slow_calls(secs(1.0), 0.5).half_open_policy(HalfOpenPolicy::Rate)
    });
    assert_rejected("abandoned", "FailurePolicy::Rate", |rules| rules.abandoned(AbandonedPolicy::Rate(0.5)));
    assert_rejected("abandoned", "call `slow_calls`", |rules| rules.abandoned(AbandonedPolicy::FailureIfSlow));
}

#[test]
fn what_is_at_the_edge_is_allowed() {
    let narrow = Window::Time { span: Duration::from_nanos(u64::from(u16::MAX)), buckets: u16::MAX };
    let builders = [
        CircuitBreaker::builder().open_wait(Duration::ZERO),
        CircuitBreaker::builder().open_wait(Duration::MAX),
        CircuitBreaker::builder().failure_policy(rate(1.0, Window::Count(u32::MAX), u32::MAX)),
        CircuitBreaker::builder().failure_policy(rate(f64::MIN_POSITIVE, narrow, u32::MAX)),
        CircuitBreaker::builder().half_open(u32::MAX, u32::MAX),
        CircuitBreaker::builder().slow_calls(Duration::ZERO, 1.0),
        CircuitBreaker::builder().open_backoff(Backoff::exponential(Duration::MAX, 1.0).jitter(1.0, 0)),
    ];
    for builder in builders {
        let breaker = builder.build().unwrap();
        breaker.call(|| Ok::<_, ()>(())).unwrap();
    }
}
