//! Shutdown tells what happened, no handle hangs, no thread is left; dropping the last pool drains and
//! joins, except on one of its own workers, where it only lets go.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use common::{
    EXPECTED, FOREVER, Gate, assert_all_workers_alive, assert_no_thread_named, hold_worker, named, on_drop, one_worker,
    outcome, rejection, silence_expected_panics, spin, wait_until, within_a_minute,
};
use corepool::{JobError, JobHandle, Pool, Shutdown, ShutdownReport, SubmitErrorKind, WaitError};

/// Long enough for another thread to do something wrong meanwhile.
const MOMENT: Duration = Duration::from_millis(200);

fn is_aborted<T>(job: JobHandle<T>) -> bool {
    matches!(outcome(job), Err(JobError::Aborted))
}

/// Completed, panicked, aborted, still running, still queued.
fn numbers(report: ShutdownReport) -> (u64, u64, u64, usize, usize) {
    (report.completed, report.panicked, report.aborted, report.still_running, report.still_queued)
}

/// Counts how many of it were dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Comes back once the thread has ended, as it should not yet, or after a moment, as it should.
fn give_a_moment_to_end<T>(thread: &thread::JoinHandle<T>) {
    let start = Instant::now();
    while !thread.is_finished() && start.elapsed() < MOMENT {
        thread::yield_now();
    }
}

// Drain.

#[test]
fn drain_finishes_what_was_accepted() {
    within_a_minute(|| {
        let pool = named("sd-drain", 2);
        let jobs: Vec<_> = (0..1_000).map(|n| pool.submit(move || n).unwrap()).collect();
        let report = pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(numbers(report), (1_000, 0, 0, 0, 0));
        for (n, job) in jobs.into_iter().enumerate() {
            assert!(job.is_finished());
            assert_eq!(outcome(job).unwrap(), n);
        }
        assert_no_thread_named("sd-drain");
    });
}

#[test]
fn drain_finishes_what_jobs_submit_meanwhile() {
    within_a_minute(|| {
        let pool = named("sd-nested", 2);
        let ran = Arc::new(AtomicUsize::new(0));
        let (gate, held) = hold_worker(&pool);
        for _ in 0..100 {
            let (inner, ran) = (pool.clone(), Arc::clone(&ran));
            let parent = move || {
                let children: Vec<_> = (0..10)
                    .map(|_| {
                        let ran = Arc::clone(&ran);
                        inner.submit(move || ran.fetch_add(1, Ordering::SeqCst)).unwrap()
                    })
                    .collect();
                for (n, child) in children.into_iter().enumerate() {
                    match n % 2 {
                        0 => drop(child.join().unwrap().to_string()),
                        _ => child.detach(),
                    }
                }
            };
            pool.submit(parent).unwrap().detach();
        }
        pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap();
        gate.open();
        let report = pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(numbers(report), (1_101, 0, 0, 0, 0));
        assert_eq!(ran.load(Ordering::SeqCst), 1_000);
        outcome(held).unwrap();
        assert_no_thread_named("sd-nested");
    });
}

/// A job that submits the next while it is the pool's last one.
fn chain(pool: &Pool, left: usize, ran: &Arc<AtomicUsize>) {
    ran.fetch_add(1, Ordering::SeqCst);
    if left > 0 {
        let (inner, ran) = (pool.clone(), Arc::clone(ran));
        pool.submit(move || chain(&inner, left - 1, &ran)).unwrap().detach();
    }
}

#[test]
fn drain_finishes_what_the_very_last_job_submits() {
    within_a_minute(|| {
        for round in 0..200 {
            let pool = named("sd-chain", 1 + round % 4);
            let ran = Arc::new(AtomicUsize::new(0));
            let (inner, counter) = (pool.clone(), Arc::clone(&ran));
            pool.submit(move || chain(&inner, 100, &counter)).unwrap().detach();
            let report = pool.shutdown(Shutdown::Drain, None).unwrap();
            assert_eq!(ran.load(Ordering::SeqCst), 101);
            assert_eq!(numbers(report), (101, 0, 0, 0, 0));
        }
        assert_no_thread_named("sd-chain");
    });
}

