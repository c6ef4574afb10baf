//! What rates are about, and where they trip.

use std::time::Duration;

use corepool::breaker::{AbandonedPolicy, FailurePolicy, State, Window, WindowCounts};

use crate::support::{Bench, bench, rate, secs};

fn counting(size: u32, minimum: u32) -> Bench {
    bench(|rules| rules.failure_policy(rate(0.5, Window::Count(size), minimum)))
}

#[test]
fn a_count_window_forgets_the_oldest_call() {
    let bench = counting(4, 4);
    bench.calls("FSSS");
    assert_eq!(bench.counts(), (4, 1));
    bench.calls("S");
    assert_eq!(bench.counts(), (4, 0));
    bench.calls("FSSSSF");
    assert_eq!((bench.counts(), bench.state()), ((4, 1), State::Closed));
    bench.calls("F");
    assert_eq!((bench.counts(), bench.state()), ((4, 2), State::Open));
}

#[test]
fn no_rate_before_the_minimum_however_bad() {
    let bench = counting(10, 4);
    bench.calls("FFF");
    assert_eq!((bench.state(), bench.breaker.snapshot().failure_rate), (State::Closed, None));
    bench.calls("F");
    assert_eq!((bench.state(), bench.breaker.snapshot().failure_rate), (State::Open, Some(1.0)));
}

#[test]
fn a_minimum_above_a_count_windows_size_is_its_size() {
    let bench = counting(3, 100);
    bench.calls("FSF");
    assert_eq!(bench.state(), State::Open);
}

/// The clock stands where no time is read; that it opens now and not at the last time that was read shows in the wait.
#[test]
fn a_success_that_trips_a_count_window_opens_it_at_its_own_time() {
    let bench = counting(10, 2);
    bench.calls("F");
    bench.wait(100.0);
    bench.calls("S");
    assert_eq!((bench.state(), bench.breaker.snapshot().retry_after), (State::Open, Some(secs(30.0))));
}

#[test]
fn a_success_after_a_silence_finds_an_empty_time_window() {
    let window = Window::Time { span: secs(10.0), buckets: 5 };
    let bench = bench(|rules| rules.failure_policy(rate(0.5, window, 3)));
    bench.calls("FF");
    bench.wait(10.0);
    assert_eq!(bench.counts(), (0, 0));
    bench.calls("SF");
    assert_eq!((bench.counts(), bench.state()), ((2, 1), State::Closed));
}

#[test]
fn buckets_begin_at_the_clocks_origin_not_at_the_first_call() {
    let window = Window::Time { span: secs(2.0), buckets: 2 };
    let bench = bench(|rules| rules.failure_policy(rate(0.5, window, 10)));
    bench.wait(0.9);
    bench.calls("F");
    bench.wait(1.0); // 1.9: the bucket after that of the call
    assert_eq!(bench.counts(), (1, 1));
    bench.clock.advance(secs(0.1) - Duration::from_nanos(1));
    assert_eq!(bench.counts(), (1, 1));
    bench.clock.advance(Duration::from_nanos(1)); // 2.0
    assert_eq!(bench.counts(), (0, 0));
}

#[test]
fn a_span_that_buckets_do_not_divide_is_cut_exactly() {
    let window = Window::Time { span: Duration::from_nanos(10), buckets: 3 };
    let bench = bench(|rules| rules.failure_policy(rate(0.5, window, 100)));
    let nanos = |n| bench.clock.advance(Duration::from_nanos(n));
    bench.calls("F"); // in [0, 3.33)
    nanos(9);
    assert_eq!(bench.counts(), (1, 1));
    nanos(1);
    assert_eq!(bench.counts(), (0, 0));
    bench.calls("F"); // in [10, 13.33)
    nanos(9);
    assert_eq!(bench.counts(), (1, 1));
    nanos(1);
    assert_eq!(bench.counts(), (0, 0));
}

