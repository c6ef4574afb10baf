//! Permits: how they end, on which thread, and with a pool.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use corepool::breaker::{AbandonedPolicy, CircuitBreaker, Permit, State, Window};
use corepool::{CancelToken, JobError, Pool, Shutdown};

use crate::common::{hold_worker, one_worker};
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

/// The panic began before the permit was acquired, and has nothing to do with it.
#[test]
fn a_permit_acquired_and_dropped_while_a_panic_unwinds_is_abandoned() {
    struct AcquiresOnDrop<'a>(&'a CircuitBreaker);
    impl Drop for AcquiresOnDrop<'_> {
        fn drop(&mut self) {
            drop(self.0.try_acquire().unwrap());
        }
    }
    let bench = consecutive(2);
    let unwinding = || {
        let _acquires = AcquiresOnDrop(&bench.breaker);
        resume_unwind(Box::new(()))
    };
    assert!(catch_unwind(AssertUnwindSafe(unwinding)).is_err());
    assert_eq!(bench.breaker.snapshot().consecutive_failures, 0);
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