#[test]
fn drain_rejects_outsiders_meanwhile_and_takes_the_pools_own_jobs() {
    within_a_minute(|| {
        let pool = named("sd-outside", 1);
        let (gate, held) = hold_worker(&pool);
        let inner = pool.clone();
        let last = pool
            .submit(move || {
                let jobs = [
                    inner.submit(|| 1).unwrap(),
                    inner.try_submit(|| 2).unwrap(),
                    inner.submit_timeout(|| 3, MOMENT).unwrap(),
                ];
                jobs.map(|job| job.join().unwrap())
            })
            .unwrap();
        pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap();

        let rejected = pool.submit(|| 42).unwrap_err();
        assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::ShutDown, 42));
        assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::ShutDown));
        assert_eq!(rejection(pool.submit_timeout(|| (), FOREVER)), Some(SubmitErrorKind::ShutDown));
        // A worker of another pool is an outsider as well.
        let (other, inner) = (one_worker(1), pool.clone());
        let rejected = other.submit(move || rejection(inner.submit(|| ()))).unwrap();
        assert_eq!(outcome(rejected).unwrap(), Some(SubmitErrorKind::ShutDown));

        gate.open();
        assert_eq!(outcome(last).unwrap(), [1, 2, 3]);
        let report = pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(numbers(report), (5, 0, 0, 0, 0));
        assert_eq!(pool.stats().rejected, 4);
        outcome(held).unwrap();
        assert_no_thread_named("sd-outside");
    });
}

#[test]
fn a_drain_out_of_time_says_what_is_left_and_goes_on() {
    within_a_minute(|| {
        let pool = named("sd-late", 3);
        let (gate, held) = hold_worker(&pool);
        let (second_gate, second_held) = hold_worker(&pool);
        let report = pool.shutdown(Shutdown::Drain, Some(MOMENT)).unwrap();
        assert_eq!(numbers(report), (0, 0, 0, 2, 0));
        second_gate.open();
        outcome(second_held).unwrap();
        let report = pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap();
        assert_eq!((report.completed, report.still_running), (1, 1));
        gate.open();
        outcome(held).unwrap();
        // Nobody is asked again: it ends by itself.
        assert_no_thread_named("sd-late");
        let report = pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(numbers(report), (2, 0, 0, 0, 0));
    });
}

#[test]
fn an_abort_may_follow_a_drain() {
    within_a_minute(|| {
        let pool = named("sd-follow", 1);
        let (gate, held) = hold_worker(&pool);
        let queued: Vec<_> = (0..10).map(|n| pool.submit(move || n).unwrap()).collect();
        let report = pool.shutdown(Shutdown::Drain, Some(Duration::from_millis(1))).unwrap();
        assert_eq!(numbers(report), (0, 0, 0, 1, 10));
        assert!(queued.iter().all(|job| !job.is_finished()));
        let report = pool.shutdown(Shutdown::Abort, Some(Duration::from_millis(1))).unwrap();
        assert_eq!(numbers(report), (0, 0, 10, 1, 0));
        assert!(queued.into_iter().all(is_aborted));
        gate.open();
        let report = pool.shutdown(Shutdown::Abort, None).unwrap();
        assert_eq!(numbers(report), (1, 0, 10, 0, 0));
        outcome(held).unwrap();
        assert_no_thread_named("sd-follow");
    });
}

// Abort.

#[test]
fn abort_resolves_what_is_queued_and_drops_it_before_it_returns() {
    within_a_minute(|| {
        let pool = named("sd-abort", 1);
        let (gate, held) = hold_worker(&pool);
        let dropped = Arc::new(AtomicUsize::new(0));
        let jobs: Vec<_> = (0..1_000)
            .map(|_| {
                let token = Dropped(Arc::clone(&dropped));
                pool.submit(move || drop(token)).unwrap()
            })
            .collect();
        let report = pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!(numbers(report), (0, 0, 1_000, 1, 0));
        assert_eq!(dropped.load(Ordering::SeqCst), 1_000);
        assert!(jobs.iter().all(JobHandle::is_finished));
        assert!(jobs.into_iter().all(is_aborted));
        gate.open();
        outcome(held).unwrap();
        let report = pool.shutdown(Shutdown::Abort, None).unwrap();
        assert_eq!(numbers(report), (1, 0, 1_000, 0, 0));
        assert_no_thread_named("sd-abort");
    });
}

