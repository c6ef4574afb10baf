//! `JobHandle::ready` is in every way the handle of a job that has completed, of no pool.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crate::common::spy::Spy;
use crate::common::{hold_worker, one_worker, poll_once, ready, silence_expected_panics, within_a_minute};
use crate::{Bomb, inside};
use corepool::{Cancel, JobHandle, Pool, join_all};

/// A look at a value that nobody else has once it is gone.
fn watched() -> (JobHandle<Arc<()>>, impl Fn() -> bool) {
    let value = Arc::new(());
    (JobHandle::ready(Arc::clone(&value)), move || Arc::strong_count(&value) == 1)
}

/// All that can be done with a handle.
fn is_as_that_of_a_completed_job() {
    assert_eq!(JobHandle::ready(42).join().unwrap(), 42);
    for timeout in [Duration::ZERO, Duration::MAX] {
        assert_eq!(JobHandle::ready(42).join_timeout(timeout).unwrap().unwrap(), 42);
    }
    assert_eq!(JobHandle::ready(42).try_join().unwrap().unwrap(), 42);
    assert_eq!(JobHandle::ready(42).cancel_on_drop().join().unwrap(), 42);
    assert_eq!(pollster::block_on(JobHandle::ready(42)).unwrap(), 42);
    assert_eq!(pollster::block_on(JobHandle::ready(42).cancel_on_drop()).unwrap(), 42);
    let handle = JobHandle::ready(42);
    assert!(handle.is_finished());
    assert_eq!((handle.cancel(), handle.cancel()), (Cancel::Finished, Cancel::Finished));
    assert_eq!(handle.join().unwrap(), 42);
}

#[test]
fn whatever_is_done_with_it_it_is_as_that_of_a_completed_job() {
    within_a_minute(|| {
        is_as_that_of_a_completed_job();
        inside(&one_worker(1), is_as_that_of_a_completed_job);
    });
}

#[test]
fn a_poll_takes_the_value_and_keeps_no_waker() {
    let (spy, mut handle) = (Spy::new(), JobHandle::ready(42));
    assert_eq!(ready(poll_once(&mut handle, &spy.waker())).unwrap(), 42);
    assert_eq!((spy.woken(), spy.out()), (0, 0));
    silence_expected_panics();
    assert!(handle.is_finished());
    catch_unwind(AssertUnwindSafe(|| poll_once(&mut handle, Waker::noop()).is_ready())).expect_err("it is spent");
}

#[test]
fn who_lets_go_of_it_drops_the_value_there_and_then() {
    let ways: [fn(JobHandle<Arc<()>>); 4] =
        [drop, JobHandle::detach, |handle| drop(handle.cancel_on_drop()), |handle| handle.cancel_on_drop().detach()];
    for way in ways {
        let (handle, is_gone) = watched();
        assert!(!is_gone());
        way(handle);
        assert!(is_gone());
    }
}

#[test]
fn a_value_that_bursts_in_a_dropped_handle_is_contained() {
    silence_expected_panics();
    drop(JobHandle::ready(Bomb));
    JobHandle::ready(Bomb).cancel_on_drop().detach();
}

#[test]
fn joined_among_others_it_has_its_place() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let mixed = inside(&pool, || {
            let pool = Pool::current().unwrap();
            let jobs = [JobHandle::ready(1), pool.submit(|| 2).unwrap(), JobHandle::ready(3)];
            join_all(jobs).into_iter().map(Result::unwrap).collect::<Vec<_>>()
        });
        assert_eq!(mixed, [1, 2, 3]);
    });
}

#[test]
fn no_pool_counts_it() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        JobHandle::ready(42).cancel();
        JobHandle::ready(42).join().unwrap();
        assert_eq!((pool.stats().submitted, pool.stats().busy, pool.stats().cancelled), (1, 1, 0));
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn it_takes_its_value_to_another_thread() {
    let handle = JobHandle::ready(Cell::new(42));
    assert_eq!(thread::spawn(move || handle.join().unwrap().get()).join().unwrap(), 42);
}

#[test]
fn showing_it_tells_where_it_was_made() {
    let (line, handle) = (line!(), JobHandle::ready(42));
    let shown = format!("{handle:?}");
    assert!(shown.contains(&format!("{}:{line}:", file!())) && shown.contains("finished: true"), "{shown}");
}
