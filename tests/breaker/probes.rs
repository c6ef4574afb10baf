//! Half-open: places, leases, and what probes decide.

use std::mem;
use std::time::Duration;

use corepool::breaker::{
    AbandonedPolicy, Backoff, BreakerBuilder, Expired, FailurePolicy, HalfOpenPolicy, Reason, Recorded, State, Window,
};

use crate::support::{Bench, bench, consecutive, rate, secs};

fn leased(then: Expired) -> Bench {
    bench(|rules| {
        rules.failure_policy(FailurePolicy::Consecutive(1)).open_wait(secs(10.0)).half_open_max_wait(secs(2.0), then)
    })
}

#[test]
fn one_success_closes_and_one_failure_opens() {
    let bench = consecutive(5);
    bench.probe().success();
    assert_eq!(bench.state(), State::Closed);
    bench.probe().failure();
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn the_first_failure_opens_whatever_succeeded_before() {
    let bench = bench(|rules| rules.half_open(3, 3));
    bench.probe().success();
    bench.calls("SF");
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn fewer_successes_than_permits_close_and_make_the_rest_late() {
    let bench = bench(|rules| rules.half_open(4, 2));
    let probes = [bench.probe(), bench.acquire(), bench.acquire(), bench.acquire()];
    let [a, b, c, d] = probes;
    a.success();
    assert_eq!(bench.state(), State::HalfOpen);
    b.success();
    assert_eq!(bench.state(), State::Closed);
    assert_eq!((c.failure(), d.success()), (Recorded::Stale, Recorded::Stale));
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn a_lease_is_over_at_its_end_and_not_before() {
    let bench = leased(Expired::Reopen);
    let probe = bench.probe();
    bench.clock.advance(secs(2.0) - Duration::from_nanos(1));
    assert_eq!(bench.breaker.try_acquire().unwrap_err().reason, Reason::HalfOpenSaturated);
    bench.clock.advance(Duration::from_nanos(1));
    assert_eq!(bench.breaker.try_acquire().unwrap_err().reason, Reason::Open);
    assert_eq!(probe.success(), Recorded::Stale);
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn a_saturated_breaker_says_when_the_lease_is_over() {
    let bench = leased(Expired::Reopen);
    let _probe = bench.probe();
    bench.wait(0.5);
    assert_eq!(bench.breaker.try_acquire().unwrap_err().retry_after, Some(secs(1.5)));
}

#[test]
fn the_wait_after_a_lease_counts_from_its_end_not_from_when_it_is_noticed() {
    let bench = leased(Expired::Reopen);
    let _probe = bench.probe();
    bench.wait(2.0 + 9.0);
    assert_eq!(bench.breaker.snapshot().retry_after, Some(secs(1.0)));
    bench.wait(1.0);
    assert!(bench.breaker.is_call_permitted());
    bench.acquire().success();
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn a_report_that_comes_when_the_lease_is_over_is_late_although_nobody_noticed() {
    for then in [Expired::Reopen, Expired::Close, Expired::Reprobe] {
        let bench = leased(then);
        let probe = bench.probe();
        bench.wait(2.0);
        assert_eq!(probe.failure(), Recorded::Stale, "{then:?}");
        assert_eq!(bench.breaker.snapshot().late_results, 1);
    }
}

#[test]
fn a_lease_that_runs_out_may_close() {
    let bench = leased(Expired::Close);
    let _probe = bench.probe();
    bench.wait(2.0);
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(bench.breaker.snapshot().attempt, 0);
}

#[test]
fn a_lease_that_runs_out_may_send_new_probes() {
    let bench = leased(Expired::Reprobe);
    let (log, _subscription) = bench.listen();
    let old = bench.probe();
    log.take();
    bench.wait(2.0);
    bench.wait(100.0); // the new lease begins with the first new probe
    let probe = bench.acquire();
    assert!(bench.is_rejected());
    assert_eq!(old.success(), Recorded::Stale);
    bench.wait(1.0);
    assert_eq!(probe.success(), Recorded::Counted);
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(log.take(), ["rejected HalfOpenSaturated", "late Success #2", "Success", "half-open -> closed #4"]);
}

#[test]
fn the_lease_is_by_default_as_long_as_the_wait_before_it_and_at_least_half_a_minute() {
    for (wait, lease) in [(0.0, 30.0), (0.05, 30.0), (7.0, 30.0), (30.0, 30.0), (100.0, 100.0)] {
        let bench = consecutive(1);
        bench.breaker.open_for(secs(wait));
        bench.wait(wait);
        let _probe = bench.acquire();
        bench.clock.advance(secs(lease) - Duration::from_nanos(1));
        assert_eq!(bench.state(), State::HalfOpen, "{wait}");
        bench.clock.advance(Duration::from_nanos(1));
        assert_eq!(bench.state(), State::Open, "{wait}");
    }
}

/// Calls that take longer than the breaker waits, and succeed.
#[test]
fn a_short_wait_does_not_make_good_probes_late() {
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_wait(secs(0.05)));
    bench.calls("F");
    bench.wait(0.05);
    let probe = bench.acquire();
    bench.wait(0.08);
    assert_eq!((probe.success(), bench.state()), (Recorded::Counted, State::Closed));
}

#[test]
fn after_a_wait_of_zero_a_probe_still_has_time() {
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_wait(Duration::ZERO));
    bench.calls("F");
    let probe = bench.acquire();
    bench.wait(29.0);
    assert_eq!(probe.success(), Recorded::Counted);
    assert_eq!(bench.state(), State::Closed);
}

/// One good call now and then, each rarer than a lease is long.
#[test]
fn while_no_probe_is_out_half_open_waits_for_the_next_call() {
    let by_rate = |rules: BreakerBuilder| {
        let rules = rules.failure_policy(rate(0.5, Window::Count(10), 10)).half_open(10, 1);
        rules.half_open_policy(HalfOpenPolicy::Rate).half_open_max_wait(secs(1.0), Expired::Reopen)
    };
    let capped = || Backoff::exponential(secs(1.0), 2.0).cap(secs(10.0));
    type Rules = Box<dyn Fn(BreakerBuilder) -> BreakerBuilder>;
    let all: [(f64, u32, Rules); 5] = [
        (40.0, 2, Box::new(|rules| rules.open_wait(secs(10.0)).half_open(2, 2))),
        (16.0, 3, Box::new(|rules| rules.open_wait(secs(10.0)).half_open(3, 3))),
        (2.0, 10, Box::new(by_rate)),
        (1e6, 3, Box::new(move |rules| rules.open_backoff(capped()).half_open(3, 3))),
        (2.0, 3, Box::new(|rules| rules.half_open(3, 3).half_open_max_wait(secs(1.0), Expired::Close))),
    ];
    for (every, calls, rules) in all {
        let bench = bench(&rules);
        bench.probe().success();
        for call in 1..calls {
            assert_eq!(bench.state(), State::HalfOpen, "{call} of {calls}");
            bench.wait(every);
            bench.calls("S");
        }
        assert_eq!((bench.state(), bench.breaker.snapshot().late_results), (State::Closed, 0), "{calls}");
    }
}

/// None of them is out for longer than its lease, and all of them together are.
#[test]
fn each_probe_has_a_lease_of_its_own() {
    let bench = bench(|rules| rules.half_open(4, 4).half_open_max_wait(secs(2.0), Expired::Reopen));
    let mut out = bench.probe();
    for _ in 0..3 {
        bench.wait(1.0);
        let next = bench.acquire();
        bench.wait(0.4);
        assert_eq!(mem::replace(&mut out, next).success(), Recorded::Counted);
    }
    bench.wait(1.59);
    assert_eq!((out.success(), bench.state()), (Recorded::Counted, State::Closed));
}

#[test]
fn the_lease_that_counts_is_that_of_the_probe_that_has_been_out_longest() {
    let bench = bench(|rules| rules.half_open(3, 3).half_open_max_wait(secs(2.0), Expired::Reopen));
    let first = bench.probe();
    bench.wait(0.5);
    let _second = bench.acquire();
    bench.wait(0.5);
    let _third = bench.acquire();
    assert_eq!(bench.breaker.try_acquire().unwrap_err().retry_after, Some(secs(1.0)));
    first.ignore();
    let _fourth = bench.acquire();
    assert_eq!(bench.breaker.try_acquire().unwrap_err().retry_after, Some(secs(1.5)));
    bench.wait(1.5);
    assert_eq!(bench.state(), State::Open);
    assert_eq!(bench.breaker.snapshot().retry_after, Some(secs(30.0)));
}

#[test]
fn by_rate_probes_decide_when_enough_are_in() {
    let by_rate = |minimum, permits| {
        bench(|rules| {
            let rules = rules.failure_policy(rate(0.5, Window::Count(10), minimum));
            rules.half_open(permits, 1).half_open_policy(HalfOpenPolicy::Rate)
        })
    };
    let two_of_four = by_rate(2, 4);
    two_of_four.probe().success();
    assert_eq!(two_of_four.state(), State::HalfOpen);
    two_of_four.calls("S");
    assert_eq!(two_of_four.state(), State::Closed);

    let all_three = by_rate(10, 3);
    all_three.probe().success();
    all_three.calls("S");
    assert_eq!(all_three.state(), State::HalfOpen);
    all_three.calls("F");
    assert_eq!(all_three.state(), State::Closed);
}

#[test]
fn by_rate_slow_probes_open_it_again() {
    let bench = bench(|rules| {
        let rules = rules.failure_policy(rate(0.9, Window::Count(10), 2)).slow_calls(secs(1.0), 0.5);
        rules.half_open(2, 1).half_open_policy(HalfOpenPolicy::Rate)
    });
    let slow = bench.probe();
    bench.wait(1.5);
    slow.success();
    bench.calls("S");
    assert_eq!(bench.state(), State::Open);
    assert_eq!(bench.breaker.snapshot().slow_rate, Some(0.5));
}

#[test]
fn abandoned_probes_count_as_the_policy_says() {
    let abandon = |policy| {
        let bench = bench(|rules| {
            let rules = rules.failure_policy(rate(0.5, Window::Count(10), 2)).slow_calls(secs(1.0), 1.0);
            rules.half_open(3, 3).abandoned(policy)
        });
        let first = bench.probe();
        bench.calls("S");
        drop(first);
        bench.state()
    };
    assert_eq!(abandon(AbandonedPolicy::Ignore), State::HalfOpen);
    assert_eq!(abandon(AbandonedPolicy::FailureIfSlow), State::HalfOpen);
    assert_eq!(abandon(AbandonedPolicy::Failure), State::Open);
    assert_eq!(abandon(AbandonedPolicy::Rate(0.5)), State::Open);
    assert_eq!(abandon(AbandonedPolicy::Rate(0.6)), State::HalfOpen);
}
