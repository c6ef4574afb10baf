//! A panic belongs to its job: the worker lives on, the waiter gets payload and message, destructors that panic included;
//! and no user code runs under a lock, so it may call the pool.

mod common;

use std::panic::{self, AssertUnwindSafe, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use common::{
    EXPECTED, FOREVER, Gate, hold_worker, message_of, one_worker, poll_once, silence_expected_panics, threads_of,
    within_a_minute,
};
use corepool::{Builder, JobError, JobHandle, Pool, Shutdown, SubmitErrorKind};

/// Its destructor panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{EXPECTED}a destructor");
    }
}

/// Does the worst to a pool of two, then proves that the same two threads serve it still.
fn survives(worst: impl FnOnce(&Pool) + Send + 'static) {
    survives_with(Pool::builder(), worst);
}

fn survives_with(builder: Builder, worst: impl FnOnce(&Pool) + Send + 'static) {
    silence_expected_panics();
    within_a_minute(move || {
        let pool = builder.workers(2).build().unwrap();
        let before = threads_of(&pool);
        assert_eq!(before.len(), 2);
        worst(&pool);
        assert_eq!(threads_of(&pool), before);
        pool.wait_idle(None).unwrap();
        let stats = pool.stats();
        assert_eq!((stats.busy, stats.queued), (0, 0));
        let report = pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(report.still_running, 0);
    });
}

/// Queues a job behind held workers, so that `then` meets it unrun; lets it run, and waits until it has.
fn while_queued<T: Send + 'static>(
    pool: &Pool,
    job: impl FnOnce() -> T + Send + 'static,
    then: impl FnOnce(JobHandle<T>),
) {
    let held: Vec<_> = (0..pool.workers()).map(|_| hold_worker(pool)).collect();
    then(pool.submit(job).unwrap());
    for (gate, held) in held {
        gate.open();
        held.join().unwrap();
    }
    pool.wait_idle(None).unwrap();
}

#[test]
fn ten_thousand_panics_later_the_pool_has_all_its_workers() {
    survives(|pool| {
        for round in 0..100 {
            let jobs: Vec<_> = (0..100).map(|n| pool.submit(move || panic_any(round * 100 + n)).unwrap()).collect();
            for (n, job) in jobs.into_iter().enumerate() {
                let job: JobHandle<()> = job;
                let Err(JobError::Panicked(panic)) = job.join() else { panic!("it was to panic") };
                assert_eq!(panic.into_payload().downcast_ref(), Some(&(round * 100 + n)));
            }
        }
        assert_eq!(pool.stats().panicked, 10_000);
    });
}

/// Throws what it holds when it is dropped.
struct Throws(Arc<()>);

impl Drop for Throws {
    fn drop(&mut self) {
        panic::resume_unwind(Box::new(Arc::clone(&self.0)));
    }
}

/// Throws what it holds when it is woken.
struct ThrowsWoken(Arc<()>);

impl Wake for ThrowsWoken {
    fn wake(self: Arc<Self>) {
        panic::resume_unwind(Box::new(Arc::clone(&self.0)));
    }
}

#[test]
fn what_is_contained_is_dropped() {
    let payload = Arc::new(());
    let thrown = || Throws(Arc::clone(&payload));
    let [result, closure, of_hook] = [thrown(), thrown(), thrown()];
    let waker = Waker::from(Arc::new(ThrowsWoken(Arc::clone(&payload))));
    within_a_minute(move || {
        let pool = Pool::builder()
            .workers(1)
            .on_panic(move |_| panic::resume_unwind(Box::new(Arc::clone(&of_hook.0))))
            .build()
            .unwrap();
        pool.submit(move || result).unwrap().detach();
        pool.submit(|| panic::resume_unwind(Box::new(()))).map(JobHandle::<()>::detach).unwrap();
        let (gate, held) = hold_worker(&pool);
        let mut polled = pool.submit(|| ()).unwrap();
        assert!(poll_once(&mut polled, &waker).is_pending());
        drop(waker);
        pool.submit(move || drop(closure)).unwrap().cancel();
        gate.open();
        held.join().unwrap();
        polled.join().unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
    });
    assert_eq!(Arc::strong_count(&payload), 1);
}

#[test]
fn a_payload_that_bursts_harms_neither_waiter_nor_worker() {
    survives(|pool| {
        let job = pool.submit(|| -> () { panic_any(Bomb) }).unwrap();
        let error = job.join().unwrap_err();
        assert!(matches!(error, JobError::Panicked(_)));
        panic::catch_unwind(AssertUnwindSafe(|| drop(error))).expect("dropping an error is quiet");
    });
}

