//! How a request to the pool ends without a value: nobody wants it any more, or it takes too long.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use corepool::tower::{PoolService, PoolServiceError};
use corepool::{Interrupted, JobError, Shutdown};
use tower::{Service, ServiceExt};

use super::poll;
use crate::common::{FOREVER, Gate, finish, hold_worker, one_worker, until_stopped, within_a_minute};

#[test]
fn dropping_the_future_of_a_queued_request_cancels_its_job() {
    for polls in [0, 1] {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let mut service = PoolService::new(pool.clone(), |_: Arc<()>| ());
        let request = Arc::new(());
        let mut queued = service.call(Arc::clone(&request));
        (0..polls).for_each(|_| assert!(poll(&mut queued).is_pending()));
        drop(queued);
        assert_eq!(pool.stats().cancelled, 1, "{polls} polls");
        assert_eq!(Arc::strong_count(&request), 1, "the request is dropped with it");
        let next = service.call(request);
        assert_eq!(pool.stats().queued, 1, "its place is free");

        gate.open();
        finish(held);
        pollster::block_on(next).unwrap();
    }
}

#[test]
fn dropping_the_future_of_a_running_request_asks_its_job_to_stop() {
    let (tell, told) = mpsc::channel();
    let started = Gate::new();
    let mut service = PoolService::new(one_worker(1), {
        let started = started.clone();
        move |()| {
            started.open();
            tell.send(until_stopped()).ok();
        }
    });
    let request = service.call(());
    started.pass();
    drop(request);
    assert_eq!(told.recv_timeout(FOREVER).unwrap(), Interrupted::Cancelled);
}

#[test]
fn a_request_that_waits_too_long_expires_though_every_worker_is_busy() {
    let pool = one_worker(8);
    let (gate, held) = hold_worker(&pool);
    let service = PoolService::new(pool.clone(), |()| ()).timeout(Duration::from_millis(1));
    let late = pollster::block_on(service.oneshot(()));
    assert!(matches!(late, Err(PoolServiceError::Failed(JobError::Expired))), "{late:?}");
    gate.open();
    finish(held);
}

#[test]
fn each_request_has_a_deadline_of_its_own() {
    let pool = one_worker(8);
    let (gate, held) = hold_worker(&pool);
    let service = PoolService::new(pool, |()| 42).timeout(Duration::from_millis(20));
    pollster::block_on(service.clone().oneshot(())).unwrap_err();
    gate.open();
    finish(held);
    // The time of the first request is over. The others have their own, which may be short for a machine that is busy.
    let start = Instant::now();
    while pollster::block_on(service.clone().oneshot(())).is_err() {
        assert!(start.elapsed() < FOREVER, "no request is in time any more");
    }
}

#[test]
fn a_running_request_learns_that_its_time_is_over() {
    within_a_minute(|| {
        let service = PoolService::new(one_worker(8), |()| until_stopped()).timeout(Duration::from_millis(5));
        // It expires where the machine is too busy to start it in time.
        let start = Instant::now();
        loop {
            match pollster::block_on(service.clone().oneshot(())) {
                Ok(why) => break assert_eq!(why, Interrupted::DeadlineExceeded),
                Err(late) => assert!(start.elapsed() < FOREVER, "{late}"),
            }
        }
    });
}

#[test]
fn an_aborted_request_says_so() {
    let pool = one_worker(8);
    let (gate, held) = hold_worker(&pool);
    let queued = PoolService::new(pool.clone(), |()| ()).call(());
    pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
    let aborted = pollster::block_on(queued);
    assert!(matches!(aborted, Err(PoolServiceError::Failed(JobError::Aborted))), "{aborted:?}");
    gate.open();
    finish(held);
}
