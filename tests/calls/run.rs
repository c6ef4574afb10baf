//! `run` submits and joins in one, with one error; on a worker of the pool the job runs there, at once.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    EXPECTED, FOREVER, Gate, Log, assert_adds_up, finish, hold_worker, on_drop, one_worker, rounds,
    silence_expected_panics, until_stopped, wait_until, with_workers, within_a_minute,
};
use crate::{Bomb, as_a_guest, inside};
use corepool::{
    CancelToken, Interrupted, JobError, Pool, RunError, Shutdown, SubmitErrorKind, checkpoint, current_worker,
};

/// Calls from outside, and then in a job on the only worker of the same pool.
fn from_both_sides(pool: &Pool, call: impl Fn(&Pool) + Clone + Send + 'static) {
    call(pool);
    inside(pool, move || call(&Pool::current().unwrap()));
}

/// A closure that must not run, and a look at whether it is gone.
fn must_not_run() -> (impl FnOnce() + Send + 'static, Arc<()>) {
    let seen = Arc::new(());
    let captured = Arc::clone(&seen);
    (move || panic!("it ran, with {captured:?}"), seen)
}

fn is_gone(captured: &Arc<()>) -> bool {
    Arc::strong_count(captured) == 1
}

#[test]
fn a_value_comes_back() {
    within_a_minute(|| {
        let pool = one_worker(1);
        from_both_sides(&pool, |pool| {
            assert_eq!(pool.run(|| 6 * 7).unwrap(), 42);
            assert_eq!(pool.job().name("answer").timeout(FOREVER).run(|| 6 * 7).unwrap(), 42);
        });
    });
}

#[test]
fn a_panic_is_a_failure_whose_source_tells_which_job_and_why() {
    silence_expected_panics();
    within_a_minute(|| {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let hook = Arc::clone(&reports);
        let pool = Pool::builder()
            .workers(1)
            .on_panic(move |panic| hook.lock().unwrap().push(panic.message().to_owned()))
            .build()
            .unwrap();
        from_both_sides(&pool, |pool| {
            let failed = pool.job().name("thumbnail").run(|| -> u32 { panic!("{EXPECTED}no disk") }).unwrap_err();
            assert_eq!(failed.to_string(), "the job failed");
            let source = failed.source().unwrap().to_string();
            assert!(source.contains("\"thumbnail\"") && source.contains(file!()), "{source}");
            let RunError::Failed(JobError::Panicked(panic)) = failed else { panic!("{failed:?}") };
            assert_eq!((panic.message(), panic.job_name()), ("expected: no disk", Some("thumbnail")));
        });
        assert_eq!(*reports.lock().unwrap(), ["expected: no disk"; 2]);
        assert_eq!((pool.stats().panicked, pool.stats().completed), (2, 1));
    });
}

#[test]
fn a_job_that_has_ended_before_does_not_run() {
    within_a_minute(|| {
        let pool = one_worker(1);
        from_both_sides(&pool, |pool| {
            let token = CancelToken::new();
            token.cancel();
            let (job, captured) = must_not_run();
            let cancelled = pool.job().token(&token).run(job);
            assert!(matches!(cancelled, Err(RunError::Failed(JobError::Cancelled))) && is_gone(&captured));
            let (job, captured) = must_not_run();
            let expired = pool.job().deadline(Instant::now()).run(job);
            assert!(matches!(expired, Err(RunError::Failed(JobError::Expired))) && is_gone(&captured));
        });
        pool.wait_idle(None).unwrap();
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.cancelled, stats.expired, stats.completed), (5, 2, 2, 1));
    });
}

#[test]
fn a_pool_that_is_closed_rejects_the_job_and_drops_it() {
    within_a_minute(|| {
        // Where nobody is left to run it: from outside, and on a worker that has left its loop.
        let rejections = Arc::new(Mutex::new(Vec::new()));
        let hook = Arc::clone(&rejections);
        let reject = move |pool: &Pool| {
            let (job, captured) = must_not_run();
            let rejected = pool.run(job).unwrap_err();
            assert_eq!(rejected.to_string(), "the job was not accepted");
            assert_eq!(rejected.source().unwrap().to_string(), "the pool is shut down");
            assert!(matches!(rejected, RunError::Rejected(SubmitErrorKind::ShutDown)));
            hook.lock().unwrap().push(is_gone(&captured));
        };
        let stop = reject.clone();
        let pool = Pool::builder().workers(1).on_worker_stop(move |_| stop(&Pool::current().unwrap())).build().unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
        reject(&pool);
        assert_eq!(*rejections.lock().unwrap(), [true; 2]);
        assert_eq!((pool.stats().submitted, pool.stats().rejected), (0, 2));
    });
}

