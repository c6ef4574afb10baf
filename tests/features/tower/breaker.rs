//! What the breaker lets through, what it rejects, and what it makes of a result.

use std::error::Error;
use std::future::pending;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use corepool::breaker::{CallError, CircuitBreaker, FailurePolicy, Outcome, Reason, Rejected, State};
use corepool::tower::{BreakerLayer, BreakerService};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::backend::{Backend, Do, guarded};
use super::{panic_of, poll};

#[test]
fn a_closed_breaker_lets_calls_through() {
    let mut it = guarded(|rules| rules);
    assert_eq!(pollster::block_on(it.call(Do::Succeed)).unwrap(), 42);
    let failed = pollster::block_on(it.call(Do::Fail)).unwrap_err();
    assert!(matches!(failed, CallError::Inner(error) if error.kind() == io::ErrorKind::ConnectionRefused));
    assert_eq!((it.calls(), it.breaker.snapshot().consecutive_failures), (2, 1));
    assert_eq!(pollster::block_on(it.call(Do::Succeed)).unwrap(), 42);
    assert_eq!(it.breaker.snapshot().consecutive_failures, 0, "a success is told, too");
}

#[test]
fn failures_open_it_and_then_the_inner_service_is_not_called() {
    let mut it = guarded(|rules| rules.failure_policy(FailurePolicy::Consecutive(2)));
    for _ in 0..2 {
        pollster::block_on(it.call(Do::Fail)).unwrap_err();
    }
    assert_eq!(it.breaker.state(), State::Open);
    let mut rejected = it.call(Do::Succeed);
    assert_eq!(it.calls(), 2);
    let Poll::Ready(Err(CallError::Rejected(rejected))) = poll(&mut rejected) else { panic!("rejected at once") };
    assert_eq!(rejected, Rejected { reason: Reason::Open, retry_after: it.breaker.snapshot().retry_after });
    assert_eq!(it.breaker.snapshot().rejected, 1);
}

#[test]
fn a_probe_that_succeeds_closes_it() {
    let mut it = guarded(|rules| rules);
    it.await_probe();
    assert_eq!(pollster::block_on(it.call(Do::Succeed)).unwrap(), 42);
    assert_eq!(it.breaker.state(), State::Closed);
}

#[test]
fn a_rejected_call_leaves_the_inner_service_ready() {
    let mut it = guarded(|rules| rules);
    it.breaker.force_open();
    drop(it.call(Do::Succeed));
    it.breaker.reset();
    // The backend insists on being ready, and nobody has asked it again.
    assert_eq!(pollster::block_on(it.service.call(Do::Succeed)).unwrap(), 42);
}

#[test]
fn a_classifier_decides() {
    let breaker = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(2)).build().unwrap();
    let judge = |answer: &io::Result<u32>| match answer {
        Ok(42) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Ignored,
    };
    let service = BreakerLayer::new(breaker.clone()).with_classifier(judge).layer(Backend::default());
    let ask = |what| pollster::block_on(service.clone().oneshot(what));
    assert_eq!(ask(Do::Succeed).unwrap(), 42);
    ask(Do::Fail).unwrap_err();
    assert_eq!(breaker.snapshot().consecutive_failures, 1, "one was a failure, the other is ignored");
    assert_eq!(ask(Do::Succeed).unwrap(), 42);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn the_readiness_of_the_inner_service_is_passed_on_and_not_judged() {
    struct Unready(Poll<io::Result<()>>);
    impl Service<()> for Unready {
        type Response = ();
        type Error = io::Error;
        type Future = std::future::Pending<io::Result<()>>;

        fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            std::mem::replace(&mut self.0, Poll::Pending)
        }

        fn call(&mut self, (): ()) -> Self::Future {
            pending()
        }
    }
    let breaker = CircuitBreaker::new();
    let broken = Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
    let mut service = BreakerService::new(Unready(broken), breaker.clone());
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(service.poll_ready(&mut context), Poll::Ready(Err(CallError::Inner(_)))));
    assert!(service.poll_ready(&mut context).is_pending());
    assert_eq!(breaker.snapshot(), CircuitBreaker::new().snapshot());
}

#[test]
fn services_of_one_layer_share_its_breaker_and_clones_do() {
    let layer =
        BreakerLayer::new(CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(1)).build().unwrap());
    let (one, other) = (layer.layer(Backend::default()), layer.clone().layer(Backend::default()));
    let clone = other.clone();
    pollster::block_on(one.oneshot(Do::Fail)).unwrap_err();
    for service in [other, clone] {
        let answer = pollster::block_on(service.oneshot(Do::Succeed));
        assert!(matches!(answer, Err(CallError::Rejected(_))), "{answer:?}");
    }
}

#[test]
fn a_service_need_not_be_send() {
    let service = service_fn(|request: Rc<u32>| async move { Ok::<_, io::Error>(request) });
    let service = BreakerLayer::new(CircuitBreaker::new()).layer(service);
    assert_eq!(*pollster::block_on(service.oneshot(Rc::new(42))).unwrap(), 42);
}

#[test]
fn a_future_that_can_be_sent_is_sent_through_the_layer() {
    fn assert_send<T: Send + 'static>(it: T) -> T {
        it
    }
    let call = assert_send(guarded(|rules| rules).call(Do::Succeed));
    assert_eq!(std::thread::spawn(|| pollster::block_on(call)).join().unwrap().unwrap(), 42);
}

#[test]
fn the_error_goes_where_errors_go() {
    fn ask(what: Do, breaker: &CircuitBreaker) -> Result<u32, Box<dyn Error + Send + Sync>> {
        let service = BreakerService::new(Backend::default(), breaker.clone());
        Ok(pollster::block_on(service.oneshot(what))?)
    }
    let breaker = CircuitBreaker::new();
    assert_eq!(ask(Do::Succeed, &breaker).unwrap(), 42);
    assert!(ask(Do::Fail, &breaker).unwrap_err().is::<CallError<io::Error>>());
    breaker.force_open();
    let rejected = ask(Do::Succeed, &breaker).unwrap_err();
    assert_eq!(rejected.to_string(), "the circuit breaker is forced open: reset it to let calls through");
}

#[test]
fn a_future_that_was_ready_panics_when_polled_again() {
    let mut it = guarded(|rules| rules);
    for _ in ["answered", "rejected"] {
        let mut call = it.call(Do::Succeed);
        assert!(poll(&mut call).is_ready());
        assert!(panic_of(|| poll(&mut call)).starts_with("this `BreakerFuture` was polled to its end"));
        it.breaker.force_open();
    }
}
