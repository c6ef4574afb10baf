//! One token for many jobs: what is queued ends at once, what is in line is given back, what runs is asked, and what
//! comes later does not run.

mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use common::spy::Spy;
use common::{
    EXPECTED, FOREVER, Gate, assert_all_workers_alive, finish, hold_worker, is_cancelled, on_drop, one_worker, outcome,
    poll_once, ready, rounds, silence_expected_panics, spin, until_stopped, wait_until, within_a_minute,
};
use corepool::{
    Cancel, CancelToken, Interrupted, JobError, JobHandle, Pool, Shutdown, SubmitError, SubmitErrorKind, checkpoint,
};

/// All four ways to submit a job of one token. None of them waits here.
fn by_all_verbs<F>(pool: &Pool, token: &CancelToken, job: impl Fn() -> F) -> [Result<JobHandle<i32>, SubmitError<F>>; 4]
where
    F: FnOnce() -> i32 + Send + 'static,
{
    let with_token = || pool.job().token(token);
    let mut submit = Box::pin(with_token().submit_async(job()));
    let submitted = ready(poll_once(&mut submit, Waker::noop()));
    [with_token().submit(job()), with_token().try_submit(job()), with_token().submit_timeout(job(), FOREVER), submitted]
}

// Jobs that are queued.

#[test]
fn one_token_ends_the_queued_jobs_of_several_pools_at_once() {
    let pools = [one_worker(100), one_worker(100), one_worker(100)];
    let held: Vec<_> = pools.iter().map(hold_worker).collect();
    let (token, payload) = (CancelToken::new(), Arc::new(()));
    let jobs: Vec<_> = (0..90)
        .map(|n| {
            let payload = Arc::clone(&payload);
            pools[n % 3].job().token(&token).submit(move || drop(payload)).unwrap()
        })
        .collect();
    let others: Vec<_> = pools.iter().map(|pool| pool.submit(|| 42).unwrap()).collect();
    assert!(!token.is_cancelled());
    token.cancel();
    assert!(token.is_cancelled());
    assert_eq!(Arc::strong_count(&payload), 1, "every closure is gone");
    assert!(jobs.into_iter().all(is_cancelled), "although every worker is busy");
    for pool in &pools {
        assert_eq!((pool.stats().cancelled, pool.stats().queued), (30, 1));
    }
    for (gate, held) in held {
        gate.open();
        finish(held);
    }
    others.into_iter().for_each(|job| assert_eq!(finish(job), 42));
}

#[test]
fn closures_are_dropped_on_the_cancelling_thread_before_their_handles_resolve() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let token = CancelToken::new();
    let (report, reports) = std::sync::mpsc::channel();
    let slot: Arc<Mutex<Option<JobHandle<()>>>> = Arc::default();
    let seen = Arc::clone(&slot);
    let closure = on_drop(move || {
        let is_finished = seen.lock().unwrap().as_ref().map(JobHandle::is_finished);
        report.send((thread::current().id(), is_finished)).unwrap();
    });
    *slot.lock().unwrap() = Some(pool.job().token(&token).submit(move || drop(closure)).unwrap());
    token.cancel();
    assert_eq!(reports.try_recv(), Ok((thread::current().id(), Some(false))));
    let job = slot.lock().unwrap().take().unwrap();
    assert!(is_cancelled(job));
    gate.open();
    finish(held);
}

#[test]
fn clones_are_the_same_token_and_twice_is_once() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let token = CancelToken::new();
    let clone = token.clone();
    let jobs = [&token, &clone].map(|token| pool.job().token(token).submit(|| ()).unwrap());
    clone.cancel();
    assert!(token.is_cancelled() && clone.is_cancelled());
    assert!(jobs.into_iter().all(is_cancelled));
    token.cancel();
    clone.cancel();
    assert_eq!(pool.stats().cancelled, 2);
    assert!(!CancelToken::default().is_cancelled(), "another token is another token");
    gate.open();
    finish(held);
}