#[test]
fn abort_rejects_everybody() {
    within_a_minute(|| {
        let pool = named("sd-reject", 1);
        let (started, go) = (Gate::new(), Gate::new());
        let inside = {
            let (pool, started, go) = (pool.clone(), started.clone(), go.clone());
            move || {
                started.open();
                go.pass();
                let rejected = pool.submit(|| 42).unwrap_err();
                assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
                assert_eq!(rejected.into_job()(), 42);
                [rejection(pool.try_submit(|| ())), rejection(pool.submit_timeout(|| (), FOREVER))]
            }
        };
        let inside = pool.submit(inside).unwrap();
        started.pass();
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!(rejection(pool.submit(|| ())), Some(SubmitErrorKind::ShutDown));
        go.open();
        assert_eq!(outcome(inside).unwrap(), [Some(SubmitErrorKind::ShutDown); 2]);
        pool.shutdown(Shutdown::Abort, None).unwrap();
        assert_no_thread_named("sd-reject");
    });
}

#[test]
fn abort_lets_running_jobs_end_and_wakes_those_that_wait_for_queued_ones() {
    within_a_minute(|| {
        // One job polls a child that is still queued, on the other worker; an outsider joins another.
        let pool = named("sd-wake", 2);
        let (gate, held) = hold_worker(&pool);
        let waiting = Gate::new();
        let parent = {
            let (pool, waiting) = (pool.clone(), waiting.clone());
            move || {
                let child = pool.submit(|| ()).unwrap();
                waiting.open();
                is_aborted(child)
            }
        };
        let parent = pool.submit(parent).unwrap();
        waiting.pass();
        let queued = pool.submit(|| ()).unwrap();
        let outsider = thread::spawn(move || is_aborted(queued));
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(outcome(parent).unwrap());
        assert!(outsider.join().unwrap());
        gate.open();
        outcome(held).unwrap();
        let report = pool.shutdown(Shutdown::Abort, None).unwrap();
        assert_eq!(numbers(report), (2, 0, 2, 0, 0));
        assert_no_thread_named("sd-wake");
    });
}

#[test]
fn an_aborted_closure_whose_destructor_calls_the_pool_finds_it_aborting_and_never_waits() {
    within_a_minute(|| {
        let pool = named("sd-destruct", 1);
        let (gate, held) = hold_worker(&pool);
        let calls = Arc::new(Mutex::new(Vec::new()));
        let in_destructor = {
            let (pool, calls) = (pool.clone(), Arc::clone(&calls));
            on_drop(move || {
                let submits = [
                    rejection(pool.submit(|| ())),
                    rejection(pool.try_submit(|| ())),
                    rejection(pool.submit_timeout(|| (), FOREVER)),
                ];
                calls.lock().unwrap().extend(submits);
                assert_eq!(corepool::current_worker(), None);
                assert_eq!((pool.stats().aborted, pool.stats().queued), (1, 1), "one at a time");
                assert_eq!(pool.wait_idle(None), Err(WaitError::WouldDeadlock));
                assert_eq!(pool.shutdown(Shutdown::Drain, None), Err(WaitError::WouldDeadlock));
                assert_eq!(pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)), Err(WaitError::WouldDeadlock));
                let other = one_worker(1);
                other.submit(|| ()).unwrap().detach();
                other.wait_idle(None).unwrap();
                gate.open();
            })
        };
        let aborted = pool.submit(move || drop(in_destructor)).unwrap();
        let behind = pool.submit(|| ()).unwrap();
        let report = pool.shutdown(Shutdown::Abort, None).unwrap();
        assert_eq!(numbers(report), (1, 0, 2, 0, 0));
        assert_eq!(*calls.lock().unwrap(), [Some(SubmitErrorKind::ShutDown); 3]);
        assert!(is_aborted(aborted) && is_aborted(behind));
        outcome(held).unwrap();
        assert_no_thread_named("sd-destruct");
    });
}

#[test]
fn an_aborted_closure_whose_destructor_panics_is_contained() {
    within_a_minute(|| {
        silence_expected_panics();
        let pool = named("sd-panic", 1);
        let (gate, held) = hold_worker(&pool);
        let jobs: Vec<_> = (0..10)
            .map(|_| {
                let bomb = on_drop(|| panic!("{EXPECTED}the closure's destructor"));
                pool.submit(move || drop(bomb)).unwrap()
            })
            .collect();
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(jobs.into_iter().all(is_aborted));
        gate.open();
        outcome(held).unwrap();
        assert_eq!(numbers(pool.shutdown(Shutdown::Abort, None).unwrap()), (1, 0, 10, 0, 0));
        assert_no_thread_named("sd-panic");
    });
}

