//! Submitting into a set: the four verbs, with and without options.

use std::time::Duration;

use crate::common::{FOREVER, Log, finish, hold_worker, one_worker, poll_once, within_a_minute};
use corepool::{CancelToken, JobError, Priority, Shutdown, SubmitErrorKind};
use std::task::Waker;

/// Fails if a rejected job is in the set, or its closure is lost.
#[test]
fn a_full_queue_gives_the_closure_back() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let mut jobs = pool.job_set();
        jobs.try_submit(Box::new(|| 1) as Box<dyn FnOnce() -> i32 + Send>).unwrap();
        let full = jobs.try_submit(|| 2).unwrap_err();
        assert_eq!((full.kind(), full.into_job()()), (SubmitErrorKind::Full, 2));
        let late = jobs.submit_timeout(|| 3, Duration::ZERO).unwrap_err();
        assert_eq!((late.kind(), late.into_job()()), (SubmitErrorKind::TimedOut, 3));
        let late = jobs.job().timeout(Duration::from_millis(1)).submit(|| 4).unwrap_err();
        assert_eq!((late.kind(), late.into_job()()), (SubmitErrorKind::TimedOut, 4));
        assert_eq!(jobs.len(), 1);
        gate.open();
        finish(held);
        jobs.submit(|| 5).unwrap();
        let found: Vec<i32> = std::iter::from_fn(|| jobs.join_next()).map(Result::unwrap).collect();
        assert_eq!(found, [1, 5]);
        pool.shutdown(Shutdown::Drain, None).unwrap();
        let closed = pollster::block_on(jobs.submit_async(|| 6)).unwrap_err();
        assert_eq!((closed.kind(), closed.into_job()()), (SubmitErrorKind::ShutDown, 6));
        assert!(jobs.join_next().is_none());
    });
}

/// Fails if a future that leaves the line leaves its job in the set, or a place that the next job cannot have.
#[test]
fn a_submission_that_is_dropped_is_not_in_the_set() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let mut jobs = pool.job_set();
        jobs.submit(|| 1).unwrap();
        {
            let mut waits = Box::pin(jobs.submit_async(|| 2));
            assert!(poll_once(&mut waits, Waker::noop()).is_pending());
        }
        {
            // This one is accepted before it is dropped, and cancelled then.
            let mut waits = Box::pin(jobs.submit_async(|| 3));
            assert!(poll_once(&mut waits, Waker::noop()).is_pending());
            gate.open();
            finish(held);
            crate::common::wait_until("the job to have room", || pool.stats().waiting == 0);
        }
        jobs.submit(|| 4).unwrap();
        assert_eq!(jobs.len(), 2);
        let found: Vec<i32> = std::iter::from_fn(|| jobs.join_next()).map(Result::unwrap).collect();
        assert_eq!(found, [1, 4]);
        pool.wait_idle(Some(FOREVER)).unwrap();
    });
}

/// Fails if a builder's option is not the job's, by any of the verbs.
#[test]
fn options_are_those_of_the_job() {
    within_a_minute(|| {
        let pool = one_worker(16);
        let (gate, held) = hold_worker(&pool);
        let (token, log, mut jobs) = (CancelToken::new(), Log::default(), pool.job_set());
        jobs.job().priority(Priority::Low).submit(log.job(3)).unwrap();
        jobs.job().priority(Priority::Normal).submit_timeout(log.job(2), FOREVER).unwrap();
        jobs.job().token(&token).try_submit(log.job(9)).unwrap();
        pollster::block_on(jobs.job().priority(Priority::High).submit_async(log.job(1))).unwrap();
        token.cancel();
        assert!(matches!(jobs.join_next(), Some(Err(JobError::Cancelled))));
        gate.open();
        finish(held);
        std::iter::from_fn(|| jobs.join_next()).for_each(|outcome| outcome.unwrap());
        assert_eq!(log.read(), [1, 2, 3]);
    });
}
