//! Cancelling frees at once: a queued job resolves, drops its closure and gives its place back whether or not a worker is
//! free; a running one is asked.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::spy::Spy;
use common::{
    EXPECTED, FOREVER, Gate, assert_adds_up, assert_all_workers_alive, finish, hold_worker, is_cancelled, on_drop,
    one_worker, outcome, poll_once, ready, rounds, silence_expected_panics, until_stopped, wait_until, within_a_minute,
};
use corepool::{
    Cancel, CancelOnDrop, CancelToken, Interrupted, JobError, JobHandle, Pool, Priority, Shutdown, SubmitErrorKind,
    WaitError,
};

// What cancelling finds.

#[test]
fn a_queued_job_resolves_and_its_closure_is_gone_at_once() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let payload = Arc::new(());
    for n in 1..=100 {
        let inside = Arc::clone(&payload);
        let job = pool.try_submit(move || drop(inside)).unwrap();
        assert_eq!(job.cancel(), Cancel::Dequeued);
        assert_eq!(Arc::strong_count(&payload), 1);
        assert!(job.is_finished());
        assert_eq!(job.cancel(), Cancel::Finished);
        assert_eq!((pool.stats().queued, pool.stats().cancelled), (0, n));
        assert!(is_cancelled(job));
    }
    gate.open();
    finish(held);
}

#[test]
fn the_closure_is_dropped_on_the_cancelling_thread_before_its_waiter_is_woken() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let (report, reports) = mpsc::channel();
    let (first, spy) = (report.clone(), Spy::new());
    let closure = on_drop(move || first.send(("dropped", thread::current().id())).unwrap());
    let mut job = pool.submit(move || drop(closure)).unwrap();
    assert!(poll_once(&mut job, &spy.waker()).is_pending());
    spy.on_wake(move || report.send(("woken", thread::current().id())).unwrap());
    assert_eq!(job.cancel(), Cancel::Dequeued);
    let here = thread::current().id();
    assert_eq!(Vec::from_iter(reports.try_iter()), [("dropped", here), ("woken", here)]);
    assert!(is_cancelled(job));
    gate.open();
    finish(held);
}

#[test]
fn a_running_job_is_asked_and_may_refuse() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        assert_eq!(held.cancel(), Cancel::Requested);
        assert_eq!(held.cancel(), Cancel::Requested);
        gate.open();
        finish(held);
        let started = Gate::new();
        let starts = started.clone();
        let job = pool.submit(move || {
            starts.open();
            until_stopped()
        });
        started.pass();
        let job = job.unwrap();
        assert_eq!(job.cancel(), Cancel::Requested);
        assert_eq!(finish(job), Interrupted::Cancelled);
        assert_eq!((pool.stats().cancelled, pool.stats().completed), (0, 2), "it ran");
    });
}

#[test]
fn a_finished_job_keeps_its_outcome() {
    silence_expected_panics();
    let pool = one_worker(10);
    let value = pool.submit(|| 42).unwrap();
    let panicked = pool.submit(|| panic!("{EXPECTED}a job")).unwrap();
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!((value.cancel(), panicked.cancel()), (Cancel::Finished, Cancel::Finished));
    assert_eq!(finish(value), 42);
    assert!(matches!(outcome(panicked), Err(JobError::Panicked(_))));
    assert_eq!(pool.stats().cancelled, 0);
}

#[test]
fn handles_outlive_their_pool() {
    let pool = one_worker(10);
    let done = pool.submit(|| 42).unwrap();
    let mut polled = pool.submit(|| 43).unwrap();
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert!(matches!(poll_once(&mut polled, Waker::noop()), Poll::Ready(Ok(43))));
    drop(pool);
    assert_eq!((done.cancel(), polled.cancel()), (Cancel::Finished, Cancel::Finished));
    assert_eq!(finish(done), 42);
}