#[test]
fn a_payload_that_bursts_after_a_detach_is_contained() {
    survives(|pool| {
        while_queued(pool, || -> () { panic_any(Bomb) }, JobHandle::detach);
        let job = pool.submit(|| -> () { panic_any(Bomb) }).unwrap();
        pool.wait_idle(None).unwrap();
        panic::catch_unwind(AssertUnwindSafe(|| drop(job))).expect("dropping a handle is quiet");
        assert_eq!(pool.stats().panicked, 2);
    });
}

#[test]
fn a_result_that_bursts_after_a_detach_is_contained() {
    survives(|pool| {
        while_queued(pool, || Bomb, JobHandle::detach);
        assert_eq!(pool.stats().panicked, 0, "the job itself went well");
    });
}

#[test]
fn a_result_that_bursts_in_a_dropped_handle_is_contained() {
    survives(|pool| {
        let job = pool.submit(|| Bomb).unwrap();
        pool.wait_idle(None).unwrap();
        assert!(job.is_finished());
        panic::catch_unwind(AssertUnwindSafe(|| drop(job))).expect("dropping a handle is quiet");
    });
}

#[test]
fn a_closure_that_bursts_at_its_end_is_a_panic_of_its_job() {
    survives(|pool| {
        let bomb = Bomb;
        let job = pool.submit(move || {
            let _captured = &bomb;
        });
        assert_eq!(message_of(job.unwrap().join()), "expected: a destructor");
        assert_eq!((pool.stats().panicked, pool.stats().completed), (1, 2));
    });
}

#[test]
fn a_closure_that_bursts_when_aborted_is_contained() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let queued: Vec<_> = (0..4)
            .map(|_| {
                let bomb = Bomb;
                pool.submit(move || drop(bomb)).unwrap()
            })
            .collect();
        gate.open();
        // The held job may end first and one more begin; the shutdown answers every job all the same.
        let report = pool.shutdown(Shutdown::Abort, None).unwrap();
        held.join().unwrap();
        assert_eq!(report.completed + report.panicked + report.aborted, 5);
        let aborted = queued.into_iter().map(|job| job.join());
        let aborted = aborted.filter(|outcome| matches!(outcome, Err(JobError::Aborted))).count();
        assert_eq!(aborted as u64, report.aborted);
    });
}

#[test]
fn a_closure_that_bursts_in_the_queue_does_not_cost_the_next_its_answer() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let bomb = Bomb;
        let first = pool.submit(move || drop(bomb)).unwrap();
        let second = pool.submit(|| ()).unwrap();
        let report = pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!((report.aborted, report.still_running, report.still_queued), (2, 1, 0));
        assert!(matches!(first.join(), Err(JobError::Aborted)));
        assert!(matches!(second.join(), Err(JobError::Aborted)));
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn a_rejected_closure_is_the_users_own_with_its_destructor() {
    silence_expected_panics();
    within_a_minute(|| {
        let closed = one_worker(1);
        closed.shutdown(Shutdown::Drain, None).unwrap();
        let bomb = Bomb;
        let rejected = closed.submit(move || drop(bomb)).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
        let job = rejected.into_job();
        panic::catch_unwind(AssertUnwindSafe(|| drop(job))).expect_err("it is dropped here, by its owner");
    });
}

/// Panics when woken.
struct BadBell;

impl Wake for BadBell {
    fn wake(self: Arc<Self>) {
        panic!("{EXPECTED}a wake");
    }
}

/// Panics when dropped.
struct BadRope(Bomb);

impl Wake for BadRope {
    fn wake(self: Arc<Self>) {}
}

fn bad_rope() -> Waker {
    Waker::from(Arc::new(BadRope(Bomb)))
}

#[test]
fn a_waker_that_panics_when_woken_is_contained() {
    survives(|pool| {
        while_queued(
            pool,
            || 7,
            |mut job| {
                assert!(poll_once(&mut job, &Waker::from(Arc::new(BadBell))).is_pending());
                drop(job);
            },
        );
        let (gate, mut held) = hold_worker(pool);
        assert!(poll_once(&mut held, &Waker::from(Arc::new(BadBell))).is_pending());
        gate.open();
        pool.wait_idle(None).unwrap();
        held.join().expect("the value is there all the same");
    });
}

