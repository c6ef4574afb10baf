//! A state for each thread that takes part.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::common::{on_drop, spin, with_workers, within_a_minute};
use crate::{Shared, inside, repeats};
use corepool::Pool;

/// Fails if two threads have the same state at once, if there are more states than threads, or if one is left behind.
#[test]
fn no_two_threads_share_a_state() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let items: Vec<usize> = (0..400).collect();
        for round in repeats(300) {
            let (shared, made, dropped) = (Shared::new(), AtomicUsize::new(0), AtomicUsize::new(0));
            let state = || {
                made.fetch_add(1, Ordering::SeqCst);
                (
                    AtomicBool::new(false),
                    on_drop(|| {
                        dropped.fetch_add(1, Ordering::SeqCst);
                    }),
                )
            };
            let values = pool.map_slice_with(state, &items, |(is_used, _), &index| {
                assert!(!is_used.swap(true, Ordering::SeqCst), "it is another thread's");
                shared.begin(index);
                spin(index * 7919 % 100);
                is_used.store(false, Ordering::SeqCst);
                index
            });
            assert_eq!(values, items);
            let made = made.load(Ordering::SeqCst);
            // One may be enough: who has done an item may leave its state to the next thread before that needs one.
            assert!((1..=3).contains(&made), "round {round}: {made} states for two workers and the caller");
            assert_eq!(dropped.load(Ordering::SeqCst), made);
        }
    });
}

/// Fails if a call by one thread has more than one state, or each item has its own.
#[test]
fn one_thread_has_one_state() {
    within_a_minute(|| {
        let count = |pool: &Pool, length: usize| {
            let (made, items) = (AtomicUsize::new(0), vec![1_usize; length]);
            let state = || made.fetch_add(1, Ordering::SeqCst);
            let sums = pool.map_slice_with(
                || {
                    state();
                    0
                },
                &items,
                |sum, n| {
                    *sum += n;
                    *sum
                },
            );
            assert_eq!(sums, (1..=length).collect::<Vec<_>>());
            made.load(Ordering::SeqCst)
        };
        let inline = Pool::builder().inline().build().unwrap();
        assert_eq!([0, 1, 5, 1_000].map(|length| count(&inline, length)), [0, 1, 1, 1]);
        let made = inside(&with_workers(1), move |pool| [1, 5, 1_000].map(|length| count(pool, length)));
        assert_eq!(made, [1, 1, 1]);
    });
}

/// Fails if a state that cannot be made leaves the call hanging, or the states that could are left.
#[test]
fn making_a_state_may_panic() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let items: Vec<usize> = (0..100).collect();
        for _ in repeats(100) {
            let (shared, made, dropped) = (Shared::new(), AtomicUsize::new(0), AtomicUsize::new(0));
            let state = || {
                if made.fetch_add(1, Ordering::SeqCst) == 1 {
                    resume_unwind(Box::new("the second state"));
                }
                on_drop(|| {
                    dropped.fetch_add(1, Ordering::SeqCst);
                })
            };
            let begin = |index| {
                if index == 0 {
                    shared.begin(0)
                }
            };
            let call = || {
                pool.map_slice_with(state, &items, |_, &index| {
                    begin(index);
                    // So that others come, and need states of their own.
                    spin(2_000);
                })
            };
            let ended = catch_unwind(AssertUnwindSafe(call));
            let (made, dropped) = (made.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst));
            match ended {
                Ok(_) => assert_eq!((made, dropped), (1, 1)),
                Err(payload) => {
                    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the second state"));
                    assert_eq!(dropped, made - 1);
                }
            }
        }
    });
}
