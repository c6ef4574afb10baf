//! Jobs of a scope are told when the job that has called the scope should stop.

use crate::common::{Gate, inside, until_stopped, with_workers, within_a_minute};
use corepool::{Interrupted, Pool, Shutdown, checkpoint};

/// Fails if the jobs of a scope do not hear of it, on another worker as on the owner's own, nested or not.
#[test]
fn a_cancel_reaches_the_jobs_of_a_scope() {
    within_a_minute(|| {
        for workers in [1, 3] {
            let (pool, begun) = (with_workers(workers), Gate::new());
            let job = {
                let (pool, begun) = (pool.clone(), begun.clone());
                pool.clone().submit(move || {
                    pool.scope(|outer| {
                        let nested = outer.spawn(|| {
                            pool.scope(|inner| {
                                let nested = inner.spawn(|| {
                                    begun.open();
                                    until_stopped()
                                });
                                nested.join().unwrap()
                            })
                        });
                        nested.join().unwrap()
                    })
                })
            };
            let job = job.unwrap();
            begun.pass();
            job.cancel();
            assert_eq!(job.join().unwrap(), Interrupted::Cancelled);
        }
    });
}

/// A job that is to stop still runs what it spawns: each is told once it asks.
#[test]
fn jobs_of_a_cancelled_job_run_and_are_told() {
    within_a_minute(|| {
        let (pool, begun) = (with_workers(2), Gate::new());
        let job = {
            let (pool, begun) = (pool.clone(), begun.clone());
            pool.clone().submit(move || {
                begun.open();
                until_stopped();
                pool.scope(|scope| scope.spawn(checkpoint).join().unwrap())
            })
        };
        let job = job.unwrap();
        begun.pass();
        job.cancel();
        assert_eq!(job.join().unwrap(), Err(Interrupted::Cancelled));
    });
}

/// The job that counts is the one that has called the scope, whichever pool it is of.
#[test]
fn the_end_of_another_pool_reaches_the_jobs_of_its_scope() {
    within_a_minute(|| {
        let (pool, other, begun) = (with_workers(1), with_workers(1), Gate::new());
        let job = {
            let begun = begun.clone();
            pool.submit(move || {
                other.scope(|scope| {
                    let job = scope.spawn(|| {
                        begun.open();
                        until_stopped()
                    });
                    job.join().unwrap()
                })
            })
        };
        let job = job.unwrap();
        begun.pass();
        let _ = pool.shutdown(Shutdown::Abort, Some(std::time::Duration::ZERO));
        assert_eq!(job.join().unwrap(), Interrupted::ShuttingDown);
    });
}

/// One that is cancelled by its own handle leaves the others alone, and what called the scope.
#[test]
fn a_jobs_own_cancel_is_its_own() {
    fn run(pool: &Pool) {
        pool.scope(|scope| {
            let begun = Gate::new();
            let stops = scope.spawn({
                let begun = begun.clone();
                move || {
                    begun.open();
                    until_stopped()
                }
            });
            begun.pass();
            stops.cancel();
            assert_eq!(stops.join().unwrap(), Interrupted::Cancelled);
            assert_eq!(scope.spawn(checkpoint).join().unwrap(), Ok(()));
            assert_eq!(checkpoint(), Ok(()));
        });
    }
    within_a_minute(|| {
        let pool = with_workers(2);
        run(&pool);
        inside(&pool, run);
    });
}
