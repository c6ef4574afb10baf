//! Submitting from async code: a future stands in the same line as threads do, wakes whom it should, and costs nobody
//! anything when it is dropped.

mod common;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use common::spy::Spy;
use common::{
    EXPECTED, FOREVER, Gate, assert_all_workers_alive, finish, hold_worker, one_worker, poll_once, ready, rounds,
    silence_expected_panics, spin, wait_until, within_a_minute,
};
use corepool::{Cancel, CancelToken, JobError, JobHandle, Pool, Shutdown, SubmitError, SubmitErrorKind};

/// A submission whose type can be named before it is made.
type Submission = Pin<Box<dyn Future<Output = Result<JobHandle<i32>, SubmitErrorKind>> + Send>>;

fn boxed<F, E>(submit: F) -> Submission
where
    F: Future<Output = Result<JobHandle<i32>, SubmitError<E>>> + Send + 'static,
    E: Send + 'static,
{
    Box::pin(async { submit.await.map_err(|rejected| rejected.kind()) })
}

/// A pool of one worker that is held, and the only place of its queue taken.
struct Full {
    pool: Pool,
    gate: Gate,
    held: JobHandle<()>,
    queued: JobHandle<()>,
}

impl Full {
    fn new() -> Self {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.try_submit(|| ()).unwrap();
        Self { pool, gate, held, queued }
    }

    /// Frees the place while the worker is busy.
    fn free_place(&self) {
        assert_eq!(self.queued.cancel(), Cancel::Dequeued);
    }

    fn end(self) {
        self.gate.open();
        finish(self.held);
        self.pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(self.pool.stats().waiting, 0);
        assert_all_workers_alive(&self.pool);
        let (gate, held) = hold_worker(&self.pool);
        self.pool.try_submit(|| ()).expect("its place is free").detach();
        let rejected = self.pool.try_submit(|| ()).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::Full);
        gate.open();
        finish(held);
    }
}

// Room.

#[test]
fn with_room_the_handle_is_there_at_the_first_poll() {
    let pool = one_worker(1);
    let spy = Spy::new();
    let mut submit = Box::pin(pool.submit_async(|| 42));
    let job = ready(poll_once(&mut submit, &spy.waker())).unwrap();
    assert_eq!(finish(job), 42);
    drop(submit);
    assert_eq!((spy.woken(), spy.out()), (0, 0));
}

#[test]
fn nothing_is_submitted_before_the_first_poll() {
    let pool = one_worker(1);
    let payload = Arc::new(());
    let held = Arc::clone(&payload);
    let submit = pool.submit_async(move || drop(held));
    assert_eq!(pool.stats().submitted, 0);
    drop(submit);
    assert_eq!(Arc::strong_count(&payload), 1, "the closure goes with the future");
    assert_eq!((pool.stats().submitted, pool.stats().rejected), (0, 0));
}

#[test]
fn without_room_it_waits_until_it_is_woken() {
    let full = Full::new();
    let spy = Spy::new();
    let mut submit = Box::pin(full.pool.submit_async(|| 42));
    for _ in 0..3 {
        assert!(poll_once(&mut submit, &spy.waker()).is_pending());
        assert_eq!((full.pool.stats().waiting, full.pool.stats().submitted), (1, 2));
    }
    assert_eq!(spy.woken(), 0);
    full.free_place();
    assert_eq!(spy.woken(), 1);
    assert_eq!((full.pool.stats().waiting, full.pool.stats().queued), (0, 1), "the place was handed to it");
    let job = ready(poll_once(&mut submit, &spy.waker())).unwrap();
    full.gate.open();
    assert_eq!(finish(job), 42);
    full.end();
}

