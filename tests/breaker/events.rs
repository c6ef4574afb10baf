//! What listeners hear: which events, in which order, from when to when.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use corepool::breaker::{Event, Expired, HalfOpenPolicy, Outcome, Reason, Recorded, State, Subscription, Window};

use crate::common::within_a_minute;
use crate::support::{Log, bench, consecutive, in_short, rate, secs};

#[test]
fn a_breakers_life_is_told_in_order() {
    let bench = consecutive(2);
    let (log, _subscription) = bench.listen();
    let late = bench.acquire();
    bench.calls("SIFF");
    assert!(bench.is_rejected());
    late.success();
    bench.wait_out();
    let probe = bench.acquire();
    assert!(bench.is_rejected());
    probe.success();
    let told = [
        "Success",
        "Ignored",
        "Failure",
        "Failure",
        "closed -> open #1",
        "rejected Open",
        "late Success #0",
        "open -> half-open #2",
        "rejected HalfOpenSaturated",
        "Success",
        "half-open -> closed #3",
    ];
    assert_eq!(log.take(), told);
}

#[test]
fn slow_and_abandoned_calls_are_told_as_such() {
    let bench = bench(|rules| rules.failure_policy(rate(1.0, Window::Count(10), 10)).slow_calls(secs(1.0), 1.0));
    let (log, _subscription) = bench.listen();
    let (slow, abandoned, early) = (bench.acquire(), bench.acquire(), bench.acquire());
    drop(early);
    bench.wait(2.0);
    slow.success();
    drop(abandoned);
    assert_eq!(log.take(), ["abandoned Ignored", "slow Success", "abandoned Failure"]);
}

#[test]
fn what_time_did_is_told_with_its_own_time_before_what_noticed_it() {
    let bench = bench(|rules| rules.half_open_max_wait(secs(2.0), Expired::Reopen));
    let times = Arc::new(Mutex::new(Vec::new()));
    let probe = bench.probe(); // at 30
    let _subscription = bench.breaker.subscribe({
        let times = Arc::clone(&times);
        move |event| match event {
            Event::StateChanged { at, .. } => times.lock().unwrap().push(at.as_secs()),
            other => assert!(matches!(other, Event::LateResult { .. }), "{other:?}"),
        }
    });
    bench.wait(10.0);
    probe.success();
    bench.breaker.reset();
    assert_eq!(*times.lock().unwrap(), [32, 40]);
}

#[test]
fn a_listener_hears_from_its_subscription_to_its_end() {
    let bench = consecutive(9);
    bench.calls("F");
    let (log, subscription) = bench.listen();
    bench.calls("S");
    drop(subscription);
    bench.calls("F");
    assert_eq!(log.take(), ["Success"]);
}

#[test]
fn a_detached_listener_hears_as_long_as_the_breaker_lives() {
    let bench = consecutive(9);
    let (log, subscription) = bench.listen();
    subscription.detach();
    bench.calls("F");
    assert_eq!(log.take(), ["Failure"]);
}

#[test]
fn a_subscription_may_outlive_its_breaker() {
    let bench = consecutive(9);
    let (_log, subscription) = bench.listen();
    drop(bench);
    drop(subscription);
}

