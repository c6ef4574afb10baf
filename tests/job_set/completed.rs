//! `as_completed`: a fixed list of handles, as their jobs resolve.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Poll, Waker};

use crate::common::spy::Spy;
use crate::common::{
    EXPECTED, FOREVER, Gate, Log, asleep, finish, hold_worker, on_drop, one_worker, poll_once, silence_expected_panics,
    wait_until, with_workers, within_a_minute,
};
use corepool::{CancelToken, JobError, JobHandle, Pool, as_completed};

/// Fails if the outcomes come in the order of the handles, or with another's index.
#[test]
fn they_come_as_they_resolve_with_the_place_of_their_handle() {
    within_a_minute(|| {
        let pool = with_workers(3);
        let gates: Vec<Gate> = (0..3).map(|_| Gate::new()).collect();
        let handles = gates.iter().cloned().map(|gate| pool.submit(move || gate.pass()).unwrap());
        let mut jobs = as_completed(handles);
        assert_eq!(jobs.len(), 3);
        for n in [1, 2, 0] {
            gates[n].open();
            let (index, outcome) = jobs.next().unwrap();
            outcome.unwrap();
            assert_eq!(index, n);
        }
        assert!(jobs.next().is_none() && jobs.next().is_none());
        assert_eq!(as_completed(Vec::<JobHandle<()>>::new()).count(), 0);
    });
}

/// Fails if it makes a difference when the jobs have resolved: long ago, or of a handle that never had a pool.
#[test]
fn jobs_that_have_resolved_come_at_once_in_the_order_of_the_handles() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let done = pool.submit(|| 0).unwrap();
        pool.wait_idle(Some(FOREVER)).unwrap();
        let (gate, held) = hold_worker(&pool);
        let late = pool.submit(|| 1).unwrap();
        let mut jobs = as_completed([done, late, JobHandle::ready(2)]);
        assert_eq!(jobs.next().map(|(index, outcome)| (index, outcome.unwrap())), Some((0, 0)));
        assert_eq!(jobs.next().map(|(index, outcome)| (index, outcome.unwrap())), Some((2, 2)));
        gate.open();
        finish(held);
        assert_eq!(jobs.next().map(|(index, outcome)| (index, outcome.unwrap())), Some((1, 1)));
    });
}

/// Fails if more handles than a chunk of the list holds mix up their indices.
#[test]
fn ten_thousand_handles_keep_their_indices() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let jobs = as_completed((0..10_000_usize).map(|n| pool.submit(move || n).unwrap()));
        let mut seen = vec![false; 10_000];
        for (index, outcome) in jobs {
            assert_eq!(outcome.unwrap(), index);
            assert!(!std::mem::replace(&mut seen[index], true));
        }
        assert!(seen.into_iter().all(|seen| seen));
    });
}

/// Fails if jobs of one pool are waited for while those of another have resolved.
#[test]
fn handles_of_several_pools_come_together() {
    silence_expected_panics();
    within_a_minute(|| {
        let pools = [one_worker(8), one_worker(8), Pool::builder().inline().build().unwrap()];
        let (gate, held) = hold_worker(&pools[0]);
        let slow = pools[0].submit(|| 0).unwrap();
        let cancelled = pools[0].submit(|| 1).unwrap();
        cancelled.cancel();
        let fast = pools[1].submit(|| panic!("{EXPECTED}in another pool")).unwrap();
        let inline = pools[2].submit(|| 3).unwrap();
        // The oldest of them, as no thread runs it else.
        let mut jobs = as_completed([inline, slow, cancelled, fast]);
        let mut found: Vec<usize> = Vec::new();
        for _ in 0..3 {
            let (index, outcome) = jobs.next().unwrap();
            match (index, outcome) {
                (0, Ok(3)) | (2, Err(JobError::Cancelled)) | (3, Err(JobError::Panicked(_))) => found.push(index),
                other => panic!("{other:?}"),
            }
        }
        found.sort();
        assert_eq!(found, [0, 2, 3]);
        gate.open();
        finish(held);
        assert_eq!(jobs.next().map(|(index, outcome)| (index, outcome.unwrap())), Some((1, 0)));
    });
}

