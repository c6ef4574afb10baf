//! `ThreadPoolExecutorTest` of the JSR-166 conformance suite (openjdk/jdk, `test/jdk/java/util/concurrent/tck`): what a
//! bounded pool says of itself, what it rejects, and how it ends.
//!
//! Read `shutdown` as a drain and `shutdownNow` as an abort; `awaitTermination` as the time-out of either, and
//! `isTerminated` as nothing still running; the getters of counts as `stats()`; `getQueue`, `remove` and `purge` as
//! `cancel` and `stats().queued`; `CallerRunsPolicy` as `into_job()()`; an interrupted thread as a `checkpoint`.
//!
//! This accounts for its 101 methods (`grep -c 'public void test'`). 24 are named by the tests below; 28 that it shares
//! by name with `AbstractExecutorServiceTest` (`testInterruptedSubmit`, `testNullTaskSubmission`, `testSubmitCallable`,
//! `testSubmitRunnable`, `testSubmitRunnable2`, all of `testInvoke` and `testTimedInvoke`) are accounted for in
//! `jsr166_service.rs`; 10 are stated by other tests:
//!
//! | method | stated by |
//! |---|---|
//! | `testExecute` | `handle::detached_and_dropped_jobs_still_run` |
//! | `testPrestartCoreThread`, `testPrestartAllCoreThreads` | `build::the_start_hook_has_run_on_every_worker_when_build_returns`: all workers start with the pool |
//! | `testConstructor3`, `8`, `13`, `18` | `build::no_workers_is_an_error` |
//! | `testFailingThreadFactory` | `build::a_thread_that_cannot_start_is_an_error_that_leaves_no_thread`: the other choice, all workers or none |
//! | `testBeforeAfter` | `panics::a_panic_hook_sees_the_panic_where_it_happened_and_before_the_waiter`: there is a hook for jobs that fail, none for the others |
//! | `testTerminated` | `build::the_stop_hook_runs_once_on_every_worker_after_its_last_job`: the hook is a worker's, not the pool's |
//!
//! and 39 have no meaning here:
//!
//! | what has no meaning here | why |
//! |---|---|
//! | keep-alive times: `testGetKeepAliveTime`, `testKeepAliveTimeIllegalArgumentException`, `testAllowCoreThreadTimeOut_true`, `testConstructor4`, `9`, `14`, `19` | a worker stays until the shutdown |
//! | negative sizes: `testCorePoolSizeIllegalArgumentException`, `testMaximumPoolSizeIllegalArgumentException2`, `testConstructor1`, `2`, `6`, `7`, `11`, `12`, `16`, `17` | sizes have no sign |
//! | a core size beside the maximum: `testMaximumPoolSizeIllegalArgumentException`, `testPoolSizeInvariants`, `testConstructor5`, `10`, `15`, `20` | a pool has one size, and keeps it |
//! | null arguments: `testConstructorNullPointerException`, `2` to `8` | there is no null |
//! | thread factories: `testGetThreadFactory`, `testSetThreadFactory`, `testSetThreadFactoryNull`, `testThreadFactoryReturnsTerminatedThread_shouldThrow`, `testThreadFactoryReturnsStartedThread_shouldThrow` | the pool starts its own threads; a name, a stack size and hooks are all there is to say |
//! | handlers of what is rejected: `testGetRejectedExecutionHandler`, `testSetRejectedExecutionHandler`, `testSetRejectedExecutionHandlerNull` | a rejected job goes back to who submitted it, who knows best |

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use corepool::{
    Cancel, Interrupted, JobError, JobHandle, Pool, Priority, Shutdown, Stats, SubmitError, SubmitErrorKind,
};

use crate::common::{
    EXPECTED, FOREVER, Gate, finish, hold_worker, one_worker, outcome, silence_expected_panics, spin, threads_of,
    until_stopped, wait_until, with_workers, within_a_minute,
};

fn is_cancelled<T>(outcome: &Result<T, JobError>) -> bool {
    matches!(outcome, Err(JobError::Cancelled))
}

