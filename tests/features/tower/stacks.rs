//! The breaker among tower's own layers.

use std::time::Duration;

use corepool::breaker::{CallError, CircuitBreaker, FailurePolicy, Rejected, State};
use corepool::tower::BreakerLayer;
use tower::timeout::error::Elapsed;
use tower::{ServiceBuilder, ServiceExt};

use super::backend::{Backend, Do};
use crate::common::FOREVER;

const SOON: Duration = Duration::from_millis(5);

fn on_tokio<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(FOREVER, test).await.expect("the test hangs") })
}

fn opens_after(failures: u32) -> CircuitBreaker {
    CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(failures)).build().unwrap()
}

#[test]
fn a_buffer_above_and_a_timeout_below() {
    on_tokio(async {
        let breaker = opens_after(2);
        let service = ServiceBuilder::new()
            .buffer::<Do>(4)
            .map_err(CallError::into_boxed)
            .layer(BreakerLayer::new(breaker.clone()))
            .timeout(SOON)
            .service(Backend::default());
        assert_eq!(service.clone().oneshot(Do::Succeed).await.unwrap(), 42);
        for _ in 0..2 {
            let late = service.clone().oneshot(Do::Hang).await.unwrap_err();
            assert!(late.is::<Elapsed>(), "{late}");
        }
        assert_eq!(breaker.state(), State::Open);
        let rejected = service.oneshot(Do::Succeed).await.unwrap_err();
        assert!(rejected.downcast_ref::<Rejected>().is_some_and(|it| it.retry_after.is_some()), "{rejected}");
    });
}

#[test]
fn a_buffer_below() {
    on_tokio(async {
        let breaker = opens_after(1);
        let service =
            ServiceBuilder::new().layer(BreakerLayer::new(breaker.clone())).buffer::<Do>(1).service(Backend::default());
        // A buffer has one place for each clone that is ready: a layer that takes it twice, or by another clone, hangs.
        for _ in 0..3 {
            assert_eq!(service.clone().oneshot(Do::Succeed).await.unwrap(), 42);
        }
        service.clone().oneshot(Do::Fail).await.unwrap_err();
        let rejected = service.oneshot(Do::Succeed).await;
        assert!(matches!(rejected, Err(CallError::Rejected(_))), "{rejected:?}");
    });
}

#[test]
fn a_timeout_above_abandons_the_call() {
    on_tokio(async {
        let breaker = opens_after(1);
        breaker.open_for(Duration::ZERO);
        let service =
            ServiceBuilder::new().timeout(SOON).layer(BreakerLayer::new(breaker.clone())).service(Backend::default());
        let late = service.clone().oneshot(Do::Hang).await.unwrap_err();
        assert!(late.is::<Elapsed>(), "{late}");
        assert_eq!((breaker.state(), breaker.is_call_permitted()), (State::HalfOpen, true));
        assert_eq!(service.oneshot(Do::Succeed).await.unwrap(), 42);
        assert_eq!(breaker.state(), State::Closed);
    });
}
