//! The suite of `threadpool` 1.8.1 (the tests in its `src/lib.rs`): a pool that grows and shrinks on demand, whose
//! jobs give no handle and whose `join` is [`Pool::wait_idle`] here. This file accounts for its 21 tests.
//!
//! | pinned already | by |
//! |---|---|
//! | `test_zero_tasks_panic` | `build::no_workers_is_an_error`: an error, no panic |
//! | `test_debug` | `handle::showing_a_handle_or_a_pool_does_not_disturb_its_job` |
//! | `test_repeate_join` | `shims::join_may_be_called_again_and_after_nothing` |
//! | `test_empty_pool` | `idle::moment::an_idle_and_an_ended_pool_are_idle_at_once` |
//! | `test_no_fun_or_joy` | `idle::flush::it_returns_under_endless_load_from_others` |
//! | `test_cloned_eq` | `calls::current::whatever_gives_a_pool_gives_an_equal_one` |
//! | `test_send`, `test_sync_shared_data`, `test_send_shared_data` | `rusty_pool::pools_and_handles_cross_and_share_threads` |
//!
//! | no meaning here | why |
//! |---|---|
//! | `test_set_num_threads_increasing`, `test_set_num_threads_decreasing`, `test_shrink` | the number of workers is fixed |

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use corepool::{JobHandle, Pool, WaitError};

use super::common::{EXPECTED, FOREVER, Gate, hold_worker, on_every_worker, silence_expected_panics, within_a_minute};

const WORKERS: usize = 4;

fn four_workers() -> Pool {
    Pool::builder().workers(WORKERS).build().unwrap()
}

/// threadpool: test_active_count
#[test]
fn as_many_jobs_run_as_there_are_workers_and_the_rest_waits() {
    let pool = four_workers();
    let (gate, (tell, started)) = (Gate::new(), mpsc::channel());
    for _ in 0..2 * WORKERS {
        let (gate, tell) = (gate.clone(), tell.clone());
        let job = move || {
            tell.send(()).unwrap();
            gate.pass();
        };
        pool.submit(job).unwrap().detach();
    }
    for _ in 0..WORKERS {
        started.recv_timeout(FOREVER).unwrap();
    }
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.busy, stats.queued), (4, 4, 4));
    assert!(started.try_recv().is_err(), "a fifth began");
    gate.open();
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(pool.stats().completed, 8);
}

/// threadpool: test_works
#[test]
fn what_jobs_send_reaches_their_submitter() {
    let pool = four_workers();
    let (tell, told) = mpsc::channel();
    for n in 0..WORKERS {
        let tell = tell.clone();
        pool.submit(move || tell.send(n).unwrap()).unwrap().detach();
    }
    drop(tell);
    assert_eq!(told.iter().sum::<usize>(), 6);
}

/// threadpool: test_recovery_from_subtask_panic, test_name
#[test]
fn workers_that_panic_all_at_once_live_on_under_their_names() {
    silence_expected_panics();
    let pool = Pool::builder().workers(WORKERS).thread_name("rp-name").build().unwrap();
    let names = || -> HashSet<_> {
        on_every_worker(&pool, || thread::current().name().map(str::to_owned)).into_iter().flatten().collect()
    };
    let all = ["rp-name-0", "rp-name-1", "rp-name-2", "rp-name-3"].map(str::to_owned).into();
    assert_eq!(names(), all);
    for round in 1..=50 {
        let together = Arc::new(Barrier::new(WORKERS));
        for _ in 0..WORKERS {
            let together = Arc::clone(&together);
            let job = move || {
                together.wait();
                panic!("{EXPECTED}all at once");
            };
            pool.submit(job).unwrap().detach();
        }
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(pool.stats().panicked, round * WORKERS as u64);
        assert_eq!(names(), all);
    }
}

/// threadpool: test_should_not_panic_on_drop_if_subtasks_panic_after_drop
#[test]
fn jobs_that_panic_after_the_last_pool_was_dropped_harm_nobody() {
    silence_expected_panics();
    let (tell, stopped) = mpsc::channel();
    let panics = Arc::new(AtomicUsize::new(0));
    let hook_panics = Arc::clone(&panics);
    let pool = Pool::builder()
        .workers(WORKERS)
        .on_panic(move |_| {
            hook_panics.fetch_add(1, Ordering::SeqCst);
        })
        .on_worker_stop(move |index| tell.send(index).unwrap())
        .build()
        .unwrap();
    let (only_one_left, dropped) = (Gate::new(), Gate::new());
    for _ in 1..WORKERS {
        let dropped = dropped.clone();
        let job = move || {
            dropped.pass();
            panic!("{EXPECTED}after the drop");
        };
        pool.submit(job).unwrap().detach();
    }
    let (last, go) = (pool.clone(), only_one_left.clone());
    let job = move || {
        go.pass();
        drop(last);
        dropped.open();
        panic!("{EXPECTED}after the drop");
    };
    pool.submit(job).unwrap().detach();
    drop(pool);
    only_one_left.open();
    let stopped: HashSet<_> = (0..WORKERS).map(|_| stopped.recv_timeout(FOREVER).unwrap()).collect();
    assert_eq!(stopped, (0..WORKERS).collect());
    assert_eq!(panics.load(Ordering::SeqCst), WORKERS);
}

