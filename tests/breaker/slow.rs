//! Slow calls: each counts as slow when it has taken too long, whether it has come back or not.

use std::ptr;
use std::time::Duration;

use corepool::breaker::{AbandonedPolicy, HalfOpenPolicy, Permit, Recorded, State, Window, WindowCounts};

use crate::support::{Bench, bench, rate, secs};

/// Calls of more than a second are slow.
fn limited(window: Window, slow_rate: f64) -> Bench {
    bench(|rules| rules.failure_policy(rate(0.9, window, 4)).slow_calls(secs(1.0), slow_rate))
}

fn last_ten() -> Bench {
    limited(Window::Count(10), 0.9)
}

fn windows() -> [Window; 2] {
    [Window::Count(10), Window::Time { span: secs(60.0), buckets: 60 }]
}

fn send_out(bench: &Bench, calls: usize) -> Vec<Permit> {
    (0..calls).map(|_| bench.acquire()).collect()
}

fn seen(bench: &Bench) -> (State, WindowCounts) {
    assert_eq!(bench.state(), bench.breaker.snapshot().state);
    (bench.state(), bench.breaker.snapshot().window.unwrap())
}

#[test]
fn calls_that_never_return_open_it() {
    for window in windows() {
        let bench = limited(window, 0.5);
        let _hang = send_out(&bench, 60);
        bench.wait(1.0);
        assert_eq!((bench.state(), bench.counts()), (State::Closed, (0, 0)), "slow is strictly longer");
        bench.clock.advance(Duration::from_nanos(1));
        assert_eq!(bench.state(), State::Open, "{window:?}");
        assert!(!bench.breaker.is_call_permitted() && bench.is_rejected());
    }
}

/// As if somebody had looked in that moment.
#[test]
fn it_opens_at_the_moment_in_which_one_call_too_many_has_become_slow() {
    let bench = limited(Window::Count(10), 0.5);
    let (log, _subscription) = bench.listen();
    let _hang = send_out(&bench, 3);
    bench.wait(3.0);
    let _fourth = bench.acquire(); // at 3, becomes slow at 4
    bench.wait(11.0);
    assert_eq!(bench.breaker.snapshot().retry_after, Some(secs(30.0 - 10.0) + Duration::from_nanos(1)));
    bench.is_rejected();
    assert_eq!(log.take(), ["closed -> open #1", "rejected Open"]);
}

#[test]
fn a_call_is_counted_once_whatever_it_comes_back_with() {
    let success: fn(Permit) = |permit| assert_eq!(permit.success(), Recorded::Counted);
    let failure: fn(Permit) = |permit| assert_eq!(permit.failure(), Recorded::Counted);
    let ignored: fn(Permit) = |permit| assert_eq!(permit.ignore(), Recorded::Counted);
    let ends = [
        (success, WindowCounts { calls: 1, failures: 0, slow: 1 }, 0),
        (failure, WindowCounts { calls: 1, failures: 1, slow: 1 }, 1),
        (ignored, WindowCounts { calls: 1, failures: 0, slow: 1 }, 0),
        (drop, WindowCounts { calls: 1, failures: 1, slow: 1 }, 1), // FailureIfSlow
    ];
    for window in windows() {
        for (end, expected, failures) in ends {
            let is_ignored = ptr::fn_addr_eq(end, ignored);
            for is_looked_at in [false, true] {
                let bench = limited(window, 0.9);
                let call = bench.acquire();
                bench.wait(2.0);
                if is_looked_at {
                    bench.calls("I");
                    assert_eq!(seen(&bench), (State::Closed, WindowCounts { calls: 1, failures: 0, slow: 1 }));
                }
                end(call);
                // Where no other call has looked, what says nothing in the end has said nothing.
                let expected = if is_ignored && !is_looked_at { WindowCounts::default() } else { expected };
                assert_eq!(seen(&bench).1, expected, "{window:?}");
                assert_eq!(bench.breaker.snapshot().consecutive_failures, failures);
            }
        }
    }
}

#[test]
fn the_failure_of_a_call_that_was_counted_as_slow_may_open_it() {
    for window in windows() {
        let bench = limited(window, 1.0);
        bench.calls("SFFFFFFFF"); // 8 of 9
        let call = bench.acquire();
        bench.wait(2.0);
        assert_eq!((seen(&bench).0, bench.counts()), (State::Closed, (10, 8)));
        call.failure();
        assert_eq!((seen(&bench).0, bench.counts()), (State::Open, (10, 9)), "{window:?}");
    }
}

