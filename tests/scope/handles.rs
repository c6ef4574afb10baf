//! Handles of jobs in a scope: as those of other jobs, and what is left when they are dropped.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use crate::common::{Gate, hold_worker, one_worker, until_stopped, wait_until, with_workers, within_a_minute};
use crate::{Live, count};
use corepool::{Cancel, Interrupted, JobError};

#[test]
fn a_handle_waits_asks_and_looks() {
    within_a_minute(|| {
        let (pool, gate) = (with_workers(1), Gate::new());
        let number = 42;
        pool.scope(|scope| {
            let job = scope.spawn(|| {
                gate.pass();
                &number
            });
            assert!(!job.is_finished());
            let job = job.try_join().expect_err("it waits at the gate");
            let job = job.join_timeout(Duration::from_millis(1)).expect_err("it waits at the gate");
            gate.open();
            wait_until("the job to end", || job.is_finished());
            assert_eq!(job.cancel(), Cancel::Finished);
            assert_eq!(job.try_join().expect("it has ended").unwrap(), &number);
            let job = scope.spawn(|| &number);
            assert_eq!(job.join_timeout(Duration::MAX).expect("there is no limit").unwrap(), &number);
        });
    });
}

/// Fails if the closure of a job that is cancelled is kept, or it keeps the scope from ending.
#[test]
fn a_queued_job_is_cancelled_at_once() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let live = AtomicUsize::new(0);
        pool.scope(|scope| {
            let alive = Live::new(&live);
            let job = scope.spawn(move || drop(alive));
            assert_eq!((job.cancel(), count(&live)), (Cancel::Dequeued, 0));
            assert!(matches!(job.join(), Err(JobError::Cancelled)));
        });
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn a_running_job_is_asked_to_stop() {
    within_a_minute(|| {
        let (pool, begun) = (with_workers(1), Gate::new());
        let why = pool.scope(|scope| {
            let job = scope.spawn(|| {
                begun.open();
                until_stopped()
            });
            begun.pass();
            assert_eq!(job.cancel(), Cancel::Requested);
            job.join().unwrap()
        });
        assert_eq!(why, Interrupted::Cancelled);
    });
}

/// A job that joins itself, or what waits for it, would wait for ever.
#[test]
fn a_job_that_is_joined_by_itself_says_so() {
    use std::sync::mpsc;

    within_a_minute(|| {
        let pool = with_workers(1);
        let live = AtomicUsize::new(0);
        pool.scope(|scope| {
            let (send, receive) = mpsc::channel::<corepool::ScopedJobHandle<'_, Live<'_>>>();
            let job = scope.spawn({
                let live = &live;
                move || {
                    let own = receive.recv().unwrap();
                    assert!(matches!(own.join(), Err(JobError::WouldDeadlock)));
                    Live::new(live)
                }
            });
            send.send(job).unwrap();
        });
        assert_eq!(count(&live), 0, "nobody was left to take its value");
    });
}

/// A job's value may be the handle of another, which then ends with it or is joined later.
#[test]
fn a_handle_may_be_the_value_of_another_job() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let live = AtomicUsize::new(0);
        pool.scope(|scope| {
            let outer = scope.spawn(|| scope.spawn(|| Live::new(&live)));
            drop(outer.join().unwrap().join().unwrap());
            drop(scope.spawn(|| scope.spawn(|| Live::new(&live))));
        });
        assert_eq!(count(&live), 0);
    });
}
