//! Nothing that borrows is left when the scope ends: neither a closure nor a value that nobody has taken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;

use crate::common::{
    EXPECTED, Gate, on_drop, silence_expected_panics, spin, wait_until, with_workers, within_a_minute,
};
use crate::{Live, count, inside, repeats};
use corepool::{Pool, Shutdown};

/// The handle is dropped before the job begins, while it runs, and after it has resolved, as it happens.
fn leaves_nothing(pool: &Pool, round: usize) {
    let live = AtomicUsize::new(0);
    pool.scope(|scope| {
        for job in 0..4 {
            let alive = Live::new(&live);
            let handle = scope.spawn(|| {
                let _moved = alive;
                Live::new(&live)
            });
            spin(round * (job + 1) % 300);
            drop(handle);
        }
    });
    assert_eq!(count(&live), 0);
}

/// Fails if a value is dropped by whoever lets go of the job last.
#[test]
fn values_that_nobody_takes_are_dropped_before_the_scope_ends() {
    within_a_minute(|| {
        let pool = with_workers(2);
        repeats(2_000).for_each(|round| leaves_nothing(&pool, round));
        inside(&pool, |pool| repeats(2_000).for_each(|round| leaves_nothing(pool, round)));
    });
}

/// Others hold on to jobs that they are about to cancel, or look at.
#[test]
fn nothing_is_left_with_who_looks_at_jobs_or_cancels_them() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).timings(true).build().unwrap();
        let (live, over) = (AtomicUsize::new(0), std::sync::atomic::AtomicBool::new(false));
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    drop(pool.running());
                    spin(100);
                }
            });
            for round in repeats(1_000) {
                pool.scope(|scope| {
                    let jobs: Vec<_> = (0..4)
                        .map(|_| {
                            let alive = Live::new(&live);
                            scope.spawn(|| {
                                let _moved = alive;
                                Live::new(&live)
                            })
                        })
                        .collect();
                    // By another job, which lets go of the handle meanwhile.
                    jobs.into_iter().for_each(|job| {
                        drop(scope.spawn(move || {
                            spin(round % 100);
                            job.cancel();
                        }));
                    });
                });
                assert_eq!(count(&live), 0);
            }
            over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    });
}

/// An abort drops the closures of what is queued, on another thread.
#[test]
fn nothing_is_left_by_an_abort() {
    within_a_minute(|| {
        for round in repeats(200) {
            let pool = with_workers(2);
            let live = AtomicUsize::new(0);
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    spin(round * 20);
                    pool.shutdown(Shutdown::Abort, None).unwrap();
                });
                pool.scope(|scope| {
                    for _ in 0..50 {
                        let alive = Live::new(&live);
                        drop(scope.spawn(|| {
                            let _moved = alive;
                            Live::new(&live)
                        }));
                    }
                });
                assert_eq!(count(&live), 0, "round {round}");
            });
        }
    });
}

/// Fails if a destructor's panic ends the worker or the process, or is not contained as elsewhere.
#[test]
fn destructors_that_panic_are_contained() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = with_workers(1);
        let bomb = || on_drop(|| panic!("{EXPECTED}: a value's destructor"));
        pool.scope(|scope| {
            drop(scope.spawn(bomb));
            let begun = Gate::new();
            let late = scope.spawn({
                let begun = begun.clone();
                move || {
                    begun.open();
                    bomb()
                }
            });
            begun.pass();
            wait_until("the job to end", || late.is_finished());
            drop(late);
        });
        assert_eq!(pool.scope(|scope| scope.spawn(|| 42).join().unwrap()), 42, "the worker lives on");
    });
}

/// Fails if what a body has left is dropped while jobs still run that borrow from it, or a panic of the body goes by them.
#[test]
fn jobs_end_before_a_panic_of_the_body_goes_on() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = with_workers(2);
        for round in repeats(500) {
            let live = AtomicUsize::new(0);
            let body = || {
                pool.scope(|scope| {
                    for _ in 0..3 {
                        drop(scope.spawn(|| {
                            let _live = Live::new(&live);
                            spin(round % 500);
                        }));
                    }
                    panic!("{EXPECTED}: the body's");
                });
            };
            assert!(catch_unwind(AssertUnwindSafe(body)).is_err());
            assert_eq!(count(&live), 0);
        }
    });
}
