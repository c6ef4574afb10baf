//! The generations, and what reading changes: nothing.

use std::time::Duration;

use corepool::breaker::{CircuitBreaker, Expired, FailurePolicy, Reason, Recorded, State};

use crate::support::{bench, consecutive, secs};

#[test]
fn the_defaults_are_five_failures_thirty_seconds_and_one_probe() {
    let bench = bench(|rules| rules);
    bench.calls("FFFF");
    assert_eq!(bench.state(), State::Closed);
    bench.calls("F");
    let rejected = bench.breaker.try_acquire().unwrap_err();
    assert_eq!((rejected.reason, rejected.retry_after), (Reason::Open, Some(secs(30.0))));
    bench.clock.advance(secs(30.0) - Duration::from_nanos(1));
    assert_eq!(bench.breaker.try_acquire().unwrap_err().retry_after, Some(Duration::from_nanos(1)));
    bench.clock.advance(Duration::from_nanos(1));
    let probe = bench.acquire();
    assert!(bench.is_rejected());
    probe.success();
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(CircuitBreaker::default().state(), State::Closed);
}

#[test]
fn every_transition_and_every_change_by_hand_starts_a_generation() {
    let bench = consecutive(1);
    let generation = || bench.breaker.snapshot().generation;
    assert_eq!(generation(), 0);
    bench.breaker.reset();
    assert_eq!(generation(), 1);
    bench.calls("F");
    assert_eq!(generation(), 2);
    bench.wait_out();
    bench.calls("I");
    assert_eq!(generation(), 3);
    bench.calls("S");
    assert_eq!(generation(), 4);
    for _ in 0..2 {
        bench.breaker.force_open();
    }
    assert_eq!(generation(), 6);
}

#[test]
fn a_result_of_another_generation_is_stale_counted_and_changes_nothing() {
    let bench = consecutive(2);
    bench.calls("F");
    let permits: Vec<_> = (0..4).map(|_| bench.acquire()).collect();
    bench.breaker.reset();
    bench.calls("F");
    let mut permits = permits.into_iter();
    assert_eq!(permits.next().unwrap().success(), Recorded::Stale);
    assert_eq!(permits.next().unwrap().failure(), Recorded::Stale);
    assert_eq!(permits.next().unwrap().ignore(), Recorded::Stale);
    drop(permits.next());
    let snapshot = bench.breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.consecutive_failures, snapshot.late_results), (State::Closed, 1, 4));
}

/// Also where the generation before was at ease and this one is too: a success must not take the way of the healthy.
#[test]
fn a_late_success_is_late_although_nothing_is_wrong() {
    let bench = consecutive(2);
    let early = bench.acquire();
    bench.breaker.reset();
    assert_eq!(early.success(), Recorded::Stale);
    assert_eq!(bench.breaker.snapshot().late_results, 1);
}

#[test]
fn reset_keeps_the_totals_and_nothing_else() {
    let bench = consecutive(1);
    let early = bench.acquire();
    bench.calls("F");
    assert!(bench.is_rejected());
    bench.breaker.reset();
    early.success();
    let snapshot = bench.breaker.snapshot();
    assert_eq!((snapshot.rejected, snapshot.late_results), (1, 1));
    assert_eq!((snapshot.state, snapshot.consecutive_failures, snapshot.attempt), (State::Closed, 0, 0));
    assert_eq!(snapshot.retry_after, None);
}

#[test]
fn an_open_breaker_past_its_wait_reads_open_until_a_probe_is_admitted() {
    let bench = consecutive(1);
    bench.calls("F");
    bench.wait(31.0);
    for _ in 0..3 {
        let snapshot = bench.breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.retry_after, snapshot.generation), (State::Open, Some(Duration::ZERO), 1));
        assert_eq!(bench.state(), State::Open);
        assert!(bench.breaker.is_call_permitted());
    }
    let _probe = bench.acquire();
    assert_eq!(bench.state(), State::HalfOpen);
    assert!(!bench.breaker.is_call_permitted());
}

#[test]
fn reading_changes_nothing_where_a_lease_has_run_out() {
    for (then, state, permitted) in [
        (Expired::Reopen, State::Open, false),
        (Expired::Close, State::Closed, true),
        (Expired::Reprobe, State::HalfOpen, true),
    ] {
        let bench = bench(|rules| rules.half_open_max_wait(secs(1.0), then));
        let (log, _subscription) = bench.listen();
        let _probe = bench.probe();
        log.take();
        bench.wait(1.0);
        for _ in 0..3 {
            let snapshot = bench.breaker.snapshot();
            assert_eq!((bench.state(), snapshot.state, snapshot.generation), (state, state, 3));
            assert_eq!(bench.breaker.is_call_permitted(), permitted);
        }
        assert!(log.take().is_empty(), "reading told something");
    }
}

#[test]
fn is_call_permitted_neither_takes_a_place_nor_counts_a_rejection() {
    let bench = consecutive(1);
    bench.calls("F");
    assert!(!bench.breaker.is_call_permitted());
    bench.wait_out();
    for _ in 0..3 {
        assert!(bench.breaker.is_call_permitted());
    }
    assert_eq!(bench.breaker.snapshot().rejected, 0);
    let _probe = bench.acquire();
}

#[test]
fn clones_are_the_same_breaker() {
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)));
    let twin = bench.breaker.clone();
    bench.calls("F");
    assert_eq!(twin.state(), State::Open);
    twin.reset();
    assert_eq!(bench.state(), State::Closed);
}
