//! The numbers of a breaker.

use std::time::Duration;

use corepool::breaker::{CircuitBreaker, FailurePolicy, ManualClock, Recorded, State, Window};
use corepool::metrics::BreakerMetrics;

use super::Exporter;
use super::scrape::Scrape;

const STATES: [(State, &str); 6] = [
    (State::Closed, "closed"),
    (State::Open, "open"),
    (State::HalfOpen, "half_open"),
    (State::ForcedOpen, "forced_open"),
    (State::Disabled, "disabled"),
    (State::MetricsOnly, "metrics_only"),
];

/// What it says of the breaker `db`, or of the one called so.
fn value(scrape: &Scrape, metric: &str, labels: &[(&str, &str)]) -> f64 {
    scrape.get(&format!("corepool_breaker_{metric}"), &[&[("breaker", "db")], labels].concat())
}

#[test]
fn the_present_state_is_1_and_the_others_are_0() {
    let (exporter, breaker) = (Exporter::new(), CircuitBreaker::new());
    let metrics = exporter.record(|| BreakerMetrics::new("db", &breaker));
    for (state, _) in STATES {
        let mut probe = None;
        match state {
            State::Closed => breaker.reset(),
            State::Open => breaker.open_for(Duration::from_secs(3_600)),
            State::HalfOpen => {
                breaker.open_for(Duration::ZERO);
                probe = Some(breaker.try_acquire().unwrap());
            }
            State::ForcedOpen => breaker.force_open(),
            State::Disabled => breaker.disable(),
            State::MetricsOnly => breaker.metrics_only(),
        }
        assert_eq!(breaker.state(), state);
        exporter.record(|| metrics.publish());
        let scrape = exporter.scrape();
        let shown = STATES.map(|(_, label)| value(&scrape, "state", &[("state", label)]));
        assert_eq!(shown, STATES.map(|(other, _)| f64::from(u8::from(other == state))), "{state}");
        drop(probe);
    }
}

/// A breaker that looks at the last ten calls, with a clock of the test's.
pub fn over_ten_calls() -> (CircuitBreaker, ManualClock) {
    let clock = ManualClock::new();
    let policy = FailurePolicy::Rate { threshold: 0.9, window: Window::Count(10), minimum_calls: 10 };
    let builder = CircuitBreaker::builder().failure_policy(policy).slow_calls(Duration::from_secs(1), 0.9);
    (builder.clock(clock.clone()).build().unwrap(), clock)
}

#[test]
fn counts_are_those_of_the_snapshot() {
    let (exporter, (breaker, clock)) = (Exporter::new(), over_ten_calls());
    let metrics = exporter.record(|| BreakerMetrics::new("db", &breaker));
    let slow = || {
        clock.advance(Duration::from_secs(2));
        Ok::<_, ()>(())
    };
    breaker.call(slow).unwrap();
    (0..3).for_each(|_| breaker.call(|| Ok::<_, ()>(())).unwrap());
    (0..2).for_each(|_| assert!(breaker.call(|| Err::<(), _>(())).is_err()));
    exporter.record(|| metrics.publish());
    let scrape = exporter.scrape();
    let calls = ["success", "failure"].map(|outcome| value(&scrape, "window_calls", &[("outcome", outcome)]));
    assert_eq!(calls, [4.0, 2.0]);
    let named = ["window_slow_calls", "consecutive_failures"];
    assert_eq!(named.map(|name| value(&scrape, name, &[])), [1.0, 2.0]);

    let late: Vec<_> = (0..4).map(|_| breaker.try_acquire().unwrap()).collect();
    breaker.force_open();
    late.into_iter().for_each(|permit| assert_eq!(permit.failure(), Recorded::Stale));
    (0..5).for_each(|_| assert!(breaker.try_acquire().is_err()));
    exporter.record(|| metrics.publish());
    let (scrape, snapshot) = (exporter.scrape(), breaker.snapshot());
    assert_eq!((snapshot.rejected, snapshot.late_results, snapshot.generation), (5, 4, 1));
    let named = ["rejections_total", "late_results_total", "state_changes_total"];
    assert_eq!(named.map(|name| value(&scrape, name, &[])), [5.0, 4.0, 1.0]);
}

#[test]
fn calls_are_counted_by_outcome_if_that_is_asked_for() {
    let (exporter, (breaker, clock)) = (Exporter::new(), over_ten_calls());
    let metrics = exporter.record(|| BreakerMetrics::new("db", &breaker));
    exporter.record(|| metrics.publish());
    assert!(!exporter.scrape().has("corepool_breaker_calls_total"));

    breaker.call(|| Ok::<_, ()>(())).unwrap();
    let metrics = exporter.record(|| metrics.with_calls());
    let slow = || {
        clock.advance(Duration::from_secs(2));
        Ok::<_, ()>(())
    };
    breaker.call(slow).unwrap();
    (0..20).for_each(|_| breaker.call(|| Ok::<_, ()>(())).unwrap());
    (0..3).for_each(|_| assert!(breaker.call(|| Err::<(), _>(())).is_err()));
    (0..2).for_each(|_| assert_ne!(breaker.try_acquire().unwrap().ignore(), Recorded::Stale));
    breaker.force_open();
    assert!(breaker.try_acquire().is_err());
    exporter.record(|| metrics.publish());
    let scrape = exporter.scrape();
    let calls = ["success", "failure", "ignored"].map(|outcome| value(&scrape, "calls_total", &[("outcome", outcome)]));
    assert_eq!((calls, value(&scrape, "slow_calls_total", &[])), ([21.0, 3.0, 2.0], 1.0));
}

#[test]
fn a_breaker_that_counts_consecutive_failures_only_has_no_window() {
    let (exporter, breaker) = (Exporter::new(), CircuitBreaker::new());
    assert!(breaker.call(|| Err::<(), _>(())).is_err());
    let _metrics = exporter.record(|| BreakerMetrics::new("db", &breaker));
    let scrape = exporter.scrape();
    assert_eq!(value(&scrape, "consecutive_failures", &[]), 1.0);
    assert!(!scrape.has("corepool_breaker_window_calls") && !scrape.has("corepool_breaker_window_slow_calls"));
}

#[test]
fn breakers_side_by_side_do_not_mix() {
    let (exporter, breakers) = (Exporter::new(), [CircuitBreaker::new(), CircuitBreaker::new()]);
    breakers[1].force_open();
    let _metrics =
        exporter.record(|| [BreakerMetrics::new("db", &breakers[0]), BreakerMetrics::new("cache", &breakers[1])]);
    let scrape = exporter.scrape();
    let is = |breaker, state| scrape.get("corepool_breaker_state", &[("breaker", breaker), ("state", state)]);
    assert_eq!((is("db", "closed"), is("cache", "closed"), is("cache", "forced_open")), (1.0, 0.0, 1.0));
}