#[test]
fn a_future_that_is_polled_late_finds_its_job_done() {
    let full = Full::new();
    let spy = Spy::new();
    let mut submit = Box::pin(full.pool.submit_async(|| 42));
    assert!(poll_once(&mut submit, &spy.waker()).is_pending());
    full.gate.open();
    full.pool.wait_idle(Some(FOREVER)).unwrap();
    wait_until("the job to have run", || full.pool.stats().completed == 3);
    assert_eq!(spy.woken(), 1);
    let job = ready(poll_once(&mut submit, &spy.waker())).unwrap();
    assert!(job.is_finished());
    assert_eq!(finish(job), 42);
    full.end();
}

#[test]
fn the_future_outlives_the_pool_it_came_from_and_moves_between_threads() {
    fn assert_send<T: Send + 'static>(value: T) -> T {
        value
    }
    let pool = one_worker(1);
    let submit = assert_send(pool.submit_async(|| 42));
    let named = assert_send(pool.job().name("named").submit_async(|| 43));
    drop(pool);
    let jobs = thread::spawn(|| {
        (finish(pollster::block_on(submit).unwrap()), pollster::block_on(named).unwrap().join_timeout(FOREVER))
    });
    let (plain, named) = jobs.join().unwrap();
    assert_eq!((plain, named.unwrap().unwrap()), (42, 43));
}

#[test]
#[should_panic(expected = "polled to its end")]
fn polled_after_it_was_ready_it_panics() {
    let pool = one_worker(1);
    let mut submit = Box::pin(pool.submit_async(|| ()));
    ready(poll_once(&mut submit, Waker::noop())).unwrap().detach();
    let _ = poll_once(&mut submit, Waker::noop());
}

#[test]
fn thousands_of_futures_on_several_threads_all_get_in() {
    const EACH: usize = if cfg!(debug_assertions) { 2_000 } else { 20_000 };
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).queue_capacity(3).build().unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let ran = Arc::clone(&ran);
                        let submit = pool.submit_async(move || ran.fetch_add(1, Ordering::SeqCst));
                        pollster::block_on(submit).unwrap().detach();
                    }
                });
            }
        });
        pool.wait_idle(None).unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 4 * EACH);
        assert_eq!((pool.stats().waiting, pool.stats().rejected), (0, 0));
    });
}

// The line.

#[test]
fn threads_deadlines_and_futures_get_room_in_the_order_they_came() {
    const LINE: usize = 24;
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let ran = Arc::new(Mutex::new(Vec::new()));
    let write = |n: usize| {
        let ran = Arc::clone(&ran);
        move || ran.lock().unwrap().push(n)
    };
    pool.try_submit(write(0)).unwrap().detach();
    let (pool, mut futures) = (&pool, Vec::new());
    thread::scope(|scope| {
        for n in 1..LINE {
            let job = write(n);
            match n % 4 {
                0 => drop(scope.spawn(move || pool.submit(job).unwrap().detach())),
                1 => drop(scope.spawn(move || pool.submit_timeout(job, FOREVER).unwrap().detach())),
                2 => drop(scope.spawn(move || pool.job().timeout(FOREVER).submit(job).unwrap().detach())),
                _ => {
                    let mut submit = Box::pin(pool.submit_async(job));
                    let spy = Spy::new();
                    assert!(poll_once(&mut submit, &spy.waker()).is_pending());
                    futures.push((spy, submit));
                }
            }
            wait_until("it to stand in line", || pool.stats().waiting == n as u64);
        }
        assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
        gate.open();
    });
    finish(held);
    for (spy, mut submit) in futures {
        // Idleness would not do: it leaves out what has yet to be accepted.
        wait_until("its turn", || spy.woken() > 0);
        finish(ready(poll_once(&mut submit, Waker::noop())).unwrap());
        assert_eq!((spy.woken(), spy.out()), (1, 0));
    }
    // The last in line is one of them.
    assert_eq!(*ran.lock().unwrap(), Vec::from_iter(0..LINE));
}

