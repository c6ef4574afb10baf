//! `run_async` is `run` for async code: it blocks no thread, and a future that is dropped cancels its job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;

use crate::common::spy::Spy;
use crate::common::{
    EXPECTED, Gate, finish, hold_worker, one_worker, poll_once, ready, silence_expected_panics, until_stopped,
    wait_until, with_workers, within_a_minute,
};
use crate::{as_a_guest, inside};
use corepool::{CancelToken, Interrupted, JobError, Pool, RunError, Shutdown, SubmitErrorKind};

/// A closure and a look at whether it is gone.
fn watched() -> (impl FnOnce() -> u32 + Send + 'static, Arc<()>) {
    let seen = Arc::new(());
    let captured = Arc::clone(&seen);
    (move || (Arc::strong_count(&captured) > 0).into(), seen)
}

fn is_gone(captured: &Arc<()>) -> bool {
    Arc::strong_count(captured) == 1
}

#[test]
fn any_executor_on_any_thread_gets_the_value_or_why_there_is_none() {
    fn sent<F: Future<Output = Result<u32, RunError>> + Send + 'static>(job: F) -> F::Output {
        thread::spawn(|| pollster::block_on(job)).join().unwrap()
    }
    silence_expected_panics();
    within_a_minute(|| {
        let (pool, token) = (with_workers(2), CancelToken::new());
        assert_eq!(sent(pool.run_async(|| 42)).unwrap(), 42);
        assert_eq!(sent(pool.job().name("answer").run_async(|| 42)).unwrap(), 42);
        let failed = sent(pool.job().name("thumbnail").run_async(|| panic!("{EXPECTED}no disk")));
        assert!(matches!(failed, Err(RunError::Failed(JobError::Panicked(p))) if p.job_name() == Some("thumbnail")));
        token.cancel();
        let cancelled = sent(pool.job().token(&token).run_async(|| 42));
        assert!(matches!(cancelled, Err(RunError::Failed(JobError::Cancelled))));
        let late = pool.run_async(|| 42);
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert!(matches!(sent(late), Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
    });
}

#[test]
fn nothing_is_submitted_before_the_first_poll() {
    let pool = one_worker(1);
    let (job, captured) = watched();
    drop(pool.run_async(job));
    assert!(is_gone(&captured));
    assert_eq!(pool.stats().submitted, 0);
}

#[test]
fn on_a_full_queue_it_waits_in_line() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| ()).unwrap();
        let mut waits = pin!(pool.run_async(|| 42));
        let spy = Spy::new();
        assert!(poll_once(&mut waits, &spy.waker()).is_pending());
        assert_eq!(pool.stats().waiting, 1);
        gate.open();
        // For its place in the queue, and polled for its outcome.
        wait_until("it is woken", || spy.woken() == 1);
        assert_eq!(pollster::block_on(waits).unwrap(), 42);
        finish(held);
        finish(queued);
    });
}

#[test]
fn dropped_in_line_it_leaves_the_line() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| ()).unwrap();
        let (job, captured) = watched();
        let mut waits = Box::pin(pool.run_async(job));
        assert!(poll_once(&mut waits, Waker::noop()).is_pending());
        drop(waits);
        assert!(is_gone(&captured));
        assert_eq!((pool.stats().waiting, pool.stats().submitted), (0, 2));
        gate.open();
        finish(held);
        finish(queued);
    });
}

#[test]
fn dropped_while_queued_the_job_is_gone_at_once() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let (job, captured) = watched();
        let mut waits = Box::pin(pool.run_async(job));
        let spy = Spy::new();
        assert!(poll_once(&mut waits, &spy.waker()).is_pending());
        assert_eq!(pool.stats().queued, 1);
        drop(waits);
        assert!(is_gone(&captured));
        assert_eq!((pool.stats().queued, pool.stats().cancelled), (0, 1));
        assert_eq!((spy.woken(), spy.out()), (0, 0));
        gate.open();
        finish(held);
    });
}

#[test]
fn dropped_while_it_runs_the_job_is_asked_to_stop() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (started, (tell, told)) = (Gate::new(), mpsc::channel());
        let starts = started.clone();
        let mut runs = Box::pin(pool.run_async(move || {
            starts.open();
            tell.send(until_stopped()).unwrap();
        }));
        assert!(poll_once(&mut runs, Waker::noop()).is_pending());
        started.pass();
        drop(runs);
        assert_eq!(told.recv().unwrap(), Interrupted::Cancelled);
    });
}

#[test]
fn polled_on_a_worker_it_runs_there_at_once_although_the_queue_is_full() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let go = Gate::new();
        let job = pool.submit({
            let go = go.clone();
            move || {
                go.pass();
                let here = thread::current().id();
                let mut runs = pin!(Pool::current().unwrap().run_async(move || thread::current().id() == here));
                ready(poll_once(&mut runs, Waker::noop())).unwrap()
            }
        });
        wait_until("the job runs", || pool.stats().busy == 1);
        let queued = pool.try_submit(|| ()).unwrap();
        go.open();
        assert!(finish(job.unwrap()));
        finish(queued);
    });
}

#[test]
fn a_job_may_wait_for_one_that_was_polled_outside_before() {
    within_a_minute(|| {
        for capacity in [1, 2] {
            // In line, and queued: behind the job that waits for it, on the only worker.
            let pool = one_worker(capacity);
            let (gate, held) = hold_worker(&pool);
            let (hand_over, handed) = mpsc::channel::<Pin<Box<dyn Future<Output = Result<u32, RunError>> + Send>>>();
            let waits = pool.submit(move || pollster::block_on(handed.recv().unwrap()).unwrap());
            let mut awaited = Box::pin(pool.run_async(|| 42));
            assert!(poll_once(&mut awaited, Waker::noop()).is_pending());
            assert_eq!(pool.stats().waiting, 2 - capacity as u64);
            hand_over.send(awaited).unwrap();
            gate.open();
            finish(held);
            assert_eq!(finish(waits.unwrap()), 42);
        }
    });
}

#[test]
fn a_job_that_runs_elsewhere_may_wait_for_one_of_its_pool() {
    within_a_minute(|| {
        // Its own worker waits for it, so nobody else could run it.
        let there = one_worker(1);
        let pool = there.clone();
        assert_eq!(as_a_guest(&there, move || pollster::block_on(pool.run_async(|| 42)).unwrap()), 42);
    });
}

#[test]
fn polled_again_after_it_was_ready_it_panics() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(1);
        inside(&pool, || {
            let mut runs = Box::pin(Pool::current().unwrap().run_async(|| 42));
            assert_eq!(ready(poll_once(&mut runs, Waker::noop())).unwrap(), 42);
            let again = catch_unwind(AssertUnwindSafe(|| poll_once(&mut runs, Waker::noop()).is_ready()));
            assert!(again.is_err());
        });
    });
}

#[test]
fn once_it_has_submitted_it_keeps_no_pool_open() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let mut runs = Box::pin(pool.run_async(|| 42));
        assert!(poll_once(&mut runs, Waker::noop()).is_pending());
        // Which the drop therefore waits for.
        let dropped = thread::spawn(move || drop(pool));
        gate.open();
        dropped.join().unwrap();
        assert_eq!(ready(poll_once(&mut runs, Waker::noop())).unwrap(), 42);
        finish(held);
    });
}
