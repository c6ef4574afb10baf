//! A deadline ends a job wherever it waits, whether or not a worker is free; one thread a pool keeps them all.

mod common;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use common::spy::Spy;
use common::{
    EXPECTED, FOREVER, Gate, assert_all_workers_alive, assert_no_thread_named, finish, hold_worker, named, on_drop,
    one_worker, outcome, poll_once, ready, silence_expected_panics, spin, until_stopped, wait_until, within_a_minute,
};
use corepool::{
    Cancel, Interrupted, JobError, JobHandle, Pool, Shutdown, SubmitError, SubmitErrorKind, WaitError, checkpoint,
};

/// Soon over, for deadlines that are meant to pass; longer than a thread is held up that submits a job.
const SOON: Duration = Duration::from_millis(50);

/// Not over before a worker has begun a job, or a thread has gone on, even on a busy machine.
const LATER: Duration = Duration::from_millis(250);

/// Not over while a test runs.
const HOUR: Duration = Duration::from_secs(3_600);

fn is_expired<T>(job: JobHandle<T>) -> bool {
    matches!(outcome(job), Err(JobError::Expired))
}

/// How many keepers a pool with this prefix has.
#[cfg(target_os = "linux")]
fn keepers(prefix: &str) -> usize {
    common::threads_named(&format!("{prefix}-keeper"))
}

// Queued.

#[test]
fn an_expired_job_resolves_and_its_closure_is_gone_while_every_worker_is_busy() {
    let pool = Pool::builder().workers(2).queue_capacity(3).build().unwrap();
    let held = [hold_worker(&pool), hold_worker(&pool)];
    let payload = Arc::new(());
    let expires: Vec<_> = (0..3)
        .map(|_| {
            let payload = Arc::clone(&payload);
            pool.job().timeout(SOON).try_submit(move || drop(payload)).unwrap()
        })
        .collect();
    for job in expires {
        assert!(is_expired(job));
    }
    assert_eq!(Arc::strong_count(&payload), 1);
    let stats = pool.stats();
    assert_eq!((stats.expired, stats.queued, stats.busy), (3, 0, 2));
    (0..3).for_each(|_| pool.try_submit(|| ()).expect("their places are free").detach());
    for (gate, held) in held {
        gate.open();
        finish(held);
    }
}

#[test]
fn a_job_that_starts_in_time_is_not_expired() {
    let pool = one_worker(10);
    assert_eq!(finish(pool.job().timeout(HOUR).submit(|| 42).unwrap()), 42);
    // Over before the job ends, but it has started.
    let job = pool.job().timeout(LATER).submit(|| {
        let late = Instant::now() + LATER;
        wait_until("the deadline to have passed", || Instant::now() > late);
        43
    });
    assert!(matches!(outcome(job.unwrap()), Ok(43) | Err(JobError::Expired)));
    assert_eq!(pool.stats().completed + pool.stats().expired, 2);
}

#[test]
fn jobs_expire_in_the_order_of_their_deadlines_however_they_were_submitted() {
    const JOBS: u64 = 200;
    let pool = one_worker(1_000);
    let (gate, held) = hold_worker(&pool);
    loop {
        let base = Instant::now() + Duration::from_millis(100);
        let expired = Arc::new(Mutex::new(Vec::new()));
        let jobs: Vec<_> = (0..JOBS)
            .map(|n| {
                // A permutation; every deadline is shared by two, who keep the order in which they came.
                let place = n * 77 % JOBS;
                let entry = (place / 2, n);
                let expired = Arc::clone(&expired);
                let closure = on_drop(move || expired.lock().unwrap().push(entry));
                let at = base + Duration::from_micros(100 * entry.0);
                pool.job().deadline(at).submit(move || drop(closure)).unwrap()
            })
            .collect();
        let in_time = Instant::now() < base;
        assert!(jobs.into_iter().all(is_expired));
        if in_time {
            let expired = std::mem::take(&mut *expired.lock().unwrap());
            assert_eq!(expired.len() as u64, JOBS);
            assert!(expired.is_sorted(), "{expired:?}");
            break;
        }
    }
    gate.open();
    finish(held);
}

