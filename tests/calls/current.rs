//! `Pool::current` is the pool whose code this is. It serves to the pool's very end, and keeps nothing open.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::common::{
    EXPECTED, Gate, finish, hold_worker, on_drop, one_worker, outcome, rejection, silence_expected_panics, wait_until,
    within_a_minute,
};
use crate::{as_a_guest, inside};
use corepool::{BuildError, JobError, Pool, RunError, Shutdown, SubmitErrorKind, WaitError, WeakPool};

/// Where code notes the pool it ran in.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Option<Pool>>>>);

impl Seen {
    fn note(&self) {
        self.0.lock().unwrap().push(Pool::current());
    }

    fn all(&self) -> Vec<Option<Pool>> {
        self.0.lock().unwrap().clone()
    }

    /// A job that must not run, whose destructor notes.
    fn unrun_job(&self) -> impl FnOnce() + Send + 'static {
        let seen = self.clone();
        let noter = on_drop(move || seen.note());
        move || drop(noter)
    }
}

#[test]
fn inside_it_is_the_jobs_pool_and_outside_there_is_none() {
    within_a_minute(|| {
        let (pool, other) = (one_worker(8), one_worker(8));
        assert_eq!(Pool::current(), None);
        assert_eq!(inside(&pool, Pool::current), Some(pool.clone()));
        assert_eq!(inside(&other, Pool::current), Some(other));
        assert_eq!(inside(&pool, || thread::spawn(Pool::current).join().unwrap()), None);
        assert_eq!(inside(Pool::global(), Pool::current).as_ref(), Some(Pool::global()));
        assert_eq!(Pool::current(), None);
    });
}

#[test]
fn where_jobs_of_several_pools_nest_it_is_the_innermost() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), one_worker(8));
        let (gate, held) = hold_worker(&there);
        let own = here.clone();
        let guest = there.submit(move || {
            let inner = own.run(Pool::current).unwrap();
            (inner, Pool::current())
        });
        let seen = inside(&here, move || (Pool::current(), guest.unwrap().join().unwrap(), Pool::current()));
        let (here, there_too) = (Some(here), Some(there.clone()));
        assert_eq!(seen, (here.clone(), (here.clone(), there_too), here));
        gate.open();
        finish(held);
    });
}

#[test]
fn hooks_are_inside_too() {
    silence_expected_panics();
    within_a_minute(|| {
        let seen = Seen::default();
        let [start, panics, stop] = [(); 3].map(|()| seen.clone());
        let pool = Pool::builder()
            .workers(1)
            .on_worker_start(move |_| start.note())
            .on_panic(move |_| panics.note())
            .on_worker_stop(move |_| stop.note())
            .build()
            .unwrap();
        outcome(pool.submit(|| panic!("{EXPECTED}here")).unwrap()).unwrap_err();
        as_a_guest(&pool, || Pool::current().unwrap().run(|| panic!("{EXPECTED}elsewhere")).unwrap_err());
        let own = Some(pool.clone());
        pool.shutdown(Shutdown::Drain, None).unwrap();
        drop(pool);
        assert_eq!(seen.all(), vec![own; 4]);
    });
}

#[test]
fn a_destructor_of_an_unrun_job_runs_in_what_drops_it() {
    within_a_minute(|| {
        let (pool, other, seen) = (one_worker(8), one_worker(8), Seen::default());
        let (gate, held) = hold_worker(&pool);
        let [outside, elsewhere, aborted] = [(); 3].map(|()| pool.submit(seen.unrun_job()).unwrap());
        outside.cancel();
        inside(&other, move || elsewhere.cancel());
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(matches!(aborted.join(), Err(JobError::Aborted)));
        gate.open();
        finish(held);
        assert_eq!(seen.all(), [None, Some(other), None]);
    });
}

#[test]
fn a_destructor_of_a_job_that_its_own_pool_drops_is_inside() {
    within_a_minute(|| {
        let (pool, seen) = (one_worker(8), Seen::default());
        let job = seen.unrun_job();
        inside(&pool, || Pool::current().unwrap().submit(job).unwrap().cancel());
        let (gate, held) = hold_worker(&pool);
        // What nobody waits for is dropped by the worker that made it.
        let noter = seen.clone();
        pool.submit(move || on_drop(move || noter.note())).unwrap().detach();
        gate.open();
        finish(held);
        pool.wait_idle(None).unwrap();
        let own = Some(pool.clone());
        // The last thing that a worker does with a job.
        wait_until("both are dropped", || seen.all().len() == 2);
        assert_eq!(seen.all(), vec![own; 2]);
    });
}

/// Drops the pool elsewhere, while it has a job to wait for; then opens the gate. Says whether the job was `done` when the drop
/// came back.
fn drop_waits_until(pool: Pool, visitor: &Pool, go: &Gate, done: &Arc<AtomicBool>) -> bool {
    let done = Arc::clone(done);
    let dropping = thread::spawn(move || {
        drop(pool);
        done.load(Ordering::SeqCst)
    });
    wait_until("the drain begins", || rejection(visitor.try_submit(|| ())) == Some(SubmitErrorKind::ShutDown));
    // Time for a drop that does not wait to come back.
    (0..1_000).for_each(|_| thread::yield_now());
    go.open();
    dropping.join().unwrap()
}