#[test]
fn a_waker_that_bursts_after_it_was_woken_is_contained() {
    survives(|pool| {
        let (gate, mut held) = hold_worker(pool);
        assert!(poll_once_and_let_go(&mut held, bad_rope()));
        gate.open();
        pool.wait_idle(None).unwrap();
        held.join().unwrap();
    });
}

#[test]
fn a_waker_that_bursts_when_replaced_is_contained() {
    survives(|pool| {
        let (gate, mut held) = hold_worker(pool);
        assert!(poll_once_and_let_go(&mut held, bad_rope()));
        let polled = panic::catch_unwind(AssertUnwindSafe(|| poll_once(&mut held, Waker::noop()).is_pending()));
        assert!(polled.expect("replacing it is quiet"));
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn a_waker_that_bursts_in_a_dropped_handle_is_contained() {
    survives(|pool| {
        while_queued(
            pool,
            || 7,
            |mut job| {
                assert!(poll_once_and_let_go(&mut job, bad_rope()));
                drop(job);
            },
        );
    });
}

#[test]
fn a_waker_that_panics_does_not_stop_an_abort() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(4);
        let (gate, held) = hold_worker(&pool);
        let mut first = pool.submit(|| ()).unwrap();
        let second = pool.submit(|| ()).unwrap();
        assert!(poll_once(&mut first, &Waker::from(Arc::new(BadBell))).is_pending());
        let report = pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!(report.aborted, 2);
        assert!(matches!(first.join(), Err(JobError::Aborted)));
        assert!(matches!(second.join(), Err(JobError::Aborted)));
        gate.open();
        held.join().unwrap();
    });
}

/// Polls, and lets go of the waker, so that the pool holds the last of it.
fn poll_once_and_let_go<T>(job: &mut JobHandle<T>, waker: Waker) -> bool {
    let pending = poll_once(job, &waker).is_pending();
    drop(waker);
    pending
}

#[test]
fn a_panic_hook_that_panics_is_contained() {
    let calls = Arc::new(AtomicUsize::new(0));
    let builder = {
        let calls = Arc::clone(&calls);
        Pool::builder().on_panic(move |_| {
            // One message, one bomb: what the hook throws may burst as well.
            if calls.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
                panic!("{EXPECTED}the hook");
            }
            panic_any(Bomb);
        })
    };
    survives_with(builder, move |pool| {
        for n in 0..100 {
            let outcome = pool.submit(move || -> () { panic!("{EXPECTED}job {n}") }).unwrap().join();
            assert_eq!(message_of(outcome), format!("expected: job {n}"), "not what the hook said");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 100);
        assert_eq!(pool.stats().panicked, 100);
    });
}

#[test]
fn a_panic_hook_sees_the_panic_where_it_happened_and_before_the_waiter() {
    let (report, reports) = mpsc::channel();
    let seen = Gate::new();
    let builder = {
        let seen = seen.clone();
        Pool::builder().on_panic(move |panic| {
            report.send((thread::current().id(), corepool::current_worker(), panic.message().to_owned())).unwrap();
            seen.pass();
        })
    };
    survives_with(builder, move |pool| {
        let (here, place) = mpsc::channel();
        let job = pool.submit(move || -> () {
            here.send((thread::current().id(), corepool::current_worker())).unwrap();
            panic!("{EXPECTED}no disk");
        });
        let job = job.unwrap();
        let (thread, worker, message) = reports.recv().unwrap();
        assert_eq!(((thread, worker), message), (place.recv().unwrap(), "expected: no disk".to_owned()));
        let job = job.try_join().expect_err("the hook has not returned");
        assert_eq!(pool.stats().panicked, 1, "but it is counted");
        seen.open();
        assert_eq!(message_of(job.join()), "expected: no disk");
    });
}

#[test]
fn a_panic_hook_sees_claimed_and_detached_jobs_too() {
    let (report, reports) = mpsc::channel();
    let builder = Pool::builder().on_panic(move |panic| report.send(panic.message().to_owned()).unwrap());
    survives_with(builder, move |pool| {
        pool.submit(|| panic!("{EXPECTED}detached")).unwrap().detach();
        assert_eq!(reports.recv().unwrap(), "expected: detached");
        let inner = pool.clone();
        let outer = pool.submit(move || {
            let claimed = inner.submit(|| -> () { panic!("{EXPECTED}claimed") }).unwrap();
            message_of(claimed.join())
        });
        assert_eq!(outer.unwrap().join().unwrap(), "expected: claimed");
        assert_eq!(reports.recv().unwrap(), "expected: claimed");
    });
}