#[test]
fn a_near_deadline_is_kept_although_a_far_one_came_first() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let far = pool.job().timeout(HOUR).submit(|| 42).unwrap();
    for _ in 0..10 {
        assert!(is_expired(pool.job().timeout(SOON).submit(|| ()).unwrap()));
    }
    assert!(!far.is_finished());
    gate.open();
    assert_eq!(finish(far), 42);
    finish(held);
}

#[test]
fn a_cancelled_job_does_not_expire_later() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let cancelled = pool.job().timeout(LATER).submit(|| ()).unwrap();
    assert_eq!(cancelled.cancel(), Cancel::Dequeued);
    assert!(is_expired(pool.job().timeout(LATER + SOON).submit(|| ()).unwrap()));
    assert!(matches!(outcome(cancelled), Err(JobError::Cancelled)));
    assert_eq!((pool.stats().cancelled, pool.stats().expired), (1, 1));
    gate.open();
    finish(held);
}

#[test]
fn a_worker_that_comes_first_finds_the_job_expired_too() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let (gate, held) = hold_worker(&pool);
        let (keeper_stops, keeper_stopped) = (Gate::new(), Gate::new());
        let closure = {
            let (stops, stopped) = (keeper_stops.clone(), keeper_stopped.clone());
            on_drop(move || {
                stopped.open();
                stops.pass();
            })
        };
        // The keeper is held by this one, so it does not come to the next.
        let first = pool.job().timeout(SOON).submit(move || drop(closure)).unwrap();
        keeper_stopped.pass();
        let payload = Arc::new(());
        let inside = Arc::clone(&payload);
        let second = pool.job().timeout(SOON).submit(move || drop(inside)).unwrap();
        let over = Instant::now() + SOON;
        wait_until("the deadline to have passed", || Instant::now() > over);
        gate.open();
        assert!(is_expired(second));
        assert_eq!(Arc::strong_count(&payload), 1);
        keeper_stops.open();
        assert!(is_expired(first));
        finish(held);
        assert_eq!(pool.stats().expired, 2);
    });
}

#[test]
fn deadlines_that_pass_as_the_worker_comes_end_every_job_once() {
    const ROUNDS: u64 = if cfg!(debug_assertions) { 3_000 } else { 30_000 };
    within_a_minute(|| {
        let pool = one_worker(8);
        let ran = Arc::new(AtomicUsize::new(0));
        let (mut completed, mut expired) = (0, 0);
        let mut jobs = Vec::new();
        for round in 0..ROUNDS {
            let ran = Arc::clone(&ran);
            let job = move || {
                ran.fetch_add(1, Ordering::SeqCst);
                spin(500);
            };
            match pool.job().timeout(Duration::from_micros(round % 120)).submit(job) {
                Ok(job) => jobs.push(job),
                Err(rejected) => assert_eq!(rejected.kind(), SubmitErrorKind::TimedOut),
            }
        }
        for job in jobs {
            match outcome(job) {
                Ok(()) => completed += 1,
                Err(JobError::Expired) => expired += 1,
                Err(other) => panic!("{other}"),
            }
        }
        pool.wait_idle(None).unwrap();
        let stats = pool.stats();
        assert_eq!(
            (stats.completed, stats.expired, stats.rejected),
            (completed, expired, ROUNDS - completed - expired)
        );
        assert_eq!(ran.load(Ordering::SeqCst) as u64, completed);
        assert_eq!((stats.waiting, stats.queued, stats.busy), (0, 0, 0));
    });
}

// In line, and before.

