//! A `WeakPool` keeps nothing open, and finds the pool for as long as somebody does; inside the pool's jobs, to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use crate::common::{finish, hold_worker, one_worker, rejection, rounds, wait_until, within_a_minute};
use crate::{as_a_guest, inside};
use corepool::{Pool, SubmitErrorKind};

#[test]
fn what_it_gives_outside_keeps_the_pool_open() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let weak = pool.downgrade();
        let upgraded = weak.upgrade().unwrap();
        drop(pool);
        assert_eq!(upgraded.run(|| 42).unwrap(), 42);
        assert!(weak.clone().upgrade().is_some());
        drop(upgraded);
        assert_eq!(weak.upgrade(), None);
    });
}

#[test]
fn it_reports_until_the_pool_has_ended_and_never_is_its_last_holder() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (weak, visitor) = (pool.downgrade(), inside(&pool, || Pool::current().unwrap()));
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| 42).unwrap();
        assert_eq!(weak.report(), Some(pool.report()));
        let dropping = thread::spawn(move || drop(pool));
        wait_until("the drain begins", || rejection(visitor.try_submit(|| ())) == Some(SubmitErrorKind::ShutDown));
        assert_eq!(weak.report().expect("it drains").stats.busy, 1);
        gate.open();
        dropping.join().unwrap();
        assert_eq!((finish(queued), finish(held)), (42, ()));
        drop(visitor);
        assert_eq!(weak.report(), None);
    });
}

#[test]
fn while_the_pool_drains_it_finds_it_inside_only() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let visitor = inside(&pool, || Pool::current().unwrap());
        let weak = pool.downgrade();
        let (gate, held) = hold_worker(&pool);
        let own = weak.clone();
        let queued = pool.submit(move || own.upgrade().unwrap().submit(|| 42).unwrap().join().unwrap()).unwrap();
        let dropping = thread::spawn(move || drop(pool));
        wait_until("the drain begins", || rejection(visitor.try_submit(|| ())) == Some(SubmitErrorKind::ShutDown));
        assert_eq!(weak.upgrade(), None);
        gate.open();
        dropping.join().unwrap();
        finish(held);
        assert_eq!(finish(queued), 42);
    });
}

#[test]
fn what_it_gives_inside_keeps_nothing_open() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let weak = pool.downgrade();
        let own = weak.clone();
        let taken = inside(&pool, move || own.upgrade().unwrap());
        let own = weak.clone();
        let taken_by_a_guest = as_a_guest(&pool, move || own.upgrade().unwrap());
        drop(pool);
        assert_eq!(weak.upgrade(), None);
        assert!(taken.run(|| 42).is_err() && taken_by_a_guest.run(|| 42).is_err());
    });
}

#[test]
fn inside_another_pools_job_it_is_as_outside() {
    within_a_minute(|| {
        let (pool, other) = (one_worker(8), one_worker(8));
        let weak = pool.downgrade();
        let kept = inside(&other, move || weak.upgrade().unwrap());
        drop(pool);
        assert_eq!(kept.run(|| 42).unwrap(), 42);
    });
}

#[test]
fn a_queued_job_may_own_one_of_its_own_pool() {
    within_a_minute(|| {
        let (pool, ran) = (one_worker(8), Arc::new(AtomicBool::new(false)));
        let (gate, held) = hold_worker(&pool);
        let (weak, runs) = (pool.downgrade(), Arc::clone(&ran));
        pool.submit(move || runs.store(weak.upgrade().is_some(), Ordering::SeqCst)).unwrap().detach();
        gate.open();
        drop(pool);
        // As a clone in its place would have it.
        assert!(ran.load(Ordering::SeqCst));
        finish(held);
    });
}

#[test]
fn who_meets_the_last_drop_has_a_pool_that_works_or_none() {
    within_a_minute(|| {
        for _ in rounds(2_000) {
            let (pool, meet) = (one_worker(8), Arc::new(Barrier::new(2)));
            let (weak, meets) = (pool.downgrade(), Arc::clone(&meet));
            let upgrading = thread::spawn(move || {
                meets.wait();
                weak.upgrade().map(|pool| pool.run(|| 42))
            });
            meet.wait();
            drop(pool);
            if let Some(ran) = upgrading.join().unwrap() {
                assert_eq!(ran.unwrap(), 42);
            }
        }
    });
}

#[test]
fn the_last_drop_may_be_of_what_it_gave() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let upgraded = pool.downgrade().upgrade().unwrap();
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| ()).unwrap();
        drop(pool);
        gate.open();
        drop(upgraded);
        // It has waited.
        assert!(held.is_finished() && queued.is_finished());
        finish(held);
        finish(queued);
    });
}