// Again, and from several threads.

#[test]
fn drain_after_abort_changes_nothing() {
    within_a_minute(|| {
        let pool = named("sd-after", 1);
        let (started, go) = (Gate::new(), Gate::new());
        let inside = {
            let (pool, started, go) = (pool.clone(), started.clone(), go.clone());
            move || {
                started.open();
                go.pass();
                rejection(pool.submit(|| ()))
            }
        };
        let inside = pool.submit(inside).unwrap();
        started.pass();
        let queued = pool.submit(|| ()).unwrap();
        let aborting = pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(is_aborted(queued));
        let draining = pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap();
        assert_eq!(aborting, draining);
        go.open();
        assert_eq!(outcome(inside).unwrap(), Some(SubmitErrorKind::ShutDown), "it is still aborting");
        assert_eq!(numbers(pool.shutdown(Shutdown::Drain, None).unwrap()), (1, 0, 1, 0, 0));
        assert_no_thread_named("sd-after");
    });
}

#[test]
fn twice_is_fine() {
    within_a_minute(|| {
        for modes in [
            [Shutdown::Drain, Shutdown::Drain],
            [Shutdown::Abort, Shutdown::Abort],
            [Shutdown::Drain, Shutdown::Abort],
            [Shutdown::Abort, Shutdown::Drain],
        ] {
            let pool = named("sd-twice", 2);
            outcome(pool.submit(|| ()).unwrap()).unwrap();
            let reports = modes.map(|mode| pool.shutdown(mode, None).unwrap());
            assert_eq!(numbers(reports[0]), (1, 0, 0, 0, 0));
            assert_eq!(reports[0], reports[1]);
            assert_no_thread_named("sd-twice");
        }
    });
}

#[test]
fn a_time_out_that_overflows_is_no_limit() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            let pool = named("sd-max", 2);
            let (gate, held) = hold_worker(&pool);
            let closer = {
                let pool = pool.clone();
                thread::spawn(move || pool.shutdown(mode, Some(Duration::MAX)).unwrap())
            };
            wait_until("the shutdown to begin", || pool.try_submit(|| ()).map(JobHandle::detach).is_err());
            gate.open();
            assert_eq!(closer.join().unwrap().still_running, 0);
            outcome(held).unwrap();
            assert_no_thread_named("sd-max");
        }
    });
}

#[test]
fn panics_are_part_of_the_report() {
    within_a_minute(|| {
        silence_expected_panics();
        let pool = named("sd-report", 2);
        for n in 0..30 {
            pool.submit(move || assert!(n % 3 > 0, "{EXPECTED}{n}")).unwrap().detach();
        }
        let report = pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(numbers(report), (20, 10, 0, 0, 0));
        assert_no_thread_named("sd-report");
    });
}

#[test]
fn many_threads_may_shut_a_pool_down_while_others_submit() {
    const ROUNDS: usize = 300;
    within_a_minute(|| {
        let modes = [Shutdown::Drain, Shutdown::Abort];
        let times = [None, Some(Duration::ZERO), Some(Duration::from_micros(50)), Some(FOREVER)];
        for round in 0..ROUNDS {
            let pool = Pool::builder().workers(1 + round % 3).queue_capacity(4).thread_name("sd-race").build().unwrap();
            let dropped = Arc::new(AtomicUsize::new(0));
            let (mut accepted, mut rejected) = (Vec::new(), 0);
            thread::scope(|scope| {
                let submitters: Vec<_> = (0..3)
                    .map(|_| {
                        let (pool, dropped) = (&pool, &dropped);
                        scope.spawn(move || submit_until_rejected(pool, dropped))
                    })
                    .collect();
                for closer in 0..3 {
                    let (pool, mode, time) = (&pool, modes[(round + closer) % 2], times[(round / 2 + closer) % 4]);
                    scope.spawn(move || {
                        spin((round * 37) % 500);
                        pool.shutdown(mode, time).unwrap()
                    });
                }
                for submitter in submitters {
                    let jobs = submitter.join().unwrap();
                    accepted.extend(jobs);
                    rejected += 1;
                }
            });
            let submitted = accepted.len();
            let outcomes: Vec<_> = accepted.into_iter().map(outcome).collect();
            let report = pool.shutdown(Shutdown::Drain, None).unwrap();
            let completed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            let aborted = outcomes.iter().filter(|outcome| matches!(outcome, Err(JobError::Aborted))).count();
            assert_eq!(completed + aborted, submitted);
            assert_eq!(numbers(report), (completed as u64, 0, aborted as u64, 0, 0));
            let stats = pool.stats();
            assert_eq!((stats.submitted, stats.rejected), (submitted as u64, rejected));
            assert_eq!((stats.busy, stats.queued, stats.waiting), (0, 0, 0));
            assert_eq!(dropped.load(Ordering::SeqCst), submitted + rejected as usize, "every closure is gone, once");
        }
        assert_no_thread_named("sd-race");
    });
}

