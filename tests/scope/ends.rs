//! Scopes while the pool ends, and after that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::{Gate, assert_adds_up, hold_worker, one_worker, wait_until, with_workers, within_a_minute};
use crate::{Live, count};
use corepool::{JobError, Shutdown};

/// Fails if a job that nobody will run keeps the scope open, or its closure is kept.
#[test]
fn jobs_spawned_after_the_end_do_not_run() {
    within_a_minute(|| {
        let pool = with_workers(1);
        pool.shutdown(Shutdown::Drain, None).unwrap();
        let live = AtomicUsize::new(0);
        pool.scope(|scope| {
            let alive = Live::new(&live);
            let job = scope.spawn(move || drop(alive));
            assert!(matches!(job.join(), Err(JobError::Aborted)));
            assert_eq!(count(&live), 0);
            let alive = Live::new(&live);
            drop(scope.spawn(move || drop(alive)));
        });
        assert_eq!(count(&live), 0);
        assert_eq!(pool.stats().rejected, 2);
    });
}

/// Fails if what an abort leaves of the scope is waited for.
#[test]
fn an_abort_ends_queued_jobs_of_a_scope() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let live = AtomicUsize::new(0);
        thread::scope(|threads| {
            pool.scope(|scope| {
                let alive = Live::new(&live);
                let job = scope.spawn(move || drop(alive));
                threads.spawn(|| pool.shutdown(Shutdown::Abort, None).unwrap());
                assert!(matches!(job.join(), Err(JobError::Aborted)));
                assert_eq!(count(&live), 0);
            });
            gate.open();
        });
        held.join().unwrap();
        assert_adds_up(&pool.stats());
    });
}

/// While the pool drains, its jobs may still spawn.
#[test]
fn a_drain_waits_for_scopes_of_jobs() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let (begun, gate) = (Gate::new(), Gate::new());
        let job = {
            let (pool, begun, gate) = (pool.clone(), begun.clone(), gate.clone());
            move || {
                begun.open();
                gate.pass();
                let ran = AtomicUsize::new(0);
                pool.scope(|scope| (0..10).for_each(|_| drop(scope.spawn(|| ran.fetch_add(1, Ordering::Relaxed)))));
                ran.into_inner()
            }
        };
        let job = pool.submit(job).unwrap();
        begun.pass();
        thread::scope(|threads| {
            threads.spawn(|| pool.shutdown(Shutdown::Drain, None).unwrap());
            wait_until("the pool to close", || pool.submit(|| ()).is_err());
            gate.open();
        });
        assert_eq!(job.join().unwrap(), 10);
    });
}

/// A submitter that stands in line for room when the pool ends: its job is rejected, and with it resolved.
#[test]
fn a_spawn_that_waits_for_room_ends_with_the_pool() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.try_submit(|| ()).unwrap();
        let live = AtomicUsize::new(0);
        thread::scope(|threads| {
            threads.spawn(|| {
                wait_until("the spawn to stand in line", || pool.stats().waiting == 1);
                pool.shutdown(Shutdown::Abort, Some(std::time::Duration::ZERO)).unwrap();
            });
            pool.scope(|scope| {
                let alive = Live::new(&live);
                let job = scope.spawn(move || drop(alive));
                assert!(matches!(job.join(), Err(JobError::Aborted)));
            });
        });
        assert_eq!(count(&live), 0);
        gate.open();
        drop((held, queued));
    });
}
