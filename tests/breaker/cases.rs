//! The cases that the suites of other breakers pin, by their numbers in this crate's contract, with the suite that each comes
//! from.

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Barrier, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use corepool::breaker::{Backoff, FailurePolicy, Outcome, State, Window};

use crate::support::{asked_backoff, b4, bench, consecutive, rate, secs};

// resilience4j, CircuitBreakerStateMachineTest.
#[test]
fn case_1_a_success_that_completes_the_minimum_trips() {
    let bench = b4();
    bench.calls("FFFS");
    assert_eq!((bench.state(), bench.breaker.snapshot().failure_rate), (State::Closed, None));
    bench.calls("S");
    assert_eq!((bench.state(), bench.breaker.snapshot().failure_rate), (State::Open, Some(0.6)));
    assert!(bench.is_rejected());
}

#[test]
fn case_2_the_rate_trips_when_it_is_reached_not_when_it_is_passed() {
    let bench = b4();
    bench.calls("SSSFF");
    assert_eq!((bench.state(), bench.breaker.snapshot().failure_rate), (State::Closed, Some(0.4)));
    bench.calls("F");
    assert_eq!((bench.state(), bench.breaker.snapshot().failure_rate), (State::Open, Some(0.5)));
}

#[test]
fn case_4_a_probe_is_admitted_when_the_wait_is_over_and_the_window_is_empty_then() {
    let bench = b4();
    bench.calls("FFFFF");
    assert_eq!((bench.state(), bench.counts()), (State::Open, (5, 5)));
    assert!(bench.is_rejected());
    bench.wait(3.0);
    assert!(bench.is_rejected());
    bench.wait(3.0);
    let _probe = bench.acquire();
    assert_eq!((bench.state(), bench.counts()), (State::HalfOpen, (0, 0)));
}

#[test]
fn case_6_the_wait_of_the_second_attempt_is_longer() {
    let bench = bench(|rules| {
        rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(Backoff::exponential(secs(5.0), 1.5))
    });
    bench.calls("F");
    bench.wait(3.0);
    assert!(bench.is_rejected());
    bench.wait(3.0);
    bench.calls("F");
    assert_eq!(bench.state(), State::Open);
    bench.wait(6.0);
    assert!(bench.is_rejected());
    bench.wait(5.0);
    let _probe = bench.acquire();
}

#[test]
fn case_7_half_open_by_rate_opens_when_the_rate_is_reached() {
    let bench = b4();
    bench.probe().failure();
    bench.calls("FS");
    assert_eq!(bench.state(), State::HalfOpen);
    bench.calls("F");
    assert_eq!((bench.state(), bench.breaker.snapshot().failure_rate), (State::Open, Some(0.75)));
}

#[test]
fn case_10_half_open_admits_its_permits_each_time_anew() {
    let bench = b4();
    bench.calls("FFFFF");
    for _ in 0..2 {
        bench.wait_out();
        let asked: Vec<_> = (0..6).map(|_| bench.breaker.try_acquire()).collect();
        assert_eq!(asked.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, true, true, false, false]);
        bench.wait(1.0);
        assert_eq!(bench.state(), State::Open);
    }
}