/// Submits until the pool is shut down; hands the closure back that it got back then to its end.
fn submit_until_rejected(pool: &Pool, dropped: &Arc<AtomicUsize>) -> Vec<JobHandle<()>> {
    let mut accepted = Vec::new();
    loop {
        let token = Dropped(Arc::clone(dropped));
        match pool.submit(move || drop(token)) {
            Ok(job) => accepted.push(job),
            Err(rejected) => {
                assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
                rejected.into_job()();
                return accepted;
            }
        }
    }
}

#[test]
fn every_shutdown_without_limit_returns_only_when_the_threads_have_ended() {
    // A thread-local destructor keeps the thread from ending after its worker has left the pool.
    thread_local! {
        static LAST_BREATH: std::cell::RefCell<Option<Box<dyn std::any::Any>>> = const { std::cell::RefCell::new(None) };
    }
    within_a_minute(|| {
        let pool = named("sd-ended", 1);
        let (dying, go, ended) = (Gate::new(), Gate::new(), Arc::new(AtomicBool::new(false)));
        let last_breath = {
            let (dying, go, ended) = (dying.clone(), go.clone(), Arc::clone(&ended));
            on_drop(move || {
                dying.open();
                go.pass();
                ended.store(true, Ordering::SeqCst);
            })
        };
        outcome(pool.submit(move || LAST_BREATH.set(Some(Box::new(last_breath)))).unwrap()).unwrap();
        let shut_down = || {
            let (pool, ended) = (pool.clone(), Arc::clone(&ended));
            thread::spawn(move || {
                let report = pool.shutdown(Shutdown::Drain, None).unwrap();
                assert_eq!(report.still_running, 0);
                ended.load(Ordering::SeqCst)
            })
        };
        let first = shut_down();
        dying.pass();
        let second = shut_down();
        give_a_moment_to_end(&second);
        go.open();
        assert!(first.join().unwrap(), "the first call came back early");
        assert!(second.join().unwrap(), "the second call came back early");
    });
}

#[test]
fn every_abort_without_limit_returns_only_when_the_closures_are_dropped() {
    within_a_minute(|| {
        let pool = named("sd-dropped", 1);
        let (gate, held) = hold_worker(&pool);
        let (dropping, go) = (Gate::new(), Gate::new());
        let slow = {
            let (dropping, go) = (dropping.clone(), go.clone());
            on_drop(move || {
                dropping.open();
                go.pass();
            })
        };
        let queued = Arc::new(pool.submit(move || drop(slow)).unwrap());
        let abort = || {
            let (pool, queued) = (pool.clone(), Arc::clone(&queued));
            thread::spawn(move || {
                pool.shutdown(Shutdown::Abort, None).unwrap();
                queued.is_finished()
            })
        };
        let first = abort();
        dropping.pass();
        gate.open();
        outcome(held).unwrap();
        let second = abort();
        give_a_moment_to_end(&second);
        go.open();
        assert!(first.join().unwrap(), "the first call left a job unresolved");
        assert!(second.join().unwrap(), "the second call left a job unresolved");
        assert_no_thread_named("sd-dropped");
    });
}

// While submitters wait in line.