#[test]
fn a_rejected_closure_that_bursts_is_contained() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(1);
        let reject = |pool: &Pool| {
            let bomb = Bomb;
            let rejected = pool.run(move || drop(bomb));
            assert!(matches!(rejected, Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
            let bomb = Bomb;
            let rejected = pollster::block_on(pool.run_async(move || drop(bomb)));
            assert!(matches!(rejected, Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
        };
        inside(&pool, move || {
            let pool = Pool::current().unwrap();
            pool.begin_shutdown(Shutdown::Abort).unwrap();
            reject(&pool);
        });
        reject(&pool);
    });
}

#[test]
fn from_outside_it_waits_for_room() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| ()).unwrap();
        thread::scope(|scope| {
            let in_line = scope.spawn(|| pool.run(|| 42));
            wait_until("it stands in line", || pool.stats().waiting == 1);
            gate.open();
            assert_eq!(in_line.join().unwrap().unwrap(), 42);
        });
        finish(held);
        finish(queued);
    });
}

#[test]
fn a_deadline_or_a_token_ends_the_wait_for_room() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| ()).unwrap();
        let (job, captured) = must_not_run();
        let late = pool.job().timeout(Duration::from_millis(1)).run(job);
        assert!(matches!(late, Err(RunError::Rejected(SubmitErrorKind::TimedOut))) && is_gone(&captured));
        let (token, (job, captured)) = (CancelToken::new(), must_not_run());
        thread::scope(|scope| {
            let in_line = scope.spawn(|| pool.job().token(&token).run(job));
            wait_until("it stands in line", || pool.stats().waiting == 1);
            token.cancel();
            assert!(matches!(in_line.join().unwrap(), Err(RunError::Rejected(SubmitErrorKind::Cancelled))));
        });
        assert!(is_gone(&captured));
        gate.open();
        finish(held);
        finish(queued);
    });
}

#[test]
fn on_a_worker_it_runs_there_at_once_although_the_queue_is_full() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (log, go) = (Log::default(), Gate::new());
        let job = {
            let (log, go) = (log.clone(), go.clone());
            pool.submit(move || {
                go.pass();
                let pool = Pool::current().unwrap();
                let here = || (thread::current().id(), current_worker());
                let first = log.job(1);
                let (where_it_ran, stats) = pool
                    .run(move || {
                        first();
                        (here(), Pool::current().unwrap().stats())
                    })
                    .unwrap();
                assert_eq!(where_it_ran, here());
                assert_eq!((stats.busy, stats.queued, stats.submitted), (2, 1, 3));
                assert_adds_up(&stats);
                log.write(2);
            })
            .unwrap()
        };
        let queued = loop {
            // Full until the first job has been taken out.
            if let Ok(queued) = pool.try_submit(log.job(3)) {
                break queued;
            }
        };
        go.open();
        finish(job);
        finish(queued);
        assert_eq!(log.read(), [1, 2, 3]);
    });
}

#[test]
fn on_a_worker_it_runs_while_the_pool_drains_and_not_once_it_aborts() {
    within_a_minute(|| {
        let pool = one_worker(1);
        inside(&pool, || {
            let pool = Pool::current().unwrap();
            pool.begin_shutdown(Shutdown::Drain).unwrap();
            assert_eq!(pool.run(|| 1).unwrap(), 1);
            pool.begin_shutdown(Shutdown::Abort).unwrap();
            let (job, captured) = must_not_run();
            assert!(matches!(pool.run(job), Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
            assert!(is_gone(&captured));
        });
        let report = pool.shutdown(Shutdown::Abort, None).unwrap();
        assert_eq!((report.completed, report.aborted), (2, 0));
    });
}

#[test]
fn what_runs_as_its_pool_aborts_is_asked_to_stop_and_still_gives_its_value() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let asked = inside(&pool, || {
            let pool = Pool::current().unwrap();
            let abort = || Pool::current().unwrap().begin_shutdown(Shutdown::Abort).unwrap();
            pool.run(move || (checkpoint(), abort(), checkpoint())).unwrap()
        });
        assert_eq!(asked, (Ok(()), (), Err(Interrupted::ShuttingDown)));
    });
}

#[test]
fn what_waits_from_outside_as_its_pool_aborts_has_failed() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (job, captured) = must_not_run();
        thread::scope(|scope| {
            let waits = scope.spawn(|| pool.run(job));
            wait_until("it is queued", || pool.stats().queued == 1);
            pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
            assert!(matches!(waits.join().unwrap(), Err(RunError::Failed(JobError::Aborted))));
        });
        assert!(is_gone(&captured));
        gate.open();
        finish(held);
    });
}

#[test]
fn it_nests_on_one_worker() {
    fn sum(depth: u64) -> u64 {
        match depth {
            0 => 0,
            depth => Pool::current().unwrap().run(move || sum(depth - 1)).unwrap() + depth,
        }
    }
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).queue_capacity(1).stack_size(64 << 20).build().unwrap();
        assert_eq!(pool.run(|| sum(1_000)).unwrap(), 500_500);
        assert_eq!(pool.stats().completed, 1_001);
        assert_adds_up(&pool.stats());
    });
}