#[test]
fn in_line_the_closure_comes_back_as_timed_out() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.try_submit(|| ()).unwrap();
        let spy = Spy::new();
        thread::scope(|scope| {
            let waits = scope.spawn(|| pool.job().timeout(SOON).submit(|| 1));
            let waits_a_while = scope.spawn(|| pool.job().timeout(SOON).submit_timeout(|| 2, FOREVER));
            let mut future = Box::pin(pool.job().timeout(SOON).submit_async(|| 3));
            assert!(poll_once(&mut future, &spy.waker()).is_pending());
            wait_until("the future to be woken", || spy.woken() == 1);
            let submitted = ready(poll_once(&mut future, Waker::noop()));
            let rejected = submitted.unwrap_err();
            assert!(rejected.to_string().contains("the job's deadline passed"), "{rejected}");
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::TimedOut, 3));
            let rejected = waits.join().unwrap().unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::TimedOut, 1));
            let rejected = waits_a_while.join().unwrap().unwrap_err();
            assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::TimedOut, 2));
        });
        let stats = pool.stats();
        assert_eq!((stats.waiting, stats.rejected, stats.expired, stats.queued), (0, 3, 0, 1));
        gate.open();
        finish(held);
        finish(queued);
    });
}

#[test]
fn passed_before_the_job_is_submitted_it_is_accepted_and_expired() {
    for full in [false, true] {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = full.then(|| pool.try_submit(|| ()).unwrap());
        let before = pool.stats();
        let passed = || pool.job().deadline(Instant::now());
        let mut submit = Box::pin(passed().submit_async(|| 1));
        let submitted = ready(poll_once(&mut submit, Waker::noop()));
        for job in [
            passed().submit(|| 1).unwrap(),
            passed().try_submit(|| 1).unwrap(),
            passed().submit_timeout(|| 1, FOREVER).unwrap(),
            pool.job().timeout(Duration::ZERO).submit(|| 1).unwrap(),
            submitted.unwrap(),
        ] {
            assert!(matches!(job.try_join(), Ok(Err(JobError::Expired))));
        }
        let after = pool.stats();
        assert_eq!((after.submitted, after.expired), (before.submitted + 5, 5));
        assert_eq!((after.queued, after.rejected), (before.queued, before.rejected), "it takes no place");
        gate.open();
        finish(held);
        queued.into_iter().for_each(finish);
        pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
        let rejected: SubmitError<_> = passed().submit(|| 42).unwrap_err();
        assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::ShutDown, 42));
    }
}

#[test]
fn a_time_out_that_overflows_is_no_deadline_and_the_last_one_said_counts() {
    let pool = named("noline", 1);
    let (gate, held) = hold_worker(&pool);
    let mut jobs = vec![
        pool.job().timeout(Duration::MAX).submit(|| ()).unwrap(),
        pool.job().timeout(Duration::from_secs(u64::MAX)).submit(|| ()).unwrap(),
        pool.job().timeout(Duration::ZERO).timeout(Duration::MAX).submit(|| ()).unwrap(),
        pool.job().deadline(Instant::now()).timeout(Duration::MAX).submit(|| ()).unwrap(),
    ];
    #[cfg(target_os = "linux")]
    assert_eq!(keepers("noline"), 0);
    // As far off as the clock can say.
    let furthest = (0..64).rev().filter_map(|bit| Duration::from_secs(1 << bit).checked_add(SOON));
    let mut far = Instant::now();
    furthest.for_each(|step| far = far.checked_add(step).unwrap_or(far));
    jobs.push(pool.job().deadline(Instant::now()).deadline(far).submit(|| ()).unwrap());
    jobs.push(pool.job().timeout(Duration::ZERO).timeout(HOUR).submit(|| ()).unwrap());
    assert!(is_expired(pool.job().timeout(HOUR).timeout(SOON).submit(|| ()).unwrap()));
    assert!(jobs.iter().all(|job| !job.is_finished()));
    gate.open();
    finish(held);
    jobs.into_iter().for_each(finish);
}

// The keeper's thread.

