//! A panic of a job comes out of the scope, unless a handle has returned it.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{
    EXPECTED, Gate, assert_all_workers_alive, inside, on_drop, one_worker, silence_expected_panics, thrown, wait_until,
    with_workers, within_a_minute,
};
use corepool::{JobError, Pool};

fn throw(number: usize) {
    resume_unwind(Box::new(number));
}

/// Fails if the payload is lost, or the others are not waited for.
#[test]
fn a_panic_comes_out_once_the_others_have_ended() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let gate = Gate::new();
        let ended = AtomicUsize::new(0);
        let scope = || {
            pool.scope(|scope| {
                let panics = scope.spawn(|| throw(7));
                drop(scope.spawn(|| {
                    gate.pass();
                    ended.fetch_add(1, Ordering::SeqCst);
                }));
                wait_until("the panic", || panics.is_finished());
                drop(panics);
                gate.open();
            });
        };
        assert_eq!((thrown(scope), ended.into_inner()), (7, 1));
        assert_eq!(inside(&pool, |pool| thrown(|| pool.scope(|scope| drop(scope.spawn(|| throw(8)))))), 8);
        assert_all_workers_alive(&pool);
    });
}

/// As for threads: who has joined the job knows.
#[test]
fn a_panic_that_a_handle_returns_stays_with_it() {
    let pool = with_workers(1);
    let outcome = pool.scope(|scope| scope.spawn(|| throw(1)).join());
    match outcome {
        Err(JobError::Panicked(panic)) => assert_eq!(panic.into_payload().downcast_ref::<usize>(), Some(&1)),
        other => panic!("{other:?}"),
    }
}

/// Fails if another one comes out, or if what the later ones threw is kept or thrown where it is dropped.
#[test]
fn of_several_panics_the_first_comes_out() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = one_worker(16);
        let dropped = Arc::new(AtomicUsize::new(0));
        let scope = || {
            pool.scope(|scope| {
                drop(scope.spawn(|| throw(1)));
                for _ in 0..3 {
                    let dropped = Arc::clone(&dropped);
                    let payload = on_drop(move || {
                        dropped.fetch_add(1, Ordering::SeqCst);
                        panic!("{EXPECTED}: a payload's destructor");
                    });
                    drop(scope.spawn(move || resume_unwind(Box::new(payload))));
                }
            });
        };
        assert_eq!(thrown(scope), 1);
        assert_eq!(dropped.load(Ordering::SeqCst), 3);
    });
}

/// Fails if a job's panic goes before the body's, or meets it on the way.
#[test]
fn the_bodys_own_panic_goes_first() {
    let pool = with_workers(1);
    let body = || {
        pool.scope(|scope| {
            drop(scope.spawn(|| throw(1)));
            throw(2);
        });
    };
    assert_eq!(thrown(body), 2);
}

/// Fails if a value that the panic goes past is lost.
#[test]
fn what_the_body_returns_is_dropped_where_a_job_has_panicked() {
    let pool = with_workers(1);
    let value = Arc::new(());
    let body = || {
        pool.scope(|scope| {
            drop(scope.spawn(|| throw(1)));
            Arc::clone(&value)
        })
    };
    assert_eq!(thrown(body), 1);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// A panic goes from scope to scope, as it would without threads.
#[test]
fn a_panic_goes_through_nested_scopes() {
    within_a_minute(|| {
        for workers in [1, 3] {
            let pool = with_workers(workers);
            let nested = || {
                pool.scope(|outer| {
                    drop(outer.spawn(|| pool.scope(|inner| drop(inner.spawn(|| throw(3))))));
                });
            };
            assert_eq!(thrown(nested), 3);
        }
    });
}

/// Fails if the hook is not told, or the job not counted.
#[test]
fn a_panic_is_seen_and_counted_as_any() {
    let seen = Arc::new(AtomicUsize::new(0));
    let hook = {
        let seen = Arc::clone(&seen);
        move |_: &corepool::JobPanic| _ = seen.fetch_add(1, Ordering::SeqCst)
    };
    let pool = Pool::builder().workers(1).on_panic(hook).build().unwrap();
    assert_eq!(thrown(|| pool.scope(|scope| drop(scope.spawn(|| throw(1))))), 1);
    assert_eq!((pool.stats().panicked, seen.load(Ordering::SeqCst)), (1, 1));
}
