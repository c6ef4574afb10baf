//! A job learns through its checkpoints that it should stop: the innermost one on the thread, and nobody else.

mod common;

use std::cell::RefCell;
use std::sync::mpsc;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use common::{
    EXPECTED, FOREVER, Gate, finish, hold_worker, on_drop, one_worker, poll_once, ready, silence_expected_panics, spin,
    until_stopped, wait_until, within_a_minute,
};
use corepool::{Cancel, CancelToken, Interrupted, JobError, JobHandle, Pool, Shutdown, WaitError, checkpoint};

const ASKED: Result<(), Interrupted> = Err(Interrupted::Cancelled);

/// Submits `body`, waits until it runs, cancels it, and lets it go on: gives what it gives.
fn cancelled_while_running<T: Send + 'static>(pool: &Pool, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (started, go) = (Gate::new(), Gate::new());
    let (starts, goes) = (started.clone(), go.clone());
    let job = pool.submit(move || {
        starts.open();
        goes.pass();
        body()
    });
    started.pass();
    let job = job.unwrap();
    assert_eq!(job.cancel(), Cancel::Requested);
    go.open();
    finish(job)
}

#[test]
fn outside_of_jobs_it_is_fine() {
    assert_eq!(checkpoint(), Ok(()));
    let pool = one_worker(1);
    assert_eq!(cancelled_while_running(&pool, || thread::spawn(checkpoint).join().unwrap()), Ok(()));
    pool.shutdown(Shutdown::Abort, Some(FOREVER)).unwrap();
    assert_eq!(checkpoint(), Ok(()));
}

#[test]
fn a_job_that_nobody_stops_goes_on() {
    let pool = one_worker(1);
    assert_eq!(finish(pool.submit(checkpoint).unwrap()), Ok(()));
    let token = CancelToken::new();
    let job = pool.job().name("named").token(&token).timeout(FOREVER).submit(checkpoint).unwrap();
    assert_eq!(finish(job), Ok(()));
}

#[test]
fn asked_once_it_stays_asked_and_the_next_job_is_not() {
    let pool = one_worker(1);
    assert_eq!(cancelled_while_running(&pool, || [checkpoint(), checkpoint()]), [ASKED, ASKED]);
    assert_eq!(finish(pool.submit(checkpoint).unwrap()), Ok(()));
}

#[test]
fn the_inner_job_is_not_asked_for_the_outer() {
    let pool = one_worker(10);
    let inner = pool.clone();
    let found = cancelled_while_running(&pool, move || {
        let before = checkpoint();
        let inside = inner.submit(checkpoint).unwrap().join().unwrap();
        let named = inner.job().timeout(FOREVER).submit(checkpoint).unwrap().join().unwrap();
        (before, inside, named, checkpoint())
    });
    assert_eq!(found, (ASKED, Ok(()), Ok(()), ASKED));
}

#[test]
fn the_outer_job_is_not_asked_for_the_inner() {
    let pool = one_worker(10);
    let inner = pool.clone();
    let job = pool.submit(move || {
        let token = CancelToken::new();
        let own = token.clone();
        let target = inner.job().token(&token).submit(move || {
            own.cancel();
            checkpoint()
        });
        (target.unwrap().join().unwrap(), checkpoint())
    });
    assert_eq!(finish(job.unwrap()), (ASKED, Ok(())));
}

#[test]
fn after_an_inner_job_that_panics_the_outer_speaks_again() {
    silence_expected_panics();
    let pool = one_worker(10);
    let inner = pool.clone();
    let found = cancelled_while_running(&pool, move || {
        let target = inner.submit(|| -> () { panic!("{EXPECTED}{:?}", checkpoint()) }).unwrap();
        let Err(JobError::Panicked(panic)) = target.join() else { return (String::new(), Ok(())) };
        (panic.message().to_owned(), checkpoint())
    });
    assert_eq!(found, (format!("{EXPECTED}Ok(())"), ASKED));
    let inner = pool.clone();
    let job = pool.submit(move || {
        let token = CancelToken::new();
        let own = token.clone();
        let target = inner.job().token(&token).submit(move || {
            own.cancel();
            panic!("{EXPECTED}an inner job");
        });
        let panicked = matches!(target.unwrap().join(), Err(JobError::Panicked(_)));
        (panicked, checkpoint())
    });
    assert_eq!(finish(job.unwrap()), (true, Ok(())));
    assert_eq!(finish(pool.submit(checkpoint).unwrap()), Ok(()));
}

/// Nests jobs, each of which runs in the join of the one before; every other one cancels itself.
fn nest(pool: &Pool, depth: usize) -> bool {
    let token = CancelToken::new();
    let (inner, own) = (pool.clone(), token.clone());
    let job = pool.job().token(&token).submit(move || {
        let is_asked = depth.is_multiple_of(2);
        if is_asked {
            own.cancel();
        }
        let expected = if is_asked { ASKED } else { Ok(()) };
        let before = checkpoint() == expected;
        let below = depth == 0 || nest(&inner, depth - 1);
        before && below && checkpoint() == expected
    });
    job.unwrap().join().unwrap()
}