#[test]
fn a_token_that_is_dropped_cancels_nothing() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let token = CancelToken::new();
    let job = pool.job().token(&token).submit(|| 42).unwrap();
    let builder = pool.job().token(&token);
    drop(token);
    let later = builder.submit(|| 43).unwrap();
    gate.open();
    assert_eq!((finish(job), finish(later)), (42, 43));
    finish(held);
}

#[test]
fn the_last_token_said_is_the_jobs_token() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let (first, last) = (CancelToken::new(), CancelToken::new());
    let job = pool.job().token(&first).token(&last).submit(|| ()).unwrap();
    first.cancel();
    assert!(!job.is_finished());
    last.cancel();
    assert!(is_cancelled(job));
    gate.open();
    finish(held);
}

#[test]
fn jobs_that_have_run_keep_their_outcomes() {
    let pool = one_worker(100);
    let token = CancelToken::new();
    let jobs: Vec<_> = (0..50).map(|n| pool.job().token(&token).submit(move || n).unwrap()).collect();
    pool.wait_idle(Some(FOREVER)).unwrap();
    token.cancel();
    assert_eq!(jobs.into_iter().map(finish).collect::<Vec<_>>(), Vec::from_iter(0..50));
    assert_eq!(pool.stats().cancelled, 0);
}

#[test]
fn a_token_outlives_its_pools() {
    let token = CancelToken::new();
    for _ in 0..10 {
        let pool = one_worker(10);
        pool.job().token(&token).submit(|| ()).unwrap().detach();
    }
    token.cancel();
    let pool = one_worker(10);
    assert!(is_cancelled(pool.job().token(&token).submit(|| ()).unwrap()));
}

#[test]
fn fifo_holds_around_the_jobs_a_token_takes_out() {
    const JOBS: usize = 3_000;
    let pool = one_worker(JOBS);
    let (gate, held) = hold_worker(&pool);
    let (token, ran) = (CancelToken::new(), Arc::new(Mutex::new(Vec::new())));
    for n in 0..JOBS {
        let ran = Arc::clone(&ran);
        let job = move || ran.lock().unwrap().push(n);
        let builder = pool.job();
        let builder = if n % 3 == 1 { builder.token(&token) } else { builder };
        builder.try_submit(job).unwrap().detach();
    }
    token.cancel();
    assert_eq!(pool.stats().queued, (JOBS - JOBS / 3) as u64);
    gate.open();
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(*ran.lock().unwrap(), Vec::from_iter((0..JOBS).filter(|n| n % 3 != 1)));
}

// Cancelled before the job is submitted.

#[test]
fn submitted_after_the_end_a_job_is_accepted_and_cancelled_by_every_verb() {
    for full in [false, true] {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = full.then(|| pool.try_submit(|| ()).unwrap());
        let (token, payload) = (CancelToken::new(), Arc::new(()));
        token.cancel();
        let before = pool.stats();
        let jobs = by_all_verbs(&pool, &token, || {
            let payload = Arc::clone(&payload);
            move || Arc::strong_count(&payload) as i32
        });
        assert_eq!(Arc::strong_count(&payload), 1);
        assert!(jobs.into_iter().all(|job| is_cancelled(job.unwrap())));
        let after = pool.stats();
        assert_eq!((after.submitted, after.cancelled), (before.submitted + 4, before.cancelled + 4));
        assert_eq!((after.queued, after.rejected), (before.queued, before.rejected), "it takes no place");
        gate.open();
        finish(held);
        queued.into_iter().for_each(finish);
    }
}

#[test]
fn a_pool_that_is_shut_down_takes_no_ended_job_either() {
    for mode in [Shutdown::Drain, Shutdown::Abort] {
        let pool = one_worker(1);
        pool.shutdown(mode, Some(FOREVER)).unwrap();
        let token = CancelToken::new();
        token.cancel();
        for rejected in by_all_verbs(&pool, &token, || || 42) {
            let rejected = rejected.unwrap_err();
            assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
            assert_eq!(rejected.into_job()(), 42);
        }
        assert_eq!((pool.stats().submitted, pool.stats().rejected), (0, 4));
    }
}

