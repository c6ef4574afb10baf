//! What listeners hear: which events, in which order, from when to when.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, Weak};

use corepool::breaker::{Event, Expired, State, Subscription, Window};

use crate::support::{bench, consecutive, in_short, rate, secs};

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