#[test]
fn time_windows_work_to_the_end_of_time() {
    let window = Window::Time { span: Duration::MAX, buckets: u16::MAX };
    let bench = bench(|rules| rules.failure_policy(rate(0.5, window, 3)));
    bench.calls("S");
    bench.clock.advance(Duration::MAX);
    bench.calls("SF");
    assert_eq!(bench.counts(), (2, 1)); // the first call is as old as the window is long
    bench.calls("F");
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn slow_is_strictly_longer_and_trips_by_its_own_rate() {
    let bench = bench(|rules| rules.failure_policy(rate(1.0, Window::Count(10), 2)).slow_calls(secs(1.0), 0.5));
    let timed = |time: Duration| {
        let permit = bench.acquire();
        bench.clock.advance(time);
        permit.success();
        bench.breaker.snapshot().window.unwrap()
    };
    assert_eq!(timed(secs(1.0)), WindowCounts { calls: 1, failures: 0, slow: 0 });
    assert_eq!(timed(secs(0.5)), WindowCounts { calls: 2, failures: 0, slow: 0 });
    assert_eq!(timed(secs(1.0) + Duration::from_nanos(1)), WindowCounts { calls: 3, failures: 0, slow: 1 });
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(timed(secs(5.0)), WindowCounts { calls: 4, failures: 0, slow: 2 });
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn slow_calls_without_a_rate_are_judged_over_the_last_hundred() {
    let bench = bench(|rules| rules.slow_calls(secs(1.0), 0.5));
    let slow = || {
        let permit = bench.acquire();
        bench.wait(2.0);
        permit.success();
    };
    for _ in 0..50 {
        slow();
    }
    bench.calls(&"S".repeat(49));
    assert_eq!((bench.state(), bench.breaker.snapshot().slow_rate), (State::Closed, None));
    bench.calls("S");
    assert_eq!((bench.state(), bench.breaker.snapshot().slow_rate), (State::Open, Some(0.5)));
}

#[test]
fn of_several_policies_the_first_that_is_met_trips() {
    let any = |outcomes: &str| {
        let several = vec![
            FailurePolicy::Consecutive(3),
            rate(0.5, Window::Count(10), 8),
            FailurePolicy::Any(vec![FailurePolicy::Consecutive(9), rate(0.3, Window::Count(30), 30)]),
        ];
        let bench = bench(|rules| rules.failure_policy(FailurePolicy::Any(several)));
        bench.calls(outcomes);
        bench.state()
    };
    assert_eq!(any("FF"), State::Closed);
    assert_eq!(any("SSSSSFFF"), State::Open);
    assert_eq!(any("FSFSFSF"), State::Closed);
    assert_eq!(any("FSFSFSFS"), State::Open);
    let three_in_ten = "FSSFSSFSSS";
    assert_eq!(any(&three_in_ten.repeat(3)[..29]), State::Closed);
    assert_eq!(any(&three_in_ten.repeat(3)), State::Open);
}

#[test]
fn where_only_rows_are_counted_there_is_no_window() {
    let bench = bench(|rules| rules);
    bench.calls("FS");
    let snapshot = bench.breaker.snapshot();
    assert_eq!((snapshot.window, snapshot.failure_rate, snapshot.slow_rate), (None, None, None));
}

#[test]
fn abandoned_calls_count_once_they_are_their_share() {
    let bench =
        bench(|rules| rules.failure_policy(rate(0.9, Window::Count(100), 5)).abandoned(AbandonedPolicy::Rate(0.25)));
    bench.calls("SSSS");
    drop(bench.acquire()); // 1 of 5
    assert_eq!(bench.counts(), (4, 0));
    drop(bench.acquire()); // 2 of 6
    assert_eq!(bench.counts(), (6, 2));
    bench.calls("SSS"); // 2 of 9
    assert_eq!(bench.counts(), (7, 0));
}

#[test]
fn abandoned_calls_leave_the_window_like_others() {
    let bench =
        bench(|rules| rules.failure_policy(rate(0.9, Window::Count(3), 3)).abandoned(AbandonedPolicy::Rate(0.1)));
    bench.calls("S");
    drop(bench.acquire());
    assert_eq!(bench.counts(), (2, 1));
    bench.calls("SSS");
    assert_eq!(bench.counts(), (3, 0));
}

#[test]
fn closing_begins_with_an_empty_window() {
    let bench = counting(10, 4);
    bench.calls("FFFF");
    bench.wait_out();
    bench.calls("S");
    assert_eq!((bench.state(), bench.counts()), (State::Closed, (0, 0)));
    bench.calls("FFF");
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn abandoned_calls_below_their_share_do_not_keep_a_full_window_from_a_rate() {
    let bench =
        bench(|rules| rules.failure_policy(rate(0.5, Window::Count(10), 10)).abandoned(AbandonedPolicy::Rate(0.5)));
    drop(bench.acquire());
    bench.calls("FFFFFFFFF");
    assert_eq!(bench.state(), State::Open); // nothing but failures, and the window is full
}

#[test]
fn a_count_window_that_was_cleared_begins_anew_wherever_it_stood() {
    for before in ["S", "SSS", "SSSS", "SSSSS"] {
        let bench = counting(4, 4);
        bench.calls(before);
        bench.breaker.reset();
        assert_eq!(bench.counts(), (0, 0));
        bench.calls("FSSSSS");
        assert_eq!(bench.counts(), (4, 0), "after {before}");
    }
}