#[cfg(target_os = "linux")]
#[test]
fn the_first_deadline_starts_the_one_keeper_and_a_shutdown_ends_it() {
    for (mode, prefix) in [(Shutdown::Drain, "kdrain"), (Shutdown::Abort, "kabort")] {
        let pool = named(prefix, 2);
        finish(pool.submit(|| ()).unwrap());
        finish(pool.job().name("plain").submit(|| ()).unwrap());
        assert_eq!(keepers(prefix), 0);
        for _ in 0..20 {
            finish(pool.job().timeout(HOUR).submit(|| ()).unwrap());
        }
        // A thread gives itself its name, a moment after it was started.
        wait_until("the keeper to have a name", || keepers(prefix) > 0);
        finish(pool.job().timeout(HOUR).submit(|| ()).unwrap());
        assert_eq!(keepers(prefix), 1);
        pool.shutdown(mode, None).unwrap();
        assert_no_thread_named(prefix);
        pool.job().timeout(SOON).submit(|| ()).unwrap_err();
        assert_eq!(keepers(prefix), 0, "a pool that is shut down starts none");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_keeper_goes_with_the_last_pool_on_a_worker_too() {
    let pool = named("klast", 1);
    finish(pool.job().timeout(HOUR).submit(|| ()).unwrap());
    wait_until("the keeper to have a name", || keepers("klast") == 1);
    drop(pool);
    assert_no_thread_named("klast");

    let pool = named("kinner", 1);
    let inner = pool.clone();
    let go = Gate::new();
    let gate = go.clone();
    let job = pool.job().timeout(HOUR).submit(move || {
        gate.pass();
        drop(inner);
    });
    drop(pool);
    go.open();
    finish(job.unwrap());
    assert_no_thread_named("kinner");
}

#[test]
fn a_shutdown_joins_the_keeper_thread_local_destructors_included() {
    thread_local! {
        static LAST: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
    }
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            let pool = one_worker(10);
            let ended = Arc::new(AtomicBool::new(false));
            let ends = Arc::clone(&ended);
            on_the_keeper(&pool, || {
                let last = on_drop(move || {
                    // Time for a shutdown that does not wait to come back.
                    (0..1_000).for_each(|_| thread::yield_now());
                    ends.store(true, Ordering::SeqCst);
                });
                LAST.set(Some(Box::new(last)));
            });
            pool.shutdown(mode, None).unwrap();
            assert!(ended.load(Ordering::SeqCst));
        }
    });
}

#[test]
fn a_shutdown_waits_for_what_the_keeper_drops() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let (gate, held) = hold_worker(&pool);
        let (stops, stopped) = (Gate::new(), Gate::new());
        let dropped = Arc::new(AtomicUsize::new(0));
        let closure = {
            let (stops, stopped, dropped) = (stops.clone(), stopped.clone(), Arc::clone(&dropped));
            on_drop(move || {
                stopped.open();
                stops.pass();
                dropped.fetch_add(1, Ordering::SeqCst);
            })
        };
        let job = pool.job().timeout(SOON).submit(move || drop(closure)).unwrap();
        stopped.pass();
        gate.open();
        finish(held);
        assert_eq!(pool.wait_idle(Some(Duration::ZERO)), Err(WaitError::TimedOut));
        let report = pool.shutdown(Shutdown::Abort, Some(SOON)).unwrap();
        assert_eq!(report.still_running, 1, "not all of it has ended");
        assert!(!job.is_finished());
        thread::scope(|scope| {
            let shutdown = scope.spawn(|| {
                pool.shutdown(Shutdown::Abort, None).unwrap();
                dropped.load(Ordering::SeqCst)
            });
            stops.open();
            assert_eq!(shutdown.join().unwrap(), 1);
        });
        assert!(is_expired(job));
    });
}