#[test]
fn a_new_future_does_not_get_in_before_those_who_wait() {
    let full = Full::new();
    let (first, second) = (Spy::new(), Spy::new());
    let mut early = Box::pin(full.pool.submit_async(|| 1));
    assert!(poll_once(&mut early, &first.waker()).is_pending());
    full.free_place();
    // Although the first has not been polled since.
    let mut late = Box::pin(full.pool.submit_async(|| 2));
    assert!(poll_once(&mut late, &second.waker()).is_pending());
    let early = ready(poll_once(&mut early, &first.waker())).unwrap();
    assert_eq!(early.cancel(), Cancel::Dequeued);
    assert_eq!(second.woken(), 1);
    ready(poll_once(&mut late, &second.waker())).unwrap().detach();
    full.end();
}

#[test]
fn a_dropped_future_leaves_the_line_with_its_closure() {
    let full = Full::new();
    let (payload, spy) = (Arc::new(()), Spy::new());
    let held = Arc::clone(&payload);
    let mut gives_up = Box::pin(full.pool.submit_async(move || drop(held)));
    assert!(poll_once(&mut gives_up, &Spy::new().waker()).is_pending());
    let mut stays = Box::pin(full.pool.submit_async(|| 42));
    assert!(poll_once(&mut stays, &spy.waker()).is_pending());
    drop(gives_up);
    assert_eq!(Arc::strong_count(&payload), 1);
    assert_eq!((full.pool.stats().waiting, full.pool.stats().rejected), (1, 1));
    full.free_place();
    assert_eq!(spy.woken(), 1);
    let job = ready(poll_once(&mut stays, &spy.waker())).unwrap();
    full.gate.open();
    assert_eq!(finish(job), 42);
    full.end();
}

#[test]
fn dropped_when_the_place_is_its_own_already_it_passes_it_on() {
    let full = Full::new();
    let (payload, next) = (Arc::new(()), Spy::new());
    let held = Arc::clone(&payload);
    let mut gives_up = Box::pin(full.pool.submit_async(move || drop(held)));
    assert!(poll_once(&mut gives_up, &Spy::new().waker()).is_pending());
    let mut stays = Box::pin(full.pool.submit_async(|| 42));
    assert!(poll_once(&mut stays, &next.waker()).is_pending());
    full.free_place();
    assert_eq!((next.woken(), full.pool.stats().waiting), (0, 1));
    drop(gives_up);
    assert_eq!(Arc::strong_count(&payload), 1, "its job is cancelled, not run");
    assert_eq!((next.woken(), full.pool.stats().waiting), (1, 0));
    assert_eq!(full.pool.stats().cancelled, 2);
    let job = ready(poll_once(&mut stays, &next.waker())).unwrap();
    full.gate.open();
    assert_eq!(finish(job), 42);
    full.end();
}

#[test]
fn futures_dropped_while_places_come_free_cost_nobody_a_wake_up() {
    const ROUNDS: usize = 10_000;
    within_a_minute(|| {
        let pool = one_worker(1);
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let pass = || {
            let gate = Arc::clone(&gate);
            move || gate.lock().unwrap().recv().unwrap()
        };
        let (mut tried, spy) = (0, Spy::new());
        for round in rounds(ROUNDS) {
            // One that runs or is about to, one in the queue: so the next stand in line.
            pool.submit(pass()).unwrap().detach();
            pool.submit(|| ()).unwrap().detach();
            let mut gives_up = Box::pin(pool.submit_async(|| ()));
            let gave_up = poll_once(&mut gives_up, &spy.waker());
            let stays = pool.submit_async(|| 42);
            thread::scope(|scope| {
                let stays = scope.spawn(|| finish(pollster::block_on(stays).unwrap()));
                go.send(()).unwrap();
                spin(round % 200);
                drop((gives_up, gave_up));
                assert_eq!(stays.join().unwrap(), 42);
            });
            tried += 1;
        }
        pool.wait_idle(None).unwrap();
        let stats = pool.stats();
        assert!(stats.completed >= 3 * tried);
        assert_eq!(stats.completed + stats.cancelled + stats.rejected, 4 * tried);
        assert_eq!((stats.waiting, stats.queued, spy.out()), (0, 0, 0));
    });
}

