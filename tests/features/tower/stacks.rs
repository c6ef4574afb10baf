//! Breaker and pool among tower's own layers.

use std::sync::mpsc;
use std::time::Duration;

use corepool::breaker::{CallError, CircuitBreaker, FailurePolicy, Outcome, Rejected, State};
use corepool::tower::{BreakerLayer, PoolService, PoolServiceError};
use corepool::{Interrupted, Pool};
use tower::timeout::error::Elapsed;
use tower::{Service, ServiceBuilder, ServiceExt};

use super::backend::{Backend, Do};
use super::poll;
use crate::common::{FOREVER, finish, hold_worker, one_worker, rounds, until_stopped};

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

#[test]
fn a_timeout_above_the_pool_stops_the_job() {
    let (pool, (tell, told)) = (one_worker(8), mpsc::channel());
    let work = move |()| tell.send(until_stopped()).unwrap();
    let service = ServiceBuilder::new().timeout(SOON).service(PoolService::new(pool.clone(), work));
    // One that the machine was too busy to start in time is gone without a word.
    let mut rounds = rounds(1_000);
    let why = loop {
        rounds.next().expect("no job is started in time");
        let late = on_tokio(service.clone().oneshot(())).unwrap_err();
        assert!(late.is::<Elapsed>(), "{late}");
        pool.wait_idle(Some(FOREVER)).unwrap();
        if let Ok(why) = told.try_recv() {
            break why;
        }
    };
    assert_eq!(why, Interrupted::Cancelled);
}

type Answer = Result<Result<u32, String>, PoolServiceError<u32>>;

/// The breaker before the pool. What it cannot be blamed for, it does not see.
fn judge(answer: &Answer) -> Outcome {
    match answer {
        Ok(Ok(_)) => Outcome::Success,
        Ok(Err(_)) | Err(PoolServiceError::Failed(_)) => Outcome::Failure,
        Err(_) => Outcome::Ignored,
    }
}

fn even(n: u32) -> Result<u32, String> {
    if n.is_multiple_of(2) { Ok(n) } else { Err(format!("{n} is odd")) }
}

fn pool_behind(
    breaker: &CircuitBreaker,
    pool: &Pool,
) -> impl Service<u32, Error = CallError<PoolServiceError<u32>>, Response = Result<u32, String>, Future: Unpin> + Clone
{
    ServiceBuilder::new()
        .layer(BreakerLayer::new(breaker.clone()).with_classifier(judge))
        .service(PoolService::new(pool.clone(), even))
}

#[test]
fn the_breaker_sees_what_becomes_of_the_job() {
    let (pool, breaker) = (one_worker(8), opens_after(1));
    let service = pool_behind(&breaker, &pool);
    assert_eq!(pollster::block_on(service.clone().oneshot(2)).unwrap(), Ok(2));
    assert_eq!(pollster::block_on(service.clone().oneshot(1)).unwrap(), Err("1 is odd".to_owned()));
    let rejected = pollster::block_on(service.oneshot(2));
    assert!(matches!(rejected, Err(CallError::Rejected(_))), "{rejected:?}");
    assert_eq!(pool.stats().submitted, 2);
}

#[test]
fn a_request_that_is_shed_says_nothing_of_what_is_behind_the_pool() {
    let (pool, breaker) = (one_worker(1), opens_after(1));
    let (gate, held) = hold_worker(&pool);
    let mut service = pool_behind(&breaker, &pool);
    let queued = service.call(2);
    let shed = pollster::block_on(service.call(4)).unwrap_err();
    let CallError::Inner(error) = shed else { panic!("the breaker is closed: {shed}") };
    assert_eq!(error.into_request(), Some(4));
    assert_eq!(breaker.state(), State::Closed);
    gate.open();
    finish(held);
    assert_eq!(pollster::block_on(queued).unwrap(), Ok(2));
}

#[test]
fn dropping_the_future_cancels_the_job_and_gives_the_probe_back() {
    let (pool, breaker) = (one_worker(1), opens_after(1));
    let (gate, held) = hold_worker(&pool);
    breaker.open_for(Duration::ZERO);
    let mut service = pool_behind(&breaker, &pool);
    let mut probe = service.call(2);
    assert!(poll(&mut probe).is_pending());
    assert!(!breaker.is_call_permitted());
    drop(probe);
    assert_eq!((pool.stats().cancelled, breaker.is_call_permitted()), (1, true));
    gate.open();
    finish(held);
}
