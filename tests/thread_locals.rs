//! Thread-local destructors that call the pool are outsiders, not crashes or deadlocks, on the pool's own
//! worker threads and on any other.

mod common;

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use common::{FOREVER, Gate, finish, hold_worker, on_drop, one_worker, spin, within_a_minute};
use corepool::{Pool, Shutdown, SubmitErrorKind, WaitError, current_worker};

thread_local! {
    static AT_THREAD_END: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Has `f` run by a thread-local destructor of this thread.
fn at_thread_end(f: impl FnOnce() + 'static) {
    AT_THREAD_END.with_borrow_mut(|list| list.push(Box::new(on_drop(f))));
}

/// Runs `f` in a thread-local destructor of a worker of a pool, after its shutdown; returns what `f` said.
fn on_a_dying_worker<R: Send + 'static>(mode: Shutdown, f: impl FnOnce(&Pool) -> R + Send + 'static) -> R {
    let pool = Pool::builder().workers(2).build().unwrap();
    let (answer, answers) = mpsc::channel();
    let inner = pool.clone();
    let job = move || at_thread_end(move || answer.send(f(&inner)).unwrap());
    finish(pool.submit(job).unwrap());
    pool.shutdown(mode, None).unwrap();
    answers.try_recv().expect("the thread has ended, so its destructors have run")
}

#[test]
fn a_dying_worker_is_rejected_as_an_outsider() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            let kinds = on_a_dying_worker(mode, |pool| {
                [
                    pool.submit(|| ()).unwrap_err().kind(),
                    pool.try_submit(|| ()).unwrap_err().kind(),
                    pool.submit_timeout(|| (), FOREVER).unwrap_err().kind(),
                ]
            });
            assert_eq!(kinds, [SubmitErrorKind::ShutDown; 3]);
        }
    });
}

#[test]
fn a_dying_worker_gets_its_rejected_closure_back() {
    within_a_minute(|| {
        let answer = on_a_dying_worker(Shutdown::Drain, |pool| pool.submit(|| 42).unwrap_err().into_job()());
        assert_eq!(answer, 42);
    });
}

#[test]
fn a_dying_worker_is_no_worker() {
    within_a_minute(|| assert_eq!(on_a_dying_worker(Shutdown::Drain, |_| current_worker()), None));
}

#[test]
fn a_dying_worker_may_look_at_the_stats() {
    within_a_minute(|| {
        let (stats, text) = on_a_dying_worker(Shutdown::Drain, |pool| (pool.stats(), format!("{pool:?}")));
        assert_eq!((stats.workers, stats.completed, stats.busy), (2, 1, 0));
        assert!(text.contains("Pool"));
    });
}

#[test]
fn a_dying_worker_may_wait_for_idleness() {
    within_a_minute(|| {
        let answer = on_a_dying_worker(Shutdown::Drain, |pool| pool.wait_idle(None));
        assert_eq!(answer, Ok(()), "an outsider may wait");
    });
}

#[test]
fn a_dying_worker_waits_for_the_jobs_that_others_still_run() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let (answer, answers) = mpsc::channel();
        let inner = pool.clone();
        let job = move || {
            at_thread_end(move || {
                let early = inner.wait_idle(Some(Duration::ZERO));
                gate.open();
                answer.send((early, inner.wait_idle(None))).unwrap();
            });
        };
        finish(pool.submit(job).unwrap());
        // Aborting, the free worker leaves while the other still runs its job.
        pool.shutdown(Shutdown::Abort, None).unwrap();
        assert_eq!(answers.try_recv().unwrap(), (Err(WaitError::TimedOut), Ok(())));
        finish(held);
    });
}

#[test]
fn a_dying_worker_may_shut_the_pool_down() {
    within_a_minute(|| {
        for first in [Shutdown::Drain, Shutdown::Abort] {
            for second in [Shutdown::Drain, Shutdown::Abort] {
                let answer = on_a_dying_worker(first, move |pool| pool.shutdown(second, None));
                assert_eq!(answer.unwrap().still_running, 0);
            }
        }
    });
}

