//! A forked child has the pool's memory and none of its threads: what would wait for them says so, and nothing hangs.
#![cfg(all(unix, not(corepool_loom)))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{FOREVER, Gate, asleep, hold_worker, one_worker, poll_once, ready, wait_until, within_a_minute};
use corepool::{Cancel, JobError, JobHandle, Pool, RunError, Shutdown, SubmitErrorKind, WaitError, as_completed};
use fork::{Fork, waitpid_nohang};

const PASSED: i32 = 0;
const FAILED: i32 = 1;
const HANGS: i32 = 2;

/// A lock that another test's thread holds as this one forks is held in the child for ever.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone(test: impl FnOnce() + Send + 'static) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    within_a_minute(test);
}

/// Runs `child` in a forked child of this process, and expects it to pass. Gives back what it owns here.
#[must_use]
fn in_a_child<C: FnOnce()>(child: C) -> C {
    match fork::fork().expect("it forks") {
        Fork::Parent(pid) => {
            let status = loop {
                if let Some(status) = waitpid_nohang(pid).unwrap() {
                    break status;
                }
                thread::sleep(Duration::from_millis(1));
            };
            assert_eq!(fork::WEXITSTATUS(status), PASSED, "1: it failed, 2: it hangs");
            child
        }
        Fork::Child => {
            thread::spawn(|| {
                thread::sleep(FOREVER / 2);
                exit(HANGS);
            });
            let passed = catch_unwind(AssertUnwindSafe(child)).is_ok();
            exit(if passed { PASSED } else { FAILED });
        }
    }
}

/// A pool of one worker that is held, with one place in its queue, which is taken.
fn full() -> (Pool, impl FnOnce(), JobHandle<u32>) {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let queued = pool.try_submit(|| 42).unwrap();
    let end = move || {
        gate.open();
        held.join_timeout(FOREVER).unwrap().unwrap();
    };
    (pool, end, queued)
}

#[test]
fn what_waits_for_a_job_says_that_it_is_forked() {
    alone(|| {
        let (pool, end, queued) = full();
        let owned = in_a_child(|| {
            let queued = queued.try_join().expect_err("nobody has run it");
            // At once, whatever time there is.
            assert!(matches!(queued.join_timeout(Duration::MAX), Ok(Err(JobError::Forked))));
            assert_eq!(pool.try_submit(|| 1).unwrap_err().kind(), SubmitErrorKind::Full);
        });
        end();
        drop(owned);
    });
}

#[test]
fn a_child_is_told_by_whatever_would_wait() {
    alone(|| {
        let (pool, end, queued) = full();
        let (other, other_end, awaited) = full();
        let mut in_line = Box::pin(other.submit_async(|| 1));
        assert!(poll_once(&mut in_line, Waker::noop()).is_pending());
        let mut ends = Box::pin(other.shutdown_async(Shutdown::Drain));
        let owned = in_a_child(|| {
            let ended = ready(poll_once(&mut ends, Waker::noop()));
            assert_eq!(ended, Err(WaitError::Forked));
            assert!(matches!(queued.join(), Err(JobError::Forked)));
            assert!(matches!(pollster::block_on(awaited), Err(JobError::Forked)));
            assert_eq!(pool.submit(|| 1).unwrap_err().kind(), SubmitErrorKind::Forked);
            let rejected = pool.submit_timeout(|| 7, Duration::MAX).unwrap_err();
            assert!(rejected.to_string().contains("build a pool after forking"));
            assert_eq!(rejected.into_job()(), 7);
            let rejected = pollster::block_on(pool.submit_async(|| 1)).unwrap_err();
            assert_eq!(rejected.kind(), SubmitErrorKind::Forked);
            assert!(matches!(pool.run(|| 1), Err(RunError::Rejected(SubmitErrorKind::Forked))));
            let ran = pollster::block_on(pool.run_async(|| 1));
            assert!(matches!(ran, Err(RunError::Rejected(SubmitErrorKind::Forked))));
            let in_line = ready(poll_once(&mut in_line, Waker::noop()));
            assert_eq!(in_line.unwrap_err().kind(), SubmitErrorKind::Forked);
            assert_eq!(pool.wait_idle(None), Err(WaitError::Forked));
            for mode in [Shutdown::Drain, Shutdown::Abort] {
                assert_eq!(pool.shutdown(mode, None), Err(WaitError::Forked));
                assert_eq!(pool.begin_shutdown(mode), Err(WaitError::Forked));
                assert_eq!(pollster::block_on(pool.shutdown_async(mode)), Err(WaitError::Forked));
            }
            drop((pool, other));
        });
        end();
        other_end();
        drop(owned);
    });
}

/// Fails if in the child an iterator waits for items in flight, or for room, or loses an item.
#[test]
fn each_item_that_is_mapped_has_a_result() {
    alone(|| {
        let (pool, gate) = (one_worker(1), Gate::new());
        let f = {
            let gate = gate.clone();
            move |n: u32| {
                if n > 0 {
                    gate.pass();
                }
                n
            }
        };
        let mut kept = pool.map(0..6, f.clone()).buffered(4);
        assert_eq!(kept.next().unwrap().unwrap(), 0);
        let other = one_worker(1);
        let mut unordered = other.map_unordered(0..6, f).buffered(4);
        assert_eq!(unordered.next().unwrap().unwrap(), 0);
        // Otherwise a worker might hold a lock as this process forks.
        for pool in [&pool, &other] {
            wait_until("the second item to run", || pool.stats().busy == 1 && asleep("corepool"));
        }
        let _ = in_a_child(|| {
            assert_eq!(kept.by_ref().filter(|result| matches!(result, Err(JobError::Forked))).count(), 5);
            assert_eq!(unordered.by_ref().filter(|result| matches!(result, Err(JobError::Forked))).count(), 5);
        });
        gate.open();
    });
}