#[test]
fn an_aborted_job_is_not_cancelled_any_more() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let queued = pool.submit(|| ()).unwrap();
    gate.open();
    pool.shutdown(Shutdown::Abort, Some(FOREVER)).unwrap();
    let aborted = queued.cancel() == Cancel::Finished && matches!(outcome(queued), Err(JobError::Aborted) | Ok(()));
    assert!(aborted);
    assert_eq!(pool.stats().cancelled, 0);
    finish(held);
}

#[test]
fn of_several_threads_one_takes_it_out() {
    const ROUNDS: usize = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    within_a_minute(|| {
        let pool = one_worker(10);
        let (gate, held) = hold_worker(&pool);
        let dropped = Arc::new(AtomicUsize::new(0));
        for (round, _) in (1..).zip(rounds(ROUNDS)) {
            let count = Arc::clone(&dropped);
            let closure = on_drop(move || _ = count.fetch_add(1, Ordering::SeqCst));
            let token = CancelToken::new();
            let job = pool.job().token(&token).submit(move || drop(closure)).unwrap();
            let found = thread::scope(|scope| {
                let by_token = scope.spawn(|| token.cancel());
                let others = [(); 2].map(|()| scope.spawn(|| job.cancel()));
                by_token.join().unwrap();
                others.map(|thread| thread.join().unwrap())
            });
            assert!(found.iter().filter(|&&cancel| cancel == Cancel::Dequeued).count() <= 1, "{found:?}");
            assert_eq!((pool.stats().cancelled, dropped.load(Ordering::SeqCst)), (round as u64, round));
            assert!(is_cancelled(job));
        }
        gate.open();
        finish(held);
    });
}

#[test]
fn a_job_may_cancel_others_of_its_pool_and_of_another() {
    let (pool, other) = (one_worker(10), one_worker(10));
    let (gate, held) = hold_worker(&other);
    let far = other.submit(|| ()).unwrap();
    let inner = pool.clone();
    let job = pool.submit(move || {
        let near = inner.submit(|| ()).unwrap();
        let found = (near.cancel(), far.cancel(), near.join().is_err());
        (found, is_cancelled(far))
    });
    assert_eq!(finish(job.unwrap()), ((Cancel::Dequeued, Cancel::Dequeued, true), true));
    gate.open();
    finish(held);
}

#[test]
fn cancelled_jobs_are_not_run_by_a_join_inside() {
    let pool = one_worker(10);
    let inner = pool.clone();
    let job = pool.submit(move || {
        let target = inner.submit(|| ()).unwrap();
        target.cancel();
        matches!(target.join(), Err(JobError::Cancelled))
    });
    assert!(finish(job.unwrap()));
}

// The place it leaves.

#[test]
fn its_place_goes_to_the_head_of_the_line() {
    within_a_minute(|| {
        let pool = one_worker(2);
        let (gate, held) = hold_worker(&pool);
        let queued = [(); 2].map(|()| pool.try_submit(|| ()).unwrap());
        thread::scope(|scope| {
            let line: Vec<_> = (0..2)
                .map(|n| {
                    let pool = &pool;
                    let thread = scope.spawn(move || pool.submit(move || n).unwrap());
                    wait_until("it to stand in line", || pool.stats().waiting == n + 1);
                    thread
                })
                .collect();
            for (n, job) in queued.iter().enumerate() {
                assert_eq!(job.cancel(), Cancel::Dequeued);
                assert_eq!((pool.stats().waiting, pool.stats().queued), (1 - n as u64, 2), "handed over at once");
                assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
            }
            gate.open();
            for (n, thread) in line.into_iter().enumerate() {
                assert_eq!(finish(thread.join().unwrap()), n as u64);
            }
        });
        finish(held);
    });
}

