//! Scopes in jobs: the owner runs what is queued of its own jobs, and nothing else.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::{Gate, Log, inside, one_worker, repeats, with_workers, within_a_minute};
use corepool::{Pool, current_worker};

/// Fails if a scope with nobody else to run its jobs waits, or runs the newest first, or jobs that are not its own.
#[test]
fn an_owner_runs_its_own_jobs_oldest_first() {
    within_a_minute(|| {
        let (pool, log) = (one_worker(16), Log::default());
        let unrelated = inside(&pool, {
            let log = log.clone();
            move |pool| {
                let unrelated = pool.submit(log.job(99)).unwrap();
                pool.scope(|scope| (1..=5).for_each(|n| drop(scope.spawn(log.job(n)))));
                log.write(6);
                unrelated
            }
        });
        unrelated.join().unwrap();
        assert_eq!(log.read(), [1, 2, 3, 4, 5, 6, 99]);
    });
}

fn fibonacci(pool: &Pool, n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    pool.scope(|scope| {
        let first = scope.spawn(|| fibonacci(pool, n - 1));
        let second = fibonacci(pool, n - 2);
        first.join().unwrap() + second
    })
}

/// Fails if nested scopes starve a pool.
#[test]
fn scopes_nest_with_however_few_workers() {
    within_a_minute(|| {
        for workers in [1, 2, 4] {
            let pool = with_workers(workers);
            assert_eq!(fibonacci(&pool, 10), 55);
            assert_eq!(inside(&pool, |pool| fibonacci(pool, 15)), 610);
        }
    });
}

fn descend(pool: &Pool, levels: u32) -> u32 {
    if levels == 0 {
        return 0;
    }
    pool.scope(|scope| scope.spawn(|| descend(pool, levels - 1)).join().unwrap() + 1)
}

#[test]
fn scopes_nest_deeply() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).stack_size(64 << 20).build().unwrap();
        assert_eq!(inside(&pool, |pool| descend(pool, 1_000)), 1_000);
    });
}

/// The owner waits for a job that waits for one that it has spawned: only the owner is left to run that.
#[test]
fn an_owner_that_waits_runs_what_is_spawned_then() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for _ in repeats(500) {
            inside(&pool, |pool| {
                let owner = current_worker();
                let (begun, gate) = (Gate::new(), Gate::new());
                pool.scope(|scope| {
                    drop(scope.spawn(|| {
                        assert_ne!(current_worker(), owner);
                        begun.open();
                        drop(scope.spawn(|| gate.open()));
                        gate.pass();
                    }));
                    begun.pass();
                });
            });
        }
    });
}

/// Fails if a worker of another pool waits for jobs that it could run, while their own workers wait for it.
#[test]
fn pools_wait_for_each_others_scopes() {
    within_a_minute(|| {
        let (one, other) = (with_workers(1), with_workers(1));
        for _ in repeats(200) {
            let sum = inside(&one, {
                let other = other.clone();
                move |one| {
                    let sum = AtomicUsize::new(0);
                    other.scope(|scope| {
                        for n in 0..4 {
                            let (one, sum) = (one, &sum);
                            drop(scope.spawn(move || {
                                one.scope(|scope| drop(scope.spawn(|| sum.fetch_add(n, Ordering::Relaxed))))
                            }));
                        }
                    });
                    sum.into_inner()
                }
            });
            assert_eq!(sum, 6);
        }
    });
}

/// Fails if somebody outside runs jobs, which belong on the workers.
#[test]
fn a_thread_outside_runs_no_jobs() {
    within_a_minute(|| {
        let pool = with_workers(1);
        let here = thread::current().id();
        let seen = Mutex::new(Vec::new());
        pool.scope(|scope| {
            (0..50).for_each(|_| drop(scope.spawn(|| seen.lock().unwrap().push(thread::current().id()))))
        });
        let seen = seen.into_inner().unwrap();
        assert!(seen.len() == 50 && !seen.contains(&here));
    });
}

/// In a pool without threads, who waits runs the jobs, in a job as outside.
#[test]
fn an_inline_pool_runs_them_where_the_scope_ends() {
    within_a_minute(|| {
        let pool = Pool::builder().inline().queue_capacity(2).build().unwrap();
        let sum = |pool: &Pool| {
            let sum = AtomicUsize::new(0);
            pool.scope(|scope| {
                for n in 0..10 {
                    let sum = &sum;
                    drop(scope.spawn(move || drop(scope.spawn(move || sum.fetch_add(n, Ordering::Relaxed)))));
                }
            });
            sum.into_inner()
        };
        assert_eq!((sum(&pool), inside(&pool, sum)), (45, 45));
        assert_eq!(pool.scope(|scope| scope.spawn(|| 42).join().unwrap()), 42);
    });
}

/// Fails if halves of joins and jobs of scopes wait for each other.
#[test]
fn joins_and_scopes_mix() {
    fn both(pool: &Pool, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let (left, right) = pool.join(
            || pool.scope(|scope| scope.spawn(|| both(pool, depth - 1)).join().unwrap()),
            || pool.scope(|scope| scope.spawn(|| both(pool, depth - 1)).join().unwrap()),
        );
        left + right
    }
    within_a_minute(|| {
        for workers in [1, 2, 4] {
            let pool = with_workers(workers);
            for _ in repeats(20) {
                assert_eq!((both(&pool, 6), inside(&pool, |pool| both(pool, 6))), (64, 64));
            }
        }
    });
}