#[test]
fn a_shutdown_gives_closures_in_line_back() {
    for mode in [Shutdown::Drain, Shutdown::Abort] {
        within_a_minute(move || {
            let full = Full::new();
            let spy = Spy::new();
            let mut submit = Box::pin(full.pool.submit_async(|| 42));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            let mut unpolled = Box::pin(full.pool.submit_async(|| 43));
            let dropped = {
                let mut dropped = Box::pin(full.pool.submit_async(|| ()));
                assert!(poll_once(&mut dropped, &spy.waker()).is_pending());
                dropped
            };
            let report = full.pool.shutdown(mode, Some(Duration::ZERO)).unwrap();
            assert_eq!(report.still_running, 1);
            assert_eq!(spy.woken(), 2);
            drop(dropped);
            let rejected = ready(poll_once(&mut submit, &spy.waker())).unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::ShutDown, 42));
            let rejected = ready(poll_once(&mut unpolled, &spy.waker())).unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::ShutDown, 43));
            assert_eq!(full.pool.stats().rejected, 3);
            full.gate.open();
            full.pool.shutdown(mode, None).unwrap();
        });
    }
}

// On a worker.

#[test]
fn polled_on_a_worker_it_does_not_wait() {
    let pool = one_worker(1);
    let inner = pool.clone();
    let parent = move || {
        inner.try_submit(|| ()).unwrap().detach();
        let mut submit = Box::pin(inner.submit_async(|| 42));
        let job = ready(poll_once(&mut submit, Waker::noop())).unwrap();
        assert_eq!(inner.stats().queued, 2, "it counts as load");
        job.join().unwrap()
    };
    assert_eq!(finish(pool.submit(parent).unwrap()), 42);
}

#[test]
fn in_line_from_outside_and_then_polled_on_a_worker_it_waits_no_more() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (started, go) = (Gate::new(), Gate::new());
        let slot: Arc<Mutex<Option<Submission>>> = Arc::default();
        let parent = {
            let (started, go, slot) = (started.clone(), go.clone(), Arc::clone(&slot));
            move || {
                started.open();
                go.pass();
                let mut submit = slot.lock().unwrap().take().unwrap();
                ready(poll_once(&mut submit, Waker::noop())).unwrap().join().unwrap()
            }
        };
        let spy = Spy::new();
        let mut submit = boxed(pool.submit_async(|| 42));
        let parent = pool.submit(parent).unwrap();
        started.pass();
        pool.try_submit(|| ()).unwrap().detach();
        assert!(poll_once(&mut submit, &spy.waker()).is_pending());
        *slot.lock().unwrap() = Some(submit);
        go.open();
        assert_eq!(finish(parent), 42);
        assert_eq!((pool.stats().waiting, spy.woken(), spy.out()), (0, 0, 0));
    });
}

#[test]
fn a_token_cancelled_while_a_worker_takes_the_job_out_of_the_line_ends_it_at_once() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (started, go, stop) = (Gate::new(), Gate::new(), Gate::new());
        let slot: Arc<Mutex<Option<Submission>>> = Arc::default();
        let (token, spy) = (CancelToken::new(), Spy::new());
        let (report, reports) = std::sync::mpsc::channel();
        let parent = {
            let (started, go, stop, slot) = (started.clone(), go.clone(), stop.clone(), Arc::clone(&slot));
            move || {
                started.open();
                go.pass();
                let mut submit = slot.lock().unwrap().take().unwrap();
                report.send(ready(poll_once(&mut submit, Waker::noop()))).unwrap();
                stop.pass();
            }
        };
        let mut submit = boxed(pool.job().token(&token).submit_async(|| 42));
        let parent = pool.submit(parent).unwrap();
        started.pass();
        pool.try_submit(|| ()).unwrap().detach();
        assert!(poll_once(&mut submit, &spy.waker()).is_pending());
        // The line lets go of its waker when the job leaves it, which is in the middle of the step.
        spy.on_drop(move || token.cancel());
        *slot.lock().unwrap() = Some(submit);
        go.open();
        // The only worker is held, so nobody but the token can have ended it.
        let ended = match reports.recv_timeout(FOREVER).unwrap() {
            Err(kind) => kind == SubmitErrorKind::Cancelled,
            Ok(job) => matches!(job.try_join(), Ok(Err(JobError::Cancelled))),
        };
        stop.open();
        finish(parent);
        assert!(ended);
    });
}