#[test]
fn after_many_cancels_the_queue_takes_exactly_its_capacity() {
    const CAPACITY: usize = 1_000;
    const CANCELS: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    let pool = one_worker(CAPACITY);
    let (gate, held) = hold_worker(&pool);
    for n in 0..CANCELS {
        let job = pool.job().priority([Priority::Normal, Priority::High, Priority::Low][n % 3]);
        assert_eq!(job.try_submit(|| ()).unwrap().cancel(), Cancel::Dequeued);
    }
    let live: Vec<_> = (0..CAPACITY).map(|n| pool.try_submit(move || n).unwrap()).collect();
    assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
    // Every other one leaves, and as many get in.
    let mut kept = Vec::new();
    for (n, job) in live.into_iter().enumerate() {
        if n % 2 == 0 {
            assert_eq!(job.cancel(), Cancel::Dequeued);
        } else {
            kept.push((n, job));
        }
    }
    kept.extend((0..CAPACITY / 2).map(|n| (n, pool.try_submit(move || n).unwrap())));
    assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
    gate.open();
    finish(held);
    kept.into_iter().for_each(|(n, job)| assert_eq!(finish(job), n));
}

#[test]
fn fifo_holds_while_others_cancel() {
    const JOBS: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    within_a_minute(|| {
        let pool = one_worker(50);
        let ran = Arc::new(Mutex::new(Vec::with_capacity(JOBS)));
        let (to_cancel, victims) = mpsc::channel::<JobHandle<()>>();
        let cancelled = thread::scope(|scope| {
            let canceller = scope.spawn(move || victims.iter().filter(|job| job.cancel() == Cancel::Dequeued).count());
            for n in 0..JOBS {
                let ran = Arc::clone(&ran);
                let job = pool.submit(move || ran.lock().unwrap().push(n)).unwrap();
                if n % 3 == 0 {
                    to_cancel.send(job).unwrap();
                }
            }
            drop(to_cancel);
            canceller.join().unwrap()
        });
        pool.wait_idle(None).unwrap();
        let ran = ran.lock().unwrap();
        assert!(ran.is_sorted());
        assert!(ran.len() + cancelled <= JOBS, "who took it out of the queue has kept it from running");
        assert_eq!(ran.len() as u64 + pool.stats().cancelled, JOBS as u64);
        assert!(ran.iter().filter(|&n| n % 3 != 0).count() == JOBS - JOBS.div_ceil(3), "nobody else is missing");
    });
}

// Destructors.

#[test]
fn a_closure_that_bursts_when_cancelled_is_contained() {
    silence_expected_panics();
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    for _ in 0..100 {
        let closure = on_drop(|| panic!("{EXPECTED}a closure"));
        let job = pool.try_submit(move || drop(closure)).unwrap();
        assert_eq!(job.cancel(), Cancel::Dequeued);
        assert!(is_cancelled(job));
    }
    gate.open();
    finish(held);
    assert_all_workers_alive(&pool);
}

#[test]
fn a_destructor_may_call_the_pool_but_never_wait_for_it() {
    within_a_minute(|| {
        let pool = one_worker(3);
        let (gate, held) = hold_worker(&pool);
        let victim = pool.submit(|| ()).unwrap();
        let (report, reports) = mpsc::channel();
        let inner = pool.clone();
        let closure = on_drop(move || {
            let submitted = inner.submit(|| 42).unwrap();
            let found = (victim.cancel(), inner.wait_idle(None), inner.shutdown(Shutdown::Abort, None).map(drop));
            report.send((submitted, found)).unwrap();
        });
        let job = pool.submit(move || drop(closure)).unwrap();
        assert_eq!(job.cancel(), Cancel::Dequeued);
        let (submitted, found) = reports.recv_timeout(FOREVER).unwrap();
        let deadlock = WaitError::WouldDeadlock;
        assert_eq!(found, (Cancel::Dequeued, Err(deadlock), Err(deadlock)));
        assert_eq!(pool.wait_idle(Some(Duration::ZERO)), Err(WaitError::TimedOut), "only in the destructor");
        gate.open();
        finish(held);
        assert_eq!(finish(submitted), 42, "nothing was shut down");
        pool.wait_idle(None).unwrap();
    });
}