#[test]
fn both_modes_send_the_waiting_line_away_with_their_closures() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            let pool = Pool::builder().workers(1).queue_capacity(1).thread_name("sd-line").build().unwrap();
            let (gate, held) = hold_worker(&pool);
            let queued = pool.try_submit(|| ()).unwrap();
            thread::scope(|scope| {
                let waiters: Vec<_> = (0..10)
                    .map(|n| {
                        let pool = &pool;
                        let waiter = scope.spawn(move || match n % 2 {
                            0 => pool.submit(move || n).map_err(|rejected| (rejected.kind(), rejected.into_job()())),
                            _ => pool
                                .submit_timeout(move || n, FOREVER)
                                .map_err(|rejected| (rejected.kind(), rejected.into_job()())),
                        });
                        wait_until("the thread to stand in line", || pool.stats().waiting == n + 1);
                        waiter
                    })
                    .collect();
                pool.shutdown(mode, Some(Duration::ZERO)).unwrap();
                // They go before the worker is free.
                for (n, waiter) in waiters.into_iter().enumerate() {
                    assert_eq!(waiter.join().unwrap().unwrap_err(), (SubmitErrorKind::ShutDown, n as u64));
                }
            });
            assert_eq!(pool.stats().waiting, 0);
            assert_eq!(pool.stats().rejected, 10);
            gate.open();
            outcome(held).unwrap();
            assert_eq!(is_aborted(queued), mode == Shutdown::Abort);
            pool.shutdown(mode, None).unwrap();
            assert_no_thread_named("sd-line");
        }
    });
}

// On the pool's own workers.

#[test]
fn a_worker_cannot_shut_its_pool_down_and_nothing_changes() {
    within_a_minute(|| {
        let pool = named("sd-worker", 2);
        let (gate, held) = hold_worker(&pool);
        let inner = pool.clone();
        let job = move || {
            let queued = inner.submit(|| 42).unwrap();
            for mode in [Shutdown::Drain, Shutdown::Abort] {
                for time in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
                    assert_eq!(inner.shutdown(mode, time), Err(WaitError::WouldDeadlock));
                }
            }
            queued.join().unwrap()
        };
        assert_eq!(outcome(pool.submit(job).unwrap()).unwrap(), 42);
        gate.open();
        outcome(held).unwrap();
        assert_eq!(outcome(pool.submit(|| 42).unwrap()).unwrap(), 42);
        assert_all_workers_alive(&pool);
        assert_eq!(pool.shutdown(Shutdown::Drain, None).unwrap().aborted, 0);
        assert_no_thread_named("sd-worker");
    });
}

#[test]
fn a_worker_may_shut_another_pool_down() {
    within_a_minute(|| {
        let (pool, other) = (named("sd-other", 2), one_worker(10));
        let queued = pool.submit(|| 42).unwrap();
        let inner = pool.clone();
        let report = outcome(other.submit(move || inner.shutdown(Shutdown::Drain, None)).unwrap()).unwrap();
        assert_eq!(numbers(report.unwrap()), (1, 0, 0, 0, 0));
        assert_eq!(outcome(queued).unwrap(), 42);
        assert_no_thread_named("sd-other");
    });
}

#[test]
fn a_hook_cannot_shut_its_pool_down_either() {
    within_a_minute(|| {
        silence_expected_panics();
        let slot: Arc<Mutex<Option<Pool>>> = Arc::default();
        let (answers, stop_slot, panic_slot) = (Arc::new(Mutex::new(Vec::new())), Arc::clone(&slot), Arc::clone(&slot));
        let (stop_answers, panic_answers) = (Arc::clone(&answers), Arc::clone(&answers));
        let ask = |slot: &Mutex<Option<Pool>>, answers: &Mutex<Vec<_>>| {
            let pool = slot.lock().unwrap().clone().expect("the pool is built");
            answers.lock().unwrap().push(pool.shutdown(Shutdown::Abort, None));
        };
        let pool = Pool::builder()
            .workers(2)
            .thread_name("sd-hook")
            .on_worker_stop(move |_| ask(&stop_slot, &stop_answers))
            .on_panic(move |_| ask(&panic_slot, &panic_answers))
            .build()
            .unwrap();
        *slot.lock().unwrap() = Some(pool.clone());
        assert!(outcome(pool.submit(|| panic!("{EXPECTED}job")).unwrap()).is_err());
        assert_eq!(*answers.lock().unwrap(), [Err(WaitError::WouldDeadlock)]);
        assert_all_workers_alive(&pool);
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(*answers.lock().unwrap(), [Err(WaitError::WouldDeadlock); 3]);
        // The hooks hold the pool and the pool holds them.
        *slot.lock().unwrap() = None;
        assert_no_thread_named("sd-hook");
    });
}

