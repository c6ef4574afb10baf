//! Ways to end a pool without blocking on it: a time-out that ran out, a shutdown that is begun or awaited, a drop while its
//! thread panics.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::common::spy::Spy;
use crate::common::{
    EXPECTED, FOREVER, Gate, finish, hold_worker, on_drop, one_worker, poll_once, silence_expected_panics, wait_until,
    within_a_minute,
};
use corepool::{JobError, JobHandle, Pool, Shutdown, ShutdownReport, SubmitErrorKind, WaitError};

const MODES: [Shutdown; 2] = [Shutdown::Drain, Shutdown::Abort];

#[test]
fn after_a_shutdown_out_of_time_the_drop_does_not_wait_either() {
    within_a_minute(|| {
        for mode in MODES {
            let pool = one_worker(8);
            let (gate, held) = hold_worker(&pool);
            let queued = pool.submit(|| 1).unwrap();
            let report = pool.shutdown(mode, Some(Duration::from_millis(1))).unwrap();
            assert_eq!(report.still_running, 1);
            // For ever, if it waits: only what comes after it lets the job go on.
            drop(pool);
            gate.open();
            finish(held);
            match mode {
                Shutdown::Drain => assert_eq!(finish(queued), 1),
                _ => assert!(matches!(queued.join(), Err(JobError::Aborted))),
            }
        }
    });
}

#[test]
fn after_a_shutdown_in_time_the_drop_waits_as_ever() {
    within_a_minute(|| {
        let (pool, ended) = (one_worker(8), Arc::new(AtomicBool::new(false)));
        let (gate, held) = hold_worker(&pool);
        pool.begin_shutdown(Shutdown::Drain).unwrap();
        let ends = Arc::clone(&ended);
        let dropped = thread::spawn(move || {
            drop(pool);
            ends.load(Ordering::SeqCst)
        });
        // Time for a drop that does not wait to come back.
        (0..1_000).for_each(|_| thread::yield_now());
        ended.store(true, Ordering::SeqCst);
        gate.open();
        assert!(dropped.join().unwrap(), "it came back while a job ran");
        finish(held);
    });
}

#[test]
fn a_shutdown_out_of_time_that_is_repeated_waits_again() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        assert_eq!(pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap().still_running, 1);
        gate.open();
        assert_eq!(pool.shutdown(Shutdown::Drain, None).unwrap().still_running, 0);
        finish(held);
    });
}

#[test]
fn a_panic_that_drops_the_last_pool_gets_out() {
    silence_expected_panics();
    within_a_minute(|| {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            // The job waits for something that is dropped after the pool.
            let (_go, gate) = mpsc::channel::<()>();
            let pool = one_worker(8);
            pool.submit(move || gate.recv()).unwrap().detach();
            panic!("{EXPECTED}a failed assertion");
        }));
        assert!(panicked.is_err());
    });
}

#[test]
fn a_pool_that_a_panic_dropped_drains_behind_it() {
    silence_expected_panics();
    within_a_minute(|| {
        let (gate, (tell, told)) = (Gate::new(), mpsc::channel());
        let waits = gate.clone();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let pool = one_worker(8);
            pool.submit(move || waits.pass()).unwrap().detach();
            pool.submit(move || tell.send(42)).unwrap().detach();
            panic!("{EXPECTED}a failed assertion");
        }));
        assert!(panicked.is_err());
        gate.open();
        assert_eq!(told.recv_timeout(FOREVER), Ok(42));
    });
}

#[test]
fn a_job_may_begin_the_shutdown_of_its_pool() {
    within_a_minute(|| {
        for mode in MODES {
            let pool = one_worker(8);
            let (gate, held) = hold_worker(&pool);
            let inner = pool.clone();
            let ends = pool.submit(move || {
                inner.begin_shutdown(mode).unwrap();
                inner.submit(|| ()).map(JobHandle::join).map_err(|rejected| rejected.kind())
            });
            let behind = pool.submit(|| 1).unwrap();
            gate.open();
            finish(held);
            let inside = finish(ends.unwrap());
            let report = pool.shutdown(mode, None).unwrap();
            match mode {
                Shutdown::Drain => {
                    assert!(matches!(inside, Ok(Ok(()))), "{inside:?}");
                    assert_eq!((finish(behind), report.completed), (1, 4));
                }
                _ => {
                    assert!(matches!(inside, Err(SubmitErrorKind::ShutDown)), "{inside:?}");
                    assert!(matches!(behind.join(), Err(JobError::Aborted)));
                    assert_eq!((report.completed, report.aborted), (2, 1));
                }
            }
        }
    });
}

