//! The suite of `tokio` 1.54.1 as far as it is about its pool for blocking calls: `tests/rt_spawn_blocking.rs`,
//! `tests/rt_blocking_thread_exhaust.rs`, `tests/task_blocking.rs`, `tests/task_abort.rs`,
//! `tests/rt_handle_block_on.rs`, `tests/rt_common.rs`, `src/runtime/tests/loom_blocking.rs`, and of
//! `tests/rt_handle.rs` the one test that blocks. `spawn_blocking` is `submit` here, and a `JoinHandle` a
//! [`JobHandle`]. This file accounts for their 110 tests.
//!
//! | pinned already | by |
//! |---|---|
//! | `issue_8056_regression_test` | `field_bugs::jobs_that_park_after_short_ones_all_begin` |
//! | `spawn_blocking_with_only_scheduler_workers` | `field_bugs::where_no_keeper_can_start_deadlines_are_kept_by_whoever_comes` |
//! | `spawn_blocking_after_shutdown_fails` | `errors::a_closed_pool_gives_every_closure_back` |
//! | `spawn_blocking_after_shutdown_drops_outside_lock` | `panics::a_rejected_closure_is_the_users_own_with_its_destructor` |
//! | `spawn_blocking_started_before_shutdown_continues`, `shutdown_timeout` | `shutdown::a_drain_out_of_time_says_what_is_left_and_goes_on` |
//! | `shutdown_timeout_max`, `shutdown_wakeup_time` | `shutdown::a_time_out_that_overflows_is_no_limit` |
//! | `eagerly_drops_futures_on_shutdown` | `shutdown::abort_resolves_what_is_queued_and_drops_it_before_it_returns` |
//! | `runtime_in_thread_local` | `thread_locals::a_dying_thread_that_drops_the_last_pool_drains_it` |
//! | `spawn_from_other_thread_idle`, `spawn_from_other_thread_under_load` | `idle::sleep::a_job_that_meets_workers_awake_searching_or_asleep_is_run` |
//! | `send_sync_bound` | `rusty_pool::pools_and_handles_cross_and_share_threads` |
//! | `test_abort_without_panic_3157`, `test_abort_wakes_task_3964` | `cancel::a_dropped_guard_cancels_its_job` |
//! | `test_abort_without_panic_3662` | `cancel::the_closure_is_dropped_on_the_cancelling_thread_before_its_waiter_is_woken` |
//! | `test_abort_task_that_panics_on_drop_contained`, `test_abort_task_that_panics_on_drop_returned` | `cancel::a_closure_that_bursts_when_cancelled_is_contained`: it is Cancelled, no panic |
//! | `test_join_error_display` | `errors::a_panics_message_is_its_text_whatever_it_is_made_of`, `errors::a_panic_without_text_says_so` |
//! | `test_join_error_debug` | `handle::every_type_can_be_shown_whatever_closure_and_value_are` |
//! | `spawn_mandatory_blocking_should_always_run`, `mandatory_blocking_io_write_should_always_run` | `shutdown::dropping_the_last_pool_drains_and_joins`: every accepted job is mandatory |
//! | `spawn_mandatory_blocking_should_run_even_when_shutting_down_from_other_thread`, `spawn_blocking_racing_shutdown_resolves` | `shutdown_models::a_push_while_the_pool_drains_runs_or_is_handed_back` |
//! | `spawn_blocking_then_shutdown` | `shutdown_models::a_drain_while_one_worker_runs_and_one_sleeps_ends_both` |
//! | `spawn_blocking_at_thread_cap_runs` | `sleep_models::a_push_while_a_worker_falls_asleep_wakes_it` |
//!
//! | no meaning here | why |
//! |---|---|
//! | `block_in_blocking`, `block_in_block`, `no_block_in_current_thread_scheduler`, `yes_block_in_threaded_block_on`, `no_block_in_current_thread_block_on`, `coop_disabled_in_block_in_place`, `coop_disabled_in_block_in_place_in_block_on`, `yield_in_block_in_place`, `nesting` | every job may block: there is no thread that must not |
//! | `basic`, `bounded_mpsc_channel`, `unbounded_mpsc_channel`, `block_on_sync`, `block_on_async`, `spawn_one_bg`, `spawn_one_join`, `spawn_two`, `spawn_many_from_block_on`, `spawn_many_from_task`, `spawn_one_from_block_on_called_on_handle`, `spawn_await_chain`, `complete_block_on_under_load`, `complete_task_under_load`, `yield_defers_until_park`, `coop_yield_defers_until_park`, `panic_in_block_on`, `enter_and_spawn`, `spawn_from_blocking`, `spawn_after_runtime_dropped`, `coop`, `coop_unconstrained`, `coop_consume_budget`, `ping_pong_saturation`, `always_active_parker`, `remote_abort_local_set_3929` | the pool is no executor: it polls no futures |
//! | `panic_in_task` | what a closure owns goes with its call: the language's promise |
//! | `wake_by_ref_from_thread_local`, `wake_by_val_from_thread_local` | the pool hands out no wakers |
//! | `sleep`, `sleep_before_shutdown_panics`, `sleep_after_shutdown_panics`, `sleep_at_root`, `sleep_in_spawn`, `sleep_from_blocking`, `blocking_when_paused`, `spawn_blocking_when_paused` | it has no timers and no clock to pause |
//! | `basic_fs`, `fs_shutdown_before_started`, `stdout_shutdown_before_started`, `tcp_listener_bind`, `tcp_listener_connect_after_shutdown`, `tcp_listener_connect_before_shutdown`, `udp_socket_bind`, `udp_stream_bind_after_shutdown`, `udp_stream_bind_before_shutdown`, `unix_listener_bind`, `unix_listener_bind_after_shutdown`, `unix_listener_shutdown_after_bind`, `unix_listener_shutdown_after_accept`, `block_on_socket`, `socket_from_blocking`, `io_driver_called_when_under_load`, `client_server_block_on`, `io_notify_while_shutting_down`, `local_set_block_on_socket`, `local_set_client_server_block_on` | it does no I/O |

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use ::tokio::runtime::{Builder, Runtime};
use corepool::{CancelOnDrop, CancelToken, JobError, Pool, Shutdown};

