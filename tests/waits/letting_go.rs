//! What a handle leaves behind when it is dropped: no waker, and no recursion through what it owned.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use crate::common::spy::Spy;
use crate::common::{
    EXPECTED, FOREVER, finish, hold_worker, in_debug_a_quarter_of, on_drop, one_worker, poll_once,
    silence_expected_panics, within_a_minute,
};
use corepool::{CancelOnDrop, JobHandle, Pool, Shutdown};

/// What happens to a waker that was left with a handle, in each of the ways to let go of it.
#[test]
fn a_handle_that_is_dropped_takes_its_waker_along() {
    within_a_minute(|| {
        let ways: [fn(JobHandle<()>); 6] = [
            drop,
            JobHandle::detach,
            |job| CancelOnDrop::detach(job.cancel_on_drop()),
            |job| drop(job.try_join().unwrap_err()),
            |job| drop(job.join_timeout(Duration::ZERO).unwrap_err()),
            |job| drop(job.cancel_on_drop()),
        ];
        for way in ways {
            let pool = one_worker(8);
            let (gate, held) = hold_worker(&pool);
            let spy = Spy::new();
            let mut job = pool.submit(|| ()).unwrap();
            assert!(poll_once(&mut job, &spy.waker()).is_pending());
            assert_eq!(spy.out(), 1);
            way(job);
            assert_eq!((spy.out(), spy.woken()), (0, 0));
            gate.open();
            finish(held);
            pool.wait_idle(None).unwrap();
            assert_eq!(spy.woken(), 0);
        }
    });
}

#[test]
fn a_running_jobs_handle_takes_its_waker_along_and_the_guard_asks_it_to_stop() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, mut held) = hold_worker(&pool);
        let spy = Spy::new();
        assert!(poll_once(&mut held, &spy.waker()).is_pending());
        let mut guard = held.cancel_on_drop();
        assert!(poll_once(&mut guard, &spy.waker()).is_pending());
        drop(guard);
        assert_eq!((spy.out(), spy.woken()), (0, 0));
        gate.open();
        pool.wait_idle(None).unwrap();
        assert_eq!(spy.woken(), 0);
    });
}

/// As an executor does that clears its tasks, and drops what they hold, under a lock which waking takes too.
#[test]
fn a_guard_that_is_dropped_under_the_lock_that_its_waker_takes_does_not_deadlock() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (lock, spy) = (Arc::new(Mutex::new(())), Spy::new());
        let taken = Arc::clone(&lock);
        spy.on_wake(move || drop(taken.lock()));
        let mut guard = pool.submit(|| ()).unwrap().cancel_on_drop();
        assert!(poll_once(&mut guard, &spy.waker()).is_pending());
        let clearing = lock.lock().unwrap();
        drop(guard);
        drop(clearing);
        assert_eq!((pool.stats().cancelled, spy.woken()), (1, 0));
        gate.open();
        finish(held);
    });
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_is_contained() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let spy = Spy::new();
        let mut job = pool.submit(|| 42).unwrap();
        assert!(poll_once(&mut job, &spy.waker()).is_pending());
        spy.on_drop(|| panic!("{EXPECTED}a waker"));
        drop(job);
        assert_eq!(spy.out(), 0);
        gate.open();
        finish(held);
    });
}