/// Runs `act` in the destructor of a closure that expires; gives what it gave, and the pool back.
fn on_the_keeper<R: Send + 'static>(pool: &Pool, act: impl FnOnce() -> R + Send + 'static) -> R {
    let (gate, held) = hold_worker(pool);
    let (report, reports) = mpsc::channel();
    let closure = on_drop(move || report.send(act()).unwrap());
    let job = pool.job().timeout(SOON).submit(move || drop(closure)).unwrap();
    // Not joined before: who joins it might do it for a keeper that is slow.
    let answer = reports.recv_timeout(FOREVER).expect("the destructor panicked");
    assert!(is_expired(job));
    gate.open();
    finish(held);
    answer
}

#[test]
fn destructors_run_on_the_keeper_which_survives_them() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = named("kdtor", 1);
        let name = on_the_keeper(&pool, || thread::current().name().map(str::to_owned));
        assert_eq!(name.as_deref(), Some("kdtor-keeper"));
        let (gate, held) = hold_worker(&pool);
        for _ in 0..10 {
            let closure = on_drop(|| panic!("{EXPECTED}a closure that bursts"));
            assert!(is_expired(pool.job().timeout(SOON).submit(move || drop(closure)).unwrap()));
        }
        gate.open();
        finish(held);
        assert_eq!(on_the_keeper(&pool, corepool::current_worker), None);
        assert_eq!(on_the_keeper(&pool, checkpoint), Ok(()));
    });
}

#[test]
fn destructors_on_the_keeper_may_call_the_pool_but_never_wait_for_it() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let inner = pool.clone();
        let answers = on_the_keeper(&pool, move || {
            let plain = inner.submit(|| 42).unwrap();
            // The keeper registers with itself.
            let expires = inner.job().timeout(SOON).submit(|| 43).unwrap();
            let cancelled = inner.submit(|| ()).unwrap();
            assert_eq!(cancelled.cancel(), Cancel::Dequeued);
            (plain, expires, inner.wait_idle(None), inner.shutdown(Shutdown::Drain, None).map(drop))
        });
        let (plain, expires, idle, shutdown) = answers;
        assert_eq!((idle, shutdown), (Err(WaitError::WouldDeadlock), Err(WaitError::WouldDeadlock)));
        assert_eq!(finish(plain), 42);
        assert!(matches!(outcome(expires), Ok(43) | Err(JobError::Expired)));
        assert_all_workers_alive(&pool);
    });
}

#[test]
fn the_last_pool_may_be_dropped_on_the_keeper() {
    within_a_minute(|| {
        let pool = named("kdrop", 1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| 42).unwrap();
        let (own, slot) = (Arc::new(Mutex::new(None)), Gate::new());
        let closure = {
            let (own, slot) = (Arc::clone(&own), slot.clone());
            on_drop(move || {
                slot.pass();
                drop(own.lock().unwrap().take());
            })
        };
        let expires = pool.job().timeout(SOON).submit(move || drop(closure)).unwrap();
        *own.lock().unwrap() = Some(pool);
        slot.open();
        assert!(is_expired(expires));
        assert!(own.lock().unwrap().is_none());
        gate.open();
        finish(held);
        assert_eq!(finish(queued), 42, "it drains behind");
        assert_no_thread_named("kdrop");
    });
}

#[test]
fn the_last_pool_may_be_dropped_by_a_waker_on_the_keeper() {
    within_a_minute(|| {
        let pool = named("kwake", 1);
        let (gate, held) = hold_worker(&pool);
        let mut job = pool.job().timeout(Duration::from_millis(50)).submit(|| 42).unwrap();
        let (spy, dropped) = (Spy::new(), Gate::new());
        {
            let (gate, dropped) = (gate.clone(), dropped.clone());
            spy.on_wake(move || {
                gate.open();
                drop(pool);
                dropped.open();
            });
        }
        // Should it have expired already, the pool goes with the spy.
        if poll_once(&mut job, &spy.waker()).is_pending() {
            dropped.pass();
            assert!(is_expired(job));
        }
        gate.open();
        drop(spy);
        finish(held);
        assert_no_thread_named("kwake");
    });
}

