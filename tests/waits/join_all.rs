//! Joining many jobs: newest first inside a job, so that another worker, which comes to the oldest, is of use.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::common::{
    EXPECTED, FOREVER, Gate, finish, hold_worker, one_worker, silence_expected_panics, within_a_minute,
};
use corepool::{JobError, JobHandle, Pool, join_all};

/// The values, of jobs that all have one.
fn values<T>(outcomes: Vec<Result<T, JobError>>) -> Vec<T> {
    outcomes.into_iter().map(Result::unwrap).collect()
}

#[test]
fn outside_of_jobs_the_outcomes_come_in_the_order_of_the_handles() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let jobs = (0..100).map(|n| pool.submit(move || n).unwrap());
        assert_eq!(values(join_all(jobs)), Vec::from_iter(0..100));
        assert!(join_all(Vec::<JobHandle<()>>::new()).is_empty());
    });
}

#[test]
fn the_only_worker_runs_the_newest_first() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (inner, order) = (pool.clone(), Arc::new(Mutex::new(Vec::new())));
        let log = Arc::clone(&order);
        let parent = pool.submit(move || {
            let child = |n| {
                let log = Arc::clone(&log);
                inner.submit(move || {
                    log.lock().unwrap().push(n);
                    n
                })
            };
            let children: Vec<_> = (0..5).map(|n| child(n).unwrap()).collect();
            // Somebody else's, which it leaves alone.
            child(9).unwrap().detach();
            join_all(children)
        });
        assert_eq!(values(finish(parent.unwrap())), [0, 1, 2, 3, 4]);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(*order.lock().unwrap(), [4, 3, 2, 1, 0, 9]);
    });
}

/// Each child waits for all others, so all workers must be at it, from both ends.
#[test]
fn two_workers_share_the_children() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let inner = pool.clone();
        let parent = pool.submit(move || {
            let [oldest, newest] = [Gate::new(), Gate::new()];
            let meet = |mine: &Gate, other: &Gate| {
                let (mine, other) = (mine.clone(), other.clone());
                move || {
                    mine.open();
                    other.pass();
                }
            };
            let first = inner.submit(meet(&oldest, &newest)).unwrap();
            let last = inner.submit(meet(&newest, &oldest)).unwrap();
            join_all([first, last])
        });
        assert_eq!(values(finish(parent.unwrap())), [(), ()]);
    });
}

#[test]
fn whatever_becomes_of_one_the_others_are_joined() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let (inner, slot) = (pool.clone(), Arc::new(Mutex::new(None::<JobHandle<u32>>)));
        let own = Arc::clone(&slot);
        let (begun, go) = (Gate::new(), Gate::new());
        let (begins, goes) = (begun.clone(), go.clone());
        let (tell, told) = std::sync::mpsc::channel();
        let parent = pool.submit(move || {
            begins.open();
            goes.pass();
            let cancelled = inner.submit(|| 1).unwrap();
            cancelled.cancel();
            let panics = inner.submit(|| panic!("{EXPECTED}a child")).unwrap();
            let myself = own.lock().unwrap().take().unwrap();
            let fine = inner.submit(|| 2).unwrap();
            tell.send(join_all([cancelled, panics, myself, fine])).unwrap();
            3
        });
        begun.pass();
        *slot.lock().unwrap() = Some(parent.unwrap());
        go.open();
        let outcomes = told.recv_timeout(FOREVER).unwrap();
        let [Err(JobError::Cancelled), Err(JobError::Panicked(_)), Err(JobError::WouldDeadlock), Ok(2)] = &outcomes[..]
        else {
            panic!("{outcomes:?}");
        };
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(pool.stats().completed, 2);
    });
}

#[test]
fn children_in_another_pool_are_run_here_too() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), one_worker(8));
        let (gate, held) = hold_worker(&there);
        let other = there.clone();
        let parent = here.submit(move || join_all((0..5).map(|n| other.submit(move || n).unwrap())));
        assert_eq!(values(finish(parent.unwrap())), [0, 1, 2, 3, 4]);
        gate.open();
        finish(held);
    });
}

#[test]
fn a_handle_that_is_spent_panics() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let mut spent = pool.submit(|| 1).unwrap();
        pool.wait_idle(None).unwrap();
        let ready = Pin::new(&mut spent).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(ready, Poll::Ready(Ok(1))));
        let panicked = catch_unwind(AssertUnwindSafe(|| join_all([pool.submit(|| 2).unwrap(), spent])));
        assert!(panicked.is_err());
    });
}
