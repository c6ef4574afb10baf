//! Waiting inside a job cannot starve the pool: `join` on a worker of the same pool takes exactly its target if that is
//! still queued and runs it there, never an unrelated job; if it runs elsewhere, it waits.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{
    EXPECTED, FOREVER, Gate, hold_worker, one_worker, opens_when_let_go, poll_once, silence_expected_panics,
    thread_name, within_a_minute,
};
use corepool::{JobError, JobHandle, Pool, current_worker};

/// Runs `job` on the pool's worker and gives what it returned.
fn inside<T: Send + 'static>(pool: &Pool, job: impl FnOnce(&Pool) -> T + Send + 'static) -> T {
    let inner = pool.clone();
    pool.submit(move || job(&inner)).unwrap().join().unwrap()
}

#[test]
fn nested_joins_finish_on_one_worker_5000_deep() {
    fn descend(pool: Pool, depth: u64) -> u64 {
        if depth == 0 {
            return 0;
        }
        let inner = pool.clone();
        1 + pool.submit(move || descend(inner, depth - 1)).unwrap().join().unwrap()
    }
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).queue_capacity(1).stack_size(256 << 20).build().unwrap();
        assert_eq!(inside(&pool, |pool| descend(pool.clone(), 5_000)), 5_000);
        assert_eq!(pool.stats().completed, 5_001);
    });
}

#[test]
fn a_join_under_a_lock_runs_no_job_that_wants_the_lock() {
    within_a_minute(|| {
        let pool = one_worker(64);
        let ran = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&ran);
        inside(&pool, move |pool| {
            let locked = kept.lock().unwrap();
            let decoy = |n: usize| {
                let ran = Arc::clone(&kept);
                pool.submit(move || ran.lock().unwrap().push(n)).unwrap().detach();
            };
            (0..25).for_each(decoy);
            let target = pool.submit(|| 7).unwrap();
            (25..50).for_each(decoy);
            assert_eq!(target.join().unwrap(), 7);
            assert!(locked.is_empty());
            assert_eq!(pool.stats().queued, 50);
        });
        pool.wait_idle(None).unwrap();
        assert_eq!(*ran.lock().unwrap(), (0..50).collect::<Vec<_>>(), "the others keep their order");
    });
}

#[test]
fn a_join_finds_its_target_among_older_jobs_that_outsiders_queued() {
    within_a_minute(|| {
        let pool = one_worker(64);
        let (gate, held) = hold_worker(&pool);
        let decoys = Arc::new(AtomicUsize::new(0));
        let (send, targets) = mpsc::channel::<JobHandle<u32>>();
        let joiner = {
            let decoys = Arc::clone(&decoys);
            pool.submit(move || {
                let answers: Vec<_> = targets.iter().map(|target| target.join().unwrap()).collect();
                (answers, decoys.load(Ordering::SeqCst))
            })
            .unwrap()
        };
        for n in 0..20 {
            let decoys = Arc::clone(&decoys);
            pool.submit(move || decoys.fetch_add(1, Ordering::SeqCst)).unwrap().detach();
            send.send(pool.submit(move || n).unwrap()).unwrap();
        }
        drop(send);
        gate.open();
        held.join().unwrap();
        assert_eq!(joiner.join().unwrap(), ((0..20).collect(), 0));
        pool.wait_idle(None).unwrap();
        assert_eq!(decoys.load(Ordering::SeqCst), 20);
    });
}

#[test]
fn a_recursion_of_submits_and_joins_finishes_on_any_number_of_workers() {
    fn fibonacci(pool: &Pool, n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let branch = |n| {
            let inner = pool.clone();
            pool.submit(move || fibonacci(&inner, n)).unwrap()
        };
        let (left, right) = (branch(n - 1), branch(n - 2));
        left.join().unwrap() + right.join().unwrap()
    }
    within_a_minute(|| {
        for workers in [1, 4] {
            let pool = Pool::builder().workers(workers).queue_capacity(4).build().unwrap();
            assert_eq!(inside(&pool, |pool| fibonacci(pool, 16)), 987);
            // One job for each of the 1 + 2 * (fib(17) - 1) calls.
            assert_eq!(pool.stats().completed, 3_193);
        }
    });
}

/// Submits a job that is given its own handle.
fn submit_with_own_handle<T: Send + 'static>(
    pool: &Pool,
    job: impl FnOnce(JobHandle<()>) -> T + Send + 'static,
) -> mpsc::Receiver<T> {
    let (give, own) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let handle = pool.submit(move || answer.send(job(own.recv().unwrap())).unwrap()).unwrap();
    give.send(handle).unwrap();
    answers
}

#[test]
fn a_job_joining_itself_gets_would_deadlock() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let answer = submit_with_own_handle(&pool, |own| own.join());
        assert!(matches!(answer.recv_timeout(FOREVER).unwrap(), Err(JobError::WouldDeadlock)));
        pool.wait_idle(None).unwrap();
        assert_eq!(pool.stats().completed, 1, "it went on and ended");
    });
}

#[test]
fn a_job_joining_itself_with_a_time_out_gets_would_deadlock_at_once() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let answer = submit_with_own_handle(&pool, |own| own.join_timeout(Duration::MAX));
        let answer = answer.recv_timeout(FOREVER).unwrap();
        assert!(matches!(answer, Ok(Err(JobError::WouldDeadlock))));
    });
}

#[test]
fn a_job_joining_one_further_down_its_stack_gets_would_deadlock() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let inner = pool.clone();
        let answer = submit_with_own_handle(&pool, move |outer| {
            let innermost = inner.clone();
            let middle = inner.submit(move || innermost.submit(move || outer.join()).unwrap().join().unwrap());
            middle.unwrap().join().unwrap()
        });
        assert!(matches!(answer.recv_timeout(FOREVER).unwrap(), Err(JobError::WouldDeadlock)));
    });
}

