//! Permits: how they end, on which thread, and with a pool.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use corepool::breaker::{AbandonedPolicy, CircuitBreaker, Permit, State, Window};
use corepool::{CancelToken, JobError, JobHandle, Pool, Shutdown};

use crate::common::{hold_worker, on_drop, one_worker};
use crate::support::{bench, consecutive, rate, secs};

#[test]
fn a_permit_that_is_dropped_counts_as_the_policy_says() {
    let dropped_after = |policy: Option<AbandonedPolicy>, seconds| {
        let bench = bench(|rules| {
            let rules = rules.failure_policy(rate(1.0, Window::Count(10), 10)).slow_calls(secs(1.0), 1.0);
            match policy {
                Some(policy) => rules.abandoned(policy),
                None => rules,
            }
        });
        let permit = bench.acquire();
        bench.wait(seconds);
        drop(permit);
        let window = bench.breaker.snapshot().window.unwrap();
        (window.calls, window.failures, window.slow)
    };
    assert_eq!(dropped_after(Some(AbandonedPolicy::Ignore), 2.0), (0, 0, 0));
    assert_eq!(dropped_after(Some(AbandonedPolicy::Failure), 0.0), (1, 1, 0));
    assert_eq!(dropped_after(Some(AbandonedPolicy::Failure), 2.0), (1, 1, 1));
    assert_eq!(dropped_after(Some(AbandonedPolicy::FailureIfSlow), 1.0), (0, 0, 0));
    assert_eq!(dropped_after(Some(AbandonedPolicy::FailureIfSlow), 2.0), (1, 1, 1));
    assert_eq!(dropped_after(None, 1.0), (0, 0, 0));
    assert_eq!(
        dropped_after(None, 2.0),
        (1, 1, 1),
        "where slow calls are configured, one that is abandoned late failed"
    );
}

#[test]
fn without_slow_calls_a_dropped_permit_is_ignored_however_late() {
    let bench = consecutive(1);
    let permit = bench.acquire();
    bench.wait(1e6);
    drop(permit);
    assert_eq!((bench.state(), bench.breaker.snapshot().consecutive_failures), (State::Closed, 0));
}

#[test]
fn a_permit_that_a_panic_drops_has_failed() {
    let bench = consecutive(2);
    let unwinding = || {
        let _permit = bench.acquire();
        resume_unwind(Box::new(()))
    };
    assert!(catch_unwind(AssertUnwindSafe(unwinding)).is_err());
    assert_eq!(bench.breaker.snapshot().consecutive_failures, 1);
}

#[test]
fn a_permit_that_another_threads_panic_drops_has_failed() {
    let bench = consecutive(2);
    let permit = bench.acquire();
    let thread = thread::spawn(move || {
        let _permit = permit;
        resume_unwind(Box::new(()))
    });
    assert!(thread.join().is_err());
    assert_eq!(bench.breaker.snapshot().consecutive_failures, 1);
}

/// Unwinds, and runs this in a destructor meanwhile.
fn while_unwinding(run: impl FnOnce()) {
    let unwinding = || {
        let _runs = on_drop(run);
        resume_unwind(Box::new(()))
    };
    assert!(catch_unwind(AssertUnwindSafe(unwinding)).is_err());
}

fn panics_holding<T>(held: T) -> thread::Result<()> {
    catch_unwind(AssertUnwindSafe(move || {
        let _held = held;
        resume_unwind(Box::new(()))
    }))
}

/// Whether its thread unwinds because of what came after its acquisition cannot be told.
#[test]
fn a_permit_that_is_dropped_while_its_thread_unwinds_has_failed_whenever_it_was_acquired() {
    let bench = consecutive(9);
    let failures = || bench.breaker.snapshot().consecutive_failures;
    while_unwinding(|| drop(bench.acquire()));
    assert_eq!(failures(), 1, "nobody reported it");
    while_unwinding(|| assert!(panics_holding(bench.acquire()).is_err()));
    assert_eq!(failures(), 2, "a panic inside the destructor");
    let permit = OnceCell::new();
    while_unwinding(|| assert!(permit.set(bench.acquire()).is_ok()));
    assert!(panics_holding(permit.into_inner()).is_err());
    assert_eq!(failures(), 3, "a later panic of the same thread");
    while_unwinding(|| {
        let acquired_elsewhere = thread::scope(|scope| scope.spawn(|| bench.acquire()).join().unwrap());
        drop(acquired_elsewhere);
    });
    assert_eq!(failures(), 4, "acquired elsewhere meanwhile");
    let borrowed = bench.breaker.try_acquire_ref().unwrap();
    assert!(panics_holding(borrowed).is_err());
    assert_eq!(failures(), 5);
}

#[test]
fn a_permit_acquired_while_a_panic_unwinds_and_dropped_after_it_is_abandoned() {
    let (bench, permit) = (consecutive(1), OnceCell::new());
    while_unwinding(|| assert!(permit.set(bench.acquire()).is_ok()));
    drop(permit);
    assert_eq!((bench.state(), bench.breaker.snapshot().consecutive_failures), (State::Closed, 0));
}