#[test]
fn every_dying_worker_may_shut_the_pool_down() {
    within_a_minute(|| {
        for _ in 0..100 {
            let (answer, answers) = mpsc::channel();
            let pool = pool_whose_workers_end_with(3, answer, |pool| pool.shutdown(Shutdown::Drain, None).is_ok());
            pool.shutdown(Shutdown::Drain, None).unwrap();
            drop(pool);
            assert_eq!(answers.iter().collect::<Vec<_>>(), [true; 3]);
        }
    });
}

#[test]
fn dying_workers_may_drop_the_last_pool() {
    within_a_minute(|| {
        for _ in 0..100 {
            let (answer, answers) = mpsc::channel();
            let pool = pool_whose_workers_end_with(3, answer, |pool| pool.stats().workers);
            // Does not join them, so the clones in their destructors outlive this one.
            pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap();
            drop(pool);
            // Ends once every destructor has run.
            assert_eq!(answers.iter().collect::<Vec<_>>(), [3; 3]);
        }
    });
}

/// Every worker has a thread-local destructor that calls `f`, sends what it says and drops its clone of the pool.
fn pool_whose_workers_end_with<R: Send + 'static>(n: usize, answer: Sender<R>, f: fn(&Pool) -> R) -> Pool {
    let pool = Pool::builder().workers(n).build().unwrap();
    let meeting = Arc::new(std::sync::Barrier::new(n));
    let jobs: Vec<_> = (0..n)
        .map(|_| {
            let (meeting, inner, answer) = (Arc::clone(&meeting), pool.clone(), answer.clone());
            let job = move || {
                meeting.wait();
                at_thread_end(move || {
                    answer.send(f(&inner)).unwrap();
                    drop(inner);
                });
            };
            pool.submit(job).unwrap()
        })
        .collect();
    jobs.into_iter().for_each(finish);
    pool
}

#[test]
fn a_dying_worker_may_drop_the_last_pool_while_another_thread_drops_its_own() {
    within_a_minute(|| {
        for round in 0..300 {
            let (answer, answers) = mpsc::channel();
            let pool = pool_whose_workers_end_with(2, answer, |_| ());
            pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
            spin(round * 10);
            drop(pool);
            assert_eq!(answers.iter().count(), 2);
        }
    });
}

#[test]
fn a_dying_worker_may_drop_handles() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let other = one_worker(10);
        let (gate, held) = hold_worker(&other);
        let handles = [other.submit(|| 1).unwrap(), other.submit(|| 2).unwrap()];
        let job = move || {
            let mut handles = handles.into_iter();
            let (joined, dropped) = (handles.next().unwrap(), handles.next().unwrap());
            at_thread_end(move || {
                drop(dropped);
                gate.open();
                assert_eq!(finish(joined), 1);
                finish(held);
            });
        };
        finish(pool.submit(job).unwrap());
        pool.shutdown(Shutdown::Drain, None).unwrap();
        let stats = other.stats();
        assert!(stats.completed >= 2, "{stats:?}");
    });
}

#[test]
fn the_start_hook_may_leave_such_a_destructor() {
    within_a_minute(|| {
        let (answer, answers) = mpsc::channel();
        let pool = Pool::builder()
            .workers(2)
            .on_worker_start(move |_| {
                let answer = answer.clone();
                at_thread_end(move || answer.send(current_worker()).unwrap());
            })
            .build()
            .unwrap();
        drop(pool);
        assert_eq!(answers.iter().collect::<Vec<_>>(), [None; 2]);
    });
}

/// Whether the thread joins a handle, so that the pool's own thread-locals exist, before or after the test's.
#[derive(Clone, Copy)]
enum Joins {
    Never,
    Before,
    After,
}