#[test]
fn the_last_pool_may_be_dropped_by_the_keeper_with_a_future_that_timed_out_in_line() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).queue_capacity(1).thread_name("kline").build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| 42).unwrap();
        let (spy, dropped) = (Spy::new(), Gate::new());
        let mut future = Box::pin(pool.job().timeout(Duration::from_millis(50)).submit_async(|| 43));
        let waker = spy.waker();
        let in_line = poll_once(&mut future, &waker).is_pending();
        // As an executor does that lets go of a task when it is woken.
        let (slot, ended) = (Mutex::new(Some((future, pool))), dropped.clone());
        let act = move || {
            gate.open();
            drop(slot.lock().unwrap().take());
            ended.open();
        };
        // On a machine so busy that it has timed out already there is nobody to wake.
        if in_line && spy.woken() == 0 {
            spy.on_wake(act);
            wait_until("the deadline to pass", || spy.woken() == 1);
            dropped.pass();
        } else {
            act();
        }
        finish(held);
        assert_eq!(finish(queued), 42);
        assert_no_thread_named("kline");
    });
}

// Running, and claimed.

#[test]
fn a_running_job_is_told_that_its_deadline_has_passed() {
    let pool = one_worker(10);
    let job = pool.job().timeout(LATER).submit(|| {
        let first = checkpoint();
        (first, until_stopped())
    });
    match outcome(job.unwrap()) {
        Ok(asked) => assert_eq!(asked, (Ok(()), Interrupted::DeadlineExceeded)),
        // On a machine so busy that it did not start in time.
        Err(other) => assert!(matches!(other, JobError::Expired)),
    }
    assert_eq!(finish(pool.job().timeout(HOUR).submit(checkpoint).unwrap()), Ok(()));
    assert_eq!(finish(pool.submit(checkpoint).unwrap()), Ok(()));
}

#[test]
fn joined_inside_a_job_it_is_claimed_in_time_and_expired_after() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let inner = pool.clone();
        let parent = pool.submit(move || {
            let in_time = inner.job().timeout(HOUR).submit(checkpoint).unwrap();
            assert_eq!(in_time.join().unwrap(), Ok(()));
            let too_late = inner.job().timeout(SOON).submit(|| ()).unwrap();
            wait_until("the deadline to pass", || too_late.is_finished());
            assert!(matches!(too_late.join(), Err(JobError::Expired)));
        });
        finish(parent.unwrap());
        assert_eq!((pool.stats().expired, pool.stats().completed), (1, 2));
    });
}

#[test]
fn a_time_out_runs_from_the_moment_the_job_is_submitted() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (builder, other) = (pool.job().timeout(LATER), pool.job().timeout(LATER));
        let mut late = Box::pin(pool.job().timeout(LATER).submit_async(|| 1));
        thread::sleep(LATER);
        // Over, had it begun when they were built.
        let late = ready(poll_once(&mut late, Waker::noop()));
        assert_eq!(finish(late.unwrap()), 1);
        assert_eq!(finish(builder.submit(|| 2).unwrap()), 2);
        assert_eq!(finish(other.try_submit(|| 3).unwrap()), 3);
        // A moment is one whenever the job is submitted.
        let due = pool.job().deadline(Instant::now() + SOON);
        thread::sleep(SOON);
        assert!(is_expired(due.submit(|| 4).unwrap()));
    });
}

/// A list whose destructor nests as deep as it is long.
struct Nested(#[allow(dead_code, reason = "only held")] Option<Box<Nested>>);

#[test]
fn the_keeper_has_the_stack_that_the_workers_have() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).stack_size(512 << 20).build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let list = (0..300_000).fold(Nested(None), |list, _| Nested(Some(Box::new(list))));
        let (tell, told) = mpsc::channel::<()>();
        let job = pool.job().timeout(SOON).submit(move || drop((list, tell))).unwrap();
        assert_eq!(told.recv_timeout(FOREVER), Err(mpsc::RecvTimeoutError::Disconnected));
        assert!(is_expired(job));
        gate.open();
        finish(held);
    });
}
