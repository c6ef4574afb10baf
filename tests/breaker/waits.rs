//! How long it stays open.

use std::collections::BTreeSet;
use std::time::Duration;

use corepool::breaker::{Backoff, CircuitBreaker, Expired, FailurePolicy, State};

use crate::support::{Bench, bench, secs};

fn backing_off(backoff: Backoff) -> Bench {
    bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff))
}

/// The waits of so many attempts in a row.
fn waits(bench: &Bench, attempts: u32) -> Vec<Duration> {
    let mut waits = Vec::new();
    for _ in 0..attempts {
        bench.calls("F");
        waits.push(bench.breaker.snapshot().retry_after.unwrap());
        bench.wait_out();
    }
    waits
}

#[test]
fn an_open_wait_is_the_same_each_time() {
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_wait(secs(4.0)));
    assert_eq!(waits(&bench, 3), [secs(4.0); 3]);
}

#[test]
fn a_back_off_grows_is_capped_and_begins_anew_after_closing() {
    let bench = backing_off(Backoff::exponential(secs(1.0), 2.0).cap(secs(5.0)));
    assert_eq!(waits(&bench, 5), [1.0, 2.0, 4.0, 5.0, 5.0].map(secs));
    bench.calls("S");
    assert_eq!((bench.state(), bench.breaker.snapshot().attempt), (State::Closed, 0));
    assert_eq!(waits(&bench, 2), [1.0, 2.0].map(secs));
    bench.breaker.reset();
    assert_eq!(waits(&bench, 1), [secs(1.0)]);
}

#[test]
fn a_lease_that_runs_out_is_an_attempt() {
    let backoff = Backoff::exponential(secs(1.0), 3.0);
    let bench = bench(|rules| {
        let rules = rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff);
        rules.half_open_max_wait(secs(10.0), Expired::Reopen)
    });
    bench.calls("F");
    bench.wait_out();
    let _probe = bench.acquire();
    bench.wait(10.0);
    let snapshot = bench.breaker.snapshot();
    assert_eq!((snapshot.attempt, snapshot.retry_after), (2, Some(secs(3.0))));
}

#[test]
fn opening_by_hand_is_no_attempt() {
    let bench = backing_off(Backoff::exponential(secs(1.0), 2.0));
    bench.breaker.open_for(secs(60.0));
    assert_eq!(bench.breaker.snapshot().attempt, 0);
    bench.wait(60.0);
    assert_eq!(waits(&bench, 2), [1.0, 2.0].map(secs));
}

#[test]
fn jitter_shortens_by_at_most_its_fraction_and_is_the_same_for_the_same_seed() {
    let of = |seed| -> Vec<Duration> {
        let backoff = Backoff::exponential(secs(8.0), 2.0).cap(secs(100.0)).jitter(0.25, seed);
        (1..=20).map(|attempt| backoff.wait(attempt)).collect()
    };
    let plain = Backoff::exponential(secs(8.0), 2.0).cap(secs(100.0));
    let mut all = BTreeSet::new();
    for seed in 0..50 {
        assert_eq!(of(seed), of(seed));
        for (wait, attempt) in of(seed).into_iter().zip(1..) {
            let full = plain.wait(attempt);
            assert!(full.mul_f64(0.75) <= wait && wait <= full, "{wait:?} of {full:?}");
            all.insert(wait);
        }
    }
    assert!(all.len() > 900, "the waits are spread: {} of 1,000 differ", all.len());
    let spread: Vec<_> =
        (0..1_000).map(|seed| Backoff::exponential(secs(1.0), 1.0).jitter(1.0, seed).wait(1)).collect();
    assert!(spread.iter().any(|wait| *wait < secs(0.05)) && spread.iter().any(|wait| *wait > secs(0.95)));
}

#[test]
fn no_wait_overflows_whatever_it_is_made_of() {
    for first in [Duration::ZERO, Duration::from_nanos(1), secs(1.0), Duration::MAX] {
        for factor in [1.0, 1.000_001, 2.0, f64::MAX] {
            for attempt in [0, 1, 2, 1_000, u32::MAX] {
                for fraction in [0.0, 0.5, 1.0] {
                    let plain = Backoff::exponential(first, factor);
                    let jittered = plain.clone().jitter(fraction, 1).wait(attempt);
                    assert!(jittered <= plain.wait(attempt));
                    assert!(plain.wait(attempt) >= first);
                }
            }
        }
    }
    assert_eq!(Backoff::exponential(Duration::ZERO, f64::MAX).wait(9), Duration::ZERO);
}

#[test]
fn a_function_is_capped_and_jittered_too() {
    let backoff = Backoff::from_fn(|attempt| secs(10.0) * attempt).cap(secs(25.0));
    let bench = backing_off(backoff.clone());
    assert_eq!(waits(&bench, 3), [10.0, 20.0, 25.0].map(secs));
    assert!(backoff.jitter(0.5, 3).wait(1) < secs(10.0));
}

/// By one builder's rules, and by clones of them.
#[test]
fn breakers_with_random_jitter_wait_differently_and_each_one_always_alike() {
    let backoff = Backoff::exponential(secs(1.0), 1.0).random_jitter(0.5);
    let own_waits = |_| waits(&backing_off(backoff.clone()), 3);
    let all: Vec<_> = (0..8).map(own_waits).collect();
    let distinct: BTreeSet<_> = all.iter().flatten().collect();
    assert!(distinct.len() > 12, "{distinct:?}");
    assert!(distinct.iter().all(|wait| (secs(0.5)..=secs(1.0)).contains(*wait)));
    let bench = backing_off(backoff);
    let first = waits(&bench, 3);
    bench.breaker.reset();
    assert_eq!(waits(&bench, 3), first);
}

#[test]
fn a_share_that_is_none_is_refused_for_random_jitter_too() {
    for fraction in [-0.1, 1.1, f64::NAN] {
        let backoff = Backoff::exponential(secs(1.0), 1.0).random_jitter(fraction);
        let error = CircuitBreaker::builder().open_backoff(backoff).build().unwrap_err();
        assert_eq!(error.field(), "open_backoff");
    }
}