// Cancelled while the job is in line.

#[test]
fn in_line_the_closure_comes_back_and_the_next_moves_up() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.try_submit(|| ()).unwrap();
        let (token, spy) = (CancelToken::new(), Spy::new());
        thread::scope(|scope| {
            let in_line = |n| wait_until("them to stand in line", || pool.stats().waiting == n);
            let waits = scope.spawn(|| pool.job().token(&token).submit(|| 1));
            in_line(1);
            let waits_a_while = scope.spawn(|| pool.job().token(&token).submit_timeout(|| 2, FOREVER));
            in_line(2);
            let mut future = Box::pin(pool.job().token(&token).submit_async(|| 3));
            let waker = spy.waker();
            assert!(poll_once(&mut future, &waker).is_pending());
            let stays = scope.spawn(|| pool.submit(|| 42).unwrap());
            in_line(4);
            token.cancel();
            in_line(1);
            let rejected = waits.join().unwrap().unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::Cancelled, 1));
            let rejected = waits_a_while.join().unwrap().unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::Cancelled, 2));
            assert_eq!(spy.woken(), 1);
            let rejected = ready(poll_once(&mut future, Waker::noop())).unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::Cancelled, 3));
            assert_eq!((pool.stats().rejected, pool.stats().cancelled), (3, 0));
            assert_eq!(queued.cancel(), Cancel::Dequeued);
            let stays = stays.join().unwrap();
            gate.open();
            assert_eq!(finish(stays), 42);
        });
        finish(held);
    });
}

#[test]
fn the_place_of_a_queued_job_is_not_handed_to_one_in_line_of_the_same_token() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let token = CancelToken::new();
        let queued = pool.job().token(&token).submit(|| 0).unwrap();
        thread::scope(|scope| {
            let in_line = |n| wait_until("them to stand in line", || pool.stats().waiting == n);
            let same = scope.spawn(|| pool.job().token(&token).submit(|| 1));
            in_line(1);
            let other = scope.spawn(|| pool.submit(|| 2).unwrap());
            in_line(2);
            token.cancel();
            assert!(is_cancelled(queued));
            let rejected = same.join().unwrap();
            let other = other.join().unwrap();
            gate.open();
            assert_eq!(finish(other), 2);
            let rejected = rejected.unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::Cancelled, 1));
        });
        finish(held);
    });
}

// Races.

/// Meets the other thread at a number, without going to sleep: what follows is to race.
fn meet(here: &AtomicUsize, there: &AtomicUsize, n: usize) {
    here.store(n, Ordering::SeqCst);
    wait_until("the other thread", || there.load(Ordering::SeqCst) >= n);
}

/// Of one token after the other: three jobs are submitted with it while it is cancelled.
fn cancel_while_jobs_are_submitted(pool: &Pool, tokens: usize) {
    let (submitter, canceller) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tokens = Vec::from_iter((0..tokens).map(|_| CancelToken::new()));
    thread::scope(|scope| {
        scope.spawn(|| {
            for (round, token) in tokens.iter().enumerate() {
                meet(&submitter, &canceller, 2 * round + 1);
                let jobs = [(); 3].map(|()| pool.job().token(token).submit(|| ()).unwrap());
                meet(&submitter, &canceller, 2 * round + 2);
                assert!(jobs.into_iter().all(is_cancelled), "a job is left behind");
            }
        });
        for (round, token) in tokens.iter().enumerate() {
            meet(&canceller, &submitter, 2 * round + 1);
            spin(round % 64);
            token.cancel();
            meet(&canceller, &submitter, 2 * round + 2);
        }
    });
}

