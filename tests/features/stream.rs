//! `Map` and `MapUnordered` as streams.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use corepool::{JobError, Pool, Shutdown};
use futures_core::Stream;

use crate::common::spy::Spy;
use crate::common::{FOREVER, Gate, finish, hold_worker, one_worker, wait_until, with_workers, within_a_minute};

type Results = Pin<Box<dyn Stream<Item = Result<usize, JobError>> + Send>>;
type Call = fn(&Pool, usize, usize, fn(usize) -> usize) -> Results;

/// What is true of both is tested with both.
const BOTH: [Call; 2] = [
    |pool, window, items, f| Box::pin(pool.map(0..items, f).buffered(window)),
    |pool, window, items, f| Box::pin(pool.map_unordered(0..items, f).buffered(window)),
];

fn poll<S: Stream + Unpin>(stream: &mut S, waker: &Waker) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(waker))
}

/// All values, sorted.
async fn collect(mut results: Results) -> Vec<usize> {
    let mut values = Vec::new();
    while let Some(result) = std::future::poll_fn(|cx| results.as_mut().poll_next(cx)).await {
        values.push(result.unwrap());
    }
    values.sort_unstable();
    values
}

/// Fails if a result is lost, or the wake-up for one, however small window and queue are.
#[test]
fn all_results_come_out() {
    within_a_minute(|| {
        for call in BOTH {
            for (capacity, window) in [(1, 1), (1, 8), (100, 8)] {
                let pool = Pool::builder().workers(2).queue_capacity(capacity).build().unwrap();
                let values = pollster::block_on(collect(call(&pool, window, 1_000, |n| n)));
                assert_eq!(values, Vec::from_iter(0..1_000));
            }
        }
    });
}

/// Fails if a poll waits, or if the task is not woken for what it waits for: room, then a result.
#[test]
fn a_poll_does_not_wait_and_the_task_is_woken() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(1);
            let (gate, held) = hold_worker(&pool);
            let mut results = call(&pool, 4, 2, |n| n);
            let spy = Spy::new();
            assert!(poll(&mut results, &spy.waker()).is_pending());
            assert_eq!((pool.stats().queued, pool.stats().waiting, spy.woken()), (1, 1, 0));
            gate.open();
            finish(held);
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert!(spy.woken() >= 1);
            for _ in 0..2 {
                assert!(matches!(poll(&mut results, &spy.waker()), Poll::Ready(Some(Ok(_)))));
            }
            assert!(matches!(poll(&mut results, &spy.waker()), Poll::Ready(None)));
        }
    });
}

/// Fails if the task that asked first is woken instead of that which asked last.
#[test]
fn the_last_waker_is_woken() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(8);
            let (gate, held) = hold_worker(&pool);
            let mut results = call(&pool, 1, 1, |n| n);
            let (first, last) = (Spy::new(), Spy::new());
            assert!(poll(&mut results, &first.waker()).is_pending());
            assert!(poll(&mut results, &last.waker()).is_pending());
            gate.open();
            finish(held);
            pool.wait_idle(Some(FOREVER)).unwrap();
            wait_until("the last to be woken", || last.woken() == 1);
            assert_eq!(first.woken(), 0);
            drop(results);
            assert_eq!((first.out(), last.out()), (0, 0), "no waker is left");
        }
    });
}

/// Fails if a dropped stream wakes the task that drops it, keeps its waker, or leaves items in the queue or in line.
#[test]
fn a_dropped_stream_leaves_nothing_behind() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(1);
            let (gate, held) = hold_worker(&pool);
            let mut results = call(&pool, 4, 10, |n| n);
            let spy = Spy::new();
            assert!(poll(&mut results, &spy.waker()).is_pending());
            assert_eq!((pool.stats().queued, pool.stats().waiting), (1, 1));
            drop(results);
            assert_eq!((pool.stats().queued, pool.stats().waiting), (0, 0));
            assert_eq!((spy.woken(), spy.out()), (0, 0));
            gate.open();
            finish(held);
        }
    });
}

/// Fails if the only worker, in a job that awaits it, waits for itself.
#[test]
fn the_only_worker_may_poll_it() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(1);
            let inner = pool.clone();
            let job = pool.submit(move || pollster::block_on(collect(call(&inner, 4, 50, |n| n))));
            assert_eq!(finish(job.unwrap()), Vec::from_iter(0..50));
        }
    });
}

/// Fails if a shutdown leaves the task waiting, or an item without a result.
#[test]
fn a_shutdown_wakes_the_task() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(1);
            let (gate, held) = hold_worker(&pool);
            let mut results = call(&pool, 4, 5, |n| n);
            let spy = Spy::new();
            assert!(poll(&mut results, &spy.waker()).is_pending());
            pool.begin_shutdown(Shutdown::Abort).unwrap();
            wait_until("it to be woken", || spy.woken() > 0);
            for _ in 0..5 {
                let result = pollster::block_on(std::future::poll_fn(|cx| results.as_mut().poll_next(cx)));
                assert!(matches!(result, Some(Err(JobError::Aborted))));
            }
            assert!(matches!(poll(&mut results, Waker::noop()), Poll::Ready(None)));
            gate.open();
            finish(held);
        }
    });
}

/// Fails if a panic as the waker is cloned loses an item.
#[test]
fn a_waker_that_panics_loses_nothing() {
    crate::common::silence_expected_panics();
    within_a_minute(|| {
        let (pool, pulled) = (with_workers(1), Arc::new(AtomicUsize::new(0)));
        let (gate, count) = (Gate::new(), Arc::clone(&pulled));
        let shut = gate.clone();
        let input = (0..3_usize).inspect(move |_| _ = count.fetch_add(1, Ordering::SeqCst));
        let mut results = pin!(pool.map_unordered(input, move |n| {
            shut.pass();
            n
        }));
        let spy = Spy::new();
        spy.on_clone(|| panic!("{}a clone", crate::common::EXPECTED));
        let waker = spy.waker();
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut results, &waker)));
        assert!(polled.is_err() && pulled.load(Ordering::SeqCst) == 2);
        gate.open();
        assert_eq!(results.by_ref().map(Result::unwrap).sum::<usize>(), 3);
    });
}
