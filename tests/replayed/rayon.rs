//! The suite of `rayon-core` 1.13.0 as far as it is about jobs, panics, order and the pool itself: `src/test.rs`,
//! `src/spawn/test.rs`, `src/scope/test.rs`, `src/join/test.rs`, `src/thread_pool/test.rs` and `tests/*.rs`. `spawn`
//! is `submit` here, the panic handler [`on_panic`](corepool::Builder::on_panic), and a fork a `submit` that is
//! joined. This file accounts for their 95 tests, by file where a name stands in several.
//!
//! | pinned already | by |
//! |---|---|
//! | spawn: `spawn_then_join_in_worker` | `shutdown::drain_finishes_what_jobs_submit_meanwhile` |
//! | spawn: `spawn_then_join_outside_worker` | `threadpool::what_jobs_send_reaches_their_submitter` |
//! | spawn: `panic_fwd`, `custom_panic_handler_and_spawn` | `panics::a_panic_hook_sees_the_panic_where_it_happened_and_before_the_waiter` |
//! | `start_callback_called` | `build::the_start_hook_has_run_on_every_worker_when_build_returns` |
//! | `exit_callback_called` | `build::the_stop_hook_runs_once_on_every_worker_after_its_last_job` |
//! | `check_config_build`, `check_thread_pool_new` | `build::a_pool_has_as_many_workers_as_it_says` |
//! | `default_pool` | `build::the_defaults_are_a_worker_a_core_and_room_for_65_536` |
//! | `init_zero_threads` | `build::no_workers_is_an_error`: 0 is no default |
//! | `failed_thread_stack` | `build::a_thread_that_cannot_start_is_an_error_that_leaves_no_thread` |
//! | `stack_overflow_crash`, `run_with_small_stack`, `run_with_large_stack` | `build::a_stack_size_is_honoured` |
//! | `check_error_send_sync` | `errors::errors_can_be_shared_between_threads_whatever_they_carry` |
//! | `cleared_current_thread` | `thread_locals::a_dying_worker_is_no_worker` |
//! | `double_init_fail` | `shutdown::the_global_pool_works_and_cannot_be_shut_down` |
//! | `panic_propagate` | `errors::a_resumed_panic_goes_on_with_the_same_payload` |
//! | `self_install` | `nested::nested_joins_finish_on_one_worker_5000_deep` |
//! | `join_context_neither` | `nested::a_claimed_job_runs_on_its_joiners_thread` |
//! | `join_context_second` | `nested::joining_what_another_worker_runs_waits_for_it` |
//! | `join_context_both` | `nested::an_outsiders_join_does_not_claim` |
//!
//! | no meaning here | why |
//! |---|---|
//! | `lifo_order`, `lifo_fifo_order`, `fifo_lifo_order`, `mixed_lifo_fifo_order`, `mixed_fifo_lifo_order` of spawn; `scope_lifo_order`, `spawn_lifo_order`; `lifo_order`, `nested_lifo_order`, `nested_lifo_fifo_order`, `nested_fifo_lifo_order`, `mixed_lifo_order`, `mixed_lifo_fifo_order`, `mixed_fifo_lifo_order` of scope | the queue is first in, first out, and a worker has none of its own |
//! | `scope_empty`, `scope_result`, `update_tree`, `mixed_fifo_order`, `static_scope`, `static_scope_fifo`, `mixed_lifetime_scope`, `mixed_lifetime_scope_fifo`, `nested_scopes`, `nested_fifo_scopes`, `in_place_scope_no_deadlock`, `in_place_scope_fifo_no_deadlock`, `scope_join`, `sort`, `sort_in_pool` | the crate has no borrowing jobs |
//! | `scope_spawn_broadcast`, `scope_fifo_spawn_broadcast`, `scope_spawn_broadcast_nested`, `scope_spawn_broadcast_barrier`, `scope_spawn_broadcast_panic_one`, `scope_spawn_broadcast_panic_many` | no job is sent to every worker |
//! | `yield_now_to_spawn`, `yield_local_to_spawn` | a job is never interrupted for another |
//! | `panic_thread_name` | names are made of a prefix, by no closure |
//! | `missing_scoped_tls`, `spawn_scoped_tls_threadpool`, `build_scoped_tls_threadpool`, `use_current_thread_basic` | the pool starts its threads itself |

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use corepool::{Cancel, JobError, JobHandle, Pool, Shutdown, WaitError, current_worker};