/// Starts a job that looks at the counts from inside, and ends once the gate is open. Comes back once it has looked.
fn look_from_inside(pool: &Pool) -> (Gate, JobHandle<Stats>) {
    let (gate, looked) = (Gate::new(), Gate::new());
    let job = {
        let (pool, gate, looked) = (pool.clone(), gate.clone(), looked.clone());
        move || {
            let seen = pool.stats();
            looked.open();
            gate.pass();
            seen
        }
    };
    let job = pool.submit(job).unwrap();
    looked.pass();
    (gate, job)
}

// What the pool says of itself.

/// ThreadPoolExecutorTest: testGetActiveCount, testGetCompletedTaskCount
#[test]
fn a_running_job_is_busy_and_not_completed_from_inside_and_from_outside() {
    let pool = with_workers(2);
    let counts = |stats: Stats| (stats.busy, stats.completed);
    assert_eq!(counts(pool.stats()), (0, 0));
    let (gate, job) = look_from_inside(&pool);
    assert_eq!(counts(pool.stats()), (1, 0));
    gate.open();
    assert_eq!(counts(finish(job)), (1, 0));
    assert_eq!(counts(pool.stats()), (0, 1));
}

/// ThreadPoolExecutorTest: testGetTaskCount
#[test]
fn submitted_grows_with_every_job_and_is_all_completed_in_the_end() {
    let pool = one_worker(10);
    let counts = || (pool.stats().submitted, pool.stats().completed);
    assert_eq!(counts(), (0, 0));
    let (gate, held) = hold_worker(&pool);
    let mut jobs = Vec::new();
    for n in 1..=3 {
        assert_eq!(counts(), (n, 0));
        let inner = pool.clone();
        jobs.push(pool.submit(move || inner.stats().submitted).unwrap());
    }
    assert_eq!(counts(), (4, 0));
    gate.open();
    assert_eq!(Vec::from_iter(jobs.into_iter().map(finish)), [4, 4, 4]);
    finish(held);
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!(counts(), (4, 4));
}

/// ThreadPoolExecutorTest: testGetCorePoolSize, testGetPoolSize, testGetLargestPoolSize, testGetMaximumPoolSize
#[test]
fn the_pool_has_its_size_when_it_is_new_at_work_and_at_its_end() {
    let pool = with_workers(3);
    let size = || (pool.workers(), pool.stats().workers);
    assert_eq!(size(), (3, 3));
    let at_work = [(); 3].map(|()| look_from_inside(&pool));
    assert_eq!((size(), pool.stats().busy), ((3, 3), 3));
    for (gate, job) in at_work {
        gate.open();
        assert_eq!(finish(job).workers, 3);
    }
    assert_eq!(pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap().still_running, 0);
    assert_eq!(size(), (3, 3));
}

/// ThreadPoolExecutorTest: testAllowsCoreThreadTimeOut, testAllowCoreThreadTimeOut_false
///
/// Nor does a panic cost a thread, which that pool would replace.
#[test]
fn idle_workers_stay_and_stay_the_same_threads_whatever_their_jobs_do() {
    within_a_minute(|| {
        silence_expected_panics();
        let pool = with_workers(3);
        let first = threads_of(&pool);
        assert_eq!(first.len(), 3);
        for _ in 0..20 {
            assert!(outcome(pool.submit(|| panic!("{EXPECTED}a job")).unwrap()).is_err());
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert_eq!(threads_of(&pool), first);
        }
    });
}

// What it rejects.

fn never_runs() {
    unreachable!("it was rejected or taken out of the queue");
}

fn rejection<F>(submitted: Result<JobHandle<()>, SubmitError<F>>) -> SubmitErrorKind {
    submitted.expect_err("there is no room").kind()
}

fn count_rejection(stats: &mut Stats, why: SubmitErrorKind) {
    match why {
        SubmitErrorKind::Full => stats.rejected_full += 1,
        SubmitErrorKind::TimedOut => stats.rejected_timed_out += 1,
        SubmitErrorKind::ShutDown => stats.rejected_shut_down += 1,
        other => unreachable!("no job here is rejected as {other:?}"),
    }
}