#[test]
fn at_any_depth_the_innermost_job_speaks() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).stack_size(16 << 20).build().unwrap();
        // Deeper than what a worker keeps room for, and then a second time in the room it has kept.
        for _ in 0..2 {
            let inner = pool.clone();
            assert!(finish(pool.submit(move || nest(&inner, 200)).unwrap()));
        }
    });
}

#[test]
fn what_a_cancelled_job_submits_is_not_cancelled() {
    let pool = one_worker(10);
    let inner = pool.clone();
    let later = cancelled_while_running(&pool, move || {
        assert_eq!(checkpoint(), ASKED);
        inner.submit(checkpoint).unwrap()
    });
    assert_eq!(finish(later), Ok(()));
}

#[test]
fn a_job_of_another_pool_speaks_for_itself() {
    let (pool, other) = (one_worker(10), one_worker(10));
    let far = other.clone();
    let found = cancelled_while_running(&pool, move || (far.submit(checkpoint).unwrap().join().unwrap(), checkpoint()));
    assert_eq!(found, (Ok(()), ASKED));
}

// Shutting down.

#[test]
fn an_abort_asks_running_jobs_and_a_drain_does_not() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let (started, go, (report, reports)) = (Gate::new(), Gate::new(), mpsc::channel());
        let (starts, goes) = (started.clone(), go.clone());
        let job = pool.submit(move || {
            starts.open();
            goes.pass();
            report.send(checkpoint()).unwrap();
            loop {
                if let Err(why) = checkpoint() {
                    break why;
                }
                thread::yield_now();
            }
        });
        started.pass();
        assert_eq!(pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap().still_running, 1);
        go.open();
        assert_eq!(reports.recv_timeout(FOREVER), Ok(Ok(())));
        assert_eq!(pool.shutdown(Shutdown::Abort, None).unwrap().still_running, 0);
        assert_eq!(finish(job.unwrap()), Interrupted::ShuttingDown);
    });
}

#[test]
fn an_abort_does_not_ask_the_jobs_of_other_pools() {
    let (pool, other) = (one_worker(10), one_worker(10));
    let (started, go) = (Gate::new(), Gate::new());
    let (starts, goes) = (started.clone(), go.clone());
    let job = pool.submit(move || {
        starts.open();
        goes.pass();
        checkpoint()
    });
    started.pass();
    other.shutdown(Shutdown::Abort, Some(FOREVER)).unwrap();
    go.open();
    assert_eq!(finish(job.unwrap()), Ok(()));
}

#[test]
fn a_job_asked_by_its_handle_is_cancelled_whatever_else_ends_it() {
    let pool = one_worker(10);
    let token = CancelToken::new();
    let job = {
        let token = token.clone();
        let at = Instant::now() + Duration::from_millis(20);
        pool.job().token(&token).deadline(at).submit(move || {
            token.cancel();
            wait_until("the deadline to have passed", || Instant::now() > at);
            checkpoint()
        })
    };
    // On a machine so busy that it did not start in time it has expired.
    match job.unwrap().join_timeout(FOREVER).expect("the job hangs") {
        Ok(asked) => assert_eq!(asked, ASKED),
        Err(other) => assert!(matches!(other, JobError::Expired)),
    }
}

// Around jobs.

#[test]
fn in_the_workers_hooks_and_thread_local_destructors_it_is_fine() {
    within_a_minute(|| {
        thread_local! {
            static LAST: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
        }
        let (report, reports) = mpsc::channel();
        let [start, stop, local] = [(); 3].map(|()| report.clone());
        let pool = Pool::builder()
            .workers(1)
            .on_worker_start(move |_| start.send(("start", checkpoint())).unwrap())
            .on_worker_stop(move |_| stop.send(("stop", checkpoint())).unwrap())
            .build()
            .unwrap();
        cancelled_while_running(&pool, || {
            let closure = on_drop(move || local.send(("thread-local", checkpoint())).unwrap());
            LAST.set(Some(Box::new(closure)));
        });
        // An abort at that: but there is no job to be asked.
        pool.shutdown(Shutdown::Abort, None).unwrap();
        let found = Vec::from_iter(reports.try_iter());
        assert_eq!(found, [("start", Ok(())), ("stop", Ok(())), ("thread-local", Ok(()))]);
    });
}

#[test]
fn a_result_that_nobody_takes_is_dropped_outside_of_its_job() {
    let pool = one_worker(10);
    let (report, reports) = mpsc::channel();
    let (started, go) = (Gate::new(), Gate::new());
    let (starts, goes) = (started.clone(), go.clone());
    let job = pool.submit(move || {
        starts.open();
        goes.pass();
        on_drop(move || report.send(checkpoint()).unwrap())
    });
    started.pass();
    let job = job.unwrap();
    assert_eq!(job.cancel(), Cancel::Requested);
    job.detach();
    go.open();
    assert_eq!(reports.recv_timeout(FOREVER), Ok(Ok(())), "the job is over when its result is dropped");
    assert_eq!(finish(pool.submit(checkpoint).unwrap()), Ok(()));
}

// Taken, and not begun.