use super::common::{
    EXPECTED, FOREVER, hold_worker, message_of, on_every_worker, one_worker, silence_expected_panics, spin,
    with_workers, within_a_minute,
};

/// The value of a job, or its panic on this thread.
fn value_of<T>(job: JobHandle<T>) -> T {
    match job.join() {
        Ok(value) => value,
        Err(JobError::Panicked(panic)) => panic.resume(),
        Err(other) => panic!("{other}"),
    }
}

// The pool.

/// rayon-core: worker_thread_index
#[test]
fn every_worker_has_an_index_of_its_own() {
    let pool = with_workers(22);
    let indices: HashSet<_> = on_every_worker(&pool, current_worker).into_iter().collect();
    assert_eq!(indices, (0..22).map(Some).collect());
    assert_eq!(current_worker(), None);
}

/// rayon-core: handler_panics_handled_correctly, configuration. There the panic handler hears of hooks too.
#[test]
fn a_panic_in_a_hook_is_no_jobs_panic() {
    silence_expected_panics();
    let (stops, panics) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (hook_stops, hook_panics) = (Arc::clone(&stops), Arc::clone(&panics));
    let pool = Pool::builder()
        .workers(16)
        .queue_capacity(1)
        .thread_name("rp-all")
        .stack_size(1 << 20)
        .on_worker_start(|_| ())
        .on_worker_stop(move |_| {
            hook_stops.fetch_add(1, Ordering::SeqCst);
            panic!("{EXPECTED}stop hook");
        })
        .on_panic(move |_| {
            hook_panics.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    let report = pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!((report.panicked, report.still_running), (0, 0));
    assert_eq!((stops.load(Ordering::SeqCst), panics.load(Ordering::SeqCst)), (16, 0));
}

/// rayon-core: workers_stop
#[test]
fn a_pool_dropped_after_a_tree_of_joins_ends_every_worker() {
    fn join_a_lot(pool: &Pool, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let inner = pool.clone();
        let half = pool.submit(move || join_a_lot(&inner, depth - 1)).unwrap();
        join_a_lot(pool, depth - 1) + half.join().unwrap()
    }
    within_a_minute(|| {
        let stops = Arc::new(AtomicUsize::new(0));
        let hook_stops = Arc::clone(&stops);
        let pool = Pool::builder()
            .workers(22)
            .on_worker_stop(move |_| {
                hook_stops.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        let inner = pool.clone();
        assert_eq!(pool.submit(move || join_a_lot(&inner, 12)).unwrap().join().unwrap(), 1 << 12);
        drop(pool);
        assert_eq!(stops.load(Ordering::SeqCst), 22);
    });
}

/// rayon-core: sleeper_stop; progschj/ThreadPool #72: a worker that got to its wait after the last notification slept
/// for ever.
#[test]
fn a_pool_dropped_while_its_workers_fall_asleep_ends_them() {
    within_a_minute(|| {
        for round in 0..100_usize {
            let pool = with_workers(22);
            spin(round * 100);
            drop(pool);
        }
    });
}

/// rayon-core: termination_while_things_are_executing
#[test]
fn a_pool_that_only_its_own_job_holds_runs_what_that_job_submits() {
    let (give, data) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let pool = one_worker(1);
    let inner = pool.clone();
    let job = move || {
        let data: u32 = data.recv().unwrap();
        inner.submit(move || tell.send(data).unwrap()).unwrap().detach();
    };
    pool.submit(job).unwrap().detach();
    drop(pool);
    give.send(22).unwrap();
    assert_eq!(told.recv_timeout(FOREVER), Ok(22));
}

/// rayon-core: mutual_install, mutual_install_sleepy. There a worker that waits for another pool goes on with its own,
/// so one in each will do.
#[test]
fn jobs_may_wait_back_and_forth_between_pools_that_have_a_worker_for_each() {
    within_a_minute(|| {
        for _ in 0..200 {
            let (first, second) = (with_workers(2), with_workers(2));
            let there_and_back = {
                let (first, second) = (first.clone(), second.clone());
                move || {
                    let back = move || first.submit(|| 42).unwrap().join().unwrap();
                    let there = {
                        let second = second.clone();
                        move || second.submit(back).unwrap().join().unwrap()
                    };
                    second.submit(there).unwrap().join().unwrap()
                }
            };
            assert_eq!(first.submit(there_and_back).unwrap().join().unwrap(), 42);
        }
    });
}

/// rayon-core: mutual_install, where pools of one worker each make a circle here.
#[test]
fn a_circle_through_two_pools_is_left_by_a_time_out() {
    within_a_minute(|| {
        let (first, second) = (one_worker(1), one_worker(1));
        let (home, other) = (first.clone(), second.clone());
        let job = move || {
            let back = move || {
                let never = home.submit(|| ()).unwrap();
                let never = never.join_timeout(Duration::from_millis(1)).unwrap_err();
                never.cancel()
            };
            other.submit(back).unwrap().join().unwrap()
        };
        assert_eq!(first.submit(job).unwrap().join().unwrap(), Cancel::Dequeued);
    });
}

/// rayon-core: join_counter_overflow
#[test]
fn more_waiters_than_the_pool_can_tell_apart_all_end() {
    const JOBS: usize = 1_000;
    within_a_minute(|| {
        let pool = one_worker(JOBS);
        for _ in 0..3 {
            let ran = Arc::new(AtomicUsize::new(0));
            let (gate, held) = hold_worker(&pool);
            thread::scope(|scope| {
                let mut waiters = Vec::new();
                for n in 1..=JOBS {
                    let counter = Arc::clone(&ran);
                    pool.submit(move || counter.fetch_add(1, Ordering::SeqCst)).unwrap().detach();
                    // Each wait sets the jobs before it apart from those after it.
                    assert_eq!(pool.wait_idle(Some(Duration::ZERO)), Err(WaitError::TimedOut));
                    if n % 100 == 0 {
                        let (pool, ran) = (&pool, &ran);
                        waiters.push(scope.spawn(move || {
                            pool.wait_idle(None).unwrap();
                            ran.load(Ordering::SeqCst) >= n
                        }));
                    }
                }
                gate.open();
                assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
            });
            held.join().unwrap();
            pool.wait_idle(None).unwrap();
            assert_eq!(ran.load(Ordering::SeqCst), JOBS);
        }
    });
}

// Order.

/// rayon-core: fifo_order of spawn and scope, nested_fifo_order, spawn_fifo_order, scope_fifo_order
#[test]
fn jobs_that_jobs_submit_run_in_the_order_of_their_parents() {
    let pool = one_worker(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    let (inner, log) = (pool.clone(), Arc::clone(&order));
    let parents = move || {
        for i in 0..10 {
            let (pool, log) = (inner.clone(), Arc::clone(&log));
            let parent = move || {
                for j in 0..10 {
                    let log = Arc::clone(&log);
                    pool.submit(move || log.lock().unwrap().push(i * 10 + j)).unwrap().detach();
                }
            };
            inner.submit(parent).unwrap().detach();
        }
    };
    pool.submit(parents).unwrap().detach();
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
}

/// rayon-core: scope_two, scope_divide_and_conquer
#[test]
fn a_tree_of_jobs_that_nobody_joins_is_run_to_its_leaves() {
    fn divide(pool: &Pool, leaves: usize, counted: &Arc<AtomicUsize>) {
        if leaves == 1 {
            counted.fetch_add(1, Ordering::SeqCst);
            return;
        }
        for _ in 0..2 {
            let (inner, counted) = (pool.clone(), Arc::clone(counted));
            pool.submit(move || divide(&inner, leaves / 2, &counted)).unwrap().detach();
        }
    }
    let pool = Pool::builder().workers(4).queue_capacity(4).build().unwrap();
    let counted = Arc::new(AtomicUsize::new(0));
    let (inner, counter) = (pool.clone(), Arc::clone(&counted));
    pool.submit(move || divide(&inner, 1_024, &counter)).unwrap().detach();
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!(counted.load(Ordering::SeqCst), 1_024);
}

/// rayon-core: linear_stack_growth
#[test]
fn a_chain_of_jobs_takes_no_more_stack_the_longer_it_is() {
    fn chain(pool: Pool, left: usize, depths: Arc<Mutex<Vec<usize>>>) {
        let here = 0_u8;
        depths.lock().unwrap().push(std::ptr::from_ref(&here).addr());
        if left > 0 {
            let inner = pool.clone();
            pool.submit(move || chain(inner, left - 1, depths)).unwrap().detach();
        }
    }
    let pool = one_worker(1);
    let depths = Arc::new(Mutex::new(Vec::new()));
    let (inner, log) = (pool.clone(), Arc::clone(&depths));
    pool.submit(move || chain(inner, 500, log)).unwrap().detach();
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    let depths = depths.lock().unwrap();
    let (low, high) = (depths.iter().min().unwrap(), depths.iter().max().unwrap());
    assert_eq!(depths.len(), 501);
    assert!(high - low < 4_096, "500 jobs took {} bytes of the stack", high - low);
}

// Panics.

/// rayon-core: custom_panic_handler_and_nested_spawn
#[test]
fn the_panic_hook_sees_the_panics_of_jobs_that_jobs_submit() {
    silence_expected_panics();
    let (report, reports) = mpsc::channel();
    let pool =
        Pool::builder().workers(2).on_panic(move |panic| report.send(panic.message().to_owned()).unwrap()).build();
    let pool = pool.unwrap();
    let inner = pool.clone();
    let parent = move || {
        for n in 0..3 {
            inner.submit(move || panic!("{EXPECTED}{n}")).unwrap().detach();
        }
    };
    pool.submit(parent).unwrap().detach();
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    let mut reports: Vec<_> = reports.try_iter().collect();
    reports.sort_unstable();
    assert_eq!(reports, ["expected: 0", "expected: 1", "expected: 2"]);
}

/// rayon-core: panic_propagate_scope, panic_propagate_spawn, panic_propagate_nested_spawn,
/// panic_propagate_nested_scope_spawn
#[test]
fn a_panic_that_every_level_passes_on_reaches_the_top() {
    fn descend(pool: &Pool, levels: u32) {
        assert!(levels > 0, "{EXPECTED}from below");
        let inner = pool.clone();
        value_of(pool.submit(move || descend(&inner, levels - 1)).unwrap());
    }
    silence_expected_panics();
    within_a_minute(|| {
        for n in [1, 3] {
            let pool = with_workers(n);
            let inner = pool.clone();
            let top = pool.submit(move || descend(&inner, 4)).unwrap();
            assert_eq!(message_of(top.join()), "expected: from below");
            assert_eq!(pool.stats().panicked, 5, "each level has panicked once");
        }
    });
}

/// rayon-core: panic_propagate_still_execute_1 to panic_propagate_still_execute_4
#[test]
fn a_panic_keeps_no_other_job_from_running() {
    silence_expected_panics();
    let pool = with_workers(2);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = || {
        let ran = Arc::clone(&ran);
        move || {
            ran.fetch_add(1, Ordering::SeqCst);
        }
    };
    let boom = || panic!("{EXPECTED}boom");
    pool.submit(boom).unwrap().detach();
    pool.submit(count()).unwrap().detach();
    pool.submit(boom).unwrap().detach();
    let (inner, before) = (pool.clone(), count());
    let panics_after_submitting = move || {
        inner.submit(before).unwrap().detach();
        panic!("{EXPECTED}after submitting");
    };
    pool.submit(panics_after_submitting).unwrap().detach();
    let (inner, after) = (pool.clone(), count());
    let goes_on_after_its_jobs_panic = move || {
        assert!(inner.submit(boom).unwrap().join().is_err());
        after();
    };
    pool.submit(goes_on_after_its_jobs_panic).unwrap().detach();
    let report = pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!((report.completed, report.panicked), (3, 4));
    assert_eq!(ran.load(Ordering::SeqCst), 3);
}

/// rayon-core: panic_propagate_a, panic_propagate_b, panic_propagate_both, panic_b_still_executes, simple_panic
#[test]
fn both_halves_of_a_fork_run_whichever_panics() {
    silence_expected_panics();
    within_a_minute(|| {
        for (here, there) in [(true, false), (false, true), (true, true)] {
            let pool = with_workers(2);
            let ran = Arc::new(AtomicBool::new(false));
            let (inner, other_ran) = (pool.clone(), Arc::clone(&ran));
            let fork = move || {
                let other = inner.submit(move || {
                    other_ran.store(true, Ordering::SeqCst);
                    assert!(!there, "{EXPECTED}there");
                });
                assert!(!here, "{EXPECTED}here");
                value_of(other.unwrap());
            };
            let message = message_of(pool.submit(fork).unwrap().join());
            assert_eq!(message, if here { "expected: here" } else { "expected: there" });
            pool.wait_idle(None).unwrap();
            assert!(ran.load(Ordering::SeqCst));
        }
    });
}
