//! What the users of other breakers suffer, each with the issue that tells of it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::channel;

use corepool::breaker::{CallError, HalfOpenPolicy, Outcome, Reason, Recorded, State, Window};

use crate::support::{bench, consecutive, rate, secs};

// resilience4j #544, opossum #388, Polly #1979.
#[test]
fn an_ignored_outcome_does_not_keep_its_place_in_half_open() {
    let bench = consecutive(1);
    bench.probe().ignore();
    for _ in 0..10 {
        bench.calls("I");
    }
    assert_eq!(bench.state(), State::HalfOpen);
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
}

// resilience4j #935.
#[test]
fn a_probe_that_never_reports_does_not_keep_the_breaker_half_open() {
    let bench = consecutive(1);
    std::mem::forget(bench.probe());
    assert!(bench.is_rejected());
    bench.wait(30.0);
    assert_eq!(bench.state(), State::Open);
    bench.wait(30.0);
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
}

// Polly #217, Hystrix #1350.
#[test]
fn a_result_from_before_the_breaker_opened_decides_nothing_after_it() {
    let bench = consecutive(1);
    let (early, late) = (bench.acquire(), bench.acquire());
    bench.calls("F");
    assert_eq!(early.success(), Recorded::Stale);
    assert_eq!(bench.state(), State::Open);
    bench.wait_out();
    let probe = bench.acquire();
    assert_eq!(late.failure(), Recorded::Stale);
    assert_eq!(bench.state(), State::HalfOpen);
    assert_eq!(probe.success(), Recorded::Counted);
    assert_eq!((bench.state(), bench.breaker.snapshot().late_results), (State::Closed, 2));
}

// resilience4j #1432. The race itself: case 35 and `races`.
#[test]
fn the_call_that_makes_it_half_open_has_the_only_probe() {
    let bench = consecutive(1);
    let _probe = bench.probe();
    assert_eq!(bench.breaker.try_acquire().unwrap_err().reason, Reason::HalfOpenSaturated);
}

// gobreaker #37.
#[test]
fn a_listener_may_read_the_state() {
    let bench = consecutive(1);
    let (tell, told) = channel();
    let breaker = bench.breaker.clone();
    let _subscription =
        bench.breaker.subscribe(move |_| tell.send((breaker.state(), breaker.snapshot().state)).unwrap());
    bench.breaker.force_open();
    assert_eq!(told.recv().unwrap(), (State::ForcedOpen, State::ForcedOpen));
}

// resilience4j, pull request #2488.
#[test]
fn a_classifier_that_panics_does_not_leak_its_permit() {
    let bench = consecutive(1);
    drop(bench.probe());
    let call = || bench.breaker.call_with(|_: &Result<(), ()>| resume_unwind(Box::new(())), || Ok(()));
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert_eq!(bench.state(), State::Open);
    bench.wait_out();
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
}

// The article this crate's breaker began with: half open, it lets everyone through.
#[test]
fn half_open_does_not_let_everyone_through() {
    let bench = consecutive(5);
    let _probe = bench.probe();
    let answers = (0..100).map(|_| bench.breaker.call(|| Ok::<_, ()>(())));
    assert_eq!(answers.filter(|answer| matches!(answer, Err(CallError::Rejected(_)))).count(), 100);
}

// A rate of its own for half-open that starts with the failures of before would open at once.
#[test]
fn probes_are_judged_by_their_own_results_only() {
    let bench = bench(|rules| {
        let rules = rules.failure_policy(rate(0.5, Window::Count(10), 2)).half_open(4, 1);
        rules.half_open_policy(HalfOpenPolicy::Rate).open_wait(secs(1.0))
    });
    bench.calls("FF");
    bench.wait(1.0);
    bench.calls("SS");
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(bench.counts(), (0, 0));
}

// A window that holds successes only would never see a rate fall; one that ignored outcomes enter would dilute it.
#[test]
fn an_ignored_outcome_dilutes_no_rate() {
    let bench = bench(|rules| rules.failure_policy(rate(0.5, Window::Count(10), 4)));
    for _ in 0..10 {
        let classify = |_: &Result<(), ()>| Outcome::Ignored;
        bench.breaker.call_with(classify, || Err(())).unwrap_err();
    }
    bench.calls("FFSS");
    assert_eq!(bench.state(), State::Open);
}
