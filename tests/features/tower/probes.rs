//! The probes of a half-open breaker: nobody holds a place but a call, and each call gives it back.

use std::sync::Barrier;
use std::thread;

use corepool::breaker::{AbandonedPolicy, CallError, State};
use tower::Service;

use super::backend::{Do, guarded};
use super::{is_ready, poll};
use crate::common::{rounds, within_a_minute};

/// A probe's future is dropped at once, or once it was polled.
const POLLS: [usize; 2] = [0, 1];

#[test]
fn a_probe_holds_its_place_until_its_future_is_dropped() {
    for polls in POLLS {
        let mut it = guarded(|rules| rules);
        it.await_probe();
        let mut probe = it.call(Do::Hang);
        (0..polls).for_each(|_| assert!(poll(&mut probe).is_pending()));
        assert_eq!(it.breaker.state(), State::HalfOpen);
        assert!(!it.breaker.is_call_permitted(), "{polls} polls: its place is taken");

        drop(probe);
        assert!(it.breaker.is_call_permitted(), "{polls} polls: its place is free");
        assert_eq!(pollster::block_on(it.call(Do::Succeed)).unwrap(), 42);
        assert_eq!(it.breaker.state(), State::Closed);
        assert_eq!(it.breaker.snapshot().late_results, 0);
    }
}

#[test]
fn a_dropped_future_counts_as_the_policy_says() {
    for polls in POLLS {
        let mut it = guarded(|rules| rules.abandoned(AbandonedPolicy::Failure));
        it.await_probe();
        let mut probe = it.call(Do::Hang);
        (0..polls).for_each(|_| assert!(poll(&mut probe).is_pending()));
        drop(probe);
        assert_eq!(it.breaker.state(), State::Open, "{polls} polls");
        assert_eq!(it.breaker.snapshot().attempt, 1, "{polls} polls: by its own rules");
    }
}

#[test]
fn the_place_is_free_when_the_response_is_there_and_not_when_the_future_goes() {
    let mut it = guarded(|rules| rules.half_open(2, 2));
    it.await_probe();
    let mut probes = [it.call(Do::Succeed), it.call(Do::Succeed)];
    for probe in &mut probes {
        assert!(poll(probe).is_ready());
    }
    assert_eq!(it.breaker.state(), State::Closed);
    drop(probes);
    assert_eq!(it.breaker.snapshot().late_results, 0, "each has reported once");
}

#[test]
fn asking_whether_it_is_ready_reserves_nothing() {
    let mut it = guarded(|rules| rules.half_open(2, 2));
    it.await_probe();
    let open = it.breaker.snapshot();
    (0..100).for_each(|_| assert!(is_ready::<Do>(&mut it.service)));
    assert_eq!(it.breaker.snapshot(), open, "no probe was admitted");

    let first = it.call(Do::Hang);
    let half_open = it.breaker.snapshot();
    for _ in 0..100 {
        let mut clone = it.service.clone();
        assert!(is_ready::<Do>(&mut clone));
        assert!(is_ready::<Do>(&mut it.service));
    }
    assert_eq!(it.breaker.snapshot(), half_open);
    assert_eq!(pollster::block_on(it.call(Do::Succeed)).unwrap(), 42, "the other place is free");
    drop(first);
}

#[test]
fn of_many_calls_at_once_so_many_are_admitted_as_there_are_places() {
    let mut it = guarded(|rules| rules.half_open(3, 3));
    it.await_probe();
    let mut calls: Vec<_> = (0..10).map(|_| it.call(Do::Hang)).collect();
    assert_eq!(it.calls(), 3);
    assert_eq!(calls.iter_mut().map(|call| usize::from(poll(call).is_pending())).sum::<usize>(), 3);
    assert_eq!(it.breaker.snapshot().rejected, 7);
}

#[test]
fn of_many_threads_so_many_are_admitted_as_there_are_places() {
    within_a_minute(|| {
        for _ in rounds(200) {
            assert_eq!(admitted_of_four_threads(), 2);
        }
    });
}

/// How many of four calls at once are admitted where there is room for two probes.
fn admitted_of_four_threads() -> usize {
    let it = guarded(|rules| rules.half_open(2, 2));
    it.await_probe();
    let (begin, all_have_called) = (Barrier::new(4), Barrier::new(4));
    let call = || {
        let mut service = it.service.clone();
        assert!(is_ready::<Do>(&mut service));
        begin.wait();
        let call = service.call(Do::Succeed);
        // Nobody reports before everybody has asked.
        all_have_called.wait();
        match pollster::block_on(call) {
            Ok(_) => 1,
            Err(CallError::Rejected(_)) => 0,
            Err(other) => panic!("{other}"),
        }
    };
    let admitted = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(call));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((it.calls(), it.breaker.state()), (admitted, State::Closed));
    admitted
}
