//! Scopes: an owner that waits for jobs, or runs them; with workers that run them, an abort, jobs that spawn others.
//!
//! What a job borrows is one of loom's cells, which find a missing order between a job and what comes after its scope.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;

use super::*;
use crate::fork_models::{Gate, Place};

/// Something of a job's that leaves a mark where it was borrowed from as it goes.
struct Marks<'env>(&'env Place);

impl Drop for Marks<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_scope_ends_after_a_job_of_its_own() {
    explore_bounded(4, || {
        let pool = Pool::new(1);
        let server = pool.spawn_server(1);
        let place = Place::new();
        pool.scope(|scope| drop(scope.spawn(|| place.set(1))));
        assert_eq!(place.get(), 1);
        server.join().unwrap();
    });
}

/// Two that resolve at once: each must see whether it is the last.
#[test]
fn a_scope_ends_after_the_last_of_two_jobs() {
    explore_bounded(2, || {
        let pool = Pool::new(2);
        let servers = [pool.spawn_server(1), pool.spawn_server(1)];
        let (one, two) = (Place::new(), Place::new());
        pool.scope(|scope| {
            drop(scope.spawn(|| one.set(1)));
            drop(scope.spawn(|| two.set(1)));
        });
        assert_eq!((one.get(), two.get()), (1, 1));
        servers.into_iter().for_each(|server| server.join().unwrap());
    });
}

/// The handle may be dropped before the job runs, while it does, and after it has resolved.
#[test]
fn a_value_that_nobody_takes_is_gone_when_the_scope_ends() {
    explore_bounded(4, || {
        let pool = Pool::new(1);
        let server = pool.spawn_server(1);
        let place = Place::new();
        pool.scope(|scope| drop(scope.spawn(|| Marks(&place))));
        assert_eq!(place.get(), 1);
        server.join().unwrap();
    });
}

#[test]
fn a_value_is_taken_or_gone_when_the_scope_ends() {
    let ends = explore_bounded(4, || {
        let pool = Pool::new(1);
        let server = pool.spawn_server(1);
        let place = Place::new();
        let end = pool.scope(|scope| match scope.spawn(|| Marks(&place)).try_join() {
            Ok(outcome) => {
                outcome.unwrap();
                "taken"
            }
            Err(handle) => {
                drop(handle);
                "left"
            }
        });
        assert_eq!(place.get(), 1);
        server.join().unwrap();
        end
    });
    assert_eq!(ends, ["left", "taken"]);
}

#[test]
fn a_panic_that_nobody_takes_comes_out_of_the_scope() {
    explore_bounded(3, || {
        let pool = Pool::new(1);
        let server = pool.spawn_server(1);
        let scope = || pool.scope(|scope| drop(scope.spawn(|| std::panic::resume_unwind(Box::new(7)))));
        let payload = catch_unwind(AssertUnwindSafe(scope)).unwrap_err();
        assert_eq!(payload.downcast_ref::<i32>(), Some(&7));
        server.join().unwrap();
    });
}

/// The closure of a job that is aborted, or rejected, is gone as well.
#[test]
fn a_scope_ends_after_a_job_that_is_aborted() {
    let ends = explore_bounded(3, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let closer = pool.spawn(|pool| pool.close(Shutdown::Abort));
        let place = Place::new();
        let marks = Marks(&place);
        let ran = pool.scope(|scope| {
            let job = scope.spawn(move || {
                let _mine = marks;
            });
            job.join().is_ok()
        });
        assert_eq!(place.get(), 1);
        closer.join().unwrap();
        worker.join().unwrap();
        ran
    });
    assert_eq!(ends, [false, true]);
}

/// What a job comes to that runs `scope` on one of so many workers.
fn in_a_job<T: Send + 'static>(workers: usize, scope: impl FnOnce(&Pool) -> T + Send + 'static) -> T {
    let pool = Pool::new(4);
    let workers: Vec<_> = (0..workers).map(|index| pool.spawn_worker(index)).collect();
    let inner = pool.clone();
    let result = pool.queue(move || scope(&inner)).join().unwrap();
    pool.shut_down(Shutdown::Drain);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    result
}

