//! The pool as a service: what comes back, and what is shed.

use std::cell::Cell;
use std::error::Error;
use std::sync::Arc;
use std::task::Poll;

use corepool::tower::{PoolService, PoolServiceError};
use corepool::{JobError, Pool, Priority, Shutdown};
use tower::{Service, ServiceExt};

use super::{is_ready, panic_of, poll};
use crate::common::{
    EXPECTED, Log, finish, hold_worker, one_worker, silence_expected_panics, with_workers, within_a_minute,
};

#[test]
fn the_value_of_each_request_comes_back() {
    let mut service = PoolService::new(with_workers(2), |n: u64| n * 2);
    let requests: Vec<_> = (0..10).map(|n| service.call(n)).collect();
    let responses: Vec<_> = requests.into_iter().map(|request| pollster::block_on(request).unwrap()).collect();
    assert_eq!(responses, (0..10).map(|n| n * 2).collect::<Vec<_>>());
}

#[test]
fn the_request_runs_on_the_pool_and_clones_of_the_service_share_it() {
    let pool = one_worker(8);
    let service = PoolService::new(pool.clone(), |()| Pool::current());
    for service in [service.clone(), service] {
        assert_eq!(pollster::block_on(service.oneshot(())).unwrap(), Some(pool.clone()));
    }
    assert_eq!(pool.stats().completed, 2);
}

#[test]
fn a_panic_comes_back_as_an_error_with_the_name_of_the_job_and_the_place_of_the_service() {
    silence_expected_panics();
    let made_at = line!() + 1;
    let service = PoolService::new(one_worker(8), |n: u32| -> u32 { panic!("{EXPECTED}{n}") }).name("thumbnail");
    let failed = pollster::block_on(service.oneshot(7)).unwrap_err();
    let PoolServiceError::Failed(JobError::Panicked(panic)) = failed else { panic!("it has panicked: {failed}") };
    assert_eq!(panic.message(), format!("{EXPECTED}7"));
    assert_eq!(panic.job_name(), Some("thumbnail"));
    assert_eq!((panic.submitted_at().file(), panic.submitted_at().line()), (file!(), made_at));
}

#[test]
fn a_full_queue_sheds_at_once_and_gives_the_request_back() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let mut service = PoolService::new(pool.clone(), |name: Arc<str>| name.len());
    let name: Arc<str> = "Ada".into();
    let queued = service.call("queued".into());
    assert!(is_ready::<Arc<str>>(&mut service), "whatever the queue says");
    let mut shed = service.call(Arc::clone(&name));
    let Poll::Ready(Err(error)) = poll(&mut shed) else { panic!("shed at once") };
    assert!(matches!(error, PoolServiceError::Full(_)), "{error:?}");
    let text = "the pool's queue is full, so the request was shed: send it again later, limit the requests before the \
                service, or raise `queue_capacity`";
    assert_eq!(error.to_string(), text);
    assert!(Arc::ptr_eq(&error.into_request().unwrap(), &name));
    assert_eq!(Arc::strong_count(&name), 1, "nothing of it is kept");
    assert_eq!(pool.stats().rejected, 1);

    gate.open();
    finish(held);
    assert_eq!(pollster::block_on(queued).unwrap(), 6);
}

#[test]
fn a_pool_that_is_shut_down_gives_the_request_back() {
    let pool = one_worker(8);
    let mut service = PoolService::new(pool.clone(), |name: String| name.len());
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert!(is_ready::<String>(&mut service), "`call` tells");
    let error = pollster::block_on(service.call("Ada".to_owned())).unwrap_err();
    assert!(matches!(error, PoolServiceError::ShutDown(_)), "{error:?}");
    assert!(error.to_string().starts_with("the pool is shut down and takes no more requests: "), "{error}");
    assert_eq!(error.into_request().as_deref(), Some("Ada"));
}

#[test]
fn asking_whether_it_is_ready_reserves_nothing() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let mut service = PoolService::new(pool.clone(), |()| ());
    let before = pool.stats();
    for _ in 0..100 {
        assert!(is_ready::<()>(&mut service));
        assert!(is_ready::<()>(&mut service.clone()));
    }
    assert_eq!(pool.stats(), before);
    let queued = pool.try_submit(|| 42).expect("the only place is free");
    gate.open();
    finish(held);
    assert_eq!(finish(queued), 42);
}

#[test]
fn the_priority_of_the_service_is_that_of_its_jobs() {
    let pool = one_worker(8);
    let (gate, held) = hold_worker(&pool);
    let log = Log::default();
    let service = PoolService::new(pool.clone(), {
        let log = log.clone();
        move |entry| log.write(entry)
    });
    let (mut low, mut high) = (service.clone().priority(Priority::Low), service.clone().priority(Priority::High));
    let mut normal = service;
    let requests = [low.call(3), normal.call(2), high.call(1)];
    gate.open();
    finish(held);
    requests.into_iter().for_each(|request| pollster::block_on(request).unwrap());
    assert_eq!(log.read(), [1, 2, 3]);
}

#[test]
fn the_error_is_an_error_whatever_the_request_is() {
    /// Neither `Sync`, nor `Debug`.
    struct Request(Cell<u8>);

    fn answer(pool: &Pool) -> Result<u8, Box<dyn Error + Send + Sync>> {
        let service = PoolService::new(pool.clone(), |request: Request| request.0.get());
        Ok(pollster::block_on(service.oneshot(Request(Cell::new(42))))?)
    }
    let pool = one_worker(8);
    assert_eq!(answer(&pool).unwrap(), 42);
    pool.shutdown(Shutdown::Abort, None).unwrap();
    let error = answer(&pool).unwrap_err();
    assert_eq!(format!("{error:?}"), "ShutDown(Returned { .. })");
    let error = error.downcast::<PoolServiceError<Request>>().unwrap();
    assert_eq!(error.into_request().unwrap().0.get(), 42);
}

#[test]
fn inside_a_job_of_the_same_pool_it_runs_there() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let service = PoolService::new(pool.clone(), |n: u64| n * 2);
        let outer = pool.submit(move || pollster::block_on(service.oneshot(21)).unwrap());
        assert_eq!(finish(outer.unwrap()), 42);
    });
}

#[test]
fn a_future_that_was_ready_panics_when_polled_again() {
    let pool = one_worker(8);
    let mut service = PoolService::new(pool.clone(), |n: u32| n);
    for _ in ["answered", "rejected"] {
        let mut request = service.call(42);
        let _response = pollster::block_on(&mut request);
        assert!(panic_of(|| poll(&mut request)).starts_with("this `PoolFuture` was polled to its end"));
        pool.begin_shutdown(Shutdown::Drain).unwrap();
    }
}
