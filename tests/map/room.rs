//! A full queue: it waits for room and for results alike.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use crate::common::{FOREVER, Gate, one_worker, wait_until, within_a_minute};
use crate::{BOTH, sorted};
use corepool::Pool;

/// Fails if a queue smaller than the window makes it hang, lose items or count them as rejected.
#[test]
fn the_queue_may_be_smaller_than_the_window() {
    within_a_minute(|| {
        for (call, workers) in BOTH.into_iter().flat_map(|call| [1, 3].map(|workers| (call, workers))) {
            let pool = Pool::builder().workers(workers).queue_capacity(1).build().unwrap();
            let results = call.on(&pool, 8, 0..500, |n| n);
            assert_eq!(sorted(results), Vec::from_iter(0..500), "{call:?}");
            let inner = pool.clone();
            let job = pool.submit(move || sorted(call.on(&inner, 8, 0..500, |n| n))).unwrap();
            assert_eq!(job.join().unwrap(), Vec::from_iter(0..500), "{call:?}, inside");
            assert_eq!(pool.stats().rejected, 0);
        }
    });
}

/// Fails if it waits for room although it has a result to return: each item waits for what the consumer does with the one before.
#[test]
fn results_come_out_while_the_next_item_waits_for_room() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(1);
            let gates: Arc<[Gate]> = (0..20).map(|_| Gate::new()).collect();
            let shut = Arc::clone(&gates);
            let mut results = call.on(&pool, 8, 0..20, move |n| {
                shut[n].pass();
                n
            });
            for (n, gate) in gates.iter().enumerate() {
                gate.open();
                assert_eq!(results.next().unwrap().unwrap(), n, "{call:?}");
            }
            assert!(results.next().is_none());
        }
    });
}

/// Fails if, waiting for room and a result at once, it does not hear of room, and so leaves workers idle: the first item waits
/// for one that comes after it and does not fit into the queue at first.
#[test]
fn items_are_submitted_as_room_comes_while_results_are_waited_for() {
    within_a_minute(|| {
        for call in BOTH {
            let (pool, gate) = (Pool::builder().workers(2).queue_capacity(1).build().unwrap(), Gate::new());
            let shared = gate.clone();
            let results = call.on(&pool, 8, 0..8, move |n| {
                match n {
                    0 => shared.pass(),
                    7 => shared.open(),
                    _ => {}
                }
                n
            });
            assert_eq!(sorted(results), Vec::from_iter(0..8), "{call:?}");
        }
    });
}

/// Fails if an item takes the place of somebody who was in line before it, or stays in line when the iterator is dropped.
#[test]
fn an_item_stands_in_line_and_leaves_it() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(1);
            let (rival_goes, gates) = (Gate::new(), [Gate::new(), Gate::new()]);
            let (line, before_the_third) = (pool.clone(), rival_goes.clone());
            let input = (0..).inspect(move |&n| {
                if n == 2 {
                    before_the_third.open();
                    wait_until("the rival to stand in line", || line.stats().waiting == 1);
                }
            });
            let shut = gates.clone();
            let mut results = call.on(&pool, 3, input, move |n| {
                shut[n].pass();
                n
            });
            let rival = {
                let pool = pool.clone();
                thread::spawn(move || {
                    rival_goes.pass();
                    pool.submit(|| "the rival's").unwrap()
                })
            };
            let consumer = thread::spawn(move || (results.next(), results));
            wait_until("the third item to stand behind it", || pool.stats().waiting == 2);
            gates[0].open();
            let (first, results) = consumer.join().unwrap();
            assert_eq!(first.unwrap().unwrap(), 0, "{call:?}");
            let rivals = rival.join().unwrap();
            assert_eq!(pool.stats().waiting, 1, "{call:?}");
            drop(results);
            assert_eq!(pool.stats().waiting, 0, "{call:?}");
            gates[1].open();
            assert_eq!(rivals.join().unwrap(), "the rival's");
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert_eq!(pool.stats().completed, 3, "{call:?}: a third item would have panicked");
        }
    });
}

/// Fails if two pools that map on each other from inside, with full queues, wait for each other's room.
#[test]
fn two_pools_map_on_each_other() {
    within_a_minute(|| {
        for call in BOTH {
            let pools = [one_worker(1), one_worker(1)];
            let both_run = Arc::new(Barrier::new(2));
            let jobs: Vec<_> = [(0, 1), (1, 0)]
                .into_iter()
                .map(|(here, there)| {
                    let (there, both_run) = (pools[there].clone(), Arc::clone(&both_run));
                    let job = move || {
                        both_run.wait();
                        sorted(call.on(&there, 8, 0..200, |n| n))
                    };
                    pools[here].submit(job).unwrap()
                })
                .collect();
            for job in jobs {
                assert_eq!(job.join_timeout(FOREVER).unwrap().unwrap(), Vec::from_iter(0..200), "{call:?}");
            }
        }
    });
}

/// Fails if others' load on a full queue starves it.
#[test]
fn it_gets_its_share_of_a_full_queue() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = Pool::builder().workers(2).queue_capacity(2).build().unwrap();
            let is_over = Arc::new(AtomicBool::new(false));
            let rivals: Vec<_> = (0..2)
                .map(|_| {
                    let (pool, is_over) = (pool.clone(), Arc::clone(&is_over));
                    thread::spawn(move || {
                        while !is_over.load(Ordering::SeqCst) {
                            pool.submit(|| ()).unwrap().detach();
                        }
                    })
                })
                .collect();
            let results = call.on(&pool, 4, 0..200, |n| n);
            assert_eq!(sorted(results), Vec::from_iter(0..200), "{call:?}");
            is_over.store(true, Ordering::SeqCst);
            rivals.into_iter().for_each(|rival| rival.join().unwrap());
        }
    });
}