/// Whoever comes first runs it, the owner if nobody else does.
#[test]
fn a_job_is_run_by_the_owner_or_another_worker() {
    let ends = explore_bounded(2, || {
        in_a_job(2, |pool| {
            let place = Place::new();
            let by = pool.scope(|scope| {
                drop(scope.spawn(|| place.set(1)));
                scope.spawn(current_worker).join().unwrap()
            });
            assert_eq!(place.get(), 1);
            by == current_worker()
        })
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_single_worker_runs_what_its_own_jobs_spawn() {
    explore_bounded(3, || {
        in_a_job(1, |pool| {
            let (one, two) = (Place::new(), Place::new());
            pool.scope(|scope| {
                drop(scope.spawn(|| {
                    one.set(1);
                    drop(scope.spawn(|| two.set(1)));
                }));
            });
            assert_eq!((one.get(), two.get()), (1, 1));
        });
    });
}

/// The owner may wait by the time a job spawns another, and there is nobody else to run that: the job waits for it.
#[test]
fn an_owner_that_waits_is_woken_for_a_job_that_is_spawned_then() {
    let ends = explore_bounded(3, || {
        let pool = Pool::new(2);
        let server = pool.spawn_server(1);
        let (_seated, _owner) = pool.enter(pool.recruit(1));
        let gate = Gate::default();
        let elsewhere = AtomicBool::new(false);
        let is_here = || current_worker() == Some(1) || elsewhere.swap(true, Ordering::Relaxed);
        pool.scope(|scope| {
            drop(scope.spawn(|| {
                let waits = !is_here();
                drop(scope.spawn(|| {
                    gate.open();
                    is_here();
                }));
                if waits {
                    gate.pass();
                }
            }));
        });
        let elsewhere = elsewhere.into_inner();
        if !elsewhere {
            pool.queue(|| ()).detach();
        }
        server.join().unwrap();
        elsewhere
    });
    assert_eq!(ends, [false, true]);
}

/// What a job spawns is resolved by another thread, before or after its parent is.
#[test]
fn a_scope_outside_waits_for_what_its_jobs_spawn() {
    explore_bounded(3, || {
        let pool = Pool::new(2);
        let servers = [pool.spawn_server(1), pool.spawn_server(1)];
        let (one, two) = (Place::new(), Place::new());
        pool.scope(|scope| {
            drop(scope.spawn(|| {
                one.set(1);
                drop(scope.spawn(|| two.set(1)));
            }));
        });
        assert_eq!((one.get(), two.get()), (1, 1));
        servers.into_iter().for_each(|server| server.join().unwrap());
    });
}

/// Spawns a job as it goes.
struct Spawns<'scope, 'env>(&'scope fork::scope::Scope<'scope, 'env>, &'scope Place);

impl Drop for Spawns<'_, '_> {
    fn drop(&mut self) {
        let place = self.1;
        drop(self.0.spawn(move || place.set(place.get() + 1)));
    }
}

/// The value is dropped by the worker, or by who drops the handle.
#[test]
fn a_scope_waits_for_what_a_values_destructor_spawns() {
    explore_bounded(3, || {
        let pool = Pool::new(2);
        let server = pool.spawn_server(2);
        let place = Place::new();
        pool.scope(|scope| drop(scope.spawn(|| Spawns(scope, &place))));
        assert_eq!(place.get(), 1);
        server.join().unwrap();
    });
}

/// A handle goes to another job, which drops it while the first may run.
#[test]
fn a_value_is_gone_whoever_drops_the_handle() {
    explore_bounded(3, || {
        let pool = Pool::new(2);
        let servers = [pool.spawn_server(1), pool.spawn_server(1)];
        let place = Place::new();
        pool.scope(|scope| {
            let handle = scope.spawn(|| Marks(&place));
            drop(scope.spawn(move || drop(handle)));
        });
        assert_eq!(place.get(), 1);
        servers.into_iter().for_each(|server| server.join().unwrap());
    });
}

/// Two threads of an inline pool run what is queued, each other's jobs among that.
#[test]
fn scopes_of_an_inline_pool_run_each_others_jobs() {
    explore_bounded(3, || {
        let pool = Pool::inline(2);
        let other = pool.spawn(|pool| {
            let place = Place::new();
            pool.scope(|scope| drop(scope.spawn(|| place.set(1))));
            assert_eq!(place.get(), 1);
        });
        let place = Place::new();
        pool.scope(|scope| {
            drop(scope.spawn(|| {
                let place = &place;
                drop(scope.spawn(move || place.set(1)));
            }));
        });
        assert_eq!(place.get(), 1);
        other.join().unwrap();
    });
}