#[test]
fn a_job_may_submit_by_it_while_the_last_pool_is_dropped() {
    fn chain(left: u32, done: Arc<AtomicBool>) {
        match left.checked_sub(1) {
            Some(left) => Pool::current().unwrap().submit(move || chain(left, done)).unwrap().detach(),
            None => done.store(true, Ordering::SeqCst),
        }
    }
    within_a_minute(|| {
        let (pool, done, go) = (one_worker(8), Arc::new(AtomicBool::new(false)), Gate::new());
        let visitor = inside(&pool, || Pool::current().unwrap());
        let (goes, last) = (go.clone(), Arc::clone(&done));
        let first = move || {
            goes.pass();
            chain(100, last);
        };
        pool.submit(first).unwrap().detach();
        assert!(drop_waits_until(pool, &visitor, &go, &done));
    });
}

#[test]
fn a_job_that_holds_it_puts_off_nobodys_drop() {
    within_a_minute(|| {
        let ways: [fn(&WeakPool) -> Pool; 2] = [|_| Pool::current().unwrap(), |weak| weak.upgrade().unwrap()];
        for way in ways {
            let (pool, done) = (one_worker(8), Arc::new(AtomicBool::new(false)));
            let visitor = inside(&pool, || Pool::current().unwrap());
            let (begun, go) = (Gate::new(), Gate::new());
            let (begins, goes, ends) = (begun.clone(), go.clone(), Arc::clone(&done));
            let weak = pool.downgrade();
            let job = pool.submit(move || {
                let held = way(&weak);
                begins.open();
                goes.pass();
                ends.store(true, Ordering::SeqCst);
                drop(held);
            });
            begun.pass();
            assert!(drop_waits_until(pool, &visitor, &go, &done));
            finish(job.unwrap());
        }
    });
}

#[test]
fn taken_out_of_the_job_it_is_of_use_while_others_hold_the_pool() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let taken = inside(&pool, || Pool::current().unwrap());
        assert_eq!(taken.run(|| 42).unwrap(), 42);
        assert_eq!(taken.wait_idle(None), Ok(()));
        drop(taken.clone());
        // Neither drop has closed the pool.
        assert_eq!(pool.run(|| 42).unwrap(), 42);
        let weak = taken.downgrade();
        assert_eq!(weak.upgrade(), Some(pool.clone()));
        drop(pool);
        assert_eq!(weak.upgrade(), None);
        assert!(matches!(taken.run(|| 42), Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
        assert_eq!(taken.submit(|| 42).unwrap_err().into_job()(), 42);
        assert_eq!(taken.wait_idle(None), Ok(()));
        assert_eq!(taken.stats().completed, 3);
        assert_eq!(taken.shutdown(Shutdown::Abort, None).unwrap().completed, 3);
        taken.clone().detach();
        drop(taken);
    });
}

#[test]
fn taken_out_of_the_job_it_may_shut_the_pool_down() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let taken = inside(&pool, || {
            let pool = Pool::current().unwrap();
            assert_eq!(pool.shutdown(Shutdown::Drain, None), Err(WaitError::WouldDeadlock));
            pool
        });
        assert_eq!(taken.shutdown(Shutdown::Drain, None).unwrap().completed, 1);
        assert!(matches!(pool.run(|| 42), Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
        let global = inside(Pool::global(), || Pool::current().unwrap());
        assert_eq!(global.shutdown(Shutdown::Drain, None), Err(WaitError::GlobalPool));
        assert_eq!(global.begin_shutdown(Shutdown::Abort), Err(WaitError::GlobalPool));
        let ended = || pollster::block_on(Pool::current().unwrap().shutdown_async(Shutdown::Drain));
        assert_eq!(inside(Pool::global(), ended), Err(WaitError::GlobalPool));
        assert_eq!(Pool::global().run(|| 42).unwrap(), 42);
    });
}

#[test]
fn taken_out_of_the_hook_of_a_pool_that_could_not_be_built_it_is_closed() {
    silence_expected_panics();
    within_a_minute(|| {
        let seen = Seen::default();
        let hook = seen.clone();
        let built = Pool::builder()
            .workers(2)
            .on_worker_start(move |index| {
                hook.note();
                assert_eq!(index, 0, "{EXPECTED}one of them");
            })
            .build();
        assert!(matches!(built, Err(BuildError::StartHook { worker: 1, .. })));
        for pool in seen.all() {
            let pool = pool.expect("a hook is inside");
            assert!(matches!(pool.run(|| 42), Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
            assert_eq!(pool.downgrade().upgrade(), None);
        }
    });
}

#[test]
#[allow(clippy::mutable_key_type, reason = "what is hashed is the pool's number, which never changes")]
fn whatever_gives_a_pool_gives_an_equal_one() {
    within_a_minute(|| {
        let (pool, other) = (one_worker(8), one_worker(8));
        let of = |pool: &Pool| {
            let weak = pool.downgrade();
            let upgraded = weak.upgrade().unwrap();
            let (current, within) = inside(pool, move || (Pool::current().unwrap(), weak.upgrade().unwrap()));
            [pool.clone(), upgraded, current, within]
        };
        let (these, those) = (of(&pool), of(&other));
        assert!(these.iter().all(|one| *one == pool && *one != other));
        let all: HashSet<Pool> = these.into_iter().chain(those).collect();
        assert_eq!(all.len(), 2);
    });
}