/// Fails if a scope in the child waits for jobs that nobody will run.
#[test]
fn the_jobs_of_a_scope_say_that_they_are_forked() {
    alone(|| {
        let pool = one_worker(4);
        pool.scope(|scope| drop(scope.spawn(|| ())));
        let _owned = in_a_child(|| {
            let number = 42;
            let outcome = pool.scope(|scope| {
                drop(scope.spawn(|| number));
                scope.spawn(|| number).join()
            });
            assert!(matches!(outcome, Err(JobError::Forked)));
        });
    });
}

/// Fails if in the child a set or a list of handles waits for a job of the parent's.
#[test]
fn jobs_of_sets_and_lists_are_told_of() {
    alone(|| {
        let (pool, gate) = (one_worker(8), Gate::new());
        let mut jobs = pool.job_set();
        let shut = gate.clone();
        jobs.submit(move || shut.pass()).unwrap();
        jobs.submit(|| ()).unwrap();
        let mut list = as_completed((0..2).map(|_| pool.submit(|| ()).unwrap()));
        // Otherwise a worker might hold a lock as this process forks.
        wait_until("the first to run", || pool.stats().busy == 1 && asleep("corepool"));
        let _ = in_a_child(|| {
            assert!(matches!(jobs.join_next(), Some(Err(JobError::Forked))));
            assert!(matches!(pollster::block_on(jobs.join_next_async()), Some(Err(JobError::Forked))));
            assert!(jobs.join_next().is_none());
            for n in 0..2 {
                assert!(matches!(list.next(), Some((index, Err(JobError::Forked))) if index == n));
            }
        });
        gate.open();
    });
}

#[test]
fn a_child_cannot_end_the_global_pool() {
    alone(|| {
        assert_eq!(Pool::global().submit(|| 42).unwrap().join().unwrap(), 42);
        let _ = in_a_child(|| assert_eq!(Pool::shutdown_global(Shutdown::Drain, None), Err(WaitError::Forked)));
        assert_eq!(Pool::global().submit(|| 42).unwrap().join().unwrap(), 42);
    });
}

#[test]
fn a_child_may_cancel_and_detach_what_it_will_not_see() {
    alone(|| {
        let (pool, end, queued) = full();
        let owned = in_a_child(|| {
            queued.cancel();
            assert!(matches!(queued.join(), Err(JobError::Cancelled)));
            // There is room for one.
            assert!(matches!(pool.run(|| ()), Err(RunError::Failed(JobError::Forked))));
            let weak = pool.downgrade();
            assert_eq!(weak.upgrade(), Some(pool.clone()));
            pool.clone().detach();
            drop(pool);
        });
        end();
        drop(owned);
    });
}

#[test]
fn a_pool_that_a_child_lets_go_is_waited_for_here_all_the_same() {
    alone(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let in_the_child = pool.clone();
        drop(in_a_child(|| in_the_child.detach()));
        let queued = pool.submit(|| ()).unwrap();
        gate.open();
        drop(pool);
        assert!(held.is_finished() && queued.is_finished());
        held.join().unwrap();
        queued.join().unwrap();
    });
}

#[test]
fn a_handle_that_was_ready_is_ready_in_a_child() {
    alone(|| {
        let [mut polled, joined, asked] = [1, 2, 3].map(JobHandle::ready);
        let owned = in_a_child(|| {
            assert!(matches!(poll_once(&mut polled, Waker::noop()), Poll::Ready(Ok(1))));
            assert_eq!(joined.join().unwrap(), 2);
            assert!(asked.is_finished());
            assert_eq!(asked.cancel(), Cancel::Finished);
            assert_eq!(asked.join_timeout(Duration::MAX).unwrap().unwrap(), 3);
            assert_eq!(JobHandle::ready(4).try_join().unwrap().unwrap(), 4);
        });
        drop(owned);
    });
}

#[test]
fn a_child_builds_a_pool_of_its_own() {
    alone(|| {
        let (_pool, end, _queued) = full();
        let _nothing = in_a_child(|| {
            let own = one_worker(1);
            assert_eq!(own.submit(|| 42).unwrap().join().unwrap(), 42);
            own.wait_idle(None).unwrap();
            assert_eq!(own.shutdown(Shutdown::Drain, None).unwrap().completed, 1);
        });
        end();
    });
}

#[test]
fn a_job_that_forks_is_told_too() {
    alone(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let inner = pool.clone();
        let job = pool.submit(move || {
            let owned = in_a_child(|| {
                // Its own child it can run on the spot; what another worker runs is not here.
                assert_eq!(inner.submit(|| 1).unwrap().join().unwrap(), 1);
                assert_eq!(inner.run(Pool::current).unwrap(), Some(inner.clone()));
                assert!(matches!(held.join(), Err(JobError::Forked)));
                assert_eq!(inner.wait_idle(None), Err(WaitError::Forked));
            });
            gate.open();
            drop(owned);
        });
        job.unwrap().join().unwrap();
    });
}
