//! What ends it early: it is dropped, or the pool is shut down.

use std::sync::mpsc;
use std::thread;

use crate::common::{
    FOREVER, Gate, Log, hold_worker, on_drop, one_worker, until_stopped, wait_until, with_workers, within_a_minute,
};
use crate::{BOTH, aborted};
use corepool::{CancelToken, Interrupted, Pool, Shutdown, checkpoint};

/// Fails if dropping it leaves jobs in the queue, or does not ask the running one to stop.
#[test]
fn dropping_it_cancels_what_is_in_flight() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(100);
            let (tell, told) = mpsc::channel();
            let mut results = call.on(&pool, 5, 0.., move |n| {
                if n > 0 {
                    tell.send(until_stopped()).unwrap();
                }
                n
            });
            assert_eq!(results.next().unwrap().unwrap(), 0, "{call:?}");
            wait_until("the second item to run", || pool.stats().busy == 1 && pool.stats().completed == 1);
            drop(results);
            assert_eq!(told.recv_timeout(FOREVER), Ok(Interrupted::Cancelled), "{call:?}");
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert!(told.recv().is_err(), "{call:?}: one has run");
            assert_eq!(pool.stats().cancelled, 3, "{call:?}");
        }
    });
}

/// Fails if it does not hold the pool open, or if dropping it, the last to hold the pool, waits for what is queued.
#[test]
fn it_holds_the_pool_open() {
    within_a_minute(|| {
        for call in BOTH {
            let pool = with_workers(2);
            let results = call.on(&pool, 2, 0..100, |n| n);
            drop(pool);
            assert_eq!(aborted(&Vec::from_iter(results)), 0, "{call:?}");

            let pool = one_worker(100);
            let mut results = call.on(&pool, 50, 0.., |n| match n {
                0 => 0,
                1 => (until_stopped() == Interrupted::Cancelled).into(),
                _ => panic!("it is not cancelled"),
            });
            drop(pool);
            results.next().unwrap().unwrap();
            drop(results);
        }
    });
}

/// Fails if on a pool that has been shut down an item is lost, or the call panics or hangs.
#[test]
fn a_pool_that_was_shut_down_aborts_each_item() {
    within_a_minute(|| {
        for (call, mode) in
            BOTH.into_iter().flat_map(|call| [Shutdown::Drain, Shutdown::Abort].map(|mode| (call, mode)))
        {
            let pool = with_workers(2);
            pool.shutdown(mode, None).unwrap();
            let outcomes = Vec::from_iter(call.on(&pool, 4, 0..10, |n| n));
            assert_eq!((outcomes.len(), aborted(&outcomes)), (10, 10), "{call:?}, {mode:?}");
        }
    });
}

/// Fails if a shutdown in the middle loses items, those in flight or those to come.
#[test]
fn a_shutdown_in_the_middle_leaves_each_item_a_result() {
    within_a_minute(|| {
        for (call, mode) in
            BOTH.into_iter().flat_map(|call| [Shutdown::Drain, Shutdown::Abort].map(|mode| (call, mode)))
        {
            let (pool, gate) = (one_worker(100), Gate::new());
            let shut = gate.clone();
            let mut results = call.on(&pool, 4, 0..20, move |n| {
                if n > 0 {
                    shut.pass();
                }
                n
            });
            let mut outcomes = vec![results.next().unwrap()];
            wait_until("the second item to run", || pool.stats().busy == 1 && pool.stats().completed == 1);
            pool.begin_shutdown(mode).unwrap();
            gate.open();
            outcomes.extend(results);
            // Three were in flight, one of them running.
            let expected = if mode == Shutdown::Drain { 16 } else { 18 };
            assert_eq!((outcomes.len(), aborted(&outcomes)), (20, expected), "{call:?}, {mode:?}");
        }
    });
}

/// Fails if a shutdown does not reach an item that waits for room, or the consumer that waits with it.
#[test]
fn a_shutdown_while_an_item_waits_for_room() {
    within_a_minute(|| {
        for (call, mode) in
            BOTH.into_iter().flat_map(|call| [Shutdown::Drain, Shutdown::Abort].map(|mode| (call, mode)))
        {
            let pool = one_worker(1);
            let (gate, held) = hold_worker(&pool);
            let results = call.on(&pool, 4, 0..5, |n| n);
            let consumer = thread::spawn(move || Vec::from_iter(results));
            wait_until("an item to wait for room", || pool.stats().waiting == 1);
            pool.begin_shutdown(mode).unwrap();
            gate.open();
            let outcomes = consumer.join().unwrap();
            let expected = if mode == Shutdown::Drain { 4 } else { 5 };
            assert_eq!((outcomes.len(), aborted(&outcomes)), (5, expected), "{call:?}, {mode:?}");
            held.join().unwrap();
        }
    });
}

/// Fails if the job that asks hands its cancel or its deadline down to the items.
#[test]
fn items_inherit_neither_token_nor_deadline() {
    within_a_minute(|| {
        for call in BOTH {
            let (pool, token) = (with_workers(1), CancelToken::new());
            let job = pool.job().token(&token).timeout(FOREVER).submit({
                let token = token.clone();
                move || {
                    token.cancel();
                    assert_eq!(checkpoint(), Err(Interrupted::Cancelled));
                    let pool = Pool::current().unwrap();
                    call.on(&pool, 2, 0..10, |n| n + usize::from(checkpoint().is_err()))
                        .map(Result::unwrap)
                        .sum::<usize>()
                }
            });
            assert_eq!(job.unwrap().join().unwrap(), 45, "{call:?}");
        }
    });
}

type Item = Box<dyn FnOnce() + Send>;

/// Fails if one of the items begins while others are cancelled: the worker comes free in the middle.
#[test]
fn no_item_begins_while_the_iterator_is_dropped() {
    within_a_minute(|| {
        for frees in [2, 7] {
            let (pool, log) = (one_worker(8), Log::default());
            let (gate, begun) = (Gate::new(), Gate::new());
            let (holds, opens, begins, watched) = (gate.clone(), gate, begun.clone(), pool.clone());
            let mut frees_worker = Some(on_drop(move || {
                opens.open();
                // The worker is done with what it was held by, and has come to what is queued.
                watched.submit(|| ()).unwrap().join_timeout(FOREVER).unwrap().unwrap();
            }));
            let mut held = Some((begins, holds));
            let items = (0..8).map({
                let log = log.clone();
                move |n| -> Item {
                    let (job, frees) = (log.job(n), frees_worker.take_if(|_| n == frees));
                    match n {
                        0 => Box::new(|| ()),
                        1 => {
                            let (begins, holds) = held.take().unwrap();
                            Box::new(move || {
                                begins.open();
                                holds.pass();
                            })
                        }
                        _ => Box::new(move || {
                            drop(frees);
                            job();
                        }),
                    }
                }
            });
            let mut outcomes = pool.map(items, |item: Item| item()).buffered(8);
            outcomes.next().unwrap().unwrap();
            begun.pass();
            drop(outcomes);
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert_eq!(log.read(), [], "{frees}");
        }
    });
}