/// Submits in the ways that do not wait. Each is rejected for its reason, and only the count of rejections shows it.
fn assert_rejected(pool: &Pool, at_once: SubmitErrorKind, in_time: SubmitErrorKind) {
    let mut expected = pool.stats();
    for _ in 0..2 {
        assert_eq!(rejection(pool.try_submit(never_runs)), at_once);
        assert_eq!(rejection(pool.job().priority(Priority::High).try_submit(never_runs)), at_once);
        assert_eq!(rejection(pool.submit_timeout(never_runs, Duration::ZERO)), in_time);
        assert_eq!(rejection(pool.job().timeout(FOREVER).submit_timeout(never_runs, Duration::ZERO)), in_time);
        expected.rejected += 4;
        [at_once, at_once, in_time, in_time].into_iter().for_each(|why| count_rejection(&mut expected, why));
    }
    assert_eq!(pool.stats(), expected);
}

/// Submits in all ways, none of which waits for a pool that will take no more.
fn assert_rejected_for_good(pool: &Pool) {
    assert_rejected(pool, SubmitErrorKind::ShutDown, SubmitErrorKind::ShutDown);
    assert_eq!(rejection(pool.submit(never_runs)), SubmitErrorKind::ShutDown);
    assert_eq!(rejection(pollster::block_on(pool.submit_async(never_runs))), SubmitErrorKind::ShutDown);
}

/// ThreadPoolExecutorTest: testSubmittedTasksRejectedWhenSaturatedOrShutdown
#[test]
fn jobs_are_rejected_while_the_pool_is_saturated_while_it_ends_and_afterwards() {
    within_a_minute(|| {
        for (mode, completed) in [(Shutdown::Drain, 5), (Shutdown::Abort, 1)] {
            let pool = one_worker(4);
            let (gate, held) = hold_worker(&pool);
            let queued = [
                pool.submit(|| ()).unwrap(),
                pool.try_submit(|| ()).unwrap(),
                pool.submit_timeout(|| (), Duration::ZERO).unwrap(),
                pollster::block_on(pool.submit_async(|| ())).unwrap(),
            ];
            assert!(!held.is_finished() && !queued.iter().any(JobHandle::is_finished));
            assert_rejected(&pool, SubmitErrorKind::Full, SubmitErrorKind::TimedOut);

            assert_eq!(pool.shutdown(mode, Some(Duration::ZERO)).unwrap().still_running, 1);
            assert_rejected_for_good(&pool);

            gate.open();
            let report = pool.shutdown(mode, Some(FOREVER)).unwrap();
            assert_rejected_for_good(&pool);
            assert_eq!((report.completed, report.aborted, report.still_running), (completed, 5 - completed, 0));
        }
    });
}

/// ThreadPoolExecutorTest: testDefaultRejectedExecutionHandler, testStandardRejectedExecutionHandlers
#[test]
fn a_rejected_job_is_its_submitters_to_drop_or_to_run() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let queued = pool.try_submit(|| ()).unwrap();
    let mut expected = pool.stats();
    let ran_on = Arc::new(Mutex::new(None));
    let submit = || {
        let ran_on = Arc::clone(&ran_on);
        pool.try_submit(move || *ran_on.lock().unwrap() = Some(thread::current().id())).unwrap_err()
    };

    let rejected = submit();
    assert_eq!(rejected.kind(), SubmitErrorKind::Full);
    drop(rejected);
    assert_eq!((*ran_on.lock().unwrap(), Arc::strong_count(&ran_on)), (None, 1));

    submit().into_job()();
    assert_eq!((*ran_on.lock().unwrap(), Arc::strong_count(&ran_on)), (Some(thread::current().id()), 1));

    expected.rejected += 2;
    expected.rejected_full += 2;
    assert_eq!(pool.stats(), expected);
    gate.open();
    finish(held);
    finish(queued);
}

/// ThreadPoolExecutorTest: testSaturatedExecute_DiscardOldestPolicy
#[test]
fn the_oldest_queued_job_can_be_given_up_for_the_newest() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let oldest = pool.try_submit(never_runs).unwrap();
    let rejected = pool.try_submit(|| "newest").unwrap_err();
    assert_eq!(oldest.cancel(), Cancel::Dequeued);
    let newest = pool.try_submit(rejected.into_job()).unwrap();
    assert_eq!(pool.stats().queued, 1);
    gate.open();
    finish(held);
    assert_eq!(finish(newest), "newest");
    assert!(is_cancelled(&outcome(oldest)));
}