#[test]
fn an_unsubscribed_listener_is_dropped_with_what_it_holds() {
    let bench = consecutive(9);
    let held = Arc::new(());
    let subscription = bench.breaker.subscribe({
        let held = Arc::clone(&held);
        move |_| drop(Arc::clone(&held))
    });
    bench.calls("F");
    drop(subscription);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn every_listener_hears_an_event_before_any_hears_the_next() {
    let bench = consecutive(1);
    let (tell, told) = channel();
    let subscriptions: Vec<_> = (0..3)
        .map(|listener| {
            let tell = tell.clone();
            bench.breaker.subscribe(move |event| tell.send((listener, in_short(event))).unwrap())
        })
        .collect();
    bench.calls("F");
    let heard: Vec<_> = told.try_iter().map(|(_, event)| event).collect();
    assert_eq!(heard, ["Failure", "Failure", "Failure", "closed -> open #1", "closed -> open #1", "closed -> open #1"]);
    drop(subscriptions);
}

/// The other thread's call is over although its event cannot be told yet.
#[test]
fn a_listener_may_wait_for_another_thread_that_calls() {
    within_a_minute(|| {
        let bench = consecutive(1);
        let (log, breaker) = (bench.listen(), bench.breaker.clone());
        let _waits = bench.breaker.subscribe(move |event| {
            if let Event::StateChanged { to: State::Open, .. } = event {
                thread::scope(|scope| {
                    scope.spawn(|| breaker.try_acquire().unwrap_err());
                    scope.spawn(|| breaker.call(|| Ok::<_, ()>(())).unwrap_err());
                });
                breaker.reset();
            }
        });
        bench.calls("F");
        let told = ["Failure", "closed -> open #1", "rejected Open", "rejected Open", "open -> closed #2"];
        assert_eq!(log.0.take(), told);
    });
}

#[test]
fn a_listener_that_comes_while_events_wait_to_be_told_hears_later_ones_only() {
    let bench = consecutive(1);
    let (first, _subscription) = bench.listen();
    let (breaker, second) = (bench.breaker.clone(), Log::default());
    let _brings = bench.breaker.subscribe({
        let second = second.clone();
        move |event| {
            // "closed -> open" has happened, and waits.
            if let Event::Recorded { outcome: Outcome::Failure, .. } = event {
                second.listen_to(&breaker).detach();
            }
        }
    });
    bench.calls("F");
    bench.breaker.reset();
    assert_eq!(first.take(), ["Failure", "closed -> open #1", "open -> closed #2"]);
    assert_eq!(second.take(), ["open -> closed #2"]);
}

/// What a listener causes is told when it has returned, to all, and before the call returns that it was told of.
#[test]
fn what_a_listener_causes_comes_next_and_in_order() {
    let bench = consecutive(1);
    let breaker = bench.breaker.clone();
    let _resets = bench.breaker.subscribe(move |event| {
        if let Event::StateChanged { to: State::Open, .. } = event {
            breaker.force_open();
            breaker.try_acquire().unwrap_err();
            breaker.reset();
        }
    });
    let (log, _subscription) = bench.listen();
    bench.calls("F");
    let told =
        ["Failure", "closed -> open #1", "open -> forced open #2", "rejected ForcedOpen", "forced open -> closed #3"];
    assert_eq!(log.take(), told);
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn a_listener_may_subscribe_and_unsubscribe_itself() {
    let bench = consecutive(9);
    let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
    let (tell, told) = channel();
    let breaker = bench.breaker.clone();
    let subscription = bench.breaker.subscribe({
        let own = Arc::downgrade(&own);
        move |event| {
            let tell_more = tell.clone();
            tell.send(format!("first {}", in_short(event))).unwrap();
            breaker.subscribe(move |event| tell_more.send(format!("second {}", in_short(event))).unwrap()).detach();
            drop(Weak::upgrade(&own).and_then(|own| own.lock().unwrap().take()));
        }
    });
    *own.lock().unwrap() = Some(subscription);
    bench.calls("FS");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["first Failure", "second Success"]);
}

/// A listener that takes its time, by the breaker's clock.
#[test]
fn the_time_of_a_listener_is_no_calls_own() {
    let by_rate = bench(|rules| {
        let rules = rules.failure_policy(rate(0.5, Window::Count(10), 5)).slow_calls(secs(1.0), 0.5);
        let rules = rules.half_open(5, 1).half_open_policy(HalfOpenPolicy::Rate);
        rules.half_open_max_wait(secs(1.5), Expired::Reopen)
    });
    let clock = by_rate.clock.clone();
    let _slow = by_rate.breaker.subscribe(move |_| clock.advance(secs(2.0)));
    let probe = by_rate.probe();
    by_rate.wait(0.9);
    assert_eq!(by_rate.breaker.snapshot().window.unwrap().slow, 0);
    assert_eq!(probe.success(), Recorded::Counted, "its lease began when its admission had been told");
    by_rate.calls("SSSS");
    assert_eq!((by_rate.state(), by_rate.breaker.snapshot().attempt), (State::Closed, 0));
    let call = by_rate.acquire();
    by_rate.wait(1.0);
    call.success();
    assert_eq!(by_rate.breaker.snapshot().slow_rate, None);
    assert_eq!(by_rate.breaker.snapshot().window.unwrap().slow, 0);
}

/// A place is taken from the admission on, a lease begins after it.
#[test]
fn while_the_admission_of_a_probe_is_told_its_place_is_taken_and_its_lease_has_not_begun() {
    let bench = bench(|rules| rules.half_open_max_wait(secs(1.0), Expired::Reopen));
    let (breaker, clock, asked) = (bench.breaker.clone(), bench.clock.clone(), Arc::new(Mutex::new(Vec::new())));
    let _asks = bench.breaker.subscribe({
        let asked = Arc::clone(&asked);
        move |event| {
            let is_probe = matches!(event, Event::StateChanged { to: State::HalfOpen, .. });
            if is_probe && asked.lock().unwrap().is_empty() {
                clock.advance(secs(100.0));
                let rejected = breaker.try_acquire().err().map(|rejected| (rejected.reason, rejected.retry_after));
                asked.lock().unwrap().push((rejected, breaker.state()));
            }
        }
    });
    let probe = bench.probe();
    let rejected = Some((Reason::HalfOpenSaturated, Some(secs(1.0))));
    assert_eq!(*asked.lock().unwrap(), [(rejected, State::HalfOpen)]);
    bench.wait(0.9);
    assert_eq!((probe.success(), bench.state()), (Recorded::Counted, State::Closed));
}