#[test]
fn case_12_an_ignored_probe_gives_its_permit_back() {
    let bench = b4();
    bench.probe().success();
    bench.calls("SSI");
    assert_eq!(bench.state(), State::HalfOpen);
    bench.calls("F"); // a quarter
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn case_14_forced_open_rejects_and_counts_whatever_time_it_is() {
    let bench = b4();
    bench.breaker.force_open();
    assert!(bench.is_rejected());
    bench.wait(6.0);
    assert!(bench.is_rejected());
    assert_eq!((bench.state(), bench.breaker.snapshot().rejected), (State::ForcedOpen, 2));
}

#[test]
fn case_15_disabled_admits_everything_and_tells_nothing_but_its_beginning() {
    let bench = b4();
    let (log, _subscription) = bench.listen();
    bench.breaker.disable();
    let _held = bench.acquire();
    bench.calls("SFFFF");
    assert_eq!((bench.state(), bench.counts()), (State::Disabled, (0, 0)));
    assert_eq!(log.take(), ["closed -> disabled #1"]);
}

// resilience4j, SlidingTimeWindowMetricsTest.
#[test]
fn case_20_calls_leave_a_time_window_with_their_bucket() {
    let window = Window::Time { span: secs(5.0), buckets: 5 };
    let bench = bench(|rules| rules.failure_policy(rate(1.0, window, 100)));
    let at = |time: f64, outcome: &str| {
        bench.clock.advance(secs(time).saturating_sub(corepool::breaker::Clock::now(&bench.clock)));
        bench.calls(outcome);
        bench.counts()
    };
    for (time, outcome) in [(0.0, "F"), (0.1, "S"), (0.2, "S"), (1.2, "S"), (2.2, "S"), (3.2, "F")] {
        at(time, outcome);
    }
    assert_eq!(at(4.2, "S"), (7, 2));
    assert_eq!(at(5.2, "S"), (5, 1));
    assert_eq!(at(6.2, "S"), (5, 1));
    assert_eq!(at(11.2, "S"), (1, 0));
}

// Polly, AdvancedCircuitBehaviorTests.
#[test]
fn case_22_throughput_and_threshold_are_reached_at_their_values() {
    let trips = |throughput: u32, minimum, failure_rate: f64, threshold| {
        let bench = bench(|rules| rules.failure_policy(rate(threshold, Window::Count(100), minimum)));
        let failures = (f64::from(throughput) * failure_rate).round() as u32;
        for call in 0..throughput {
            // Those after the one that trips are rejected.
            let outcome = if call < failures { Outcome::Failure } else { Outcome::Success };
            let _ = bench.breaker.try_acquire().map(|permit| permit.record(outcome));
        }
        bench.state() == State::Open
    };
    assert!(!trips(10, 10, 0.0, 0.1));
    assert!(trips(10, 10, 0.1, 0.1));
    assert!(trips(10, 10, 0.2, 0.1));
    assert!(trips(11, 10, 0.2, 0.1));
    assert!(!trips(9, 10, 0.1, 0.1));
}

// Polly, CircuitStateControllerTests.
#[test]
fn case_25_attempts_count_from_one_and_begin_anew_after_closing() {
    let (backoff, asked) = asked_backoff(secs(1.0));
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff));
    let open_and_probe = |times| {
        for _ in 0..times {
            bench.calls("F");
            bench.wait(1.0);
        }
    };
    open_and_probe(5);
    assert_eq!(*asked.lock().unwrap(), [1, 2, 3, 4, 5]);
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
    asked.lock().unwrap().clear();
    open_and_probe(3);
    assert_eq!(*asked.lock().unwrap(), [1, 2, 3]);
}

// Polly, version 7.
#[test]
fn case_26_a_success_ends_a_row_of_failures() {
    let bench = consecutive(2);
    bench.calls("FSF");
    assert_eq!(bench.state(), State::Closed);
    bench.calls("F");
    assert_eq!(bench.state(), State::Open);
}

// gobreaker.
#[test]
fn case_29_a_panic_is_one_failure_and_goes_on() {
    let bench = consecutive(2);
    let breaker = bench.breaker.clone();
    let caught = std::panic::catch_unwind(move || breaker.call(|| -> Result<(), ()> { resume_unwind(Box::new("oh")) }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"oh"));
    assert_eq!((bench.state(), bench.breaker.snapshot().consecutive_failures), (State::Closed, 1));
}

#[test]
fn case_31_half_open_admits_so_many_in_all_and_closes_at_the_last_success() {
    let bench = bench(|rules| rules.half_open(3, 3));
    bench.probe().success();
    bench.calls("S");
    let third = bench.acquire();
    assert!(bench.is_rejected());
    assert_eq!(bench.state(), State::HalfOpen);
    third.success();
    assert_eq!(bench.state(), State::Closed);
}

// tower-resilience.
#[test]
fn case_35_of_eight_threads_that_race_for_one_probe_one_is_admitted() {
    const THREADS: usize = 8;
    const ROUNDS: u64 = 10_000;
    let bench = bench(|rules| rules.open_wait(Duration::ZERO));
    let (start, end) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let admitted = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    start.wait();
                    admitted.lock().unwrap().extend(bench.breaker.try_acquire());
                    end.wait();
                }
            });
        }
        for round in 1..=ROUNDS {
            bench.breaker.open_for(Duration::ZERO);
            start.wait();
            end.wait();
            let mut admitted = admitted.lock().unwrap();
            assert_eq!(admitted.len(), 1, "round {round}");
            admitted.drain(..).for_each(drop);
        }
    });
    assert_eq!(bench.breaker.snapshot().rejected, ROUNDS * (THREADS as u64 - 1));
}

#[test]
fn case_36_the_dropped_future_of_a_probe_frees_its_place_and_records_nothing() {
    let bench = consecutive(1);
    bench.calls("F");
    bench.wait(30.0);
    {
        let mut call = pin!(bench.breaker.call_async(std::future::pending::<Result<(), ()>>));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(bench.is_rejected());
    }
    assert_eq!((bench.state(), bench.breaker.snapshot().consecutive_failures), (State::HalfOpen, 0));
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
}

// Polly.
#[test]
fn case_37_a_back_off_saturates_and_an_open_wait_may_be_zero() {
    let backoff = Backoff::exponential(Duration::MAX - secs(1.0), 2.0);
    assert_eq!(backoff.wait(u32::MAX), Duration::MAX);
    let far = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff));
    far.wait(5.0);
    far.calls("F");
    far.wait(1e9);
    assert!(far.is_rejected());

    let zero = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_wait(Duration::ZERO));
    zero.calls("FF");
    assert_eq!(zero.state(), State::Open);
    zero.calls("S");
    assert_eq!(zero.state(), State::Closed);
}