/// ThreadPoolExecutorTest: testRejectedRecycledTask
#[test]
fn a_rejected_job_can_be_submitted_again_and_again_until_it_is_taken() {
    const JOBS: u64 = 1_000;
    within_a_minute(|| {
        let pool = one_worker(30);
        let (gate, held) = hold_worker(&pool);
        let done = Arc::new(AtomicU64::new(0));
        let mut rejections = 0;
        for _ in 0..JOBS {
            let done = Arc::clone(&done);
            let mut job = move || done.fetch_add(1, Ordering::Relaxed);
            while let Err(rejected) = pool.try_submit(job).map(JobHandle::detach) {
                // Rejected at least once, but not for ever.
                gate.open();
                rejections += 1;
                job = rejected.into_job();
            }
        }
        finish(held);
        pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
        assert_eq!(done.load(Ordering::Relaxed), JOBS);
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.completed, stats.rejected), (JOBS + 1, JOBS + 1, rejections));
    });
}

// What is taken out of the queue.

/// ThreadPoolExecutorTest: testGetQueue, testRemove, testPurge
///
/// What is taken out has gone at once, so there is nothing to purge. It was submitted, and stays counted as such.
#[test]
fn a_queued_job_can_be_taken_out_and_a_running_one_cannot() {
    let pool = one_worker(10);
    let (gate, running) = hold_worker(&pool);
    let jobs = [1, 2, 3, 4, 5].map(|n| pool.submit(move || n).unwrap());
    let counts = || {
        let stats = pool.stats();
        (stats.submitted, stats.queued, stats.busy, stats.completed)
    };
    assert_eq!(counts(), (6, 5, 1, 0));
    assert_eq!(running.cancel(), Cancel::Requested);
    assert_eq!(counts(), (6, 5, 1, 0));
    assert_eq!((jobs[3].cancel(), jobs[3].cancel()), (Cancel::Dequeued, Cancel::Finished));
    assert_eq!(counts(), (6, 4, 1, 0));
    assert_eq!(jobs[2].cancel(), Cancel::Dequeued);
    assert_eq!(counts(), (6, 3, 1, 0));
    gate.open();
    finish(running);
    assert_eq!(jobs.map(|job| outcome(job).ok()), [Some(1), Some(2), None, None, Some(5)]);
    assert_eq!(counts(), (6, 0, 0, 4));
}

/// ThreadPoolExecutorTest: testGet_cancelled
///
/// A running job is asked, and its outcome stays its own.
#[test]
fn a_cancelled_job_says_so_however_it_is_asked() {
    let pool = one_worker(10);
    let (gate, running) = hold_worker(&pool);
    let queued = [(); 4].map(|()| pool.submit(never_runs).unwrap());
    assert_eq!(running.cancel(), Cancel::Requested);
    for job in &queued {
        assert_eq!(job.cancel(), Cancel::Dequeued);
        assert!(job.is_finished());
    }
    let [joined, timed, tried, awaited] = queued;
    assert!(is_cancelled(&joined.join()));
    assert!(is_cancelled(&timed.join_timeout(FOREVER).unwrap()));
    assert!(is_cancelled(&tried.try_join().unwrap()));
    assert!(is_cancelled(&pollster::block_on(awaited)));
    assert!(!running.is_finished());
    gate.open();
    finish(running);
}

/// Holds the first who comes until the second does; both are awake then, and go on at once.
fn meet(arrived: &AtomicU64) {
    arrived.fetch_add(1, Ordering::Relaxed);
    while arrived.load(Ordering::Relaxed) < 2 {
        thread::yield_now();
    }
}

