//! Rejections: what they say, to the nanosecond and whoever rejects, the gate or the machine under the lock.

use std::time::Duration;

use corepool::breaker::{CircuitBreaker, Expired, Reason, Rejected, State};

use crate::support::{Settable, bench, consecutive, secs};

const NANO: Duration = Duration::from_nanos(1);
const YEAR: Duration = Duration::from_secs(31_557_600);

fn rejected(reason: Reason, retry_after: impl Into<Option<Duration>>) -> Option<Rejected> {
    let breaker = CircuitBreaker::new();
    breaker.force_open();
    let mut rejected = breaker.try_acquire().unwrap_err();
    (rejected.reason, rejected.retry_after) = (reason, retry_after.into());
    Some(rejected)
}

#[test]
fn a_rejection_says_how_long_it_is_until_the_end_of_the_wait() {
    let bench = consecutive(1);
    bench.wait(1.0);
    bench.breaker.open_for(secs(5.0));
    for (advance, left) in [(secs(0.0), secs(5.0)), (secs(5.0) - NANO, NANO)] {
        bench.clock.advance(advance);
        let by_call = bench.breaker.call(|| Ok::<_, ()>(()));
        assert_eq!(bench.breaker.try_acquire().err(), rejected(Reason::Open, left));
        assert_eq!(bench.breaker.try_acquire_ref().err(), rejected(Reason::Open, left));
        assert!(by_call.is_err());
    }
    assert_eq!(bench.breaker.snapshot().rejected, 6);
    bench.clock.advance(NANO);
    assert!(bench.breaker.is_call_permitted());
    let _probe = bench.acquire();
    assert_eq!(bench.breaker.try_acquire().err(), rejected(Reason::HalfOpenSaturated, secs(30.0)));
}

#[test]
fn a_listener_hears_of_rejections_from_its_coming_to_its_going() {
    let bench = consecutive(1);
    bench.breaker.force_open();
    assert!(bench.is_rejected());
    let (log, subscription) = bench.listen();
    assert!(bench.is_rejected() && bench.is_rejected());
    drop(subscription);
    assert!(bench.is_rejected());
    assert_eq!((log.take().len(), bench.breaker.snapshot().rejected), (2, 4));
}

/// The gate holds 62 bits of nanoseconds, some 146 years, and asks under the lock beyond that.
#[test]
fn waits_and_clocks_of_centuries_are_exact_too() {
    for (begin, wait) in [(YEAR, YEAR * 200), (YEAR * 140, YEAR * 10), (YEAR * 580, YEAR), (YEAR * 600, YEAR)] {
        let bench = consecutive(1);
        bench.clock.advance(begin);
        bench.breaker.open_for(wait);
        bench.clock.advance(wait - NANO);
        assert_eq!(bench.breaker.try_acquire().err(), rejected(Reason::Open, NANO), "{begin:?} {wait:?}");
        bench.clock.advance(NANO);
        assert!(bench.breaker.try_acquire().is_ok());
    }
    let bench = consecutive(1);
    bench.breaker.open_for(Duration::MAX);
    bench.clock.advance(YEAR);
    assert_eq!(bench.breaker.try_acquire().err(), rejected(Reason::Open, Duration::MAX - YEAR));
}

/// Whoever rejects has gone by the furthest time, and so does whoever looks after it.
#[test]
fn a_clock_that_goes_back_between_rejections_stands_still() {
    let clock = Settable::default();
    let breaker = CircuitBreaker::builder().clock(clock.clone()).build().unwrap();
    clock.set(100.0);
    breaker.open_for(secs(10.0));
    for (now, left) in [(0.0, 10.0), (104.0, 6.0), (50.0, 6.0), (103.0, 6.0), (105.0, 5.0), (0.0, 5.0)] {
        clock.set(now);
        assert_eq!(breaker.snapshot().retry_after.unwrap().max(secs(left)), secs(left), "{now}");
        assert_eq!(breaker.try_acquire().err(), rejected(Reason::Open, secs(left)), "{now}");
        assert_eq!(breaker.snapshot().retry_after, Some(secs(left)), "{now}");
    }
    let subscription = breaker.subscribe(|_| ());
    assert_eq!(breaker.try_acquire().err(), rejected(Reason::Open, secs(5.0)), "under the lock");
    drop(subscription);
    clock.set(110.0);
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn a_saturated_breaker_opens_again_when_the_lease_is_over() {
    let bench = bench(|rules| rules.open_wait(secs(3.0)).half_open_max_wait(secs(2.0), Expired::Reopen));
    let probe = bench.probe();
    bench.clock.advance(secs(2.0) - NANO);
    assert_eq!(bench.breaker.try_acquire().err(), rejected(Reason::HalfOpenSaturated, NANO));
    bench.clock.advance(NANO);
    assert_eq!(bench.breaker.try_acquire().err(), rejected(Reason::Open, secs(3.0)));
    drop(probe);
    assert_eq!((bench.state(), bench.breaker.snapshot().rejected), (State::Open, 2));
}
