//! Panics: of an item, of the input, of destructors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::BOTH;
use crate::common::{
    EXPECTED, FOREVER, assert_all_workers_alive, message_of, on_drop, silence_expected_panics, with_workers,
    within_a_minute,
};
use corepool::{JobError, Shutdown};

/// Fails if an item's panic is lost, spreads to other items or takes a worker down.
#[test]
fn an_items_panic_is_its_result() {
    silence_expected_panics();
    within_a_minute(|| {
        for call in BOTH {
            let pool = with_workers(2);
            let results = call.on(&pool, 4, 0..100, |n| match n % 10 {
                3 => panic!("{EXPECTED}{n}"),
                _ => n,
            });
            let (values, panics): (Vec<_>, Vec<_>) = results.partition(Result::is_ok);
            assert_eq!(values.len(), 90, "{call:?}");
            let mut messages: Vec<_> = panics.into_iter().map(message_of).collect();
            messages.sort_unstable();
            let expected = (0..10).map(|n| format!("{EXPECTED}{}", n * 10 + 3));
            let mut expected = Vec::from_iter(expected);
            expected.sort_unstable();
            assert_eq!(messages, expected, "{call:?}");
            assert_all_workers_alive(&pool);
        }
    });
}

/// Fails if what came before a panic of the input is lost, if the panic is swallowed, or if the input is asked again.
#[test]
fn a_panic_of_the_input_loses_nothing() {
    silence_expected_panics();
    within_a_minute(|| {
        for (call, window) in BOTH.into_iter().flat_map(|call| [1, 3, 100].map(|window| (call, window))) {
            let pool = with_workers(2);
            let input = (0..).inspect(|n| match n {
                5 => panic!("{EXPECTED}the input"),
                6.. => unreachable!("it is asked again"),
                _ => {}
            });
            let mut results = call.on(&pool, window, input, |n| n);
            let (mut values, mut panics) = (Vec::new(), 0);
            loop {
                match catch_unwind(AssertUnwindSafe(|| results.next())) {
                    Ok(Some(value)) => values.push(value.unwrap()),
                    Ok(None) => break,
                    Err(_) => panics += 1,
                }
            }
            values.sort_unstable();
            assert_eq!((values, panics), (vec![0, 1, 2, 3, 4], 1), "{call:?}, window {window}");
        }
    });
}

/// Fails if the closure is dropped more than once, not at all, or before the last item.
#[test]
fn the_closure_is_dropped_once_when_all_is_over() {
    within_a_minute(|| {
        for (call, all) in BOTH.into_iter().flat_map(|call| [true, false].map(|all| (call, all))) {
            let pool = with_workers(2);
            let dropped = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&dropped);
            let owned = on_drop(move || _ = count.fetch_add(1, Ordering::SeqCst));
            let look = Arc::clone(&dropped);
            let owned = std::sync::Mutex::new(owned);
            let mut results = call.on(&pool, 4, 0..50, move |_| {
                assert!(!owned.is_poisoned());
                look.load(Ordering::SeqCst)
            });
            let taken = if all { 50 } else { 7 };
            assert!(results.by_ref().take(taken).all(|dropped| dropped.unwrap() == 0), "{call:?}");
            drop(results);
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert_eq!(dropped.load(Ordering::SeqCst), 1, "{call:?}");
        }
    });
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{EXPECTED}a destructor");
    }
}

/// Fails if a panic in the destructor of the closure, or of an item that the pool rejects, gets out.
#[test]
fn destructors_may_panic() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = with_workers(2);
        let bomb = std::sync::Mutex::new(Bomb);
        let results = pool.map(0..10, move |n| n + usize::from(bomb.is_poisoned()));
        assert_eq!(results.map(Result::unwrap).sum::<usize>(), 45);
        assert_eq!(pool.stats().panicked, 0);

        pool.shutdown(Shutdown::Drain, None).unwrap();
        let rejected = pool.map((0..10).map(|_| Bomb), |_bomb| ());
        assert_eq!(rejected.filter(|result| matches!(result, Err(JobError::Aborted))).count(), 10);
        let rejected = pool.map_unordered((0..10).map(|_| Bomb), |_bomb| ());
        assert_eq!(rejected.filter(|result| matches!(result, Err(JobError::Aborted))).count(), 10);
    });
}
