//! A half is part of its job, on whatever thread: what would wait for that job says so, and the pool is the job's.

use std::sync::mpsc;
use std::time::Duration;

use crate::common::{FOREVER, finish, one_worker, thread_name, with_workers, within_a_minute};
use crate::{inside, with_second_elsewhere};
use corepool::{JobError, JobHandle, Pool, Shutdown, WaitError, current_worker};

/// Each of these fails, as a hang, if the half elsewhere is not known to be part of its job.
#[test]
fn a_half_that_joins_its_own_job_would_deadlock() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let (give, own) = mpsc::channel::<[JobHandle<()>; 1]>();
        let (answer, answers) = mpsc::channel();
        let inner = pool.clone();
        let job = pool.submit(move || {
            let [own] = own.recv().unwrap();
            let ((), joined) = with_second_elsewhere(&inner, || (), || own.join());
            answer.send(joined).unwrap();
        });
        give.send([job.unwrap()]).unwrap();
        assert!(matches!(answers.recv_timeout(FOREVER).unwrap(), Err(JobError::WouldDeadlock)));
    });
}

#[test]
fn a_half_that_joins_its_own_job_with_a_time_out_would_deadlock_at_once() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let (give, own) = mpsc::channel::<JobHandle<()>>();
        let (answer, answers) = mpsc::channel();
        let inner = pool.clone();
        let job = pool.submit(move || {
            let own = own.recv().unwrap();
            let ((), joined) = with_second_elsewhere(&inner, || (), || own.join_timeout(Duration::MAX));
            answer.send(joined).unwrap();
        });
        give.send(job.unwrap()).unwrap();
        assert!(matches!(answers.recv_timeout(FOREVER).unwrap(), Ok(Err(JobError::WouldDeadlock))));
    });
}

#[test]
fn a_half_that_waits_for_its_pool_would_deadlock() {
    within_a_minute(|| {
        let (pool, helpers) = (with_workers(2), one_worker(1));
        let waits = |pool: &Pool| {
            [
                pool.shutdown(Shutdown::Drain, None).map(drop),
                pool.shutdown(Shutdown::Abort, Some(FOREVER)).map(drop),
                pool.wait_idle(None),
                pool.flush(None),
            ]
        };
        let all = [Err(WaitError::WouldDeadlock); 4];
        assert_eq!(inside(&pool, move |pool| with_second_elsewhere(pool, || waits(pool), || waits(pool))), (all, all));
        // On the worker of another pool, too.
        let others = helpers.clone();
        let elsewhere = move |pool: &Pool| with_second_elsewhere(&others, || waits(pool), || waits(pool));
        assert_eq!(inside(&pool, elsewhere), (all, all));
        // And that one may not wait for the pool that it belongs to.
        assert_eq!(with_second_elsewhere(&helpers, || (), || waits(&helpers)), ((), all));
        assert_eq!(inside(&pool, |_| 42), 42, "nothing was shut down");
    });
}

/// Fails if a half's pool is that of its thread and not that of its job.
#[test]
fn the_current_pool_of_a_half_is_its_jobs() {
    within_a_minute(|| {
        let (pool, helpers) = (with_workers(2), one_worker(1));
        let own = Some(pool.clone());
        let found = inside(&pool, |pool| with_second_elsewhere(pool, Pool::current, Pool::current));
        assert_eq!(found, (own.clone(), own.clone()));
        let others = helpers.clone();
        let found = inside(&pool, move |_| with_second_elsewhere(&others, Pool::current, Pool::current));
        assert_eq!(found, (own.clone(), own));
        assert_eq!(with_second_elsewhere(&helpers, Pool::current, || ()), (None, ()));
        assert_eq!(Pool::current(), None);
        assert_eq!(inside(&helpers, |_| Pool::current()), Some(helpers));
    });
}

/// Fails if a half is said to run on the worker that joins.
#[test]
fn the_current_worker_of_a_half_is_that_of_its_thread() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).thread_name("jn-index").build().unwrap();
        let whereabouts = || (current_worker(), thread_name());
        let (first, second) = inside(&pool, move |pool| with_second_elsewhere(pool, whereabouts, whereabouts));
        for (worker, name) in [&first, &second] {
            assert_eq!(*name, format!("jn-index-{}", worker.unwrap()));
        }
        assert_ne!(first, second);
        assert_eq!(with_second_elsewhere(&pool, current_worker, || current_worker().is_some()), (None, true));
    });
}

/// Fails if a half elsewhere submits as somebody from outside: it would wait for room that only its job can make.
#[test]
fn a_half_does_not_wait_for_room() {
    within_a_minute(|| {
        for helpers in [0, 1] {
            let pool = Pool::builder().workers(2).queue_capacity(1).build().unwrap();
            let helpers = (helpers == 1).then(|| one_worker(1));
            let others = helpers.clone();
            let submitted = inside(&pool, move |pool| {
                let submit = || (0..20).map(|n| pool.submit(move || n).unwrap()).collect::<Vec<_>>();
                with_second_elsewhere(others.as_ref().unwrap_or(pool), || (), submit).1
            });
            assert_eq!(submitted.into_iter().map(finish).sum::<i32>(), 190);
        }
    });
}