use super::common::{EXPECTED, Gate, hold_worker, one_worker, silence_expected_panics, within_a_minute};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// tokio: basic_blocking, basic_spawn_blocking, spawn_blocking_from_blocking
#[test]
fn many_tasks_of_one_thread_await_their_jobs_and_the_jobs_of_those() {
    async fn await_both(pool: Pool, n: u32) -> u32 {
        let inner = pool.clone();
        let outer = pool.submit_async(move || inner.submit(move || n).unwrap()).await.unwrap();
        outer.await.unwrap().await.unwrap()
    }
    within_a_minute(|| {
        let pool = one_worker(10);
        runtime().block_on(async {
            let tasks: Vec<_> = (0..1_000).map(|n| ::tokio::spawn(await_both(pool.clone(), n))).collect();
            for (n, task) in (0..).zip(tasks) {
                assert_eq!(task.await.unwrap(), n);
            }
        });
    });
}

/// How a queued job ends that a runtime awaits when `end` is called.
fn awaited(
    job: impl FnOnce() -> i32 + Send + 'static,
    end: impl FnOnce(&Pool, &Gate, &CancelToken),
) -> Result<i32, JobError> {
    let (pool, token, awaiting) = (one_worker(1), CancelToken::new(), Gate::new());
    let (gate, held) = hold_worker(&pool);
    let mut job = pool.job().token(&token).submit(job).unwrap();
    let polled = awaiting.clone();
    let awaits = thread::spawn(move || {
        runtime().block_on(poll_fn(|cx| {
            let outcome = Pin::new(&mut job).poll(cx);
            polled.open();
            outcome
        }))
    });
    awaiting.pass();
    end(&pool, &gate, &token);
    let outcome = awaits.join().unwrap();
    gate.open();
    held.join().unwrap();
    outcome
}

/// tokio: blocking_task_wakes_paused_runtime, unawaited_blocking_task_wakes_paused_runtime,
/// panicking_blocking_task_wakes_paused_runtime
#[test]
fn every_end_of_a_job_wakes_the_runtime_that_awaits_it() {
    silence_expected_panics();
    within_a_minute(|| {
        assert!(matches!(awaited(|| 42, |_, gate, _| gate.open()), Ok(42)));
        let panics = || panic!("{EXPECTED}awaited");
        assert!(matches!(awaited(panics, |_, gate, _| gate.open()), Err(JobError::Panicked(_))));
        assert!(matches!(awaited(|| 42, |_, _, token| token.cancel()), Err(JobError::Cancelled)));
        let abort = |pool: &Pool, _: &Gate, _: &CancelToken| {
            pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        };
        assert!(matches!(awaited(|| 42, abort), Err(JobError::Aborted)));
    });
}

