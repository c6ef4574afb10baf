//! The suite of `rusty_pool` 1.0.0 (the tests in its `src/lib.rs`): a pool with core workers and others that come and
//! go, whose `join` is [`Pool::wait_idle`] here and whose `shutdown_join` is a drain. This file accounts for its 41
//! tests.
//!
//! | pinned already | by |
//! |---|---|
//! | `test_join`, `test_join_enqueued_task` | `idle::flush::every_handle_accepted_before_is_finished_after` |
//! | `test_join_timeout` | `idle::flush::it_gives_up_in_time_and_not_before` |
//! | `test_empty_join` | `idle::flush::an_idle_pool_is_idle_at_once` |
//! | `test_join_when_complete` | `idle::flush::the_end_of_a_job_that_races_the_wait_is_not_missed` |
//! | `test_multi_thread_join` | `idle::flush::many_may_wait_at_once` |
//! | `test_drop_all_receivers` | `idle::sleep::a_job_that_meets_workers_awake_searching_or_asleep_is_run` |
//! | `test_shutdown` | `shutdown::abort_resolves_what_is_queued_and_drops_it_before_it_returns` |
//! | `test_shutdown_join` | `shutdown::drain_finishes_what_was_accepted` |
//! | `test_shutdown_join_timeout` | `shutdown::a_drain_out_of_time_says_what_is_left_and_goes_on` |
//! | `test_evaluate` | `handle::any_thread_may_join_a_handle` |
//! | `test_evaluate_panic` | `errors::a_panics_message_is_its_text_whatever_it_is_made_of` |
//! | `test_panic_on_0_max_pool_size` | `build::no_workers_is_an_error` |
//! | `test_start_core_threads` | `build::a_pool_has_as_many_workers_as_it_says` |
//! | `test_worker_start_stop_callbacks` | `build::the_start_hook_has_run_on_every_worker_when_build_returns`, `build::the_stop_hook_runs_once_on_every_worker_after_its_last_job` |
//! | `test_worker_start_callback_panic` | `build::a_start_hook_that_panics_on_the_first_worker_fails_the_build` |
//!
//! | no meaning here | why |
//! |---|---|
//! | `it_works`, `test_full_usage`, `test_builder_max_size`, `test_panic_on_smaller_max_than_core_pool_size` | the number of workers is fixed |
//! | `test_panic_on_max_size_exceeds_half_usize`, `worker_count_test`, `test_try_increment_worker_total` | workers are not counted in two halves of a word |
//! | `test_complete_fut`, `test_spawn`, `test_spawn_await` | the pool runs closures, no futures |

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use corepool::{CancelOnDrop, CancelToken, JobError, JobHandle, Pool, Shutdown};

use super::common::{
    EXPECTED, FOREVER, Gate, hold_worker, one_worker, rounds, silence_expected_panics, spin, wait_until, with_workers,
    within_a_minute,
};

/// rusty_pool: stress_test
#[test]
fn what_jobs_submit_beyond_the_bound_in_two_waves_is_all_run() {
    let pool = Pool::builder().workers(3).queue_capacity(10).build().unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..5 {
        let (inner, ran) = (pool.clone(), Arc::clone(&ran));
        let two_waves = move || {
            for _ in 0..2 {
                let wave: Vec<_> = (0..160)
                    .map(|_| {
                        let ran = Arc::clone(&ran);
                        inner.submit(move || ran.fetch_add(1, Ordering::SeqCst)).unwrap()
                    })
                    .collect();
                // The first is waited for, so that the second wave finds some of its predecessors done.
                wave.into_iter().next().unwrap().join().unwrap();
            }
        };
        pool.submit(two_waves).unwrap().detach();
    }
    let report = pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!((report.completed, report.still_running), (1_605, 0));
    assert_eq!(ran.load(Ordering::SeqCst), 1_600);
}

/// Drains a pool of five after so many jobs, or while it runs and queues them.
fn assert_a_drain_ends_five_workers(jobs: u64, meanwhile: bool) {
    let (tell, stopped) = mpsc::channel();
    let pool = Pool::builder().workers(5).on_worker_stop(move |index| tell.send(index).unwrap()).build().unwrap();
    let (gate, ran) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..jobs {
        let (gate, ran) = (gate.clone(), Arc::clone(&ran));
        let job = move || {
            gate.pass();
            ran.fetch_add(1, Ordering::SeqCst);
        };
        pool.submit(job).unwrap().detach();
    }
    if meanwhile {
        assert_eq!(pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap().completed, 0);
        gate.open();
    } else {
        gate.open();
        pool.wait_idle(Some(FOREVER)).unwrap();
    }
    let report = pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!((report.completed, report.still_running), (jobs, 0));
    assert_eq!(ran.load(Ordering::SeqCst) as u64, jobs);
    let mut stopped: Vec<_> = stopped.try_iter().collect();
    stopped.sort_unstable();
    assert_eq!(stopped, [0, 1, 2, 3, 4]);
}

/// rusty_pool: test_empty_shutdown_join, test_shutdown_idle_core_pool, test_shutdown_core_pool
#[test]
fn a_drain_ends_every_worker_whether_it_is_busy_idle_or_was_never_used() {
    for jobs in [0, 1, 5, 7] {
        assert_a_drain_ends_five_workers(jobs, false);
        assert_a_drain_ends_five_workers(jobs, true);
    }
}

/// rusty_pool: test_shutdown_on_complete, test_shutdown_after_complete
#[test]
fn a_shutdown_that_meets_the_end_of_the_last_job_finds_it_done() {
    within_a_minute(|| {
        for round in rounds(1_000) {
            let pool = with_workers(1 + round % 3);
            let job = pool.submit(move || spin(round * 7 % 300)).unwrap();
            spin(round * 13 % 400);
            let report = pool.shutdown(Shutdown::Drain, None).unwrap();
            assert_eq!((report.completed, report.still_running), (1, 0));
            job.join().unwrap();
        }
    });
}

