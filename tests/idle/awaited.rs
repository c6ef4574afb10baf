//! The same from async code.

use std::task::{Poll, Waker};

use crate::common::spy::Spy;
use crate::common::{finish, hold_worker, one_worker, poll_once, wait_until, with_workers};
use corepool::{Pool, WaitError};

#[test]
fn a_flush_and_a_wait_for_an_idle_moment_can_be_awaited() {
    let pool = with_workers(2);
    for _ in 0..300 {
        let job = pool.submit(|| ()).unwrap();
        pollster::block_on(pool.flush_async()).unwrap();
        assert!(job.is_finished());

        let job = pool.submit(|| Pool::current().unwrap().submit(|| ()).unwrap()).unwrap();
        pollster::block_on(pool.wait_idle_async()).unwrap();
        assert!(job.is_finished() && finish(job).is_finished());
    }
}

#[test]
fn they_wake_their_task_when_it_may_go_on() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let (flush_spy, idle_spy) = (Spy::new(), Spy::new());
    let (mut flush, mut idle) = (pool.flush_async(), pool.wait_idle_async());
    assert_eq!(poll_once(&mut flush, &flush_spy.waker()), Poll::Pending);
    assert_eq!(poll_once(&mut idle, &idle_spy.waker()), Poll::Pending);
    gate.open();
    finish(held);
    pool.wait_idle(None).unwrap();
    wait_until("both are woken", || flush_spy.woken() > 0 && idle_spy.woken() > 0);
    assert_eq!(poll_once(&mut flush, Waker::noop()), Poll::Ready(Ok(())));
    assert_eq!(poll_once(&mut idle, Waker::noop()), Poll::Ready(Ok(())));
}

/// Both are woken for progress that is not what they wait for. The second comes back before the first does, or is dropped.
#[test]
fn a_future_that_was_woken_too_early_does_not_take_anothers_place() {
    for first_comes_back in [true, false] {
        let pool = with_workers(2);
        let (early, early_job) = hold_worker(&pool);
        let (first_spy, second_spy) = (Spy::new(), Spy::new());
        let (mut first, mut second) = (pool.wait_idle_async(), pool.wait_idle_async());
        assert_eq!(poll_once(&mut first, &first_spy.waker()), Poll::Pending);
        assert_eq!(poll_once(&mut second, &second_spy.waker()), Poll::Pending);
        let (late, late_job) = hold_worker(&pool);
        early.open();
        finish(early_job);
        wait_until("both are woken early", || first_spy.woken() == 1 && second_spy.woken() == 1);

        assert_eq!(poll_once(&mut second, &second_spy.waker()), Poll::Pending);
        if first_comes_back {
            assert_eq!(poll_once(&mut first, &first_spy.waker()), Poll::Pending);
        }
        drop(first);
        late.open();
        finish(late_job);
        wait_until("the second is woken again", || second_spy.woken() == 2);
        assert_eq!(poll_once(&mut second, Waker::noop()), Poll::Ready(Ok(())));
    }
}

#[test]
fn dropped_futures_leave_nothing_behind() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let spy = Spy::new();
    for _ in 0..10 {
        let (mut flush, mut idle) = (pool.flush_async(), pool.wait_idle_async());
        assert_eq!(poll_once(&mut flush, &spy.waker()), Poll::Pending);
        assert_eq!(poll_once(&mut idle, &spy.waker()), Poll::Pending);
    }
    assert_eq!(spy.out(), 0);
    gate.open();
    finish(held);
    pool.wait_idle(None).unwrap();
}

#[test]
fn on_a_worker_the_first_poll_is_an_error() {
    let pool = one_worker(10);
    let answers = || {
        let pool = Pool::current().unwrap();
        [pollster::block_on(pool.flush_async()), pollster::block_on(pool.wait_idle_async())]
    };
    assert_eq!(finish(pool.submit(answers).unwrap()), [Err(WaitError::WouldDeadlock); 2]);
}