#[test]
fn a_job_that_a_destructor_resubmits_fails_its_permit_by_its_own_panic() {
    let (bench, pool) = (consecutive(9), one_worker(8));
    let (again, breaker, resubmitted) = (pool.clone(), bench.breaker.clone(), Arc::new(Mutex::new(None)));
    let own = Arc::clone(&resubmitted);
    let panics = move || {
        let _resubmits = on_drop(move || {
            let permit = breaker.try_acquire().unwrap();
            let job = again.submit(move || {
                let _permit = permit;
                resume_unwind(Box::new(()))
            });
            *own.lock().unwrap() = Some(job.unwrap());
        });
        resume_unwind(Box::new(()))
    };
    let panicked: JobHandle<()> = pool.submit(panics).unwrap();
    assert!(matches!(panicked.join(), Err(JobError::Panicked(_))));
    let job: JobHandle<()> = resubmitted.lock().unwrap().take().unwrap();
    assert!(matches!(job.join(), Err(JobError::Panicked(_))));
    assert_eq!(bench.breaker.snapshot().consecutive_failures, 1);
}

#[test]
fn a_permit_acquired_while_a_panic_unwinds_fails_by_the_panic_of_another_thread() {
    struct AcquiresOnDrop<'a>(&'a CircuitBreaker, &'a mut Option<Permit>);
    impl Drop for AcquiresOnDrop<'_> {
        fn drop(&mut self) {
            *self.1 = Some(self.0.try_acquire().unwrap());
        }
    }
    let (bench, mut permit) = (consecutive(2), None);
    let unwinding = || {
        let _acquires = AcquiresOnDrop(&bench.breaker, &mut permit);
        resume_unwind(Box::new(()))
    };
    assert!(catch_unwind(AssertUnwindSafe(unwinding)).is_err());
    let panics = move || {
        let _permit = permit;
        resume_unwind(Box::new(()))
    };
    assert!(thread::spawn(panics).join().is_err());
    assert_eq!(bench.breaker.snapshot().consecutive_failures, 1);
}

#[test]
fn start_leaves_the_time_before_it_out() {
    let bench = bench(|rules| rules.failure_policy(rate(1.0, Window::Count(10), 1)).slow_calls(secs(1.0), 1.0));
    let mut permit = bench.acquire();
    bench.wait(5.0);
    permit.start();
    bench.wait(1.0);
    permit.success();
    assert_eq!(bench.breaker.snapshot().slow_rate, Some(0.0));
    let mut permit = bench.acquire();
    permit.start();
    bench.wait(1.5);
    permit.success();
    assert_eq!(bench.breaker.snapshot().slow_rate, Some(0.5));
}

#[test]
fn a_permit_outlives_its_breaker() {
    let permit = CircuitBreaker::new().try_acquire().unwrap();
    assert_eq!(permit.run(|| Ok::<_, ()>(5)), Ok(5));
}

#[test]
fn a_permit_and_a_breaker_can_go_anywhere() {
    fn everywhere<T: Send + std::panic::UnwindSafe + std::panic::RefUnwindSafe + 'static>() {}
    fn shared<T: Sync + Clone>() {}
    everywhere::<Permit>();
    everywhere::<CircuitBreaker>();
    shared::<CircuitBreaker>();
}

#[test]
fn a_job_that_runs_records_what_it_did() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (pool, bench) = (Pool::new()?, consecutive(5));
    let run = |work: fn() -> Result<u8, &'static str>| {
        let permit = bench.acquire();
        pool.submit(move || permit.run(work)).unwrap().join()
    };
    assert_eq!(run(|| Ok(1))?, Ok(1));
    assert_eq!(run(|| Err("down"))?, Err("down"));
    assert!(matches!(run(|| resume_unwind(Box::new(()))), Err(JobError::Panicked(_))));
    assert_eq!(bench.breaker.snapshot().consecutive_failures, 2);
    Ok(())
}

/// Cancelled, aborted or rejected: the closure is dropped, and the permit in it.
#[test]
fn a_job_that_never_runs_abandons_its_call() {
    let bench = bench(|rules| rules.abandoned(AbandonedPolicy::Failure));
    let failures = || bench.breaker.snapshot().consecutive_failures;
    let pool = one_worker(2);
    let (gate, held) = hold_worker(&pool);
    let job = |permit: Permit| move || permit.run(|| Ok::<_, ()>(()));

    let cancelled = pool.submit(job(bench.acquire())).unwrap();
    cancelled.cancel();
    assert_eq!(failures(), 1);

    let token = CancelToken::new();
    token.cancel();
    drop(pool.job().token(&token).submit(job(bench.acquire())).unwrap());
    assert_eq!(failures(), 2);

    let aborted = pool.submit(job(bench.acquire())).unwrap();
    let filler = pool.submit(|| ()).unwrap();
    drop(pool.try_submit(job(bench.acquire())).unwrap_err());
    assert_eq!(failures(), 3);

    let closing = thread::spawn({
        let pool = pool.clone();
        move || pool.shutdown(Shutdown::Abort, None)
    });
    assert!(matches!(aborted.join(), Err(JobError::Aborted)));
    assert_eq!(failures(), 4);
    gate.open();
    held.join().unwrap();
    assert!(matches!(filler.join(), Err(JobError::Aborted)));
    closing.join().unwrap().unwrap();
}