#[test]
fn a_stop_hook_that_panics_is_contained() {
    let stopped = Arc::new(Mutex::new(Vec::new()));
    let builder = {
        let stopped = Arc::clone(&stopped);
        Pool::builder().on_worker_stop(move |index| {
            stopped.lock().unwrap().push(index);
            panic_any(Bomb);
        })
    };
    survives_with(builder, |_| ());
    let mut stopped = stopped.lock().unwrap().clone();
    stopped.sort_unstable();
    assert_eq!(stopped, [0, 1]);
}

#[test]
fn hooks_that_burst_with_their_pool_are_contained() {
    silence_expected_panics();
    within_a_minute(|| {
        let (start, stop, bad) = (Bomb, Bomb, Bomb);
        let pool = Pool::builder()
            .workers(2)
            .on_worker_start(move |_| _ = &start)
            .on_worker_stop(move |_| _ = &stop)
            .on_panic(move |_| _ = &bad)
            .build()
            .unwrap();
        pool.submit(|| ()).unwrap().join().unwrap();
        panic::catch_unwind(AssertUnwindSafe(|| drop(pool))).expect("dropping a pool is quiet");
    });
}

/// What user code may do wherever the pool calls it. Counts its calls, to prove that it was called at all.
#[derive(Clone)]
struct CallsBack {
    pool: Pool,
    calls: Arc<AtomicUsize>,
}

impl CallsBack {
    fn new(pool: &Pool) -> Self {
        Self { pool: pool.clone(), calls: Arc::default() }
    }

    fn call(&self) {
        assert_eq!(self.pool.stats().workers, self.pool.workers() as u64);
        // On a worker none of these waits; a closed pool rejects them.
        if let Ok(job) = self.pool.submit(|| ()) {
            job.detach();
        }
        if let Ok(job) = self.pool.try_submit(|| ()) {
            job.detach();
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Calls back when dropped.
struct OnDrop(CallsBack);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.call();
    }
}

#[test]
fn a_closures_destructor_may_call_the_pool() {
    survives(|pool| {
        let back = CallsBack::new(pool);
        let captured = OnDrop(back.clone());
        pool.submit(move || drop(captured)).unwrap().join().unwrap();
        assert_eq!(back.calls(), 1);
    });
}

#[test]
fn an_aborted_closures_destructor_may_call_the_pool_and_look_at_its_handle() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let (gate, held) = hold_worker(&pool);
        let back = CallsBack::new(&pool);
        let own: Arc<Mutex<Option<JobHandle<()>>>> = Arc::default();
        let captured = (OnDrop(back.clone()), LooksAtHandle(Arc::clone(&own)));
        *own.lock().unwrap() = Some(pool.submit(move || drop(captured)).unwrap());
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!(back.calls(), 1);
        let own = own.lock().unwrap().take().expect("it was not finished when the closure was dropped");
        assert!(matches!(own.join(), Err(JobError::Aborted)));
        gate.open();
        held.join().unwrap();
    });
}

/// Asks a handle for its outcome when dropped, and puts it back if there is none yet.
struct LooksAtHandle(Arc<Mutex<Option<JobHandle<()>>>>);

impl Drop for LooksAtHandle {
    fn drop(&mut self) {
        let mut slot = self.0.lock().unwrap();
        let handle = slot.take().expect("it was put there");
        *slot = handle.try_join().err();
    }
}

#[test]
fn a_results_destructor_may_call_the_pool() {
    survives(|pool| {
        let back = CallsBack::new(pool);
        let result = OnDrop(back.clone());
        while_queued(pool, move || result, JobHandle::detach);
        assert_eq!(back.calls(), 1);
    });
}

#[test]
fn a_payloads_destructor_may_call_the_pool() {
    survives(|pool| {
        let back = CallsBack::new(pool);
        let payload = OnDrop(back.clone());
        while_queued(pool, move || -> () { panic_any(payload) }, JobHandle::detach);
        assert_eq!(back.calls(), 1);
    });
}