// The global pool.

#[test]
fn the_global_pool_works_and_cannot_be_shut_down() {
    within_a_minute(|| {
        let pool = Pool::global();
        assert!(std::ptr::eq(pool, Pool::global()));
        assert_eq!(outcome(pool.submit(|| 42).unwrap()).unwrap(), 42);
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            for time in [None, Some(Duration::ZERO)] {
                assert_eq!(pool.shutdown(mode, time), Err(WaitError::GlobalPool));
                assert_eq!(pool.clone().shutdown(mode, time), Err(WaitError::GlobalPool));
            }
        }
        let inside = pool.submit(|| Pool::global().shutdown(Shutdown::Abort, None)).unwrap();
        outcome(inside).unwrap().unwrap_err();
        drop(pool.clone());
        assert_eq!(outcome(pool.submit(|| 42).unwrap()).unwrap(), 42);
        assert_all_workers_alive(pool);
    });
}

// Dropping the pool.

#[test]
fn dropping_the_last_pool_drains_and_joins() {
    within_a_minute(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        let stopped = Arc::new(AtomicUsize::new(0));
        let hook_stopped = Arc::clone(&stopped);
        let pool = Pool::builder()
            .workers(2)
            .thread_name("sd-drop")
            .on_worker_stop(move |_| {
                hook_stopped.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        let jobs: Vec<_> = (0..1_000)
            .map(|_| {
                let ran = Arc::clone(&ran);
                pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).unwrap()
            })
            .collect();
        drop(pool);
        assert_eq!(ran.load(Ordering::SeqCst), 1_000);
        assert_eq!(stopped.load(Ordering::SeqCst), 2);
        assert!(jobs.into_iter().all(|job| outcome(job).is_ok()));
        assert_no_thread_named("sd-drop");
    });
}

#[test]
fn a_clone_keeps_the_pool_alive() {
    within_a_minute(|| {
        let pool = named("sd-clone", 2);
        let clone = pool.clone();
        drop(pool);
        assert_eq!(outcome(clone.submit(|| 42).unwrap()).unwrap(), 42);
        assert_all_workers_alive(&clone);
        drop(clone);
        assert_no_thread_named("sd-clone");
    });
}

#[test]
fn a_clone_sees_the_shutdown() {
    within_a_minute(|| {
        let pool = named("sd-sees", 2);
        let clone = pool.clone();
        clone.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(rejection(pool.submit(|| ())), Some(SubmitErrorKind::ShutDown));
        drop(clone);
        drop(pool);
        assert_no_thread_named("sd-sees");
    });
}

#[test]
fn a_handle_outlives_its_pool() {
    let pool = named("sd-handle", 1);
    let job = pool.submit(|| 42).unwrap();
    drop(pool);
    assert_eq!(outcome(job).unwrap(), 42);
}