#[test]
fn a_shutdown_that_is_begun_leaves_the_global_pool_alone() {
    assert_eq!(Pool::global().begin_shutdown(Shutdown::Abort), Err(WaitError::GlobalPool));
    let awaited = pollster::block_on(Pool::global().shutdown_async(Shutdown::Abort));
    assert_eq!(awaited, Err(WaitError::GlobalPool));
    assert_eq!(finish(Pool::global().submit(|| 42).unwrap()), 42);
}

#[test]
fn a_shutdown_can_be_awaited() {
    within_a_minute(|| {
        for mode in MODES {
            let pool = Pool::builder().workers(2).build().unwrap();
            let [(gate, held), (other_gate, other_held)] = [hold_worker(&pool), hold_worker(&pool)];
            let queued = pool.submit(|| 1).unwrap();
            let spy = Spy::new();
            let mut ends = Box::pin(pool.shutdown_async(mode));
            assert_eq!(pool.stats().aborted, 0, "nothing happens before the first poll");
            for waker in [Waker::noop().clone(), spy.waker(), spy.waker()] {
                assert!(poll_once(&mut ends, &waker).is_pending());
            }
            assert_eq!(spy.out(), 1, "the last waker counts");
            assert_eq!(pool.submit(|| ()).unwrap_err().kind(), SubmitErrorKind::ShutDown);
            gate.open();
            other_gate.open();
            finish(held);
            finish(other_held);
            let report = pollster::block_on(ends).unwrap();
            let aborted = u64::from(matches!(queued.join(), Err(JobError::Aborted)));
            assert_eq!((report.completed, report.aborted, report.still_running), (3 - aborted, aborted, 0));
            assert_eq!(aborted, u64::from(mode == Shutdown::Abort));
            wait_until("it to be woken", || spy.out() == 0);
        }
    });
}

#[test]
fn an_awaited_shutdown_wakes_all_who_watch_and_forgets_who_left() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (spy, gone) = (Spy::new(), Spy::new());
        let mut watching: Vec<_> = (0..3).map(|_| Box::pin(pool.shutdown_async(Shutdown::Drain))).collect();
        let mut leaves = Box::pin(pool.shutdown_async(Shutdown::Drain));
        assert!(poll_once(&mut leaves, &gone.waker()).is_pending());
        for ends in &mut watching {
            assert!(poll_once(ends, &spy.waker()).is_pending());
        }
        drop(leaves);
        assert_eq!((gone.out(), gone.woken()), (0, 0));
        gate.open();
        for ends in watching {
            assert_eq!(pollster::block_on(ends).unwrap().completed, 1);
        }
        finish(held);
        // The last of them may have been faster than its waker.
        wait_until("all to be woken", || spy.out() == 0);
        assert_eq!(gone.woken(), 0);
    });
}

/// Nor is anybody blocked by the future that is dropped last of all.
#[test]
fn an_awaited_shutdown_that_is_dropped_goes_on_and_blocks_nobody() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (stopped, stops) = (Gate::new(), Gate::new());
        let opens = stops.clone();
        let guard = on_drop(move || opens.open());
        pool.submit(move || drop(guard)).unwrap().detach();
        let mut ends = Box::pin(pool.shutdown_async(Shutdown::Drain));
        assert!(poll_once(&mut ends, Waker::noop()).is_pending());
        let dropped = thread::spawn({
            let stopped = stopped.clone();
            move || {
                stopped.pass();
                drop(pool);
            }
        });
        drop(ends);
        gate.open();
        stops.pass();
        finish(held);
        stopped.open();
        dropped.join().unwrap();
    });
}

