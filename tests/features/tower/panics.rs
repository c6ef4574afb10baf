//! Panics of what is behind the breaker: each is a failure, told before the panic has gone on, and holds no place.

use std::sync::{Arc, Mutex};

use corepool::breaker::{AbandonedPolicy, CircuitBreaker, Outcome, State};
use corepool::tower::BreakerLayer;
use tower::{Layer, Service, service_fn};

use super::backend::{Backend, Do, guarded};
use super::{is_ready, panic_of, poll};
use crate::common::{EXPECTED, on_drop};

#[test]
fn a_panic_in_call_is_a_failure() {
    let mut it = guarded(|rules| rules);
    it.await_probe();
    assert_eq!(panic_of(|| it.call(Do::PanicInCall)), "in call");
    assert_eq!((it.breaker.state(), it.breaker.snapshot().attempt), (State::Open, 1), "the probe has failed");
}

#[test]
fn a_panic_in_poll_is_a_failure_before_poll_is_left() {
    let mut it = guarded(|rules| rules);
    it.await_probe();
    let mut probe = it.call(Do::PanicInPoll);
    assert_eq!(panic_of(|| poll(&mut probe)), "in poll");
    assert_eq!((it.breaker.state(), it.breaker.snapshot().attempt), (State::Open, 1), "the probe has failed");
    assert!(panic_of(|| poll(&mut probe)).starts_with("this `BreakerFuture` was polled to its end"));
    drop(probe);
    assert_eq!(it.breaker.snapshot().late_results, 0, "it has reported once");
}

#[test]
fn a_panic_of_the_classifier_is_a_failure() {
    let breaker = CircuitBreaker::new();
    let classifier = |_: &Result<_, _>| -> Outcome { panic!("{EXPECTED}in the classifier") };
    let mut service = BreakerLayer::new(breaker.clone()).with_classifier(classifier).layer(Backend::default());
    assert!(is_ready::<Do>(&mut service));
    let mut call = service.call(Do::Succeed);
    assert_eq!(panic_of(|| poll(&mut call)), "in the classifier");
    assert_eq!(breaker.snapshot().consecutive_failures, 1);
}

#[test]
fn a_future_that_somebody_elses_panic_drops_has_failed() {
    let mut it = guarded(|rules| rules.abandoned(AbandonedPolicy::Ignore));
    it.await_probe();
    let probe = it.call(Do::Hang);
    let text = panic_of(move || {
        let _probe = probe;
        panic!("{EXPECTED}elsewhere");
    });
    assert_eq!((text.as_str(), it.breaker.state()), ("elsewhere", State::Open));
}

#[test]
fn the_permit_outlives_the_call_that_it_is_for() {
    let breaker = CircuitBreaker::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = service_fn({
        let (breaker, seen) = (breaker.clone(), Arc::clone(&seen));
        move |()| {
            let (breaker, seen) = (breaker.clone(), Arc::clone(&seen));
            let look = on_drop(move || seen.lock().unwrap().push(breaker.is_call_permitted()));
            async move {
                let _look = look;
                std::future::pending::<Result<(), std::io::Error>>().await
            }
        }
    });
    let mut service = BreakerLayer::new(breaker.clone()).layer(service);
    breaker.open_for(std::time::Duration::ZERO);
    let mut probe = service.call(());
    assert!(poll(&mut probe).is_pending());
    drop(probe);
    assert_eq!(*seen.lock().unwrap(), [false], "its place was taken while the call was being dropped");
    assert!(breaker.is_call_permitted());
}