/// rusty_pool: test_panic_all, test_panic_some, test_panic_all_core_threads
#[test]
fn panics_among_other_jobs_are_counted_apart() {
    silence_expected_panics();
    let pool = with_workers(3);
    let ran = Arc::new(AtomicUsize::new(0));
    let submit = |panics: bool| {
        let ran = Arc::clone(&ran);
        let job = move || {
            assert!(!panics, "{EXPECTED}some");
            ran.fetch_add(1, Ordering::SeqCst);
        };
        pool.submit(job).unwrap().detach();
    };
    for (first, end) in [(0, 3), (3, 6), (6, 10)] {
        // All of the first three, then some.
        (first..end).for_each(|n| submit(n < 3 || n % 2 == 0));
        pool.wait_idle(Some(FOREVER)).unwrap();
    }
    assert_eq!(ran.load(Ordering::SeqCst), 4);
    let stats = pool.stats();
    assert_eq!((stats.completed, stats.panicked, stats.busy), (4, 6, 0));
}

/// rusty_pool: test_multiple_evaluate
#[test]
fn a_job_may_join_a_handle_that_it_was_given() {
    within_a_minute(|| {
        for n in [1, 3] {
            let pool = with_workers(n);
            let (mut sum, mut expected) = (pool.submit(|| 0).unwrap(), 0);
            for n in 0..1_000_u64 {
                sum = pool.submit(move || sum.join().unwrap() + n).unwrap();
                expected += n;
            }
            assert_eq!(sum.join().unwrap(), expected);
        }
    });
}

/// rusty_pool: test_drop_oneshot_receiver
#[test]
fn a_handle_dropped_while_its_job_runs_costs_no_worker() {
    let pool = one_worker(2);
    let id = || pool.submit(|| thread::current().id()).unwrap().join().unwrap();
    let before = id();
    let (gate, job) = hold_worker(&pool);
    drop(job);
    gate.open();
    assert_eq!(id(), before);
}

/// rusty_pool: test_worker_callbacks_on_task_panic, test_worker_stop_callback_panic_during_task_panic
#[test]
fn a_panicking_job_neither_stops_nor_starts_a_worker() {
    silence_expected_panics();
    let (tell_start, started) = mpsc::channel();
    let (tell_stop, stopped) = mpsc::channel();
    let pool = Pool::builder()
        .workers(1)
        .on_worker_start(move |index| tell_start.send(index).unwrap())
        .on_worker_stop(move |index| {
            tell_stop.send(index).unwrap();
            panic!("{EXPECTED}stop hook");
        })
        .build()
        .unwrap();
    for _ in 0..10 {
        let outcome = pool.submit(|| panic!("{EXPECTED}job")).unwrap().join_timeout(FOREVER).unwrap();
        assert!(matches!(outcome, Err(JobError::Panicked(_))));
    }
    assert_eq!(pool.submit(|| 42).unwrap().join_timeout(FOREVER).unwrap().unwrap(), 42);
    assert!(stopped.try_recv().is_err());
    assert_eq!(pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap().still_running, 0);
    assert_eq!((started.try_iter().collect::<Vec<_>>(), stopped.try_iter().collect::<Vec<_>>()), (vec![0], vec![0]));
}

/// As long as this clock can tell, for as long as a test may take.
fn longest_time() -> Duration {
    let now = Instant::now();
    let (mut fits, mut overflows) = (0, u64::MAX);
    while overflows - fits > 1 {
        let seconds = fits + (overflows - fits) / 2;
        match now.checked_add(Duration::from_secs(seconds)) {
            Some(_) => fits = seconds,
            None => overflows = seconds,
        }
    }
    Duration::from_secs(fits) - 2 * FOREVER
}

/// rusty_pool: test_start_and_use_core_threads, which lets workers idle for `u64::MAX` seconds
#[test]
fn times_just_short_of_overflowing_are_waited_for() {
    within_a_minute(|| {
        let (pool, time) = (one_worker(2), longest_time());
        let (gate, held) = hold_worker(&pool);
        let far = pool.job().timeout(time).submit(|| 1).unwrap();
        for _ in 0..3 {
            let near = pool.job().timeout(Duration::from_millis(20)).submit(|| 0).unwrap();
            assert!(matches!(near.join_timeout(time).unwrap(), Err(JobError::Expired)), "the keeper is there");
        }
        let second = pool.submit(|| 2).unwrap();
        thread::scope(|scope| {
            let in_line = scope.spawn(|| pool.submit_timeout(|| 3, time).unwrap());
            let joined = scope.spawn(|| far.join_timeout(time).unwrap().unwrap());
            wait_until("a submitter in line", || pool.stats().waiting == 1);
            gate.open();
            held.join().unwrap();
            assert_eq!(joined.join().unwrap(), 1);
            assert_eq!(in_line.join().unwrap().join().unwrap(), 3);
        });
        pool.wait_idle(Some(time)).unwrap();
        second.detach();
        assert_eq!(pool.shutdown(Shutdown::Drain, Some(time)).unwrap().completed, 4);
    });
}

/// rusty_pool: types_are_thread_safe; threadpool: test_send, test_sync_shared_data, test_send_shared_data; tokio:
/// send_sync_bound
#[test]
fn pools_and_handles_cross_and_share_threads() {
    fn is_send_and_sync<T: Send + Sync + 'static>() {}
    is_send_and_sync::<Pool>();
    is_send_and_sync::<JobHandle<()>>();
    is_send_and_sync::<CancelOnDrop<()>>();
    is_send_and_sync::<CancelToken>();
}
