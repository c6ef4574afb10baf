//! Sets that are drained inside jobs.

use std::sync::{Arc, Mutex};

use crate::common::{FOREVER, Gate, Log, finish, hold_worker, one_worker, with_workers, within_a_minute};
use corepool::{JobError, JobSet, Pool, as_completed};

/// Fails if a wait on the only worker does not run the jobs it waits for, or runs others.
#[test]
fn the_only_worker_runs_the_jobs_of_the_set_oldest_first_and_no_other() {
    within_a_minute(|| {
        let pool = one_worker(16);
        let (inner, log) = (pool.clone(), Log::default());
        let own = log.clone();
        let parent = pool.submit(move || {
            let mut jobs = inner.job_set();
            inner.submit(own.job(100)).unwrap().detach();
            for n in 0..5 {
                jobs.submit(own.job(n)).unwrap();
            }
            let mut found = 0;
            while let Some(outcome) = jobs.join_next() {
                outcome.unwrap();
                found += 1;
                // One at a time: what it does not wait for yet is left to other workers.
                assert_eq!(own.read().len(), found);
                if found == 5 {
                    jobs.submit(own.job(5)).unwrap();
                }
            }
            found
        });
        assert_eq!(finish(parent.unwrap()), 6);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(log.read(), [0, 1, 2, 3, 4, 5, 100]);
    });
}

/// Fails if it does not claim in a list, or if the indices are mixed up.
#[test]
fn as_completed_works_on_a_single_worker_too() {
    within_a_minute(|| {
        let pool = one_worker(16);
        let inner = pool.clone();
        let parent = pool.submit(move || {
            let jobs: Vec<_> = (0..5).map(|n| inner.submit(move || 10 * n).unwrap()).collect();
            as_completed(jobs).map(|(index, outcome)| (index, outcome.unwrap())).collect::<Vec<_>>()
        });
        assert_eq!(finish(parent.unwrap()), (0..5).map(|n| (n, 10 * n)).collect::<Vec<_>>());
    });
}

/// Fails if sets within the jobs of sets hang, or if a job is run by whoever does not wait for it.
#[test]
fn sets_nest() {
    fn leaves(pool: &Pool, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let mut jobs = pool.job_set();
        for _ in 0..3 {
            let inner = pool.clone();
            jobs.submit(move || leaves(&inner, depth - 1)).unwrap();
        }
        std::iter::from_fn(|| jobs.join_next()).map(Result::unwrap).sum()
    }
    within_a_minute(|| {
        for workers in [1, 2] {
            let pool = with_workers(workers);
            let inner = pool.clone();
            assert_eq!(finish(pool.submit(move || leaves(&inner, 6)).unwrap()), 729);
        }
    });
}

/// Fails if a worker waits for a job that runs elsewhere before it has run those that are queued.
#[test]
fn a_worker_that_finds_the_oldest_begun_runs_the_next() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let inner = pool.clone();
        let parent = pool.submit(move || {
            let (begun, go) = (Gate::new(), Gate::new());
            let (begins, goes) = (begun.clone(), go.clone());
            let mut jobs = inner.job_set();
            jobs.submit(move || {
                begins.open();
                goes.pass();
                0
            })
            .unwrap();
            begun.pass();
            // The other worker is held by the first.
            jobs.submit(|| 1).unwrap();
            let first = jobs.join_next().unwrap().unwrap();
            go.open();
            (first, jobs.join_next().unwrap().unwrap())
        });
        assert_eq!(finish(parent.unwrap()), (1, 0));
    });
}

/// Fails if the jobs of a pool whose workers are busy are not run on a worker of another.
#[test]
fn jobs_of_another_pool_are_run_here_too() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), one_worker(8));
        let (gate, held) = hold_worker(&there);
        let mut jobs = there.job_set();
        (0..3).for_each(|n| jobs.submit(move || n).unwrap());
        let parent =
            here.submit(move || std::iter::from_fn(|| jobs.join_next()).map(Result::unwrap).collect::<Vec<_>>());
        assert_eq!(finish(parent.unwrap()), [0, 1, 2]);
        gate.open();
        finish(held);
    });
}

