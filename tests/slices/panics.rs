//! A panic goes on from the call, once nothing of it is running any more, and nothing is left of what was made.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{EXPECTED, Live, silence_expected_panics, spin, thrown, with_workers, within_a_minute};
use crate::{Shared, Throws, inside, repeats};

/// Fails if the payload is lost, the call returns before what others do of it has ended, or a value that was made is left
/// or dropped twice.
#[test]
fn a_panic_ends_the_call_and_drops_what_was_made() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let (live, running) = (AtomicUsize::new(0), AtomicUsize::new(0));
        for round in repeats(300) {
            let (shared, items) = (Shared::new(), (0..50 + round % 200).collect::<Vec<usize>>());
            let panics = round % items.len();
            let call = || {
                let values = pool.map_slice(&items, |&index| {
                    shared.begin(index);
                    let _running = Live::new(&running);
                    spin(index * 7919 % 500);
                    if index == panics {
                        resume_unwind(Box::new(index));
                    }
                    Live::new(&live)
                });
                drop(values);
            };
            assert_eq!(thrown(call), panics);
            assert_eq!((live.load(Ordering::SeqCst), running.load(Ordering::SeqCst)), (0, 0), "round {round}");
        }
    });
}

/// Fails if one of several panics is not one of them, or a second one ends the process.
#[test]
fn of_many_panics_one_comes_out() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let live = AtomicUsize::new(0);
        let items: Vec<usize> = (0..100).collect();
        for _ in repeats(200) {
            let shared = Shared::new();
            let call = || {
                let values = pool.map_slice(&items, |&index| {
                    shared.begin(index);
                    if index % 3 == 2 {
                        resume_unwind(Box::new(index));
                    }
                    Live::new(&live)
                });
                drop(values);
            };
            assert_eq!(thrown(call) % 3, 2);
            assert_eq!(live.load(Ordering::SeqCst), 0);
        }
    });
}

/// Fails if the panic of an item in a job is not the job's, or takes its worker along.
#[test]
fn in_a_job_it_is_the_jobs() {
    within_a_minute(|| {
        silence_expected_panics();
        let pool = with_workers(1);
        let inner = pool.clone();
        let job = pool.submit(move || inner.for_each_mut(&mut [1, 2], |n| assert_ne!(*n, 2, "{EXPECTED}two")));
        let panic = crate::common::message_of(job.unwrap().join());
        assert!(panic.contains("two"), "{panic}");
        assert_eq!(inside(&pool, |pool| pool.map_slice(&[1, 2], |n| n + 1)), [2, 3]);
    });
}

/// Fails if values whose destructors panic, while they are dropped for another panic, end the process, or keep others from
/// being dropped.
#[test]
fn destructors_may_panic() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let live = AtomicUsize::new(0);
        for panics in [3, 5, 63] {
            let items: Vec<usize> = (0..64).collect();
            let call = || {
                let values = pool.map_slice(&items, |&index| match index {
                    _ if index == panics => resume_unwind(Box::new(index)),
                    0 | 2 => (Some((Throws, Live::new(&live))), None),
                    _ => (None, Some(Live::new(&live))),
                });
                drop(values);
            };
            assert_eq!(thrown(call), panics);
            assert_eq!(live.load(Ordering::SeqCst), 0);
        }
    });
}

/// Fails if what the closure or the states own throws instead of the values that are there, or ends the process.
#[test]
fn destructors_of_closures_and_states_may_panic() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let items: Vec<usize> = (0..64).collect();
        for _ in repeats(100) {
            let (live, shared, throws) = (AtomicUsize::new(0), Shared::new(), Throws);
            let item = |index: usize| {
                shared.begin(index);
                Live::new(&live)
            };
            let values = pool.map_slice_with(
                || Throws,
                &items,
                |_, &index| {
                    let _owned = &throws;
                    item(index)
                },
            );
            assert_eq!((values.len(), live.load(Ordering::SeqCst)), (64, 64));
            drop(values);
            let item = &item;
            let values = pool.map_slice(&items, move |&index| {
                let _owned = &throws;
                item(index)
            });
            assert_eq!((values.len(), live.load(Ordering::SeqCst)), (64, 64));
            drop(values);
            assert_eq!(live.load(Ordering::SeqCst), 0);
            let throws = Throws;
            let panics = || {
                pool.map_slice_with(
                    || Throws,
                    &items,
                    move |_, &index| {
                        let _owned = &throws;
                        if index == 40 {
                            resume_unwind(Box::new(index));
                        }
                        item(index)
                    },
                );
            };
            assert_eq!(thrown(panics), 40);
            assert_eq!(live.load(Ordering::SeqCst), 0);
        }
    });
}

/// Fails if chunks without items are looked for, for ever or in a division by zero without words.
#[test]
#[should_panic(expected = "a chunk of no items")]
fn a_chunk_has_items() {
    with_workers(1).for_each_chunk_mut(&mut [1, 2, 3], 0, |_, _| ());
}
