//! Sets that are polled and awaited.

use std::task::{Context, Poll, Waker};

use crate::common::spy::Spy;
use crate::common::{
    FOREVER, Gate, finish, hold_worker, one_worker, poll_once, silence_expected_panics, wait_until, with_workers,
    within_a_minute,
};
use corepool::JobSet;

fn poll<T>(jobs: &mut JobSet<T>, waker: &Waker) -> Poll<Option<T>> {
    jobs.poll_join_next(&mut Context::from_waker(waker)).map(|next| next.map(Result::unwrap))
}

/// Fails if the waker of a poll is not woken, is woken more than once, or is kept.
#[test]
fn a_poll_leaves_a_waker_that_is_woken_once() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (old, spy) = (Spy::new(), Spy::new());
        let mut jobs = pool.job_set();
        assert_eq!(poll(&mut jobs, &spy.waker()), Poll::Ready(None));
        (0..3).for_each(|n| jobs.submit(move || n).unwrap());
        assert!(poll(&mut jobs, &old.waker()).is_pending());
        assert!(poll(&mut jobs, &spy.waker()).is_pending());
        assert_eq!((old.out(), spy.out(), spy.woken()), (0, 1, 0));
        gate.open();
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!((old.woken(), spy.woken(), spy.out()), (0, 1, 0));
        for n in 0..3 {
            assert_eq!(poll(&mut jobs, &spy.waker()), Poll::Ready(Some(n)));
        }
        assert_eq!(poll(&mut jobs, &spy.waker()), Poll::Ready(None));
    });
}

/// Fails if a future that is dropped halfway takes an outcome along, or leaves its waker.
#[test]
fn a_future_that_is_dropped_loses_no_outcome() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (spy, mut jobs) = (Spy::new(), pool.job_set());
        jobs.submit(|| 42).unwrap();
        let mut next = jobs.join_next_async();
        assert!(poll_once(&mut next, &spy.waker()).is_pending());
        drop(next);
        assert_eq!(spy.out(), 0);
        gate.open();
        finish(held);
        // Woken or not, it is dropped again.
        drop(jobs.join_next_async());
        assert_eq!(pollster::block_on(jobs.join_next_async()).unwrap().ok(), Some(42));
        assert!(pollster::block_on(jobs.join_next_async()).is_none());
        assert_eq!(spy.woken(), 0);
    });
}

/// Fails if a wake-up is lost between a look and a wait.
#[test]
fn each_outcome_can_be_awaited() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let mut jobs = pool.job_set();
        let (mut sum, mut next) = (0, 0_u64);
        pollster::block_on(async {
            while next < 20_000 {
                for _ in 0..next % 7 + 1 {
                    let n = next;
                    jobs.submit_async(move || n).await.unwrap();
                    next += 1;
                }
                while let Some(outcome) = jobs.join_next_async().await {
                    sum += outcome.unwrap();
                }
            }
        });
        assert_eq!(sum, (0..next).sum());
    });
}

/// Fails if the waker of a set that is gone is kept by a job of its that still runs.
#[test]
fn a_set_that_is_dropped_lets_go_of_its_waker() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (begun, go) = (Gate::new(), Gate::new());
        let (begins, goes) = (begun.clone(), go.clone());
        let (spy, mut jobs) = (Spy::new(), pool.job_set());
        jobs.submit(move || {
            begins.open();
            goes.pass();
        })
        .unwrap();
        begun.pass();
        assert!(poll(&mut jobs, &spy.waker()).is_pending());
        assert_eq!(spy.out(), 1);
        drop(jobs);
        assert_eq!((spy.out(), spy.woken()), (0, 0));
        go.open();
    });
}

/// Fails if a waker runs under a lock that the set needs, or its panic gets out and takes the worker down.
#[test]
fn wakers_may_use_the_pool_and_panic() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (spy, mut jobs) = (Spy::new(), pool.job_set());
        (0..2).for_each(|n| jobs.submit(move || n).unwrap());
        let other = pool.clone();
        spy.on_clone(move || assert_eq!(other.stats().completed, 0));
        assert!(poll(&mut jobs, &spy.waker()).is_pending());
        let other = pool.clone();
        spy.on_wake(move || {
            other.submit(|| ()).unwrap().join().unwrap();
            std::panic::resume_unwind(Box::new("from a waker"));
        });
        gate.open();
        finish(held);
        assert_eq!(jobs.join_next().unwrap().ok(), Some(0));
        assert_eq!(jobs.join_next().unwrap().ok(), Some(1));
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(spy.woken(), 1);
        finish(pool.submit(|| ()).unwrap());
    });
}

/// Fails if who waits on a thread hangs because somebody has polled before, or the other way round.
#[test]
fn a_set_can_be_polled_and_joined_in_turn() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (spy, mut jobs) = (Spy::new(), pool.job_set());
        for n in 0..1_000 {
            jobs.submit(move || n).unwrap();
            let found = match poll(&mut jobs, &spy.waker()) {
                Poll::Ready(found) => found,
                Poll::Pending => jobs.join_next().map(Result::unwrap),
            };
            assert_eq!(found, Some(n));
        }
        // What was joined may be about to wake who has polled.
        wait_until("the last waker to be dropped", || spy.out() == 0);
    });
}
