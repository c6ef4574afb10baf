//! How far ahead it goes, and in what order results come out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::{Gate, in_debug_a_quarter_of, wait_until, with_workers, within_a_minute};
use crate::{BOTH, sorted};
use corepool::Pool;

type Count = Arc<AtomicUsize>;

/// An endless input that counts what was taken from it.
fn counted() -> (impl Iterator<Item = usize> + Send, Count) {
    let pulled = Count::default();
    let count = Arc::clone(&pulled);
    ((0..).inspect(move |_| _ = count.fetch_add(1, Ordering::SeqCst)), pulled)
}

/// Fails if items are taken from the input before anybody asks for a result.
#[test]
fn nothing_is_pulled_before_a_result_is_asked_for() {
    for call in BOTH {
        let (pool, (input, pulled)) = (with_workers(2), counted());
        let results = call.on(&pool, 4, input, |n| n);
        assert_eq!((pulled.load(Ordering::SeqCst), pool.stats().submitted), (0, 0), "{call:?}");
        drop(results);
        assert_eq!((pulled.load(Ordering::SeqCst), pool.stats().submitted), (0, 0), "{call:?}");
    }
}

/// Fails if item k + window is asked for before result k was taken, or if the window is not filled.
#[test]
fn a_window_of_items_is_in_flight_and_no_more() {
    within_a_minute(|| {
        for (call, window) in BOTH.into_iter().flat_map(|call| [0, 1, 2, 7, 100].map(|window| (call, window))) {
            let (pool, (input, pulled)) = (with_workers(2), counted());
            let mut results = call.on(&pool, window, input, |n| n);
            for taken in 0..200 {
                results.next().unwrap().unwrap();
                assert_eq!(pulled.load(Ordering::SeqCst), taken + window.max(1), "{call:?}, window {window}");
            }
        }
    });
}

/// Fails if the default is not twice the workers.
#[test]
fn the_window_is_twice_the_workers_unless_set() {
    within_a_minute(|| {
        for workers in [1, 3] {
            let (pool, (input, pulled)) = (with_workers(workers), counted());
            pool.map(input, |n| n).next().unwrap().unwrap();
            assert_eq!(pulled.load(Ordering::SeqCst), 2 * workers);
            let (input, pulled) = counted();
            pool.map_unordered(input, |n| n).next().unwrap().unwrap();
            assert_eq!(pulled.load(Ordering::SeqCst), 2 * workers);
        }
    });
}

/// Fails if results are mixed up, lost or doubled.
#[test]
fn each_item_has_one_result() {
    within_a_minute(|| {
        let n = in_debug_a_quarter_of(40_000);
        for (call, window) in BOTH.into_iter().flat_map(|call| [1, 4, 1_000].map(|window| (call, window))) {
            let pool = with_workers(4);
            let results = call.on(&pool, window, 0..n, |n| n * 3);
            assert_eq!(sorted(results), Vec::from_iter((0..n).map(|n| n * 3)), "{call:?}, window {window}");
            assert_eq!(pool.stats().completed, n as u64);
        }
    });
}

/// Fails if `map` returns results as they come, or `map_unordered` in the order of the items.
#[test]
fn the_second_item_is_done_first() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let first_waits_for = |gate: &Gate| {
            let gate = gate.clone();
            move |n: usize| {
                if n == 0 {
                    gate.pass();
                }
                n
            }
        };
        let gate = Gate::new();
        let mut results = pool.map_unordered(0..2, first_waits_for(&gate));
        assert_eq!(results.next().unwrap().unwrap(), 1);
        gate.open();
        assert_eq!(results.next().unwrap().unwrap(), 0);

        let gate = Gate::new();
        let (opens, f) = (gate.clone(), first_waits_for(&gate));
        let results = pool.map(0..2, move |n| {
            if n == 1 {
                opens.open();
            }
            f(n)
        });
        assert_eq!(Vec::from_iter(results.map(Result::unwrap)), [0, 1]);
    });
}

