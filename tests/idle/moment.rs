//! `wait_idle` returns at a moment at which nothing is queued, waits in line or runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::{
    FOREVER, finish, hold_worker, one_worker, rounds, spin, wait_until, with_workers, within_a_minute,
};
use corepool::{Pool, Shutdown, WaitError};

const MOMENT: Duration = Duration::from_millis(20);

/// A binary tree of jobs, each of which submits its two children and does not wait for them.
fn grow(depth: u32, grown: &Arc<AtomicU32>) {
    grown.fetch_add(1, Ordering::SeqCst);
    if depth > 1 {
        for _ in 0..2 {
            let grown = Arc::clone(grown);
            Pool::current().unwrap().submit(move || grow(depth - 1, &grown)).unwrap().detach();
        }
    }
}

#[test]
fn it_waits_for_all_that_jobs_submit() {
    for workers in 1..=3 {
        let pool = with_workers(workers);
        for _ in 0..200 {
            let grown = Arc::new(AtomicU32::new(0));
            let root = Arc::clone(&grown);
            pool.submit(move || grow(6, &root)).unwrap().detach();
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert_eq!(grown.load(Ordering::SeqCst), 63);
        }
    }
}

#[test]
fn it_waits_for_who_stands_in_line() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let queued = pool.submit(|| ()).unwrap();
    thread::scope(|scope| {
        let in_line = scope.spawn(|| pool.submit(|| ()).unwrap());
        wait_until("a submitter in line", || pool.stats().waiting == 1);
        let waiter = scope.spawn(|| pool.wait_idle(Some(FOREVER)).unwrap());
        assert_eq!(pool.wait_idle(Some(MOMENT)), Err(WaitError::TimedOut));
        gate.open();
        waiter.join().unwrap();
        assert!(held.is_finished() && queued.is_finished() && in_line.join().unwrap().is_finished());
    });
}

#[test]
fn it_does_not_return_while_there_is_always_a_job() {
    let pool = with_workers(2);
    let (mut gate, mut held) = hold_worker(&pool);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| pool.wait_idle(Some(FOREVER)).unwrap());
        for _ in 0..300 {
            let (next_gate, next_held) = hold_worker(&pool);
            gate.open();
            finish(held);
            (gate, held) = (next_gate, next_held);
        }
        assert!(!waiter.is_finished());
        gate.open();
        finish(held);
        waiter.join().unwrap();
    });
}

/// Between two jobs of such a submitter the pool is idle, for less than a woken thread needs to come and look.
#[test]
fn an_idle_moment_that_is_over_at_once_is_not_missed() {
    for workers in [1, 2] {
        let pool = with_workers(workers);
        for _ in rounds(300) {
            let (gate, held) = hold_worker(&pool);
            thread::scope(|scope| {
                let waiter = scope.spawn(|| pool.wait_idle(Some(FOREVER)).expect("a moment that was missed"));
                gate.open();
                finish(held);
                while !waiter.is_finished() {
                    pool.submit(|| spin(20)).unwrap().join().unwrap();
                }
            });
        }
    }
}

#[test]
fn who_gives_up_leaves_the_others_waiting() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    thread::scope(|scope| {
        let waiters = [(); 2].map(|()| scope.spawn(|| pool.wait_idle(Some(FOREVER))));
        for _ in 0..3 {
            assert_eq!(pool.wait_idle(Some(MOMENT)), Err(WaitError::TimedOut));
        }
        gate.open();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Ok(()));
        }
    });
    finish(held);
}

#[test]
fn a_worker_cannot_wait_for_its_own_pool() {
    let pool = one_worker(10);
    let answers = || {
        let pool = Pool::current().unwrap();
        [None, Some(Duration::ZERO)].map(|time| pool.wait_idle(time) == Err(WaitError::WouldDeadlock))
    };
    assert_eq!(finish(pool.submit(answers).unwrap()), [true; 2]);
}

#[test]
fn an_idle_and_an_ended_pool_are_idle_at_once() {
    within_a_minute(|| {
        let pool = with_workers(2);
        pool.wait_idle(None).unwrap();
        finish(pool.submit(|| ()).unwrap());
        pool.wait_idle(None).unwrap();
        pool.wait_idle(Some(Duration::ZERO)).unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
        pool.wait_idle(Some(Duration::ZERO)).unwrap();
    });
}
