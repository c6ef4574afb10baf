//! What ends a set's jobs, or the set.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{
    FOREVER, Gate, Log, hold_worker, one_worker, until_stopped, wait_until, with_workers, within_a_minute,
};
use corepool::{Interrupted, JobError, Pool, Shutdown};

/// Fails if cancelling takes jobs out, leaves queued ones, or does not ask running ones.
#[test]
fn cancelled_jobs_come_out() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (begun, log) = (Gate::new(), Log::default());
        let mut jobs = pool.job_set();
        let begins = begun.clone();
        jobs.submit(move || {
            begins.open();
            Some(until_stopped())
        })
        .unwrap();
        begun.pass();
        for n in 0..3 {
            let job = log.job(n);
            jobs.submit(move || {
                job();
                None
            })
            .unwrap();
        }
        jobs.cancel_all();
        assert_eq!(jobs.len(), 4);
        let (mut cancelled, mut stopped) = (0, 0);
        while let Some(outcome) = jobs.join_next() {
            match outcome {
                Err(JobError::Cancelled) => cancelled += 1,
                Ok(Some(Interrupted::Cancelled)) => stopped += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((cancelled, stopped, log.read()), (3, 1, vec![]));
    });
}

/// Fails if one of the jobs begins while others are cancelled: the worker comes free in the middle.
#[test]
fn no_job_begins_while_they_are_cancelled() {
    within_a_minute(|| {
        for (is_first, is_dropped) in [(true, true), (true, false), (false, true), (false, false)] {
            let pool = one_worker(8);
            let (gate, held) = hold_worker(&pool);
            let (log, watched) = (Log::default(), pool.clone());
            let frees = crate::common::on_drop(move || {
                gate.open();
                // The worker is done with what it was held by, and has come to what is queued.
                held.join().unwrap();
                watched.submit(|| ()).unwrap().join_timeout(FOREVER).unwrap().unwrap();
            });
            let (mut frees, mut jobs) = (Some(frees), pool.job_set());
            for n in 0..6 {
                let (job, frees) = (log.job(n), frees.take_if(|_| n == if is_first { 0 } else { 5 }));
                jobs.submit(move || {
                    drop(frees);
                    job();
                })
                .unwrap();
            }
            if is_dropped {
                drop(jobs);
            } else {
                jobs.cancel_all();
                let outcomes = Vec::from_iter(std::iter::from_fn(|| jobs.join_next()));
                assert!(outcomes.len() == 6 && outcomes.iter().all(|it| matches!(it, Err(JobError::Cancelled))));
            }
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert_eq!(log.read(), [], "{is_first}, {is_dropped}");
        }
    });
}

/// Fails if a set that is dropped lets queued jobs run, or running ones go on.
#[test]
fn dropping_a_set_cancels_its_jobs() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (begun, log, why) = (Gate::new(), Log::default(), std::sync::mpsc::channel());
        let mut jobs = pool.job_set();
        let (begins, tell) = (begun.clone(), why.0);
        jobs.submit(move || {
            begins.open();
            tell.send(until_stopped()).unwrap();
        })
        .unwrap();
        begun.pass();
        jobs.submit(log.job(1)).unwrap();
        drop(jobs);
        assert_eq!(pool.stats().cancelled, 1, "at once");
        assert_eq!(why.1.recv_timeout(FOREVER).unwrap(), Interrupted::Cancelled);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(log.read(), []);
    });
}

/// Fails if detached jobs are cancelled, or still come out.
#[test]
fn detached_jobs_run_on_and_do_not_come_out() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let log = Log::default();
        let mut jobs = pool.job_set();
        (0..3).for_each(|n| jobs.submit(log.job(n)).unwrap());
        jobs.detach_all();
        assert!(jobs.is_empty() && jobs.join_next().is_none());
        jobs.submit(log.job(3)).unwrap();
        gate.open();
        held.join().unwrap();
        jobs.join_next().unwrap().unwrap();
        assert!(jobs.join_next().is_none());
        drop(jobs);
        assert_eq!(log.read(), [0, 1, 2, 3]);
    });
}