#[test]
fn a_wait_for_idleness_sees_the_destructor_through() {
    within_a_minute(|| {
        let pool = one_worker(3);
        let (gate, held) = hold_worker(&pool);
        let (begun, go, dropped) = (Gate::new(), Gate::new(), Arc::new(AtomicBool::new(false)));
        let closure = {
            let (begun, go, dropped) = (begun.clone(), go.clone(), Arc::clone(&dropped));
            on_drop(move || {
                begun.open();
                go.pass();
                dropped.store(true, Ordering::SeqCst);
            })
        };
        let job = pool.submit(move || drop(closure)).unwrap();
        thread::scope(|scope| {
            let canceller = scope.spawn(|| job.cancel());
            begun.pass();
            gate.open();
            finish(held);
            assert_eq!(pool.wait_idle(Some(Duration::from_millis(1))), Err(WaitError::TimedOut));
            assert!(!job.is_finished());
            go.open();
            pool.wait_idle(None).unwrap();
            assert!(dropped.load(Ordering::SeqCst) && job.is_finished());
            assert_eq!(canceller.join().unwrap(), Cancel::Dequeued);
        });
    });
}

#[test]
fn the_last_pool_may_be_dropped_in_a_cancelled_closure() {
    within_a_minute(|| {
        let pool = one_worker(3);
        let (gate, held) = hold_worker(&pool);
        let later = pool.submit(|| 42).unwrap();
        let inside = pool.clone();
        let job = pool.submit(move || drop(inside)).unwrap();
        drop(pool);
        assert_eq!(job.cancel(), Cancel::Dequeued);
        gate.open();
        finish(held);
        assert_eq!(finish(later), 42, "it drains behind");
    });
}

// The guard.

#[test]
fn a_dropped_guard_cancels_its_job() {
    within_a_minute(|| {
        let pool = one_worker(3);
        let (gate, held) = hold_worker(&pool);
        let payload = Arc::new(());
        let inside = Arc::clone(&payload);
        drop(pool.submit(move || drop(inside)).unwrap().cancel_on_drop());
        assert_eq!((Arc::strong_count(&payload), pool.stats().cancelled), (1, 1));
        // A task that is dropped while it awaits.
        let mut awaiting = Box::pin(async { pool.submit(|| ()).unwrap().cancel_on_drop().await });
        assert!(poll_once(&mut awaiting, Waker::noop()).is_pending());
        drop(awaiting);
        assert_eq!((pool.stats().cancelled, pool.stats().queued), (2, 0));
        gate.open();
        finish(held);
        // One that runs is asked.
        let (started, (report, reports)) = (Gate::new(), mpsc::channel());
        let starts = started.clone();
        let guard = pool.submit(move || {
            starts.open();
            report.send(until_stopped()).unwrap();
        });
        started.pass();
        drop(guard.unwrap().cancel_on_drop());
        assert_eq!(reports.recv_timeout(FOREVER), Ok(Interrupted::Cancelled));
    });
}

#[test]
fn a_guard_that_is_used_up_cancels_nothing() {
    let pool = one_worker(10);
    let ran = Arc::new(AtomicUsize::new(0));
    let guard = |pool: &Pool| -> CancelOnDrop<usize> {
        let ran = Arc::clone(&ran);
        pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).unwrap().cancel_on_drop()
    };
    let (gate, held) = hold_worker(&pool);
    guard(&pool).detach();
    let handle = guard(&pool).try_join().expect_err("the worker is held");
    let handle = handle.join_timeout(Duration::ZERO).expect_err("the worker is held");
    assert!(!handle.is_finished());
    assert_eq!(pool.stats().queued, 2, "giving the guard back cancels nothing");
    gate.open();
    finish(held);
    assert_eq!(handle.join_timeout(FOREVER).expect("it hangs").unwrap(), 1);
    assert_eq!(guard(&pool).join().unwrap(), 2);
    assert_eq!(pollster::block_on(guard(&pool)).unwrap(), 3);
    let finished = guard(&pool);
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!((finished.is_finished(), finished.cancel()), (true, Cancel::Finished));
    assert_eq!(finished.try_join().unwrap().unwrap(), 4);
    let mut polled = Box::pin(guard(&pool));
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(ready(poll_once(&mut polled, Waker::noop())).unwrap(), 5);
    assert_eq!((polled.is_finished(), polled.cancel()), (true, Cancel::Finished));
    drop(polled);
    assert_eq!((ran.load(Ordering::SeqCst), pool.stats().cancelled), (6, 0));
}