/// Fails if a job that waits for a set with itself in it hangs; others of the set still come out.
#[test]
fn a_job_that_waits_for_itself_is_told() {
    within_a_minute(|| {
        for after in [false, true] {
            let pool = one_worker(8);
            let slot: Arc<Mutex<Option<JobSet<usize>>>> = Arc::default();
            let (mine, go) = (Arc::clone(&slot), Gate::new());
            let goes = go.clone();
            let mut jobs = pool.job_set();
            let (tell, told) = std::sync::mpsc::channel();
            jobs.submit(move || {
                goes.pass();
                let mut jobs = mine.lock().unwrap().take().unwrap();
                while let Some(outcome) = jobs.join_next() {
                    tell.send(outcome).unwrap();
                }
                0
            })
            .unwrap();
            if after {
                jobs.submit(|| 1).unwrap();
            }
            *slot.lock().unwrap() = Some(jobs);
            go.open();
            let found: Vec<_> = told.iter().collect();
            match &found[..] {
                [Err(JobError::WouldDeadlock)] if !after => {}
                [Ok(1), Err(JobError::WouldDeadlock)] if after => {}
                other => panic!("{other:?}"),
            }
            pool.wait_idle(Some(FOREVER)).unwrap();
        }
    });
}

/// Fails if a set that one worker has waited for is taken for tried by another thread, which then waits for itself.
#[test]
fn a_set_may_move_between_threads_and_jobs() {
    within_a_minute(|| {
        let pool = one_worker(16);
        let (gate, held) = hold_worker(&pool);
        let mut jobs = pool.job_set();
        (0..4).for_each(|n| jobs.submit(move || n).unwrap());
        // Waits outside of the pool first.
        let outside = std::thread::spawn(move || {
            let first = jobs.join_next().unwrap().unwrap();
            (first, jobs)
        });
        gate.open();
        finish(held);
        let (first, mut jobs) = outside.join().unwrap();
        assert_eq!(first, 0);
        // Then in a job, with jobs that nobody else may run.
        let inner = pool.clone();
        let parent = pool.submit(move || {
            drop(inner);
            (4..8).for_each(|n| jobs.submit(move || n).unwrap());
            std::iter::from_fn(|| jobs.join_next()).map(Result::unwrap).collect::<Vec<_>>()
        });
        assert_eq!(finish(parent.unwrap()), (1..8).collect::<Vec<_>>());
    });
}

/// Fails if a job that awaits a set waits for the worker that it keeps itself.
#[test]
fn the_only_worker_may_await_a_set() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let inner = pool.clone();
        let parent = pool.submit(move || {
            let mut jobs = inner.job_set();
            (0..4).for_each(|n| jobs.submit(move || n).unwrap());
            let next = || pollster::block_on(jobs.join_next_async());
            std::iter::from_fn(next).map(Result::unwrap).collect::<Vec<_>>()
        });
        assert_eq!(finish(parent.unwrap()), [0, 1, 2, 3]);
    });
}

/// Fails if an own job is not told of that somebody else has tried to run, who has handed the set on.
#[test]
fn a_job_that_is_given_its_set_is_told() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let inner = pool.clone();
        let parent = pool.submit(move || {
            let (give, given) = std::sync::mpsc::channel::<JobSet<usize>>();
            let (begun, (tell, told)) = (Gate::new(), std::sync::mpsc::channel());
            let (begins, mut jobs) = (begun.clone(), inner.job_set());
            jobs.submit(move || {
                begins.open();
                let mut jobs = given.recv().unwrap();
                tell.send(jobs.join_next()).unwrap();
                0
            })
            .unwrap();
            begun.pass();
            jobs.submit(|| 1).unwrap();
            assert_eq!(jobs.join_next().unwrap().unwrap(), 1);
            give.send(jobs).unwrap();
            told.recv().unwrap()
        });
        let outcome = finish(parent.unwrap());
        assert!(matches!(outcome, Some(Err(JobError::WouldDeadlock))), "{outcome:?}");
    });
}