/// Fails if a set is left without a way to hear of the jobs that come after detached ones.
#[test]
fn jobs_that_come_after_detached_ones_come_out() {
    within_a_minute(|| {
        let (pool, begun, go) = (with_workers(2), Gate::new(), Gate::new());
        let (begins, goes) = (begun.clone(), go.clone());
        let mut jobs = pool.job_set();
        jobs.submit(|| 0).unwrap();
        jobs.detach_all();
        jobs.submit(move || {
            begins.open();
            goes.pass();
            1
        })
        .unwrap();
        begun.pass();
        jobs.submit(|| 2).unwrap();
        assert_eq!(jobs.join_next().unwrap().unwrap(), 2);
        go.open();
        assert_eq!(jobs.join_next().unwrap().unwrap(), 1);
    });
}

/// Fails if a set forgets what it was waiting with: the outcomes of detached jobs keep nothing of it.
#[test]
fn what_nobody_takes_is_dropped_with_the_set() {
    within_a_minute(|| {
        let (pool, owned) = (one_worker(8), Arc::new(()));
        let mut jobs = pool.job_set();
        for _ in 0..3 {
            let owned = Arc::clone(&owned);
            jobs.submit(move || owned).unwrap();
        }
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(Arc::strong_count(&owned), 4);
        drop(jobs.join_next());
        drop(jobs);
        wait_until("the worker to let go", || Arc::strong_count(&owned) == 1);
    });
}

/// Fails if a drained pool loses outcomes of a set, or takes new jobs.
#[test]
fn a_pool_that_drains_completes_the_jobs() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let mut jobs = pool.job_set();
        (0..3).for_each(|n| jobs.submit(move || n).unwrap());
        pool.begin_shutdown(Shutdown::Drain).unwrap();
        assert_eq!(jobs.submit(|| 9).unwrap_err().into_job()(), 9);
        gate.open();
        held.join().unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
        let found: Vec<i32> = std::iter::from_fn(|| jobs.join_next()).map(Result::unwrap).collect();
        assert_eq!(found, [0, 1, 2]);
    });
}

/// Fails if who waits for a set hangs when its pool aborts.
#[test]
fn a_pool_that_aborts_gives_the_jobs_back_as_aborted() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let mut jobs = pool.job_set();
        let begun = Gate::new();
        let begins = begun.clone();
        jobs.submit(move || {
            begins.open();
            Some(until_stopped())
        })
        .unwrap();
        begun.pass();
        (0..3).for_each(|_| jobs.submit(|| None).unwrap());
        let other = pool.clone();
        let aborts = std::thread::spawn(move || other.shutdown(Shutdown::Abort, None).unwrap());
        let (mut aborted, mut stopped) = (0, 0);
        while let Some(outcome) = jobs.join_next() {
            match outcome {
                Err(JobError::Aborted) => aborted += 1,
                Ok(Some(Interrupted::ShuttingDown)) => stopped += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((aborted, stopped), (3, 1));
        aborts.join().unwrap();
    });
}

/// Fails if the set does not keep its pool open, or its drop waits for the pool before it has cancelled.
#[test]
fn a_set_may_be_the_last_to_hold_its_pool() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let mut jobs = pool.job_set();
        drop(pool);
        jobs.submit(|| 42).unwrap();
        assert_eq!(jobs.join_next().unwrap().ok(), Some(42));
        jobs.submit(|| {
            until_stopped();
            0
        })
        .unwrap();
        drop(jobs);
    });
}

/// Fails if a set of an inline pool waits for threads that there are not.
#[test]
fn the_jobs_of_an_inline_pool_run_where_they_are_waited_for() {
    within_a_minute(|| {
        let pool = Pool::builder().inline().build().unwrap();
        let log = Log::default();
        let mut jobs = pool.job_set();
        (0..4).for_each(|n| jobs.submit(log.job(n)).unwrap());
        assert_eq!(log.read(), [], "submitting runs none");
        jobs.join_next().unwrap().unwrap();
        assert_eq!(log.read(), [0]);
        jobs.try_join_next().unwrap().unwrap();
        assert_eq!(log.read(), [0, 1]);
        pollster::block_on(jobs.join_next_async()).unwrap().unwrap();
        assert_eq!(log.read(), [0, 1, 2]);
        jobs.job().timeout(Duration::ZERO).submit(|| ()).unwrap();
        jobs.try_join_next().unwrap().unwrap();
        assert!(matches!(jobs.try_join_next(), Some(Err(JobError::Expired))));
        jobs.submit(log.job(4)).unwrap();
        drop(jobs);
        assert_eq!((pool.run_pending(), log.read()), (0, vec![0, 1, 2, 3]));
    });
}
