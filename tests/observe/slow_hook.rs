//! What the hook of `on_slow_job` may do: take its time, call the pool, outlive it.

use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::common::{
    EXPECTED, FOREVER, Gate, assert_no_thread_named, finish, outcome, rounds, silence_expected_panics, until_stopped,
    wait_until, within_a_minute,
};
use crate::{hold, name_of};
use corepool::{CancelToken, Interrupted, JobError, Pool, RunningJob, Shutdown, WeakPool};

const LIMIT: Duration = Duration::from_millis(5);

/// A pool of so many workers whose hook knows it.
fn with_hook(workers: usize, name: &str, hook: impl Fn(&Pool, &RunningJob) + Send + Sync + 'static) -> Pool {
    let known: Arc<OnceLock<WeakPool>> = Arc::default();
    let mine = Arc::clone(&known);
    let pool = Pool::builder().workers(workers).thread_name(name).on_slow_job(LIMIT, move |job| {
        if let Some(pool) = mine.get().and_then(WeakPool::upgrade) {
            hook(&pool, job);
        }
    });
    let pool = pool.build().unwrap();
    known.set(pool.downgrade()).unwrap();
    pool
}

#[test]
fn a_hook_that_blocks_holds_up_no_deadline_and_no_other_slow_job() {
    within_a_minute(|| {
        let (tell, told) = channel();
        let gate = Gate::new();
        let passed = gate.clone();
        let hook = move |_: &Pool, job: &RunningJob| {
            tell.send(name_of(job).to_owned()).unwrap();
            passed.pass();
        };
        let pool = with_hook(4, "sh-block", hook);
        let mut held = vec![];
        for name in ["a", "b", "c"] {
            held.push(hold(&pool, name));
            assert_eq!(told.recv_timeout(FOREVER).unwrap(), name);
        }
        let (free, last) = hold(&pool, "d");
        let due = pool.job().timeout(Duration::from_millis(1)).submit(|| ()).unwrap();
        assert!(matches!(outcome(due), Err(JobError::Expired)));
        gate.open();
        free.open();
        finish(last);
        for (gate, job) in held {
            gate.open();
            finish(job);
        }
        drop(pool);
        assert_no_thread_named("sh-block");
    });
}

#[test]
fn a_hook_that_blocks_holds_up_no_job_that_has_become_slow_at_the_same_time() {
    within_a_minute(|| {
        for _ in rounds(40) {
            let ((tell, told), gate) = (channel(), Gate::new());
            let passed = gate.clone();
            let hook = move |_: &Pool, _: &RunningJob| {
                tell.send(()).unwrap();
                passed.pass();
            };
            let pool = with_hook(3, "sh-same", hook);
            let held = ["a", "b", "c"].map(|name| hold(&pool, name));
            for _ in 0..3 {
                told.recv_timeout(FOREVER / 2).expect("one was told of, and the others wait for that to return");
            }
            gate.open();
            for (gate, job) in held {
                gate.open();
                finish(job);
            }
        }
    });
}

#[test]
fn a_hook_may_call_the_pool() {
    within_a_minute(|| {
        let (tell, told) = channel();
        let token = CancelToken::new();
        let cancelled = token.clone();
        let pool = with_hook(1, "sh-calls", move |pool, job| {
            assert!(Pool::current().is_none() && corepool::current_worker().is_none());
            let (running, report, timings) = (pool.running(), pool.report(), pool.timings().unwrap());
            let queued = pool.job().name("by the hook").submit(|| 42).unwrap();
            cancelled.cancel();
            tell.send((name_of(job).to_owned(), running, report, timings, finish(queued))).unwrap();
        });
        let job = pool.job().name("slow").token(&token).submit(until_stopped).unwrap();
        let (name, running, report, timings, answer) = told.recv_timeout(FOREVER).unwrap();
        assert_eq!((name.as_str(), answer, timings.all().ran.count()), ("slow", 42, 0));
        assert_eq!((name_of(&running.jobs[0]), name_of(&report.running.jobs[0])), ("slow", "slow"));
        assert_eq!(finish(job), Interrupted::Cancelled);
    });
}