/// Builds a pool of 2 that counts what it runs, and hands it to `let_go`, which must get the last clone dropped on one
/// of the pool's own workers. All that was queued then must run and the threads must end.
fn assert_letting_go_drains(name: &'static str, let_go: fn(Pool, Gate)) {
    within_a_minute(move || {
        let stopped = Arc::new(AtomicUsize::new(0));
        let ran = Arc::new(AtomicUsize::new(0));
        let hook_stopped = Arc::clone(&stopped);
        let pool = Pool::builder()
            .workers(2)
            .thread_name(name)
            .on_worker_stop(move |_| {
                hook_stopped.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        let (gate, held) = hold_worker(&pool);
        let let_go_gate = Gate::new();
        let waiter = {
            let gate = let_go_gate.clone();
            pool.submit(move || gate.pass()).unwrap()
        };
        let queue_more = {
            let (pool, ran) = (pool.clone(), Arc::clone(&ran));
            move || {
                for _ in 0..100 {
                    let ran = Arc::clone(&ran);
                    pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).unwrap().detach();
                }
            }
        };
        let_go(pool, let_go_gate);
        // `let_go`'s job stands before these, and the one clone here is gone before it begins.
        queue_more();
        drop(queue_more);
        gate.open();
        outcome(held).unwrap();
        outcome(waiter).unwrap();
        wait_until("the workers to stop", || stopped.load(Ordering::SeqCst) == 2);
        assert_eq!(ran.load(Ordering::SeqCst), 100);
        assert_no_thread_named(name);
    });
}

#[test]
fn the_last_pool_may_be_dropped_inside_a_job() {
    assert_letting_go_drains("sd-in-job", |pool, gate| {
        let inner = pool.clone();
        pool.submit(move || {
            gate.open();
            drop(inner);
        })
        .unwrap()
        .detach();
    });
}

#[test]
fn the_last_pool_may_be_dropped_inside_a_result() {
    assert_letting_go_drains("sd-in-result", |pool, gate| {
        let inner = pool.clone();
        pool.submit(move || {
            gate.open();
            inner
        })
        .unwrap()
        .detach();
    });
}

#[test]
fn the_last_pool_may_be_dropped_inside_a_panic() {
    silence_expected_panics();
    assert_letting_go_drains("sd-in-panic", |pool, gate| {
        let inner = pool.clone();
        pool.submit(move || {
            gate.open();
            std::panic::panic_any(Mutex::new(inner));
        })
        .unwrap()
        .detach();
    });
}

#[test]
fn the_last_pool_may_come_out_of_a_handle() {
    within_a_minute(|| {
        let pool = named("sd-handed", 2);
        let inner = pool.clone();
        let job = pool.submit(move || inner).unwrap();
        drop(pool);
        let pool = outcome(job).unwrap();
        assert_eq!(outcome(pool.submit(|| 42).unwrap()).unwrap(), 42);
        drop(pool);
        assert_no_thread_named("sd-handed");

        // Or go with it.
        let pool = named("sd-handed", 2);
        let inner = pool.clone();
        let job = pool.submit(move || inner).unwrap();
        drop(pool);
        wait_until("the job to end", || job.is_finished());
        drop(job);
        assert_no_thread_named("sd-handed");
    });
}

#[test]
fn a_pool_inside_its_own_aborted_closure_goes_with_it() {
    within_a_minute(|| {
        let pool = named("sd-aborted", 1);
        let (gate, held) = hold_worker(&pool);
        let inner = pool.clone();
        let queued = pool.submit(move || drop(inner)).unwrap();
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(is_aborted(queued));
        gate.open();
        outcome(held).unwrap();
        drop(pool);
        assert_no_thread_named("sd-aborted");
    });
}

#[test]
fn another_pool_inside_an_aborted_closure_drains_there() {
    within_a_minute(|| {
        let (pool, other) = (named("sd-outer", 1), named("sd-within", 1));
        let (gate, held) = hold_worker(&pool);
        let job = other.submit(|| 42).unwrap();
        let queued = pool.submit(move || drop(other)).unwrap();
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(job.is_finished(), "it was the last clone, so its pool has drained");
        assert_no_thread_named("sd-within");
        assert_eq!(outcome(job).unwrap(), 42);
        assert!(is_aborted(queued));
        gate.open();
        outcome(held).unwrap();
    });
}

#[test]
fn outsiders_and_workers_may_race_to_drop_the_last_pool() {
    const ROUNDS: usize = 1_000;
    within_a_minute(|| {
        let (ran, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for round in 0..ROUNDS {
            let hook_stopped = Arc::clone(&stopped);
            let pool = Pool::builder()
                .workers(2)
                .thread_name("sd-letgo")
                .on_worker_stop(move |_| {
                    hook_stopped.fetch_add(1, Ordering::SeqCst);
                })
                .build()
                .unwrap();
            for n in 0..4 {
                let (inner, ran) = (pool.clone(), Arc::clone(&ran));
                let job = move || {
                    drop(inner);
                    ran.fetch_add(1, Ordering::SeqCst);
                };
                match n % 2 {
                    0 => pool.submit(job).unwrap().detach(),
                    _ => drop(pool.submit(job).unwrap()),
                }
            }
            spin((round * 31) % 3_000);
            drop(pool);
        }
        wait_until("all workers to stop", || stopped.load(Ordering::SeqCst) == 2 * ROUNDS);
        assert_eq!(ran.load(Ordering::SeqCst), 4 * ROUNDS);
        assert_no_thread_named("sd-letgo");
    });
}

#[test]
fn a_pool_may_live_in_a_static() {
    static POOL: OnceLock<Pool> = OnceLock::new();
    let pool = POOL.get_or_init(|| one_worker(10));
    assert_eq!(outcome(pool.submit(|| 42).unwrap()).unwrap(), 42);
}
