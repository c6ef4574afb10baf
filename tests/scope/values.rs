//! What jobs borrow, and what the scope returns.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{Gate, assert_adds_up, one_worker, with_workers, within_a_minute};
use crate::{inside, repeats};
use corepool::{Pool, Scope};

/// Fails if the scope returns before a job has ended.
#[test]
fn a_scope_ends_after_its_jobs() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for round in repeats(2_000) {
            let ran = AtomicUsize::new(0);
            let value = pool.scope(|scope| {
                for _ in 0..round % 7 {
                    drop(scope.spawn(|| ran.fetch_add(1, Ordering::Relaxed)));
                }
                round
            });
            assert_eq!((value, ran.into_inner()), (round, round % 7));
        }
    });
}

/// Fails if jobs cannot change what they borrow, each its own part.
#[test]
fn jobs_change_what_they_borrow() {
    let pool = with_workers(2);
    let mut numbers: Vec<u64> = (0..100).collect();
    let sum = pool.scope(|scope| {
        let (left, right) = numbers.split_at_mut(50);
        let double = |part: &mut [u64]| {
            part.iter_mut().for_each(|number| *number *= 2);
            part.iter().sum::<u64>()
        };
        let left = scope.spawn(move || double(left));
        let right = scope.spawn(move || double(right));
        left.join().unwrap() + right.join().unwrap()
    });
    assert_eq!(sum, 9_900);
    assert!(numbers.iter().copied().eq((0..100).map(|number| 2 * number)));
}

/// Values may borrow from outside of the scope, and leave it.
#[test]
fn a_value_may_borrow_what_outlives_the_scope() {
    let pool = with_workers(2);
    let text = String::from("fork and join");
    let longest = pool.scope(|scope| scope.spawn(|| text.split(' ').next_back()).join().unwrap());
    assert_eq!(longest, Some("join"));
}

fn spawn_tree<'scope>(scope: &'scope Scope<'scope, '_>, depth: u32, leaves: &'scope AtomicUsize) {
    if depth == 0 {
        leaves.fetch_add(1, Ordering::Relaxed);
        return;
    }
    for _ in 0..2 {
        drop(scope.spawn(move || spawn_tree(scope, depth - 1, leaves)));
    }
}

/// Fails if the scope does not wait for what its jobs have spawned, or nobody runs that.
#[test]
fn jobs_spawn_others() {
    within_a_minute(|| {
        for workers in [1, 2, 4] {
            let pool = with_workers(workers);
            let of_tree = |pool: &Pool| {
                let leaves = AtomicUsize::new(0);
                pool.scope(|scope| spawn_tree(scope, 8, &leaves));
                leaves.into_inner()
            };
            for _ in repeats(50) {
                assert_eq!((of_tree(&pool), inside(&pool, of_tree)), (256, 256));
            }
        }
    });
}

/// Fails if a scope outside waits for room that nobody makes, or one in a job waits at all.
#[test]
fn a_full_queue_holds_up_who_spawns_outside_alone() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let ran = AtomicUsize::new(0);
        let spawn_many = |pool: &Pool, ran: &AtomicUsize| {
            pool.scope(|scope| (0..1_000).for_each(|_| drop(scope.spawn(|| ran.fetch_add(1, Ordering::Relaxed)))));
        };
        spawn_many(&pool, &ran);
        assert_eq!(ran.into_inner(), 1_000);
        let from_a_job = inside(&pool, move |pool| {
            let ran = AtomicUsize::new(0);
            spawn_many(pool, &ran);
            ran.into_inner()
        });
        assert_eq!(from_a_job, 1_000);
    });
}

/// Fails if the jobs are not counted, or only after the scope has ended.
#[test]
fn jobs_of_a_scope_count() {
    let pool = with_workers(2);
    for round in 1..200 {
        pool.scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| ()))));
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.completed), (3 * round, 3 * round));
    }
    pool.wait_idle(None).unwrap();
    assert_adds_up(&pool.stats());
}

/// Several threads may spawn, and wait, in scopes of one pool at once.
#[test]
fn scopes_of_several_threads_do_not_meet() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let sums = Mutex::new(Vec::new());
        std::thread::scope(|threads| {
            for thread in 0..4_usize {
                let (pool, sums) = (&pool, &sums);
                threads.spawn(move || {
                    for _ in repeats(200) {
                        let sum = AtomicUsize::new(0);
                        pool.scope(|scope| {
                            (0..5).for_each(|n| {
                                drop(scope.spawn({
                                    let sum = &sum;
                                    move || sum.fetch_add(thread * n, Ordering::Relaxed)
                                }))
                            });
                        });
                        assert_eq!(sum.into_inner(), thread * 10);
                    }
                    sums.lock().unwrap().push(thread);
                });
            }
        });
        assert_eq!(sums.into_inner().unwrap().len(), 4);
    });
}

/// A thread that the body has started may spawn as well.
#[test]
fn other_threads_may_spawn_into_a_scope() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let ran = AtomicUsize::new(0);
        pool.scope(|scope| {
            std::thread::scope(|threads| {
                for _ in 0..2 {
                    threads.spawn(|| (0..100).for_each(|_| drop(scope.spawn(|| ran.fetch_add(1, Ordering::Relaxed)))));
                }
            });
        });
        assert_eq!(ran.into_inner(), 200);
    });
}

/// Fails if a scope ends with the jobs of another.
#[test]
fn a_scope_waits_for_its_own_jobs_alone() {
    within_a_minute(|| {
        let (pool, gate) = (with_workers(2), Gate::new());
        let ran = AtomicUsize::new(0);
        pool.scope(|outer| {
            drop(outer.spawn(|| gate.pass()));
            pool.scope(|inner| drop(inner.spawn(|| ran.fetch_add(1, Ordering::Relaxed))));
            assert_eq!(ran.load(Ordering::Relaxed), 1, "and the outer scope's job still runs");
            gate.open();
        });
    });
}