/// threadpool: test_massive_task_creation
#[test]
fn a_massive_backlog_is_worked_off_to_the_last_job() {
    const JOBS: usize = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
    let pool = Pool::builder().workers(WORKERS).unbounded_queue().build().unwrap();
    let held: Vec<_> = (0..WORKERS).map(|_| hold_worker(&pool)).collect();
    let (tell, told) = mpsc::channel();
    for _ in 0..JOBS {
        let tell = tell.clone();
        pool.submit(move || tell.send(1_usize).unwrap()).unwrap().detach();
    }
    let stats = pool.stats();
    assert_eq!((stats.busy, stats.queued), (WORKERS as u64, JOBS as u64));
    for (gate, _) in &held {
        gate.open();
    }
    assert_eq!((0..JOBS).map(|_| told.recv_timeout(FOREVER).unwrap()).sum::<usize>(), JOBS);
    pool.wait_idle(Some(FOREVER)).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.busy, stats.queued, stats.completed), (0, 0, (JOBS + WORKERS) as u64));
}

/// threadpool: test_multi_join
#[test]
fn jobs_of_one_pool_may_wait_for_the_pool_that_submitted_them() {
    within_a_minute(|| {
        for _ in 0..100 {
            let (first, second) = (four_workers(), four_workers());
            let (tell, told) = mpsc::channel();
            for n in 0..8 {
                let (own, second, tell) = (first.clone(), second.clone(), tell.clone());
                let wait_for_first = move || {
                    own.wait_idle(None).unwrap();
                    tell.send(n).unwrap();
                };
                first.submit(move || second.submit(wait_for_first).unwrap().detach()).unwrap().detach();
            }
            first.wait_idle(None).unwrap();
            second.wait_idle(None).unwrap();
            assert_eq!(told.try_iter().sum::<i32>(), 28);
        }
    });
}

/// threadpool: test_clone
#[test]
fn clones_that_wait_for_the_same_jobs_go_on_to_their_own() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let held = [hold_worker(&pool), hold_worker(&pool)];
        let first: Vec<_> = (0..4).map(|_| pool.submit(|| ()).unwrap()).collect();
        let numbers_after_the_first = |numbers: std::ops::Range<u64>| {
            pool.wait_idle(None).unwrap();
            assert!(first.iter().all(JobHandle::is_finished));
            numbers.map(|n| pool.submit(move || n).unwrap()).collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let sum =
                scope.spawn(|| numbers_after_the_first(0..42).into_iter().map(|n| n.join().unwrap()).sum::<u64>());
            let product =
                scope.spawn(|| numbers_after_the_first(1..12).into_iter().map(|n| n.join().unwrap()).product::<u64>());
            // Time for them to go on too early.
            assert_eq!(pool.wait_idle(Some(Duration::from_millis(10))), Err(WaitError::TimedOut));
            for (gate, _) in &held {
                gate.open();
            }
            assert_eq!((sum.join().unwrap(), product.join().unwrap()), (861, 39_916_800));
        });
    });
}

/// threadpool: test_join_wavesurfer
#[test]
fn waves_of_waiters_get_through_although_each_leaves_a_job_behind() {
    within_a_minute(|| {
        let (clock, surfers) = (Pool::builder().workers(2).build().unwrap(), four_workers());
        let (gate, beat) = hold_worker(&clock);
        let waves: Vec<_> = (0..3 * WORKERS)
            .map(|_| {
                let clock = clock.clone();
                let surf = move || {
                    for _ in 0..20 {
                        clock.wait_idle(None).unwrap();
                        clock.submit(|| ()).unwrap().detach();
                    }
                };
                surfers.submit(surf).unwrap()
            })
            .collect();
        // Time for the first wave to go on too early.
        assert_eq!(clock.wait_idle(Some(Duration::from_millis(10))), Err(WaitError::TimedOut));
        assert_eq!(clock.stats().submitted, 1);
        gate.open();
        waves.into_iter().for_each(|wave| wave.join().unwrap());
        beat.join().unwrap();
        assert_eq!(clock.stats().submitted, 1 + 3 * WORKERS as u64 * 20);
    });
}