// Wakers.

#[test]
fn only_the_last_waker_is_woken_whatever_ends_the_wait() {
    let ends: [fn(&Full, &CancelToken); 4] = [
        |full, _| full.free_place(),
        |full, _| full.gate.open(),
        |_, token| token.cancel(),
        |full, _| {
            full.pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        },
    ];
    for end in ends {
        let (full, token) = (Full::new(), CancelToken::new());
        let [ahead, old, new, last] = [(); 4].map(|()| Spy::new());
        let mut gives_up = Box::pin(full.pool.submit_async(|| ()));
        assert!(poll_once(&mut gives_up, &ahead.waker()).is_pending());
        let mut submit = Box::pin(full.pool.job().token(&token).submit_async(|| ()));
        assert!(poll_once(&mut submit, &old.waker()).is_pending());
        assert!(poll_once(&mut submit, &new.waker()).is_pending());
        assert_eq!((old.out(), new.out()), (0, 1));
        // It moves up, and its waker is still its own to change.
        drop(gives_up);
        assert!(poll_once(&mut submit, &last.waker()).is_pending());
        assert_eq!((new.out(), last.out()), (0, 1));
        end(&full, &token);
        let woken = || [&ahead, &old, &new, &last].map(|spy| spy.woken());
        wait_until("somebody to be woken", || woken() != [0; 4]);
        assert_eq!((woken(), last.out()), ([0, 0, 0, 1], 0));
        drop(ready(poll_once(&mut submit, &old.waker())));
        full.gate.open();
        finish(full.held);
    }
}

#[test]
fn a_waker_woken_or_dropped_after_its_future_is_gone_does_nothing() {
    let full = Full::new();
    let spy = Spy::new();
    let late = spy.waker();
    let mut submit = Box::pin(full.pool.submit_async(|| 42));
    assert!(poll_once(&mut submit, &late).is_pending());
    drop(submit);
    late.wake_by_ref();
    full.free_place();
    late.wake();
    assert_eq!((spy.woken(), spy.out()), (2, 0), "the pool woke nobody");
    full.end();
}