/// Fails if in `map_unordered` a slow item keeps those after it out of the window.
#[test]
fn a_slow_item_does_not_hold_up_those_after_it() {
    within_a_minute(|| {
        let (pool, gate) = (with_workers(2), Gate::new());
        let shut = gate.clone();
        let mut results = pool.map_unordered(0..1_000, move |n| {
            if n == 10 {
                shut.pass();
            }
            n
        });
        let all_others: Vec<_> = results.by_ref().take(999).map(Result::unwrap).collect();
        assert!(!all_others.contains(&10));
        gate.open();
        assert_eq!(results.next().unwrap().unwrap(), 10);
        assert!(results.next().is_none());
    });
}

/// Fails if an endless input makes it go on for ever, or not as long as it is asked.
#[test]
fn the_input_may_be_endless() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = with_workers(2);
            let results = call.on(&pool, 4, 0.., |n| n).take(10_000);
            let values = sorted(results);
            assert!(values.len() == 10_000 && values.windows(2).all(|two| two[0] < two[1]), "{call:?}");
        }
    });
}

/// Fails if without items it does not end, or not for good.
#[test]
fn without_items_there_are_no_results() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = with_workers(1);
            let mut results = call.on(&pool, 4, 0..0, |n| n);
            assert!(results.next().is_none() && results.next().is_none(), "{call:?}");
        }
    });
}

/// Fails if an input is asked again after its end.
#[test]
fn an_input_that_has_ended_is_not_asked_again() {
    within_a_minute(|| {
        for call in BOTH {
            let mut asked = 0;
            let ends_once = std::iter::from_fn(move || {
                asked += 1;
                (asked != 4).then_some(asked)
            });
            let pool = with_workers(2);
            let mut results = call.on(&pool, 2, ends_once, |n| n);
            assert_eq!(sorted(results.by_ref()), [1, 2, 3], "{call:?}");
            assert!(results.next().is_none(), "{call:?}");
        }
    });
}

/// Fails if a wake-up is lost where the consumer waits for each result anew, or if results wait for a thread that has stopped
/// asking.
#[test]
fn it_may_be_asked_on_one_thread_after_the_other() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = with_workers(2);
            let mut results = call.on(&pool, 3, 0..300, |n| n);
            let mut all = Vec::new();
            while let Some(result) = results.next() {
                all.push(result);
                results = thread::spawn(move || results).join().unwrap();
                let (more, rest) = thread::spawn(move || (results.next(), results)).join().unwrap();
                all.extend(more);
                results = rest;
            }
            assert_eq!(sorted(all), Vec::from_iter(0..300), "{call:?}");
        }
    });
}

/// Fails if it runs jobs of its own accord on the thread of who asks, outside of the pool; or not at all without threads.
#[test]
fn items_run_on_workers_or_in_an_inline_pool_here() {
    within_a_minute(|| {
        let here = thread::current().id();
        for call in BOTH {
            let pool = with_workers(2);
            let results = call.on(&pool, 4, 0..50, move |n| n + usize::from(thread::current().id() == here));
            assert_eq!(sorted(results), Vec::from_iter(0..50), "{call:?}");
            let pool = Pool::builder().inline().build().unwrap();
            let results = call.on(&pool, 4, 0..50, move |n| n + usize::from(thread::current().id() != here));
            assert_eq!(sorted(results), Vec::from_iter(0..50), "{call:?}");
        }
    });
}

/// Fails if results that are there are only returned once others are, too: the consumer would wait for ever.
#[test]
fn results_do_not_wait_for_the_window_to_fill() {
    within_a_minute(|| {
        for call in BOTH {
            let (pool, gate) = (with_workers(2), Gate::new());
            let shut = gate.clone();
            let mut results = call.on(&pool, 8, 0..8, move |n| {
                if n > 0 {
                    shut.pass();
                }
                n
            });
            assert_eq!(results.next().unwrap().unwrap(), 0, "{call:?}");
            wait_until("the others to be held", || pool.stats().busy == 2);
            gate.open();
            assert_eq!(sorted(results), Vec::from_iter(1..8), "{call:?}");
        }
    });
}