/// Fails if dropping the iterator cancels the rest.
#[test]
fn dropping_it_detaches_the_rest() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let log = Log::default();
        let jobs = as_completed((0..3).map(|n| pool.submit(log.job(n)).unwrap()));
        drop(jobs);
        gate.open();
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(log.read(), [0, 1, 2]);
    });
}

/// Fails if a handle that was polled before still wakes who polled it, or keeps its waker.
#[test]
fn who_has_polled_a_handle_before_does_not_wait_any_more() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (spy, mut job) = (Spy::new(), pool.submit(|| 1).unwrap());
        assert!(poll_once(&mut job, &spy.waker()).is_pending());
        let mut jobs = as_completed([job]);
        assert_eq!(spy.out(), 0);
        gate.open();
        finish(held);
        assert_eq!(jobs.next().unwrap().1.unwrap(), 1);
        assert_eq!(spy.woken(), 0);
    });
}

/// Fails if it hangs on a handle that has given its outcome away.
#[test]
fn a_handle_that_is_spent_panics() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let mut spent = JobHandle::ready(1);
        assert!(matches!(poll_once(&mut spent, Waker::noop()), Poll::Ready(Ok(1))));
        let handles = [pool.submit(|| 2).unwrap(), spent];
        assert!(catch_unwind(AssertUnwindSafe(|| as_completed(handles))).is_err());
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(pool.stats().completed, 1);
    });
}

/// Fails if who begins to wait for a job that has ended, but has not resolved, is not told: it is resolved by a thread that
/// waits for this one.
#[test]
fn a_job_that_ends_after_one_whose_destructor_waits_comes_out() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let token = CancelToken::new();
        let (dropping, taken) = (Gate::new(), Gate::new());
        let (drops, takes) = (dropping.clone(), taken.clone());
        let waits = on_drop(move || {
            drops.open();
            takes.pass();
        });
        let first = pool.job().token(&token).submit(move || drop(waits)).unwrap();
        let second = pool.job().token(&token).submit(|| ()).unwrap();
        let cancels = std::thread::spawn(move || token.cancel());
        dropping.pass();
        let mut jobs = as_completed([second]);
        assert!(matches!(jobs.next(), Some((0, Err(JobError::Cancelled)))));
        taken.open();
        cancels.join().unwrap();
        assert!(matches!(first.join(), Err(JobError::Cancelled)));
        gate.open();
        finish(held);
    });
}

/// Fails if who was told that a job has ended, and found that another thread is about to resolve it, is not told once it has.
#[test]
fn a_job_that_another_thread_is_about_to_resolve_comes_out() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let token = CancelToken::new();
        let (dropping, go) = (Gate::new(), Gate::new());
        let (drops, goes) = (dropping.clone(), go.clone());
        let waits = on_drop(move || {
            drops.open();
            goes.pass();
        });
        let first = pool.job().token(&token).submit(|| ()).unwrap();
        let second = pool.job().token(&token).submit(move || drop(waits)).unwrap();
        let mut jobs = as_completed([first, second]);
        let cancels = std::thread::spawn(move || token.cancel());
        dropping.pass();
        assert!(matches!(jobs.next(), Some((0, Err(JobError::Cancelled)))));
        let joins = std::thread::Builder::new().name("set-joins".to_owned()).spawn(move || jobs.next()).unwrap();
        wait_until("the thread to wait", || asleep("set-joins"));
        go.open();
        assert!(matches!(joins.join().unwrap(), Some((1, Err(JobError::Cancelled)))));
        cancels.join().unwrap();
        gate.open();
        finish(held);
    });
}