/// Runs `f` in a thread-local destructor of an ordinary thread; returns what it said.
fn on_a_dying_thread<R: Send + 'static>(joins: Joins, pool: &Pool, f: fn(&Pool) -> R) -> R {
    let (answer, answers) = mpsc::channel();
    let pool = pool.clone();
    let dying = thread::spawn(move || {
        if matches!(joins, Joins::Before) {
            park_in_join(&pool);
        }
        let inner = pool.clone();
        at_thread_end(move || answer.send(f(&inner)).unwrap());
        if matches!(joins, Joins::After) {
            park_in_join(&pool);
        }
    });
    dying.join().unwrap();
    answers.try_recv().expect("the thread has ended, so its destructors have run")
}

/// Joins a job that is surely not done yet, and surely has to be waited for longer than one spins.
fn park_in_join(pool: &Pool) {
    let go = Gate::new();
    let gate = go.clone();
    let job = pool.submit(move || gate.pass()).unwrap();
    let job = job.join_timeout(Duration::from_millis(1)).expect_err("the gate is shut");
    go.open();
    finish(job);
}

#[test]
fn a_dying_thread_may_do_what_any_thread_may() {
    within_a_minute(|| {
        let pool = one_worker(10);
        for joins in [Joins::Never, Joins::Before, Joins::After] {
            assert_eq!(on_a_dying_thread(joins, &pool, |pool| pool.submit(|| 42).unwrap().join().unwrap()), 42);
            assert_eq!(on_a_dying_thread(joins, &pool, |pool| finish(pool.try_submit(|| 42).unwrap())), 42);
            assert_eq!(
                on_a_dying_thread(joins, &pool, |pool| finish(pool.submit_timeout(|| 42, FOREVER).unwrap())),
                42
            );
            assert_eq!(on_a_dying_thread(joins, &pool, |pool| pool.wait_idle(None)), Ok(()));
            assert_eq!(on_a_dying_thread(joins, &pool, |_| current_worker()), None);
            on_a_dying_thread(joins, &pool, park_in_join);
        }
        assert_eq!(pool.stats().panicked, 0);
    });
}

#[test]
fn a_dying_thread_may_stand_in_line() {
    within_a_minute(|| {
        for joins in [Joins::Never, Joins::Before, Joins::After] {
            let pool = one_worker(1);
            let answer = on_a_dying_thread(joins, &pool, |pool| {
                let (gate, held) = hold_worker(pool);
                pool.try_submit(|| ()).unwrap().detach();
                let rejected = pool.submit_timeout(|| 42, Duration::from_millis(1)).unwrap_err();
                assert_eq!(rejected.kind(), SubmitErrorKind::TimedOut);
                thread::scope(|scope| {
                    scope.spawn(|| {
                        common::wait_until("the dying thread to stand in line", || pool.stats().waiting == 1);
                        gate.open();
                    });
                    let job = pool.submit(rejected.into_job()).unwrap();
                    finish(held);
                    finish(job)
                })
            });
            assert_eq!(answer, 42);
        }
    });
}

#[test]
fn a_dying_thread_may_build_shut_down_and_drop_pools() {
    within_a_minute(|| {
        let pool = one_worker(10);
        for joins in [Joins::Never, Joins::Before, Joins::After] {
            let completed = on_a_dying_thread(joins, &pool, |_| {
                let own = one_worker(10);
                own.submit(|| ()).unwrap().detach();
                let report = own.shutdown(Shutdown::Drain, None).unwrap();
                drop(own);
                drop(one_worker(10));
                report.completed
            });
            assert_eq!(completed, 1);
        }
    });
}

#[test]
fn a_dying_thread_that_drops_the_last_pool_drains_it() {
    within_a_minute(|| {
        for joins in [Joins::Never, Joins::Before] {
            let pool = one_worker(10);
            if matches!(joins, Joins::Before) {
                park_in_join(&pool);
            }
            let (gate, held) = hold_worker(&pool);
            let queued = pool.submit(|| 42).unwrap();
            let dying = thread::spawn(move || at_thread_end(move || drop(pool)));
            gate.open();
            dying.join().unwrap();
            assert!(queued.is_finished(), "the drop waits for it");
            assert_eq!(finish(queued), 42);
            finish(held);
        }
    });
}