#[test]
fn a_job_cancelled_between_the_queue_and_its_start_does_not_start() {
    const ROUNDS: usize = if cfg!(debug_assertions) { 5_000 } else { 100_000 };
    within_a_minute(|| {
        let pool = one_worker(10);
        let (mut stopped, mut ran) = (0, 0);
        for round in 0..ROUNDS {
            let job = pool.submit(checkpoint).unwrap();
            spin(round % 200);
            let found = job.cancel();
            match (found, job.join()) {
                (Cancel::Dequeued, Err(JobError::Cancelled)) => {}
                (Cancel::Finished, Ok(Ok(()))) => ran += 1,
                // Asked before it began, before it looked, or after.
                (Cancel::Requested, Err(JobError::Cancelled)) => stopped += 1,
                (Cancel::Requested, Ok(_)) => ran += 1,
                other => panic!("{other:?}"),
            }
        }
        let stats = pool.stats();
        assert_eq!((stats.completed, stats.completed + stats.cancelled), (ran, ROUNDS as u64));
        assert!(stats.cancelled >= stopped);
    });
}

#[test]
fn a_waker_that_cancels_the_job_its_worker_is_about_to_take_dequeues_it() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let (report, reports) = mpsc::channel::<Result<(), WaitError>>();
        let taken = pool.try_submit(|| 42).unwrap();
        let spy = common::spy::Spy::new();
        let mut next = Box::pin(pool.submit_async(|| 43));
        assert!(poll_once(&mut next, &spy.waker()).is_pending());
        // The worker wakes whoever gets the place before it takes the job.
        let (slot, inner) = (std::sync::Mutex::new(None), pool.clone());
        let shared = std::sync::Arc::new(slot);
        let inside = std::sync::Arc::clone(&shared);
        spy.on_wake(move || {
            let job: Option<JobHandle<i32>> = inside.lock().unwrap().take();
            let job = job.unwrap();
            assert_eq!(job.cancel(), Cancel::Dequeued);
            report.send(inner.wait_idle(None)).unwrap();
            *inside.lock().unwrap() = Some(job);
        });
        *shared.lock().unwrap() = Some(taken);
        gate.open();
        assert_eq!(reports.recv_timeout(FOREVER), Ok(Err(WaitError::WouldDeadlock)));
        finish(held);
        pool.wait_idle(None).unwrap();
        let taken = shared.lock().unwrap().take().unwrap();
        assert!(matches!(taken.try_join(), Ok(Err(JobError::Cancelled))));
        assert_eq!(finish(ready(poll_once(&mut next, Waker::noop())).unwrap()), 43);
        assert_eq!((pool.stats().cancelled, pool.stats().completed), (1, 2));
    });
}

#[test]
fn a_run_limit_counts_from_the_start_and_never_ends_what_waits() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let limit = Duration::from_millis(20);
        let limited = pool.job().run_limit(limit).submit(until_stopped).unwrap();
        // It waits for longer than it may run.
        thread::sleep(2 * limit);
        assert!(!limited.is_finished());
        gate.open();
        finish(held);
        assert_eq!(finish(limited), Interrupted::RunLimitExceeded);
        assert_eq!(pool.stats().expired, 0);
    });
}

#[test]
fn no_time_to_run_is_told_at_once_and_endless_time_never() {
    within_a_minute(|| {
        let pool = one_worker(8);
        for (limit, answer) in [(Duration::ZERO, Err(Interrupted::RunLimitExceeded)), (Duration::MAX, Ok(()))] {
            assert_eq!(finish(pool.job().run_limit(limit).submit(checkpoint).unwrap()), answer);
            let inner = pool.clone();
            let nested = pool.submit(move || {
                // A claimed job's time runs from its own start, and is not its parent's.
                let child = inner.job().run_limit(limit).submit(checkpoint).unwrap();
                (child.join().unwrap(), checkpoint())
            });
            assert_eq!(finish(nested.unwrap()), (answer, Ok(())));
        }
    });
}

#[test]
fn of_several_reasons_the_first_is_told() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let token = CancelToken::new();
        let (begin, begun) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        // Not before the job begins, even on a busy machine.
        let due = Instant::now() + Duration::from_millis(250);
        let (canceller, aborter) = (token.clone(), pool.clone());
        let job = pool.job().run_limit(Duration::ZERO).deadline(due).token(&token).submit(move || {
            let limited = checkpoint();
            begin.send(()).unwrap();
            gate.recv().unwrap_err();
            let aborted = checkpoint();
            wait_until("the deadline to have passed", || Instant::now() >= due);
            let due = checkpoint();
            canceller.cancel();
            [limited, aborted, due, checkpoint()]
        });
        begun.recv_timeout(FOREVER).unwrap();
        aborter.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        drop(go);
        let answers = finish(job.unwrap()).map(Result::unwrap_err);
        let limit = Interrupted::RunLimitExceeded;
        // The machine may have been so slow that the deadline came first.
        assert!(answers[..2].iter().all(|&why| why == limit || why == Interrupted::DeadlineExceeded), "{answers:?}");
        assert_eq!(answers[2..], [Interrupted::DeadlineExceeded, Interrupted::Cancelled]);
    });
}