/// The ways in which a waker can be let go of or woken while its future is in line; `then` runs in its midst.
fn in_the_midst_of_a_waker(then: impl Fn(&Pool) + Clone + Send + 'static) {
    let ways: [fn(Full, &Arc<Spy>); 7] = [
        // Woken by who frees the place.
        |full, spy| {
            let mut submit = Box::pin(full.pool.submit_async(|| ()));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            full.free_place();
            ready(poll_once(&mut submit, Waker::noop())).unwrap().detach();
            full.end();
        },
        // Woken by the worker.
        |full, spy| {
            let mut submit = Box::pin(full.pool.submit_async(|| ()));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            full.gate.open();
            wait_until("the place to be handed over", || spy.woken() == 1);
            ready(poll_once(&mut submit, Waker::noop())).unwrap().detach();
            full.end();
        },
        // Woken by the token that ends the wait.
        |full, spy| {
            let token = CancelToken::new();
            let mut submit = Box::pin(full.pool.job().token(&token).submit_async(|| ()));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            token.cancel();
            assert_eq!(ready(poll_once(&mut submit, Waker::noop())).unwrap_err().kind(), SubmitErrorKind::Cancelled);
            full.end();
        },
        // Woken by a shutdown.
        |full, spy| {
            let mut submit = Box::pin(full.pool.submit_async(|| ()));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            full.gate.open();
            full.pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
            // The place may have come free first.
            let _ = ready(poll_once(&mut submit, Waker::noop()));
        },
        // Replaced.
        |full, spy| {
            let mut submit = Box::pin(full.pool.submit_async(|| ()));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            assert!(poll_once(&mut submit, Waker::noop()).is_pending());
            full.free_place();
            ready(poll_once(&mut submit, Waker::noop())).unwrap().detach();
            full.end();
        },
        // Dropped with its future.
        |full, spy| {
            let mut submit = Box::pin(full.pool.submit_async(|| ()));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            drop(submit);
            full.free_place();
            full.end();
        },
        // Woken by a future that is dropped when the place is its own.
        |full, spy| {
            let mut first = Box::pin(full.pool.submit_async(|| ()));
            assert!(poll_once(&mut first, Waker::noop()).is_pending());
            let mut submit = Box::pin(full.pool.submit_async(|| ()));
            assert!(poll_once(&mut submit, &spy.waker()).is_pending());
            full.free_place();
            drop(first);
            ready(poll_once(&mut submit, Waker::noop())).unwrap().detach();
            full.end();
        },
    ];
    for (n, way) in ways.into_iter().enumerate() {
        let full = Full::new();
        let (spy, hit) = (Spy::new(), Arc::new(AtomicUsize::new(0)));
        let acts = [(); 2].map(|()| {
            let (pool, hit, then) = (full.pool.clone(), Arc::clone(&hit), then.clone());
            move || {
                hit.fetch_add(1, Ordering::SeqCst);
                then(&pool);
            }
        });
        let [woken, dropped] = acts;
        spy.on_wake(woken);
        // The first to be dropped is the test's own, a copy of the one that the line keeps.
        let line = Arc::clone(&spy);
        spy.on_drop(move || line.on_drop(dropped));
        way(full, &spy);
        assert_eq!(hit.load(Ordering::SeqCst), 1, "way {n} did not get there");
        assert_eq!(spy.out(), 0, "way {n} keeps a waker");
    }
}

#[test]
fn wakers_that_panic_harm_nobody() {
    silence_expected_panics();
    within_a_minute(|| in_the_midst_of_a_waker(|_| panic!("{EXPECTED}a waker")));
}

#[test]
fn wakers_may_call_the_pool() {
    within_a_minute(|| {
        in_the_midst_of_a_waker(|pool| {
            let _ = pool.stats();
            let _ = pool.try_submit(|| ()).map(|job| job.cancel());
        });
    });
}

#[test]
fn a_waker_may_wait_for_the_job_whose_place_it_got() {
    within_a_minute(|| {
        let full = Full::new();
        let (submitted, spy) = (full.pool.clone(), Spy::new());
        let (report, reports) = std::sync::mpsc::channel();
        let mut submit = Box::pin(full.pool.submit_async(|| ()));
        assert!(poll_once(&mut submit, &spy.waker()).is_pending());
        let gate = full.gate.clone();
        spy.on_wake(move || {
            // Whatever else the pool has to do, it can.
            gate.open();
            report.send(submitted.wait_idle(None)).unwrap();
            report.send(submitted.shutdown(Shutdown::Drain, None).map(drop)).unwrap();
        });
        // The waker is woken before the job that makes room is taken out; so another takes it meanwhile.
        assert_eq!(full.queued.cancel(), Cancel::Requested);
        for _ in 0..2 {
            assert_eq!(reports.recv_timeout(FOREVER).unwrap(), Ok(()));
        }
        assert!(matches!(full.queued.join(), Err(JobError::Cancelled)));
        finish(ready(poll_once(&mut submit, Waker::noop())).unwrap());
        finish(full.held);
    });
}