#[test]
fn a_token_cancelled_while_jobs_are_submitted_leaves_none_queued() {
    const BATCHES: usize = if cfg!(debug_assertions) { 60 } else { 200 };
    within_a_minute(|| {
        let pool = one_worker(1_000);
        let (gate, held) = hold_worker(&pool);
        for (batch, _) in (1..).zip(rounds(BATCHES)) {
            cancel_while_jobs_are_submitted(&pool, 1_000);
            assert_eq!((pool.stats().queued, pool.stats().cancelled), (0, 3_000 * batch));
        }
        gate.open();
        finish(held);
    });
}

#[test]
fn a_token_cancelled_on_the_way_into_the_line_turns_the_job_away() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.try_submit(|| ()).unwrap();
        let (token, spy) = (CancelToken::new(), Spy::new());
        let mut submit = Box::pin(pool.job().token(&token).submit_async(|| 42));
        // It is cloned when the queue has been found full and the job is in no list yet.
        spy.on_clone(move || token.cancel());
        let rejected = ready(poll_once(&mut submit, &spy.waker()));
        let rejected = rejected.unwrap_err();
        assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::Cancelled, 42));
        assert_eq!((pool.stats().waiting, pool.stats().rejected), (0, 1));
        gate.open();
        finish(held);
        finish(queued);
    });
}

#[test]
fn a_token_cancelled_while_jobs_get_in_line_and_out_of_it_ends_them_all() {
    const ROUNDS: usize = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).queue_capacity(1).build().unwrap();
        let (mut ran, mut cancelled, mut turned_away) = (0, 0, 0);
        for round in rounds(ROUNDS) {
            let token = CancelToken::new();
            thread::scope(|scope| {
                let submitters: Vec<_> = (0..3)
                    .map(|n| {
                        let (pool, token) = (&pool, &token);
                        scope.spawn(move || {
                            let spins = || spin(100);
                            let job = pool.job().token(token);
                            match n {
                                0 => job.submit(spins),
                                1 => job.submit_timeout(spins, FOREVER),
                                _ => pollster::block_on(job.submit_async(spins)),
                            }
                        })
                    })
                    .collect();
                spin(round % 500);
                token.cancel();
                for submitter in submitters {
                    match submitter.join().unwrap() {
                        Ok(job) => match outcome(job) {
                            Ok(()) => ran += 1,
                            Err(JobError::Cancelled) => cancelled += 1,
                            Err(other) => panic!("{other}"),
                        },
                        Err(rejected) => {
                            assert_eq!(rejected.kind(), SubmitErrorKind::Cancelled);
                            turned_away += 1;
                        }
                    }
                }
            });
        }
        let stats = pool.stats();
        assert_eq!((stats.completed, stats.cancelled, stats.rejected), (ran, cancelled, turned_away));
        assert_eq!((stats.waiting, stats.queued, stats.busy), (0, 0, 0));
    });
}

#[test]
fn several_threads_may_cancel_one_token_at_once() {
    const ROUNDS: usize = 300;
    within_a_minute(|| {
        let pool = one_worker(100);
        let (gate, held) = hold_worker(&pool);
        for _ in 0..ROUNDS {
            let token = CancelToken::new();
            let jobs: Vec<_> = (0..20).map(|_| pool.job().token(&token).submit(|| ()).unwrap()).collect();
            thread::scope(|scope| {
                (0..3).for_each(|_| drop(scope.spawn(|| token.cancel())));
            });
            assert!(jobs.into_iter().all(is_cancelled));
        }
        assert_eq!(pool.stats().cancelled, 20 * ROUNDS as u64);
        gate.open();
        finish(held);
    });
}

// From within jobs and destructors.

#[test]
fn running_jobs_are_asked() {
    within_a_minute(|| {
        let pools = [one_worker(1), one_worker(1)];
        let token = CancelToken::new();
        let running: Vec<_> = pools
            .iter()
            .map(|pool| {
                let started = Gate::new();
                let starts = started.clone();
                let job = pool.job().token(&token).submit(move || {
                    assert_eq!(checkpoint(), Ok(()));
                    starts.open();
                    until_stopped()
                });
                started.pass();
                job.unwrap()
            })
            .collect();
        token.cancel();
        for job in running {
            assert_eq!(finish(job), Interrupted::Cancelled);
        }
        assert!(pools.iter().all(|pool| pool.stats().completed == 1), "a job that ran has not been cancelled");
    });
}

