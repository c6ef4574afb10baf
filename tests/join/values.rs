//! Out come the values of both halves, whoever has run the second.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::{OnDrop, on_drop, with_workers, within_a_minute};
use crate::{inside, repeats, threads_of_halves, with_second_elsewhere};
use corepool::Pool;

/// Fails if the values are swapped, or if one is the wrong half's.
#[test]
fn each_value_stands_in_its_halfs_place() {
    within_a_minute(|| {
        let pool = with_workers(2);
        assert_eq!(pool.join(|| "first", || 2), ("first", 2));
        assert_eq!(with_second_elsewhere(&pool, || "first", || 2), ("first", 2));
        assert_eq!(inside(&pool, |pool| pool.join(|| "first", || 2)), ("first", 2));
        assert_eq!(inside(&pool, |pool| with_second_elsewhere(pool, || "first", || 2)), ("first", 2));
    });
}

/// Fails if the first half goes to another thread: neither it nor its value need be `Send`.
#[test]
fn the_first_half_stays_on_its_thread() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let count = Rc::new(Cell::new(0));
        let first = || {
            count.set(count.get() + 1);
            (Rc::clone(&count), thread::current().id())
        };
        let ((counted, on), ()) = with_second_elsewhere(&pool, first, || ());
        assert_eq!((counted.get(), on), (1, thread::current().id()));
    });
}

/// Fails if a half is run by none, or twice: by who took it and by its own thread, say.
#[test]
fn every_half_runs_once() {
    fn visit(pool: &Pool, visits: &[AtomicUsize]) {
        match visits {
            [] => (),
            [leaf] => _ = leaf.fetch_add(1, Ordering::Relaxed),
            many => {
                let (left, right) = many.split_at(many.len() / 2);
                pool.join(|| visit(pool, left), || visit(pool, right));
            }
        }
    }
    within_a_minute(|| {
        for workers in [1, 2, 4] {
            let pool = with_workers(workers);
            for round in repeats(200) {
                let visits: Vec<_> = (0..1_000).map(|_| AtomicUsize::new(0)).collect();
                visit(&pool, &visits);
                assert!(visits.iter().all(|leaf| leaf.load(Ordering::Relaxed) == 1), "round {round}");
            }
        }
    });
}

/// Fails if what was captured or returned is dropped twice, or never.
#[test]
fn what_the_halves_own_is_dropped_once() {
    fn counted(dropped: &Arc<AtomicUsize>) -> OnDrop<impl FnOnce() + Send + use<>> {
        let dropped = Arc::clone(dropped);
        on_drop(move || _ = dropped.fetch_add(1, Ordering::SeqCst))
    }
    within_a_minute(|| {
        let pool = with_workers(1);
        let dropped = Arc::new(AtomicUsize::new(0));
        for round in repeats(100) {
            let [captured, other] = [counted(&dropped), counted(&dropped)];
            let first = || {
                let _owned = captured;
                counted(&dropped)
            };
            let second = || {
                let _owned = other;
                counted(&dropped)
            };
            let values = if round % 2 == 0 {
                let (first, second) = pool.join(first, second);
                (first, Some(second))
            } else {
                let (first, second) = with_second_elsewhere(&pool, first, second);
                (first, Some(second))
            };
            assert_eq!(dropped.load(Ordering::SeqCst), 4 * round + 2);
            drop(values);
            assert_eq!(dropped.load(Ordering::SeqCst), 4 * round + 4);
        }
    });
}

/// Fails if the two are called in the other order where nobody helps.
#[test]
fn alone_it_is_one_call_after_the_other() {
    within_a_minute(|| {
        let pool = with_workers(1);
        let order = inside(&pool, |pool| {
            let calls = AtomicUsize::new(0);
            let next = || calls.fetch_add(1, Ordering::SeqCst);
            (pool.join(next, next), threads_of_halves(pool))
        });
        assert_eq!(order.0, (0, 1));
        assert_eq!(order.1.0, order.1.1);
        assert_eq!(pool.halves_handed_over(), 0, "there is no other worker");
    });
}