#[test]
fn the_last_pool_may_be_dropped_in_a_waker() {
    within_a_minute(|| {
        let Full { pool, gate, held, queued } = Full::new();
        let spy = Spy::new();
        let mut submit = Box::pin(pool.submit_async(|| 42));
        assert!(poll_once(&mut submit, &spy.waker()).is_pending());
        let waker = spy.waker();
        // As an executor does that lets go of a task when it is woken.
        let slot = Arc::new(Mutex::new(Some((submit, pool))));
        spy.on_wake(move || {
            gate.open();
            drop(slot.lock().unwrap().take());
        });
        assert_eq!(queued.cancel(), Cancel::Requested, "the drain has come to it");
        assert!(matches!(queued.join(), Err(JobError::Cancelled)));
        finish(held);
        drop(waker);
        assert_eq!((spy.woken(), spy.out()), (1, 0));
    });
}

#[test]
fn a_waker_whose_clone_panics_submits_nothing() {
    silence_expected_panics();
    within_a_minute(|| {
        let full = Full::new();
        let (spy, ran) = (Spy::new(), Arc::new(AtomicUsize::new(0)));
        let count = || {
            let ran = Arc::clone(&ran);
            move || ran.fetch_add(1, Ordering::SeqCst)
        };
        let burst = || panic!("{EXPECTED}a waker's clone");
        // At the first poll.
        let mut submit = Box::pin(full.pool.submit_async(count()));
        spy.on_clone(burst);
        catch_unwind(AssertUnwindSafe(|| drop(poll_once(&mut submit, &spy.waker())))).unwrap_err();
        drop(submit);
        assert_eq!(full.pool.stats().waiting, 0);
        // In line.
        let mut submit = Box::pin(full.pool.submit_async(count()));
        assert!(poll_once(&mut submit, &spy.waker()).is_pending());
        spy.on_clone(burst);
        catch_unwind(AssertUnwindSafe(|| drop(poll_once(&mut submit, &spy.waker())))).unwrap_err();
        drop(submit);
        assert_eq!(full.pool.stats().waiting, 0, "the dropped future has left the line");
        full.free_place();
        full.end();
        assert_eq!((ran.load(Ordering::SeqCst), spy.out()), (0, 0));
    });
}

#[test]
fn a_place_that_is_handed_over_while_the_waker_is_replaced_is_not_lost() {
    within_a_minute(|| {
        let full = Full::new();
        let spy = Spy::new();
        let mut submit = Box::pin(full.pool.submit_async(|| 42));
        assert!(poll_once(&mut submit, Waker::noop()).is_pending());
        let (queued, pool) = (full.queued, full.pool.clone());
        let (line, inner) = (Arc::clone(&spy), pool.clone());
        spy.on_clone(move || {
            assert_eq!(queued.cancel(), Cancel::Dequeued);
            // The copy came too late and is dropped: that is no time to hold a lock, nor to let a panic out.
            line.on_drop(move || {
                let _ = inner.stats();
                panic!("{EXPECTED}a waker's drop");
            });
        });
        silence_expected_panics();
        let waker = spy.waker();
        let job = ready(poll_once(&mut submit, &waker)).unwrap();
        full.gate.open();
        assert_eq!(finish(job), 42);
        drop(waker);
        assert_eq!(spy.out(), 0);
        finish(full.held);
        assert_all_workers_alive(&pool);
    });
}

#[test]
fn room_that_comes_while_the_waker_is_cloned_is_taken_at_once() {
    silence_expected_panics();
    within_a_minute(|| {
        let full = Full::new();
        let spy = Spy::new();
        let (queued, pool) = (full.queued, full.pool.clone());
        let line = Arc::clone(&spy);
        spy.on_clone(move || {
            assert_eq!(queued.cancel(), Cancel::Dequeued);
            line.on_drop(|| panic!("{EXPECTED}a waker's drop"));
        });
        let waker = spy.waker();
        let mut submit = Box::pin(pool.submit_async(|| 42));
        let job = ready(poll_once(&mut submit, &waker)).unwrap();
        full.gate.open();
        assert_eq!(finish(job), 42);
        drop(waker);
        assert_eq!(spy.out(), 0);
        finish(full.held);
        assert_all_workers_alive(&pool);
    });
}