/// tokio: can_shutdown_with_zero_timeout_in_runtime, can_shutdown_now_in_runtime, shutdown_timeout_0,
/// useful_panic_message_when_dropping_rt_in_rt, which panics there
#[test]
fn a_pool_may_be_shut_down_and_dropped_in_async_code() {
    within_a_minute(|| {
        runtime().block_on(async {
            let pool = one_worker(1);
            let (gate, held) = hold_worker(&pool);
            let report = pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
            assert_eq!(report.still_running, 1, "it does not wait");
            gate.open();
            held.await.unwrap();
            drop(pool);

            let pool = one_worker(1);
            let job = pool.submit(|| 42).unwrap();
            drop(pool);
            assert!(job.is_finished(), "it drains");
            assert_eq!(job.await.unwrap(), 42);
        });
    });
}

/// tokio: can_enter_current_thread_rt_from_within_block_in_place, create_rt_in_block_on, nested_rt, which panics there
#[test]
fn a_job_may_build_a_runtime_and_a_pool_of_its_own_and_wait_for_both() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let job = pool.submit(|| {
            let own = one_worker(1);
            let answer = runtime().block_on(async { own.submit(|| runtime().block_on(async { 42 })).unwrap().await });
            let last = own.submit(|| ()).unwrap();
            drop(own);
            assert!(last.is_finished(), "it drains its own pool");
            answer.unwrap()
        });
        assert_eq!(job.unwrap().join().unwrap(), 42);
    });
}

/// tokio: thread_park_ok
#[test]
fn park_tokens_are_the_users_own() {
    within_a_minute(|| {
        let pool = one_worker(1);
        for _ in 0..1_000 {
            // Each hangs if the pool waits by the thread's own token and takes it away.
            pool.submit(|| thread::current().unpark()).unwrap().join().unwrap();
            pool.submit(thread::park).unwrap().join().unwrap();
            let (gate, held) = hold_worker(&pool);
            thread::current().unpark();
            let late = held.join_timeout(Duration::from_micros(1)).unwrap_err();
            gate.open();
            late.join().unwrap();
            thread::park();
        }
    });
}

/// tokio: blocking_shutdown, outstanding_tasks_dropped
#[test]
fn a_dropped_pool_leaves_nothing_of_its_jobs_behind() {
    within_a_minute(|| {
        for round in 0..500 {
            let kept = Arc::new(());
            let pool = Pool::builder().workers(1 + round % 3).build().unwrap();
            for _ in 0..2 {
                let kept = Arc::clone(&kept);
                pool.submit(move || assert!(Arc::strong_count(&kept) > 1)).unwrap().detach();
            }
            drop(pool);
            assert_eq!(Arc::strong_count(&kept), 1);
        }
    });
}

/// tokio: wake_while_rt_is_dropping
#[test]
fn closures_that_cancel_each_other_are_dropped_once_each() {
    within_a_minute(|| {
        for aborts in [true, false] {
            let (pool, token) = (one_worker(2), CancelToken::new());
            let (gate, held) = hold_worker(&pool);
            // Each closure owns the other's guard: what is sent is dropped with the receiver. One has the token.
            let [first, second] = [token.clone(), CancelToken::new()].map(|token| {
                let (give, guard) = mpsc::channel::<CancelOnDrop<()>>();
                let job = pool.job().token(&token).submit(move || drop(guard)).unwrap();
                (give, job.cancel_on_drop())
            });
            first.0.send(second.1).unwrap();
            second.0.send(first.1).unwrap();
            if aborts {
                pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
            } else {
                token.cancel();
            }
            let stats = pool.stats();
            // An abort comes to one job at a time: the first one's guard is faster.
            assert_eq!((stats.aborted, stats.cancelled, stats.queued), if aborts { (1, 1, 0) } else { (0, 2, 0) });
            gate.open();
            held.join().unwrap();
        }
    });
}

/// tokio: shutdown_concurrent_spawn
#[test]
fn a_pool_drains_while_another_thread_feeds_its_jobs() {
    within_a_minute(|| {
        for _ in 0..5 {
            let pool = Pool::builder().workers(4).build().unwrap();
            let (feeds, jobs): (Vec<_>, Vec<_>) = (0..2_000)
                .map(|n| {
                    let (feed, fed) = mpsc::channel::<usize>();
                    (feed, pool.submit(move || fed.recv().unwrap() + n).unwrap())
                })
                .unzip();
            let feeder = thread::spawn(move || feeds.into_iter().for_each(|feed| feed.send(1).unwrap()));
            drop(pool);
            for (n, job) in jobs.into_iter().enumerate() {
                assert_eq!(job.try_join().unwrap().unwrap(), n + 1);
            }
            feeder.join().unwrap();
        }
    });
}
