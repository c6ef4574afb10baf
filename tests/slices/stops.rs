//! What stops at the first error, or with the job that it is part of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::{Gate, finish, on_drop, outcome, until_stopped, with_workers, within_a_minute};
use crate::{Shared, Throws, inside, repeats};
use corepool::{CancelToken, Interrupted, Pool, Shutdown, TryMapError, checkpoint};

/// Fails if the error is lost, or if values or other errors are left or dropped twice.
#[test]
fn the_first_error_comes_out_and_the_values_go() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let items: Vec<usize> = (0..200).collect();
        for round in repeats(300) {
            let (shared, live) = (Shared::new(), AtomicUsize::new(0));
            let counted = || {
                live.fetch_add(1, Ordering::SeqCst);
                on_drop(|| {
                    live.fetch_sub(1, Ordering::SeqCst);
                })
            };
            let failing = round % items.len();
            let failed = pool.try_map_slice(&items, |&index| {
                shared.begin(index);
                if index >= failing { Err((index, counted())) } else { Ok(counted()) }
            });
            let Err(TryMapError::Failed((index, error))) = failed else { panic!("it was to fail") };
            assert!(index >= failing);
            drop(error);
            assert_eq!(live.load(Ordering::SeqCst), 0, "round {round}");
        }
    });
}

/// Fails if items are handed out after an error: one thread does the rest of its block, and none further.
#[test]
fn after_an_error_no_block_is_begun() {
    within_a_minute(|| {
        let items: Vec<usize> = (0..1_000_000).collect();
        let inline = Pool::builder().inline().build().unwrap();
        let calls = AtomicUsize::new(0);
        let failed = inline.try_map_slice(&items, |&index| {
            calls.fetch_add(1, Ordering::SeqCst);
            if index == 100 { Err(index) } else { Ok(()) }
        });
        assert_eq!(failed, Err(TryMapError::Failed(100)));
        assert_eq!(calls.load(Ordering::SeqCst), 101);
        // Others end with their block, which is never longer than a sixteenth of what is left.
        let (pool, calls, shared) = (with_workers(2), AtomicUsize::new(0), Shared::new());
        let has_failed = AtomicBool::new(false);
        let failed = pool.try_map_slice(&items, |&index| {
            calls.fetch_add(1, Ordering::SeqCst);
            shared.begin(index);
            if thread::current().id() != shared.here && !has_failed.swap(true, Ordering::SeqCst) {
                return Err(index);
            }
            // So that the one that has failed can say so.
            thread::yield_now();
            Ok(())
        });
        assert!(matches!(failed, Err(TryMapError::Failed(_))));
        assert!(calls.load(Ordering::SeqCst) < 250_000, "{calls:?}");
    });
}

/// Fails if a part of few items does not hear of an error before its first item.
#[test]
fn after_an_error_no_item_of_a_few_is_begun() {
    within_a_minute(|| {
        let inline = Pool::builder().inline().build().unwrap();
        let worker = with_workers(1);
        for length in 1..=40 {
            for failing in 0..length {
                let calls = AtomicUsize::new(0);
                let items: Vec<usize> = (0..length).collect();
                let item = |&index: &usize| {
                    calls.fetch_add(1, Ordering::SeqCst);
                    if index == failing { Err(index) } else { Ok(()) }
                };
                assert_eq!(inline.try_map_slice(&items, item), Err(TryMapError::Failed(failing)));
                assert_eq!(calls.swap(0, Ordering::SeqCst), failing + 1);
                let failed = worker.try_map_slice(&items, item);
                assert_eq!(failed, Err(TryMapError::Failed(failing)));
            }
        }
    });
}

/// Fails if a job that is to stop is told that all is well, however few items there are.
#[test]
fn a_call_of_a_job_that_is_to_stop_does_nothing() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for length in [1, 2, 16, 17, 1_000] {
            let (token, inner) = (CancelToken::new(), pool.clone());
            let cancels = token.clone();
            let job = pool.job().token(&token).submit(move || {
                cancels.cancel();
                let calls = AtomicUsize::new(0);
                let ended =
                    inner.try_map_slice(&vec![(); length], |()| Ok::<_, ()>(calls.fetch_add(1, Ordering::SeqCst)));
                (ended.err(), calls.into_inner(), inner.try_map_slice(&[0; 0], |_| Ok::<_, ()>(())))
            });
            let (why, calls, none) = finish(job.unwrap());
            assert_eq!((why, calls), (Some(TryMapError::Interrupted(Interrupted::Cancelled)), 0), "{length} items");
            assert_eq!(none, Ok(vec![]));
        }
    });
}

/// Fails if the destructor of an error that comes too late takes the first one's place, or ends the process.
#[test]
fn destructors_of_late_errors_may_panic() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let items: Vec<usize> = (0..64).collect();
        for _ in repeats(100) {
            let shared = Shared::new();
            let failed = pool.try_map_slice(&items, |&index| {
                shared.begin(index);
                if index % 2 == 0 { Ok(Throws) } else { Err(Throws) }
            });
            let Err(TryMapError::Failed(error)) = failed else { panic!("it was to fail") };
            std::mem::forget(error);
        }
    });
}

/// Fails if a call goes on after the job that it is part of was asked to stop, however long its slice is.
#[test]
fn it_stops_with_its_job() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let call = |pool: &Pool, begun: &Gate| {
            let items = [(); 100_000];
            pool.try_map_slice(&items, |()| {
                begun.open();
                // Until it is to stop, the first items do not end.
                until_stopped();
                Ok::<_, ()>(())
            })
        };
        let (token, inner, begun) = (CancelToken::new(), pool.clone(), Gate::new());
        let begins = begun.clone();
        let job = pool.job().token(&token).submit(move || call(&inner, &begins)).unwrap();
        begun.pass();
        token.cancel();
        assert_eq!(finish(job).err(), Some(TryMapError::Interrupted(Interrupted::Cancelled)));
        let inner = pool.clone();
        let late = pool.job().timeout(Duration::from_millis(20)).submit(move || call(&inner, &Gate::new())).unwrap();
        if let Ok(ended) = outcome(late) {
            assert_eq!(ended.err(), Some(TryMapError::Interrupted(Interrupted::DeadlineExceeded)));
        }
        let (inner, begun) = (pool.clone(), Gate::new());
        let begins = begun.clone();
        let aborted = pool.submit(move || call(&inner, &begins)).unwrap();
        begun.pass();
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!(finish(aborted).err(), Some(TryMapError::Interrupted(Interrupted::ShuttingDown)));
    });
}

/// Fails if the items that another thread does speak for something else than the job whose call it is.
#[test]
fn every_item_speaks_for_the_job() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for _ in repeats(50) {
            let token = CancelToken::new();
            let (inner, cancels, seen) = (pool.clone(), token.clone(), Arc::new(AtomicUsize::new(0)));
            let sees = Arc::clone(&seen);
            let job = pool.job().token(&token).submit(move || {
                let (shared, mut items) = (Shared::new(), vec![0; 16]);
                cancels.cancel();
                inner.for_each_mut(&mut items, |item| {
                    shared.begin(1);
                    *item = usize::from(checkpoint() == Err(Interrupted::Cancelled));
                });
                sees.store(items.iter().sum(), Ordering::SeqCst);
                shared.elsewhere()
            });
            if let Ok(elsewhere) = outcome(job.unwrap()) {
                assert!(elsewhere > 0);
                assert_eq!(seen.load(Ordering::SeqCst), 16);
            }
        }
        assert_eq!(inside(&pool, |pool| pool.map_slice(&[1], |_| checkpoint())), [Ok(())]);
    });
}