/// The window has moved on, and with it the call that has become slow.
#[test]
fn the_failure_of_a_call_that_the_window_has_forgotten_counts_in_a_row_only() {
    let by_count = last_ten();
    let call = by_count.acquire();
    by_count.wait(2.0);
    by_count.calls("SSSSSSSSSS");
    call.failure();
    assert_eq!((by_count.counts(), by_count.breaker.snapshot().consecutive_failures), ((10, 0), 1));
    let by_time = limited(Window::Time { span: secs(10.0), buckets: 10 }, 0.9);
    let call = by_time.acquire();
    by_time.wait(2.0);
    by_time.calls("S");
    by_time.wait(10.0);
    call.failure();
    assert_eq!((by_time.counts(), by_time.breaker.snapshot().consecutive_failures), ((0, 0), 1));
}

#[test]
fn calls_become_slow_in_the_order_in_which_they_began() {
    let bench = last_ten();
    let mut calls = send_out(&bench, 3);
    bench.wait(0.5);
    calls[0].start();
    bench.wait(0.7);
    assert_eq!(seen(&bench).1.slow, 2);
    bench.wait(0.3);
    assert_eq!(seen(&bench).1.slow, 2);
    bench.wait(0.1);
    assert_eq!(seen(&bench).1.slow, 3);
    calls.remove(1).success();
    assert_eq!(seen(&bench).1, WindowCounts { calls: 3, failures: 0, slow: 3 });
}

#[test]
fn a_call_that_is_paused_does_not_become_slow_until_it_is_started() {
    let bench = last_ten();
    let (mut queued, mut late) = (bench.acquire(), bench.acquire());
    queued.pause();
    bench.wait(60.0);
    bench.calls("I");
    late.pause(); // It has been counted.
    late.start();
    queued.start();
    bench.wait(0.5);
    queued.success();
    late.success();
    assert_eq!(seen(&bench).1, WindowCounts { calls: 2, failures: 0, slow: 1 });
    let mut never_started = bench.acquire();
    never_started.pause();
    bench.wait(60.0);
    never_started.success();
    assert_eq!(seen(&bench).1, WindowCounts { calls: 3, failures: 0, slow: 1 });
}

#[test]
fn nobody_counts_the_calls_of_an_earlier_generation() {
    let bench = last_ten();
    let _hang = send_out(&bench, 5);
    bench.breaker.reset();
    bench.wait(2.0);
    assert_eq!(seen(&bench), (State::Closed, WindowCounts::default()));
}

#[test]
fn metrics_only_counts_them_and_stays() {
    let bench = limited(Window::Count(10), 0.5);
    bench.breaker.metrics_only();
    let _hang = send_out(&bench, 5);
    bench.wait(2.0);
    assert_eq!(seen(&bench), (State::MetricsOnly, WindowCounts { calls: 5, failures: 0, slow: 5 }));
}

/// Their lease bounds them.
#[test]
fn probes_are_slow_when_they_come_back() {
    let bench = bench(|rules| {
        let rules = rules.failure_policy(rate(0.5, Window::Count(10), 2)).slow_calls(secs(1.0), 0.5);
        rules.half_open(2, 1).half_open_policy(HalfOpenPolicy::Rate)
    });
    let (first, second) = (bench.probe(), bench.acquire());
    bench.wait(2.0);
    assert_eq!(seen(&bench), (State::HalfOpen, WindowCounts::default()));
    first.success();
    assert_eq!(seen(&bench), (State::HalfOpen, WindowCounts { calls: 1, failures: 0, slow: 1 }));
    second.success();
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn an_abandoned_call_stays_the_slow_one_that_it_was() {
    let bench = bench(|rules| {
        let rules = rules.failure_policy(rate(0.9, Window::Count(10), 4)).slow_calls(secs(1.0), 1.0);
        rules.abandoned(AbandonedPolicy::Rate(0.9))
    });
    bench.calls("S");
    let call = bench.acquire();
    bench.wait(2.0);
    bench.calls("I");
    drop(call);
    assert_eq!(seen(&bench).1, WindowCounts { calls: 2, failures: 0, slow: 1 });
}