#[test]
fn a_job_that_runs_elsewhere_may_run_others_of_its_pool() {
    within_a_minute(|| {
        // Its own worker waits for it, so nobody else could run them.
        let there = one_worker(1);
        let pool = there.clone();
        let ran = as_a_guest(&there, move || {
            let here = thread::current().id();
            pool.run(move || (thread::current().id() == here, Pool::current())).unwrap()
        });
        assert_eq!(ran, (true, Some(there)));
    });
}

#[test]
fn a_job_of_another_pool_that_runs_here_may_run_others_of_this_one() {
    within_a_minute(|| {
        let (here, there) = (one_worker(1), one_worker(1));
        let (gate, held) = hold_worker(&there);
        let own = here.clone();
        let guest = there.submit(move || own.run(|| (thread::current().id(), Pool::current())).unwrap()).unwrap();
        let (worker, (ran_on, pool)) = inside(&here, move || (thread::current().id(), guest.join().unwrap()));
        assert_eq!((ran_on, pool), (worker, Some(here.clone())));
        gate.open();
        finish(held);
        assert_eq!(here.stats().completed, 2);
        assert_eq!(there.stats().completed, 2);
    });
}

#[test]
fn checkpoint_speaks_for_it_and_then_for_who_ran_it_again() {
    const ASKED: Result<(), Interrupted> = Err(Interrupted::Cancelled);
    silence_expected_panics();
    within_a_minute(|| {
        let (pool, outer) = (one_worker(1), CancelToken::new());
        let token = outer.clone();
        let job = pool.job().token(&outer).submit(move || {
            let (pool, inner) = (Pool::current().unwrap(), CancelToken::new());
            let request = inner.clone();
            let asks = move || (checkpoint(), request.cancel(), checkpoint());
            // Cancelled while it runs, which its parent is not.
            assert_eq!(pool.job().token(&inner).run(asks).unwrap(), (Ok(()), (), ASKED));
            assert_eq!(checkpoint(), Ok(()));
            let limited = pool.job().run_limit(Duration::ZERO).run(until_stopped);
            assert_eq!(limited.unwrap(), Interrupted::RunLimitExceeded);
            let late = pool.job().timeout(Duration::from_millis(20)).run(until_stopped);
            // Or it has not even begun by then.
            assert!(matches!(late, Ok(Interrupted::DeadlineExceeded) | Err(RunError::Failed(JobError::Expired))));
            assert_eq!(checkpoint(), Ok(()));
            // The other way round.
            token.cancel();
            assert_eq!(pool.run(checkpoint).unwrap(), Ok(()));
            pool.run(|| panic!("{EXPECTED}and after a panic")).unwrap_err();
            assert_eq!(checkpoint(), ASKED);
        });
        finish(job.unwrap());
    });
}

#[test]
fn a_start_hook_may_run_jobs() {
    within_a_minute(|| {
        let pool = Pool::builder()
            .workers(2)
            .on_worker_start(|index| {
                let ran_on = Pool::current().unwrap().run(current_worker).unwrap();
                assert_eq!(ran_on, Some(index));
            })
            .build()
            .unwrap();
        assert_eq!(pool.stats().completed, 2);
        assert_adds_up(&pool.stats());
        pool.wait_idle(None).unwrap();
    });
}

#[test]
fn the_counts_add_up_at_every_moment() {
    const EACH: u64 = 500;
    silence_expected_panics();
    within_a_minute(|| {
        let (pool, done) = (with_workers(2), AtomicBool::new(false));
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    assert_adds_up(&pool.stats());
                }
            });
            let callers = [0, 1, 2].map(|_| {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let nested = || Pool::current().unwrap().run(|| panic!("{EXPECTED}half of them")).is_err();
                        assert!(pool.run(nested).unwrap());
                    }
                })
            });
            callers.into_iter().for_each(|caller| caller.join().unwrap());
            done.store(true, Ordering::SeqCst);
            watcher.join().unwrap();
        });
        let stats = pool.stats();
        assert_eq!((stats.completed, stats.panicked, stats.submitted), (3 * EACH, 3 * EACH, 6 * EACH));
        pool.wait_idle(None).unwrap();
    });
}

#[test]
fn a_drain_waits_for_what_its_jobs_run() {
    within_a_minute(|| {
        for _ in rounds(200) {
            let (pool, ran) = (one_worker(8), Arc::new(AtomicBool::new(false)));
            let tell = on_drop({
                let ran = Arc::clone(&ran);
                move || ran.store(true, Ordering::SeqCst)
            });
            let job = pool.submit(|| {
                let pool = Pool::current().unwrap();
                for _ in 0..10 {
                    pool.run(thread::yield_now).unwrap();
                }
                drop(tell);
            });
            job.unwrap().detach();
            drop(pool);
            assert!(ran.load(Ordering::SeqCst));
        }
    });
}