#[test]
fn a_job_may_cancel_its_own_token() {
    let pool = one_worker(10);
    let token = CancelToken::new();
    let (gate, held) = hold_worker(&pool);
    let own = token.clone();
    let first = pool.job().token(&token).submit(move || {
        own.cancel();
        checkpoint()
    });
    let rest: Vec<_> = (0..5).map(|_| pool.job().token(&token).submit(|| ()).unwrap()).collect();
    gate.open();
    finish(held);
    assert_eq!(finish(first.unwrap()), Err(Interrupted::Cancelled));
    assert!(rest.into_iter().all(is_cancelled), "they ended while it ran");
}

#[test]
fn destructors_of_cancelled_closures_may_panic_and_cancel_and_submit() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(100);
        let (gate, held) = hold_worker(&pool);
        let (token, other) = (CancelToken::new(), CancelToken::new());
        let others: Vec<_> = (0..5).map(|_| pool.job().token(&other).submit(|| ()).unwrap()).collect();
        let submitted: Arc<Mutex<Vec<JobHandle<i32>>>> = Arc::default();
        let governed = |job| pool.job().token(&token).submit(job).unwrap();
        let jobs: Vec<_> = (0..10)
            .map(|n| {
                let (pool, token, other, submitted) =
                    (pool.clone(), token.clone(), other.clone(), Arc::clone(&submitted));
                let closure = on_drop(move || match n % 3 {
                    0 => panic!("{EXPECTED}a closure that bursts"),
                    1 => {
                        other.cancel();
                        token.cancel();
                    }
                    _ => {
                        let jobs = [&token, &CancelToken::new()].map(|t| pool.job().token(t).submit(|| 42).unwrap());
                        submitted.lock().unwrap().extend(jobs);
                    }
                });
                governed(move || drop(closure))
            })
            .collect();
        token.cancel();
        assert!(jobs.into_iter().chain(others).all(is_cancelled));
        gate.open();
        finish(held);
        let submitted = std::mem::take(&mut *submitted.lock().unwrap());
        assert_eq!(submitted.len(), 6);
        for (n, job) in submitted.into_iter().enumerate() {
            match n % 2 {
                0 => assert!(is_cancelled(job), "submitted with a token that had ended"),
                _ => assert_eq!(finish(job), 42),
            }
        }
        assert_all_workers_alive(&pool);
    });
}

#[test]
fn a_token_whose_last_clone_goes_with_its_own_job_is_no_cycle() {
    let payload = Arc::new(());
    for run in [true, false] {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let token = CancelToken::new();
        let inside = (token.clone(), Arc::clone(&payload));
        let job = pool.job().token(&token).submit(move || drop(inside)).unwrap();
        if !run {
            token.cancel();
            assert_eq!(Arc::strong_count(&payload), 1);
        }
        drop(token);
        gate.open();
        finish(held);
        assert_eq!(outcome(job).is_ok(), run);
        assert_eq!(Arc::strong_count(&payload), 1);
    }
}

#[test]
fn a_future_in_line_is_forgotten_by_its_token_when_it_is_dropped() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let queued = pool.try_submit(|| ()).unwrap();
    let token = CancelToken::new();
    let submit: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(pool.job().token(&token).submit_async(|| ()));
    let mut submit = submit;
    assert!(poll_once(&mut submit, Waker::noop()).is_pending());
    drop(submit);
    token.cancel();
    assert_eq!((pool.stats().waiting, pool.stats().rejected, pool.stats().cancelled), (0, 1, 0));
    gate.open();
    finish(held);
    outcome(queued).unwrap();
    assert!(pool.submit_timeout(|| (), Duration::ZERO).is_ok());
}