#[test]
fn a_guard_that_comes_back_still_guards() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let [first, second] = [(); 2].map(|()| pool.submit(|| ()).unwrap().cancel_on_drop());
    drop(first.try_join().expect_err("the worker is held"));
    drop(second.join_timeout(Duration::ZERO).expect_err("the worker is held"));
    assert_eq!((pool.stats().cancelled, pool.stats().queued), (2, 0));
    gate.open();
    finish(held);
}

// The sum.

#[test]
fn the_counts_add_up_at_every_moment() {
    const JOBS: usize = if cfg!(debug_assertions) { 8_000 } else { 60_000 };
    silence_expected_panics();
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).queue_capacity(16).build().unwrap();
        let (token, done) = (CancelToken::new(), AtomicBool::new(false));
        let counts = Mutex::new([0_u64; 5]);
        thread::scope(|scope| {
            let observer = scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let stats = pool.stats();
                    assert_adds_up(&stats);
                    // Each worker may have one job that runs another, or has queued it beyond the bound.
                    assert!(stats.queued <= 16 + 2 && stats.busy <= 2 * 2, "{stats:?}");
                    thread::yield_now();
                }
            });
            let submitters: Vec<_> = (0..3)
                .map(|submitter| {
                    let (pool, token, counts) = (&pool, &token, &counts);
                    scope.spawn(move || {
                        let mut jobs = Vec::new();
                        for n in 0..JOBS / 3 {
                            let job = pool.job().name("any").priority([Priority::High, Priority::Low][n % 2]);
                            let job = match n % 5 {
                                0 => job.timeout(Duration::from_micros(n as u64 % 60)),
                                1 if n > JOBS / 4 => job.token(token),
                                _ => job,
                            };
                            let inner = (n % 31 == 0).then(|| pool.clone());
                            let closure = move || {
                                assert!(n % 7 != 0, "{EXPECTED}some panic");
                                if let Some(pool) = inner {
                                    drop(pool.submit(|| ()).unwrap().join());
                                }
                            };
                            let submitted = match n % 4 {
                                0 => job.submit(closure),
                                1 => job.try_submit(closure),
                                2 => job.submit_timeout(closure, Duration::from_micros(50)),
                                _ => pollster::block_on(job.submit_async(closure)),
                            };
                            jobs.extend(submitted);
                            if n % 3 == submitter && !jobs.is_empty() {
                                jobs[n % jobs.len()].cancel();
                            }
                            if submitter == 0 && n == JOBS / 4 {
                                token.cancel();
                            }
                        }
                        for job in jobs {
                            let place = match outcome(job) {
                                Ok(()) => 0,
                                Err(JobError::Panicked(_)) => 1,
                                Err(JobError::Cancelled) => 2,
                                Err(JobError::Expired) => 3,
                                Err(_) => 4,
                            };
                            counts.lock().unwrap()[place] += 1;
                        }
                    })
                })
                .collect();
            submitters.into_iter().for_each(|thread| thread.join().unwrap());
            done.store(true, Ordering::SeqCst);
            observer.join().unwrap();
        });
        pool.wait_idle(None).unwrap();
        let (stats, [_, panicked, cancelled, expired, aborted]) = (pool.stats(), counts.into_inner().unwrap());
        assert_eq!((stats.panicked, stats.cancelled, stats.expired), (panicked, cancelled, expired));
        assert_eq!((stats.aborted, aborted, stats.queued, stats.busy, stats.waiting), (0, 0, 0, 0, 0));
        assert!(cancelled > 0 && expired > 0 && panicked > 0, "the mix is none: {stats:?}");
    });
}
