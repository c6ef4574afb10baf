//! `JobSet` and `AsCompleted` as streams.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use corepool::as_completed;
use futures_core::Stream;

use crate::common::spy::Spy;
use crate::common::{FOREVER, Log, finish, hold_worker, one_worker, within_a_minute};

fn poll<S: Stream + Unpin>(stream: &mut S, waker: &Waker) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(waker))
}

/// Fails if the task is not woken, if the stream of an empty set does not end, or does not go on once it is filled.
#[test]
fn a_set_is_a_stream_that_goes_on_when_it_is_filled_again() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (spy, mut jobs) = (Spy::new(), pool.job_set());
        jobs.submit(|| 1).unwrap();
        assert_eq!(Stream::size_hint(&jobs), (1, None));
        assert!(poll(&mut jobs, &spy.waker()).is_pending());
        gate.open();
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(spy.woken(), 1);
        for n in [1, 2] {
            assert!(matches!(poll(&mut jobs, Waker::noop()), Poll::Ready(Some(Ok(value))) if value == n));
            assert!(matches!(poll(&mut jobs, Waker::noop()), Poll::Ready(None)));
            jobs.submit(|| 2).unwrap();
            pool.wait_idle(Some(FOREVER)).unwrap();
        }
    });
}

/// Fails if the task is not woken, or if an outcome comes with another's place.
#[test]
fn a_list_of_handles_is_a_stream() {
    within_a_minute(|| {
        let pools = [one_worker(8), one_worker(8)];
        let (gate, held) = hold_worker(&pools[0]);
        let (spy, first) = (Spy::new(), pools[0].submit(|| 10).unwrap());
        let mut jobs = as_completed([first, pools[1].submit(|| 11).unwrap()]);
        pools[1].wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(Stream::size_hint(&jobs), (2, Some(2)));
        assert!(matches!(poll(&mut jobs, &spy.waker()), Poll::Ready(Some((1, Ok(11))))));
        assert!(poll(&mut jobs, &spy.waker()).is_pending());
        gate.open();
        finish(held);
        pools[0].wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(spy.woken(), 1);
        assert!(matches!(poll(&mut jobs, &spy.waker()), Poll::Ready(Some((0, Ok(10))))));
        assert!(matches!(poll(&mut jobs, &spy.waker()), Poll::Ready(None)));
        assert_eq!(spy.out(), 0);
    });
}

/// Fails if a stream that is dropped wakes its task, keeps its waker, or cancels the jobs.
#[test]
fn a_dropped_stream_of_handles_detaches_the_jobs() {
    within_a_minute(|| {
        let (pool, log, spy) = (one_worker(8), Log::default(), Spy::new());
        let (gate, held) = hold_worker(&pool);
        let mut jobs = as_completed((0..2).map(|n| pool.submit(log.job(n)).unwrap()));
        assert!(poll(&mut jobs, &spy.waker()).is_pending());
        drop(jobs);
        assert_eq!((spy.out(), spy.woken()), (0, 0));
        gate.open();
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!((log.read(), spy.woken()), (vec![0, 1], 0));
    });
}

/// Fails if a poll in a job runs what is queued: awaiting a handle does not either.
#[test]
fn a_stream_of_handles_runs_no_jobs() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (inner, log) = (pool.clone(), Log::default());
        let own = log.clone();
        let parent = pool.submit(move || {
            let mut jobs = as_completed([inner.submit(own.job(1)).unwrap()]);
            let is_pending = poll(&mut jobs, Waker::noop()).is_pending();
            (is_pending, own.read())
        });
        assert_eq!(finish(parent.unwrap()), (true, vec![]));
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(log.read(), [1]);
    });
}