/// A job's result that owns the handle of the job before it.
struct Link(#[allow(dead_code, reason = "only held")] Option<JobHandle<Link>>, Arc<AtomicUsize>);

impl Drop for Link {
    fn drop(&mut self) {
        let dropped = self.1.fetch_add(1, Ordering::SeqCst);
        if dropped % 1_000 == 999 {
            panic!("{EXPECTED}a link that bursts");
        }
    }
}

const LONG: usize = in_debug_a_quarter_of(300_000);

/// Jobs that have run, each result in the cell of the next one's.
fn chain(pool: &Pool, length: usize, dropped: &Arc<AtomicUsize>) -> JobHandle<Link> {
    let mut last = None;
    for _ in 0..length {
        let (previous, dropped) = (last.take(), Arc::clone(dropped));
        last = Some(pool.submit(move || Link(previous, dropped)).unwrap());
    }
    pool.wait_idle(Some(FOREVER)).unwrap();
    last.unwrap()
}

#[test]
fn a_long_chain_of_results_is_dropped_one_by_one() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(LONG);
        let ways: [fn(JobHandle<Link>, &Pool); 4] = [
            |last, _| drop(last),
            |last, _| drop(last.join()),
            |last, _| last.cancel_on_drop().detach(),
            // On the worker, within a closure or an outcome.
            |last, pool| drop(finish(pool.submit(move || Some(last)).unwrap())),
        ];
        for way in ways {
            let dropped = Arc::default();
            way(chain(&pool, LONG, &dropped), &pool);
            assert_eq!(dropped.load(Ordering::SeqCst), LONG);
        }
        let dropped = Arc::default();
        let last = chain(&pool, LONG, &dropped);
        pool.submit(move || last).unwrap().detach();
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), LONG);
    });
}

#[test]
fn a_long_chain_of_closures_is_aborted_one_by_one() {
    within_a_minute(|| {
        let pool = one_worker(LONG);
        let (gate, held) = hold_worker(&pool);
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut last = None;
        for _ in 0..LONG {
            let (previous, dropped) = (last.take(), Arc::clone(&dropped));
            let guard = on_drop(move || drop((previous, dropped.fetch_add(1, Ordering::SeqCst))));
            last = Some(
                pool.submit(move || drop::<crate::common::OnDrop<_>>(guard))
                    .map(|job| Box::new(job) as Box<dyn Send>)
                    .unwrap(),
            );
        }
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), LONG);
        gate.open();
        finish(held);
    });
}

/// What is dropped in the midst of a chain may have handles of its own, also where a thread-local owns it.
#[test]
fn a_thread_local_may_own_a_chain() {
    thread_local! {
        static LAST: std::cell::RefCell<Option<JobHandle<Link>>> = const { std::cell::RefCell::new(None) };
    }
    silence_expected_panics();
    within_a_minute(|| {
        let (pool, dropped) = (one_worker(LONG), Arc::default());
        let last = chain(&pool, LONG, &dropped);
        std::thread::spawn(move || LAST.set(Some(last))).join().unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), LONG);
    });
}

/// A destructor may count on what it drops first being gone.
#[test]
fn a_handle_that_is_dropped_in_a_result_is_gone_at_once() {
    struct Waits(Option<JobHandle<std::sync::mpsc::Sender<()>>>, std::sync::mpsc::Receiver<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            drop(self.0.take());
            assert_eq!(self.1.recv_timeout(FOREVER), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
        }
    }
    within_a_minute(|| {
        let pool = one_worker(8);
        let (tell, told) = std::sync::mpsc::channel();
        let owner = pool.submit(move || tell).unwrap();
        let waits = pool.submit(move || Some(Waits(Some(owner), told))).unwrap();
        pool.wait_idle(None).unwrap();
        drop(waits);
    });
}

/// Keeps what it owns until its last waker is gone, as a task does.
struct Task(#[allow(dead_code, reason = "only held")] Mutex<Option<JobHandle<()>>>);

impl std::task::Wake for Task {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_long_chain_of_wakers_is_dropped_one_by_one() {
    within_a_minute(|| {
        let pool = one_worker(LONG + 1);
        let (gate, held) = hold_worker(&pool);
        let mut last: Option<JobHandle<()>> = None;
        for _ in 0..LONG {
            let waker = Waker::from(Arc::new(Task(Mutex::new(last.take()))));
            let mut job = pool.submit(|| ()).unwrap();
            assert!(poll_once(&mut job, &waker).is_pending());
            last = Some(job);
        }
        drop(last);
        gate.open();
        finish(held);
    });
}

#[test]
fn a_join_wakes_nobody_who_polled_before() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (inner, spy) = (pool.clone(), Spy::new());
        let waker = spy.waker();
        let joins = pool.submit(move || {
            let mut job = inner.submit(|| ()).unwrap();
            assert!(poll_once(&mut job, &waker).is_pending());
            job.join().unwrap();
        });
        finish(joins.unwrap());
        assert_eq!(spy.woken(), 0);
    });
}