/// It is no job's thread, and no job waits for it: it need not be told that it waits for itself.
#[test]
fn a_hook_may_shut_the_pool_down() {
    within_a_minute(|| {
        for mode in [Shutdown::Abort, Shutdown::Drain] {
            let (tell, told) = channel();
            let token = CancelToken::new();
            let stop = token.clone();
            let pool = with_hook(1, "sh-down", move |pool, _| {
                stop.cancel();
                tell.send(pool.shutdown(mode, None)).unwrap();
            });
            drop(pool.job().token(&token).submit(until_stopped).unwrap().join());
            let report = told.recv_timeout(FOREVER).unwrap().unwrap();
            assert_eq!((report.completed, report.still_running), (1, 0));
            drop(pool);
            assert_no_thread_named("sh-down");
        }
    });
}

#[test]
fn a_hook_may_be_the_last_to_have_the_pool() {
    within_a_minute(|| {
        let mine: Arc<Mutex<Option<Pool>>> = Arc::default();
        let ((tell, told), last, gate) = (channel(), Arc::clone(&mine), Gate::new());
        let passed = gate.clone();
        let pool = Pool::builder().workers(1).thread_name("sh-last").on_slow_job(LIMIT, move |_| {
            passed.pass();
            let pool = last.lock().unwrap().take();
            tell.send(pool.is_some()).unwrap();
            drop(pool);
        });
        let pool = pool.build().unwrap();
        let (go, held) = hold(&pool, "held");
        *mine.lock().unwrap() = Some(pool);
        gate.open();
        assert!(told.recv_timeout(FOREVER).unwrap());
        go.open();
        finish(held);
        assert_no_thread_named("sh-last");
    });
}

#[test]
fn a_pool_that_is_dropped_waits_for_its_hook() {
    within_a_minute(|| {
        let (tell, told) = sync_channel(0);
        let returned = Arc::new(Mutex::new(false));
        let (gate, has) = (Gate::new(), Arc::clone(&returned));
        let passed = gate.clone();
        let pool = Pool::builder().workers(1).thread_name("sh-drop").on_slow_job(LIMIT, move |_| {
            tell.send(()).unwrap();
            passed.pass();
            *has.lock().unwrap() = true;
        });
        let pool = pool.build().unwrap();
        let (go, held) = hold(&pool, "held");
        told.recv_timeout(FOREVER).unwrap();
        go.open();
        finish(held);
        let dropper = std::thread::spawn(move || drop(pool));
        gate.open();
        dropper.join().unwrap();
        assert!(*returned.lock().unwrap());
        assert_no_thread_named("sh-drop");
    });
}

#[test]
fn jobs_that_end_a_pool_are_told_of_as_well() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            let (tell, told) = channel();
            let pool = with_hook(2, "sh-end", move |_, job| tell.send(name_of(job).to_owned()).unwrap());
            let (gate, held) = hold(&pool, "held");
            assert_eq!(told.recv_timeout(FOREVER).unwrap(), "held");
            let (next, second) = hold(&pool, "second");
            pool.begin_shutdown(mode).unwrap();
            assert_eq!(told.recv_timeout(FOREVER).unwrap(), "second");
            gate.open();
            next.open();
            finish(held);
            finish(second);
            drop(pool);
            assert_no_thread_named("sh-end");
        }
    });
}

#[test]
fn what_the_hook_owns_goes_with_the_pool_and_may_panic() {
    silence_expected_panics();
    let owned = Arc::new(());
    let (mine, bomb) = (Arc::clone(&owned), crate::common::on_drop(|| panic!("{EXPECTED}a destructor")));
    let bomb = Mutex::new(Some(bomb));
    let builder = Pool::builder().workers(1).on_slow_job(LIMIT, move |_| {
        let _ = (&mine, &bomb);
    });
    let pool = builder.clone().build().unwrap();
    let other = builder.build().unwrap();
    let (gate, held) = hold(&pool, "held");
    gate.open();
    finish(held);
    drop(pool);
    assert_eq!(Arc::strong_count(&owned), 2);
    drop(other);
    wait_until("it is gone", || Arc::strong_count(&owned) == 1);
}
