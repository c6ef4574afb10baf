//! Who does the items: the caller, and whoever has nothing else to do.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::common::{asleep, finish, named, one_worker, spin, wait_until, with_workers, within_a_minute};
use crate::{Shared, inside, repeats};

/// Fails, as a hang, if few items, which may take long, are not shared before the first of them is done.
#[test]
fn few_items_are_shared_at_once() {
    within_a_minute(|| {
        for workers in 1..=3 {
            let pool = with_workers(workers);
            let items: Vec<usize> = (0..8).collect();
            for _ in repeats(200) {
                let (here, begun) = (thread::current().id(), AtomicBool::new(false));
                pool.map_slice(&items, |_| {
                    if thread::current().id() != here {
                        begun.store(true, Ordering::SeqCst);
                    }
                    wait_until("another thread to begin an item", || begun.load(Ordering::SeqCst));
                });
            }
        }
    });
}

/// Fails, as a hang, if what a thread has begun cannot be shared any more: an item far into a long slice waits for another
/// thread to come for what is left.
#[test]
fn what_is_left_is_shared_at_any_item() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for round in repeats(50) {
            let (shared, items) = (Shared::new(), (0..10_000).collect::<Vec<usize>>());
            let waits = 1 + round * 13;
            pool.map_slice(&items, |&index| {
                if index == 0 || index >= waits {
                    shared.begin(index);
                }
            });
            assert!(shared.elsewhere() > 0);
        }
    });
}

/// Fails, as a hang, if a thread that has run out of items does not get some of those that another one has taken: each of
/// the last three items waits for the two others.
#[test]
fn every_thread_gets_some_of_what_is_left() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let items: Vec<usize> = (0..12).collect();
        for _ in repeats(300) {
            let threads = Mutex::new(HashSet::new());
            pool.map_slice(&items, |&index| {
                if index >= 9 {
                    threads.lock().unwrap().insert(thread::current().id());
                    wait_until("the last three to be on three threads", || threads.lock().unwrap().len() == 3);
                }
            });
        }
    });
}

/// Fails, as a hang, if the caller, which waits for a part that another thread is in the middle of, leaves what is exposed elsewhere:
/// the first item of each other thread waits until all the others are done.
#[test]
fn who_waits_for_a_part_does_others_of_the_call() {
    within_a_minute(|| {
        let pool = with_workers(4);
        for length in [8, 40].into_iter().cycle().take(repeats(200).count()) {
            inside(&pool, move |pool| {
                let (here, waiting) = (thread::current().id(), Mutex::new(HashSet::new()));
                let done = AtomicUsize::new(0);
                pool.map_slice(&vec![(); length], |()| {
                    let me = thread::current().id();
                    if me != here && waiting.lock().unwrap().insert(me) {
                        let is_done = || done.load(Ordering::SeqCst) + waiting.lock().unwrap().len() == length;
                        wait_until("the others to be done", is_done);
                    } else {
                        spin(2_000);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                });
            });
        }
    });
}

/// Fails if a call inside an item, a join or a job waits for ever for a thread, with as few threads as there can be.
#[test]
fn calls_nest() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let rows: Vec<u64> = (0..40).collect();
        let table = |pool: &corepool::Pool| -> u64 {
            let row = |&row: &u64| {
                let cells = pool.map_slice(&rows, |&column| row * column);
                let (left, right) = pool.join(|| cells[..20].iter().sum::<u64>(), || cells[20..].iter().sum::<u64>());
                let inner = pool.submit(move || left + right).unwrap().join().unwrap();
                assert_eq!(inner, cells.iter().sum());
                inner
            };
            pool.map_slice(&rows, row).into_iter().sum()
        };
        let expected = (0..40u64).sum::<u64>().pow(2);
        for _ in repeats(50) {
            assert_eq!(table(&pool), expected);
        }
        let rows = rows.clone();
        let nested = inside(&pool, move |pool| {
            pool.map_slice(&rows, |row| pool.map_slice(&rows, |column| row * column).into_iter().sum::<u64>())
        });
        assert_eq!(nested.into_iter().sum::<u64>(), expected);
    });
}

/// Fails if workers that have done items stay awake, or do no jobs any more.
#[test]
fn afterwards_the_workers_sleep_and_serve() {
    within_a_minute(|| {
        let pool = named("sl-sleep", 2);
        let items: Vec<usize> = (0..1_000).collect();
        for _ in repeats(20) {
            let shared = Shared::new();
            pool.map_slice(&items, |&index| shared.begin(index));
            wait_until("the workers to sleep", || asleep("sl-sleep"));
            assert_eq!(finish(pool.submit(|| 1).unwrap()), 1);
        }
    });
}