#[test]
fn a_panic_hook_may_call_the_pool() {
    let slot: Arc<Mutex<Option<CallsBack>>> = Arc::default();
    let builder = {
        let slot = Arc::clone(&slot);
        Pool::builder().queue_capacity(2).on_panic(move |_| {
            let back = slot.lock().unwrap().clone();
            back.unwrap().call();
        })
    };
    survives_with(builder, move |pool| {
        let back = CallsBack::new(pool);
        *slot.lock().unwrap() = Some(back.clone());
        for _ in 0..100 {
            let job = pool.submit(|| -> () { panic!("{EXPECTED}job") }).unwrap();
            assert_eq!(message_of(job.join()), "expected: job");
        }
        assert_eq!(back.calls(), 100);
        *slot.lock().unwrap() = None;
    });
}

#[test]
fn a_start_hook_may_call_another_pool() {
    within_a_minute(|| {
        let other = one_worker(16);
        let back = CallsBack::new(&other);
        let hook = back.clone();
        let pool = Pool::builder().workers(3).on_worker_start(move |_| hook.call()).build().unwrap();
        assert_eq!(back.calls(), 3);
        drop(pool);
        other.wait_idle(None).unwrap();
    });
}

#[test]
fn a_stop_hook_may_call_the_pool_it_leaves() {
    within_a_minute(|| {
        let slot: Arc<Mutex<Option<CallsBack>>> = Arc::default();
        let hook = Arc::clone(&slot);
        let pool = Pool::builder().workers(3).on_worker_stop(move |_| {
            let back = hook.lock().unwrap().clone();
            back.unwrap().call();
        });
        let pool = pool.build().unwrap();
        let back = CallsBack::new(&pool);
        *slot.lock().unwrap() = Some(back.clone());
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(back.calls(), 3);
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.rejected), (0, 6), "a pool takes nothing once its workers leave");
        *slot.lock().unwrap() = None;
    });
}

/// A waker that calls back when woken and when dropped.
struct Busybody(OnDrop);

impl Wake for Busybody {
    fn wake(self: Arc<Self>) {
        self.0.0.call();
    }
}

#[test]
fn a_waker_may_call_the_pool_when_woken_and_when_dropped() {
    survives(|pool| {
        let back = CallsBack::new(pool);
        let (gate, mut held) = hold_worker(pool);
        let replaced = Waker::from(Arc::new(Busybody(OnDrop(back.clone()))));
        assert!(poll_once_and_let_go(&mut held, replaced));
        assert_eq!(back.calls(), 0);
        let woken = Waker::from(Arc::new(Busybody(OnDrop(back.clone()))));
        assert!(poll_once_and_let_go(&mut held, woken));
        assert_eq!(back.calls(), 1, "the first was dropped");
        gate.open();
        pool.wait_idle(None).unwrap();
        assert_eq!(back.calls(), 3, "the second was woken and dropped");
        held.join().unwrap();
    });
}

/// A waker that waits, when dropped, until the pool is idle: until the very job it was given to has ended.
struct WaitsForPool(Pool, Gate);

impl Wake for WaitsForPool {
    fn wake(self: Arc<Self>) {}
}

impl Drop for WaitsForPool {
    fn drop(&mut self) {
        self.1.open();
        self.0.wait_idle(None).unwrap();
    }
}

#[test]
fn a_replaced_wakers_destructor_may_wait_for_the_job_itself() {
    survives(|pool| {
        let (gate, mut held) = hold_worker(pool);
        let waker = Waker::from(Arc::new(WaitsForPool(pool.clone(), gate)));
        assert!(poll_once_and_let_go(&mut held, waker));
        let _ = poll_once(&mut held, Waker::noop());
        assert!(held.is_finished());
    });
}

/// A waker that takes the outcome on the spot, as an executor does that polls where it is woken.
struct TakesOutcome(Arc<Mutex<Option<JobHandle<()>>>>, mpsc::Sender<bool>);

impl Wake for TakesOutcome {
    fn wake(self: Arc<Self>) {
        let handle = self.0.lock().unwrap().take().expect("it is woken once");
        self.1.send(matches!(handle.try_join(), Ok(Ok(())))).unwrap();
    }
}

#[test]
fn a_waker_may_take_the_outcome_when_woken() {
    survives(|pool| {
        let (gate, mut held) = hold_worker(pool);
        let (tell, told) = mpsc::channel();
        let slot = Arc::new(Mutex::new(None));
        let waker = Waker::from(Arc::new(TakesOutcome(Arc::clone(&slot), tell)));
        assert!(poll_once(&mut held, &waker).is_pending());
        *slot.lock().unwrap() = Some(held);
        gate.open();
        assert!(told.recv_timeout(FOREVER).unwrap());
    });
}