/// ThreadPoolExecutorTest: testGet_cancelled, at the moment when the worker comes to the job
///
/// On a busy machine who comes second goes on alone, so the two take turns at that.
#[test]
fn what_a_cancel_says_is_what_the_handle_says() {
    const ROUNDS: u64 = 128;
    within_a_minute(|| {
        let pool = one_worker(10);
        let ran = Arc::new(AtomicU64::new(0));
        let (mut values, mut cancelled) = (0, 0);
        for round in 0..ROUNDS {
            let (arrived, ran) = (Arc::new(AtomicU64::new(0)), Arc::clone(&ran));
            let worker = Arc::clone(&arrived);
            let before = pool.submit(move || meet(&worker)).unwrap();
            let job = pool.submit(move || ran.fetch_add(1, Ordering::Relaxed)).unwrap();
            if round % 2 == 0 {
                wait_until("the worker to come first", || arrived.load(Ordering::Relaxed) == 1);
            }
            meet(&arrived);
            spin(round as usize % 64);
            match (job.cancel(), outcome(job)) {
                (Cancel::Requested | Cancel::Finished, Ok(n)) if n == values => values += 1,
                (Cancel::Dequeued | Cancel::Requested, Err(JobError::Cancelled)) => cancelled += 1,
                (said, outcome) => panic!("{said:?}, and then {outcome:?}"),
            }
            finish(before);
        }
        assert_eq!(ran.load(Ordering::Relaxed), values);
        assert_eq!((pool.stats().completed, pool.stats().cancelled), (values + ROUNDS, cancelled));
    });
}

// How it ends.

/// ThreadPoolExecutorTest: testIsShutdown, testDiscardOldestOnShutdown
#[test]
fn a_job_that_comes_after_the_end_goes_with_its_rejection() {
    for mode in [Shutdown::Drain, Shutdown::Abort] {
        let pool = one_worker(1);
        finish(pool.submit(|| ()).unwrap());
        assert_eq!(pool.shutdown(mode, Some(FOREVER)).unwrap().still_running, 0);
        let done = Arc::new(AtomicBool::new(false));
        let job = {
            let done = Arc::clone(&done);
            move || done.store(true, Ordering::Relaxed)
        };
        drop(pool.submit(job).unwrap_err());
        assert_eq!((done.load(Ordering::Relaxed), Arc::strong_count(&done)), (false, 1));
    }
}

/// ThreadPoolExecutorTest: testAwaitTermination_timesOut, testIsTerminated, testIsTerminating
#[test]
fn a_shutdown_waits_all_its_time_for_a_running_job_and_none_for_an_ended_pool() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    for timeout in [Duration::ZERO, Duration::from_nanos(999_999), Duration::from_millis(12)] {
        let start = Instant::now();
        assert_eq!(pool.shutdown(Shutdown::Drain, Some(timeout)).unwrap().still_running, 1);
        assert!(start.elapsed() >= timeout);
    }
    gate.open();
    for timeout in [FOREVER, Duration::ZERO] {
        assert_eq!(pool.shutdown(Shutdown::Drain, Some(timeout)).unwrap().still_running, 0);
    }
    finish(held);
}

/// ThreadPoolExecutorTest: testShutdownNow
#[test]
fn an_abort_interrupts_what_runs_gives_up_what_is_queued_and_counts_both() {
    let pool = with_workers(2);
    let (start, started) = mpsc::channel();
    let jobs = [(); 5].map(|()| {
        let start = start.clone();
        let job = move || {
            start.send(()).unwrap();
            until_stopped()
        };
        pool.submit(job).unwrap()
    });
    started.recv_timeout(FOREVER).and_then(|()| started.recv_timeout(FOREVER)).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.busy, stats.queued, stats.completed), (2, 3, 0));

    let report = pool.shutdown(Shutdown::Abort, Some(FOREVER)).unwrap();
    assert_eq!((report.still_running, report.still_queued), (0, 0));
    assert_eq!((report.completed, report.aborted), (2, 3));
    let outcomes = jobs.map(outcome);
    let [Ok(Interrupted::ShuttingDown), Ok(Interrupted::ShuttingDown), rest @ ..] = &outcomes else {
        panic!("the first two ran: {outcomes:?}")
    };
    assert!(rest.iter().all(|outcome| matches!(outcome, Err(JobError::Aborted))), "{rest:?}");
    assert!(started.try_recv().is_err(), "no other has begun");
}