#[test]
fn a_job_joining_its_joiner_with_a_time_out_gets_would_deadlock_at_once() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let inner = pool.clone();
        let answer = submit_with_own_handle(&pool, move |outer| {
            inner.submit(move || outer.join_timeout(Duration::MAX)).unwrap().join().unwrap()
        });
        assert!(matches!(answer.recv_timeout(FOREVER).unwrap(), Ok(Err(JobError::WouldDeadlock))));
    });
}

#[test]
fn a_job_that_has_left_the_stack_can_be_joined_there() {
    within_a_minute(|| {
        let pool = one_worker(4);
        // The same memory is likely to hold one cell after the other: an end must be forgotten.
        inside(&pool, |pool| {
            for n in 0..1_000 {
                assert_eq!(pool.submit(move || n).unwrap().join().unwrap(), n);
            }
        });
    });
}

#[test]
fn a_join_with_a_time_out_does_not_claim() {
    within_a_minute(|| {
        let pool = one_worker(1);
        inside(&pool, |pool| {
            let target = pool.submit(|| 7).unwrap();
            let target = target.join_timeout(Duration::from_millis(5)).expect_err("nobody is there to run it");
            assert_eq!(pool.stats().queued, 1);
            let target = target.join_timeout(Duration::ZERO).expect_err("nobody is there to run it");
            let target = target.try_join().expect_err("nobody is there to run it");
            assert_eq!(pool.stats().queued, 1);
            assert_eq!(target.join().unwrap(), 7);
            assert_eq!(pool.stats().queued, 0);
        });
    });
}

#[test]
fn a_poll_does_not_claim() {
    within_a_minute(|| {
        let pool = one_worker(1);
        inside(&pool, |pool| {
            let mut target = pool.submit(|| 7).unwrap();
            assert!(matches!(poll_once(&mut target, Waker::noop()), Poll::Pending));
            assert_eq!(pool.stats().queued, 1);
            assert_eq!(target.join().unwrap(), 7);
        });
    });
}

#[test]
fn an_outsiders_join_does_not_claim() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).thread_name("theirs").build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let mut target = pool.submit(thread_name).unwrap();
        assert!(poll_once(&mut target, &opens_when_let_go(&gate)).is_pending());
        assert_eq!(target.join().unwrap(), "theirs-0");
        held.join().unwrap();
    });
}

#[test]
fn joining_what_another_worker_runs_waits_for_it() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let (gate, started) = (Gate::new(), Gate::new());
        let mut target = {
            let (gate, started) = (gate.clone(), started.clone());
            let job = move || {
                started.open();
                gate.pass();
                current_worker().unwrap()
            };
            pool.submit(job).unwrap()
        };
        started.pass();
        let (elsewhere, here) = inside(&pool, move |_| {
            assert!(poll_once(&mut target, &opens_when_let_go(&gate)).is_pending());
            (target.join().unwrap(), current_worker().unwrap())
        });
        assert_ne!(elsewhere, here);
    });
}

#[test]
fn a_nested_panic_reaches_the_joiner() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(4);
        let inner = pool.clone();
        let outer = pool.submit(move || match inner.submit(|| panic!("{EXPECTED}deep")).unwrap().join() {
            Err(JobError::Panicked(panic)) => {
                assert_eq!(panic.message(), "expected: deep");
                panic.resume()
            }
            other => other.is_ok(),
        });
        let Err(JobError::Panicked(panic)) = outer.unwrap().join() else { panic!("it was to resume") };
        assert_eq!(panic.message(), "expected: deep");
        assert_eq!((pool.stats().panicked, pool.stats().completed), (2, 0));
    });
}

#[test]
fn a_nested_panic_leaves_the_outer_job_where_it_is() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(4);
        let inner = pool.clone();
        let answer = submit_with_own_handle(&pool, move |own| {
            let failed = inner.submit(|| panic!("{EXPECTED}deep")).unwrap().join();
            assert!(matches!(failed, Err(JobError::Panicked(_))));
            assert_eq!(current_worker(), Some(0));
            own.join()
        });
        assert!(matches!(answer.recv_timeout(FOREVER).unwrap(), Err(JobError::WouldDeadlock)));
    });
}

#[test]
fn current_worker_is_known_inside_and_nested_and_not_outside() {
    within_a_minute(|| {
        assert_eq!(current_worker(), None);
        let pool = Pool::builder().workers(3).thread_name("mine").build().unwrap();
        for _ in 0..20 {
            let ((nested, nested_name), index, name) = inside(&pool, |pool| {
                let nested = pool.submit(|| (current_worker(), thread_name())).unwrap().join().unwrap();
                (nested, current_worker().unwrap(), thread_name())
            });
            assert!(index < 3);
            assert_eq!(name, format!("mine-{index}"));
            assert_eq!(nested_name, format!("mine-{}", nested.unwrap()));
        }
        assert_eq!(current_worker(), None);
        let one = one_worker(1);
        let plain_thread = inside(&one, |_| thread::spawn(current_worker).join().unwrap());
        assert_eq!(plain_thread, None, "a thread that a job starts is no worker");
    });
}

#[test]
fn a_claimed_job_runs_on_its_joiners_thread() {
    within_a_minute(|| {
        let pool = one_worker(2);
        let (outer, nested) = inside(&pool, |pool| {
            let nested = pool.submit(|| (thread::current().id(), current_worker())).unwrap();
            ((thread::current().id(), current_worker()), nested.join().unwrap())
        });
        assert_eq!(outer, nested);
        assert_eq!(outer.1, Some(0));
    });
}
