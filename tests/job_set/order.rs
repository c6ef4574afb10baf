//! What comes out of a set, and when.

use crate::common::{
    EXPECTED, Gate, finish, hold_worker, message_of, one_worker, rounds, silence_expected_panics, with_workers,
    within_a_minute,
};
use corepool::{CancelToken, JobError};
use std::time::Duration;

/// Fails if a job that has not resolved holds up one that has.
#[test]
fn outcomes_come_as_the_jobs_resolve() {
    within_a_minute(|| {
        let pool = with_workers(3);
        let gates: Vec<Gate> = (0..3).map(|_| Gate::new()).collect();
        let mut jobs = pool.job_set();
        for (n, gate) in gates.iter().cloned().enumerate() {
            jobs.submit(move || {
                gate.pass();
                n
            })
            .unwrap();
        }
        for n in [2, 0, 1] {
            assert!(jobs.try_join_next().is_none());
            gates[n].open();
            assert_eq!(jobs.join_next().unwrap().unwrap(), n);
        }
        assert!(jobs.join_next().is_none());
    });
}

/// Fails if what has resolved while nobody waited is not found, or what has not is waited for.
#[test]
fn outcomes_that_nobody_waited_for_are_found_behind_a_job_that_runs() {
    within_a_minute(|| {
        let (pool, begun, go) = (with_workers(2), Gate::new(), Gate::new());
        let (begins, goes) = (begun.clone(), go.clone());
        let mut jobs = pool.job_set();
        jobs.submit(move || {
            begins.open();
            goes.pass();
            0
        })
        .unwrap();
        begun.pass();
        assert!(jobs.try_join_next().is_none());
        for n in 1..4 {
            jobs.submit(move || n).unwrap();
        }
        // The other worker is done with them.
        finish(pool.submit(|| ()).unwrap());
        let mut found: Vec<usize> = std::iter::from_fn(|| jobs.try_join_next()).map(Result::unwrap).collect();
        found.sort_unstable();
        assert_eq!((found, jobs.len()), (vec![1, 2, 3], 1));
        go.open();
        assert_eq!(jobs.join_next().unwrap().unwrap(), 0);
    });
}

/// Fails if any way to end is lost, comes twice, or ends others.
#[test]
fn each_job_comes_out_once_whatever_became_of_it() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(64);
        let (gate, held) = hold_worker(&pool);
        let (token, mut jobs) = (CancelToken::new(), pool.job_set());
        jobs.submit(|| 1).unwrap();
        jobs.job().name("bad").submit(|| panic!("{EXPECTED}a job of a set")).unwrap();
        jobs.job().token(&token).submit(|| 2).unwrap();
        jobs.job().timeout(Duration::from_millis(1)).submit(|| 3).unwrap();
        jobs.submit(|| 4).unwrap();
        // Although the only worker is busy.
        assert!(matches!(jobs.join_next(), Some(Err(JobError::Expired))));
        token.cancel();
        assert!(matches!(jobs.join_next(), Some(Err(JobError::Cancelled))));
        assert!(jobs.try_join_next().is_none());
        assert_eq!(jobs.len(), 3);
        gate.open();
        held.join().unwrap();
        assert_eq!(jobs.join_next().unwrap().unwrap(), 1);
        match jobs.join_next() {
            Some(Err(JobError::Panicked(panic))) => assert_eq!(panic.job_name(), Some("bad")),
            other => panic!("{other:?}"),
        }
        assert_eq!(jobs.join_next().unwrap().unwrap(), 4);
        assert!(jobs.join_next().is_none() && jobs.try_join_next().is_none());
        assert_eq!(pool.stats().panicked, 1);
    });
}

/// Fails if a job that ended before it was submitted never comes out.
#[test]
fn a_job_that_had_ended_before_it_was_submitted_comes_out() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (token, mut jobs) = (CancelToken::new(), pool.job_set());
        token.cancel();
        jobs.job().token(&token).submit(|| ()).unwrap();
        assert!(matches!(jobs.try_join_next(), Some(Err(JobError::Cancelled))));
        jobs.job().deadline(std::time::Instant::now()).try_submit(|| ()).unwrap();
        assert!(matches!(jobs.try_join_next(), Some(Err(JobError::Expired))));
    });
}

/// Fails if many jobs that one token ends are looked at before they have resolved, and then forgotten.
#[test]
fn all_jobs_of_a_token_come_out() {
    within_a_minute(|| {
        for _ in rounds(200) {
            let pool = with_workers(2);
            let (token, mut jobs) = (CancelToken::new(), pool.job_set());
            for n in 0..100 {
                jobs.job().token(&token).submit(move || n).unwrap();
            }
            let other = std::thread::spawn(move || token.cancel());
            let mut found = 0;
            while let Some(outcome) = jobs.join_next() {
                assert!(matches!(outcome, Ok(0..100) | Err(JobError::Cancelled)), "{outcome:?}");
                found += 1;
            }
            assert_eq!(found, 100);
            other.join().unwrap();
        }
    });
}

/// Fails if a place that came free in the set is mixed up with the job that had it before.
#[test]
fn a_set_that_grows_while_it_is_drained_gives_each_value_once() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let mut jobs = pool.job_set();
        let mut seen = vec![0; 20_000];
        let (mut next, most) = (0, seen.len());
        let mut submit = |jobs: &mut corepool::JobSet<usize>, some: usize| {
            for n in next..most.min(next + some) {
                jobs.submit(move || n).unwrap();
            }
            next = most.min(next + some);
        };
        submit(&mut jobs, 100);
        while let Some(outcome) = jobs.join_next() {
            let n = outcome.unwrap();
            seen[n] += 1;
            // By what a job gave.
            submit(&mut jobs, n % 3);
            if jobs.is_empty() {
                submit(&mut jobs, 50);
            }
        }
        assert!(seen.iter().all(|times| *times == 1));
    });
}

/// Fails if a value that is set free with its set takes the thread down.
#[test]
fn a_set_is_shown_and_counts_its_jobs() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let mut jobs = pool.job_set();
        assert!(jobs.is_empty() && jobs.join_next().is_none());
        jobs.submit(|| panic!("{EXPECTED}counted")).unwrap();
        jobs.submit(|| ()).unwrap();
        assert_eq!(jobs.len(), 2);
        assert!(format!("{jobs:?}").starts_with("JobSet { jobs: 2, "), "{jobs:?}");
        gate.open();
        assert!(message_of(jobs.join_next().unwrap()).contains("counted"));
        assert_eq!(jobs.len(), 1);
        held.join().unwrap();
        jobs.join_next().unwrap().unwrap();
        assert!(jobs.is_empty());
    });
}