#[test]
fn an_awaited_shutdown_on_the_pools_own_worker_would_deadlock() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let inner = pool.clone();
        let answer = pool.submit(move || {
            let mut ends = Box::pin(inner.shutdown_async(Shutdown::Drain));
            match poll_once(&mut ends, Waker::noop()) {
                Poll::Ready(answer) => answer.map(drop),
                Poll::Pending => panic!("it waits"),
            }
        });
        assert_eq!(finish(answer.unwrap()), Err(WaitError::WouldDeadlock));
        assert_eq!(finish(pool.submit(|| 42).unwrap()), 42, "nothing has changed");
    });
}

type Awaited = Box<dyn Future<Output = Result<ShutdownReport, WaitError>> + Send + Unpin>;

/// Nobody has waited on the worker: the waker of another task only looks.
#[test]
fn an_awaited_shutdown_that_has_begun_may_be_polled_on_a_worker() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let mut ends = Box::pin(pool.shutdown_async(Shutdown::Drain));
        let (give, given) = mpsc::channel::<Awaited>();
        let polls = {
            let inner = pool.clone();
            pool.submit(move || {
                let mut ends = given.recv().unwrap();
                let is_pending = poll_once(&mut ends, Waker::noop()).is_pending();
                drop(inner);
                (is_pending, ends)
            })
        };
        assert!(poll_once(&mut ends, Waker::noop()).is_pending());
        give.send(Box::new(ends)).unwrap();
        gate.open();
        finish(held);
        let (is_pending, ends) = finish(polls.unwrap());
        assert!(is_pending);
        assert_eq!(pollster::block_on(ends).unwrap().completed, 2);
    });
}

#[test]
fn after_an_awaited_shutdown_was_given_up_the_drop_does_not_wait() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        drop(pool.shutdown_async(Shutdown::Drain));
        let mut ends = Box::pin(pool.shutdown_async(Shutdown::Drain));
        assert!(poll_once(&mut ends, Waker::noop()).is_pending());
        drop(ends);
        // For ever, if it waits: only what comes after it lets the job go on.
        drop(pool);
        gate.open();
        finish(held);
    });
}

/// Neither a waker of somebody who watches the pool end nor a thread-local destructor may hold up who has a deadline.
#[test]
fn a_shutdown_keeps_its_time_out_whatever_a_worker_does_at_its_end() {
    thread_local! {
        static LAST: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
    }
    type Prepare = fn(&Pool, Gate) -> Option<Box<dyn Future<Output = ()> + Unpin>>;
    let ways: [(&str, Prepare); 2] = [
        ("a waker", |pool, gate| {
            let spy = Spy::new();
            spy.on_wake(move || gate.pass());
            let mut ends = pool.shutdown_async(Shutdown::Drain);
            assert!(poll_once(&mut ends, &spy.waker()).is_pending());
            Some(Box::new(Box::pin(async move {
                ends.await.unwrap();
            })))
        }),
        ("a thread-local destructor", |pool, gate| {
            let keep = move || {
                let waits = on_drop(move || gate.pass());
                LAST.with(|last| *last.borrow_mut() = Some(Box::new(move || drop(waits))));
            };
            pool.submit(keep).unwrap().detach();
            None
        }),
    ];
    within_a_minute(move || {
        for (what, prepare) in ways {
            let pool = Pool::builder().workers(1).thread_name("timed").build().unwrap();
            let ((gate, held), never) = (hold_worker(&pool), Gate::new());
            let ends = prepare(&pool, never.clone());
            gate.open();
            finish(held);
            pool.wait_idle(Some(FOREVER)).unwrap();
            // The next caller gives the time again, and no thread.
            for _ in 0..2 {
                let report = pool.shutdown(Shutdown::Drain, Some(Duration::from_millis(50))).unwrap();
                assert_eq!((report.still_running, report.still_queued), (1, 0), "{what}");
            }
            #[cfg(target_os = "linux")]
            assert!(crate::common::threads_named("timed-join") <= 1, "{what}");
            never.open();
            assert_eq!(pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap().still_running, 0, "{what}");
            if let Some(ends) = ends {
                pollster::block_on(ends);
            }
        }
    });
}
