//! What a builder does with the closures it is given: the names of the workers are made before any starts, and nothing of the
//! start hook is left when `build` returns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::common::{
    EXPECTED, assert_all_workers_alive, on_drop, on_every_worker, silence_expected_panics, thread_name, within_a_minute,
};
use crate::that_owns;
use corepool::{BuildError, Builder, Pool};

fn names_of(builder: Builder) -> Vec<String> {
    let mut names = on_every_worker(&builder.build().unwrap(), thread_name);
    names.sort();
    names
}

#[test]
fn each_worker_has_the_name_that_it_is_given() {
    within_a_minute(|| {
        let (before, after) = (Pool::builder().workers(3), Pool::builder().workers(3).thread_name("bt-prefix"));
        let name_of = |index: usize| ["zero", "one", "two"][index].to_owned();
        assert_eq!(names_of(before.thread_name_with(name_of).thread_name("bt-prefix")), ["one", "two", "zero"]);
        assert_eq!(names_of(after.thread_name_with(name_of)), ["one", "two", "zero"]);
        let again = Pool::builder().workers(2).thread_name_with(name_of);
        assert_eq!(names_of(again.thread_name_with(|index| format!("again {index}"))), ["again 0", "again 1"]);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn other_threads_keep_the_prefix() {
    use crate::common::{FOREVER, threads_named, wait_until};

    within_a_minute(|| {
        let pool = Pool::builder().workers(1).thread_name_with(|_| "bt-other".to_owned()).thread_name("bt-rest");
        let pool = pool.build().unwrap();
        let job = pool.job().timeout(FOREVER).submit(|| ()).unwrap();
        wait_until("the keeper", || threads_named("bt-rest-keeper") == 1);
        job.join().unwrap();
        assert_eq!(threads_named("bt-rest"), 1);
    });
}

#[test]
fn names_are_made_once_each_on_the_thread_that_builds() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&calls);
    let note = move |index| {
        log.lock().unwrap().push((index, thread::current().id()));
        String::from("bt-noted")
    };
    let pool = Pool::builder().workers(3).thread_name_with(note).build().unwrap();
    let here = thread::current().id();
    assert_eq!(*calls.lock().unwrap(), [(0, here), (1, here), (2, here)]);
    assert_eq!(Arc::strong_count(&calls), 1, "what made the names is dropped");
    drop(pool);
}

/// A builder whose hooks count their calls, and the count.
fn counting() -> (Builder, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = |calls: &Arc<AtomicUsize>| {
        let calls = Arc::clone(calls);
        move |_| {
            calls.fetch_add(1, Ordering::SeqCst);
        }
    };
    (Pool::builder().workers(4).on_worker_start(count(&calls)).on_worker_stop(count(&calls)), calls)
}

#[test]
fn a_nul_in_any_workers_name_is_an_error_before_a_thread_starts() {
    for bad in [0, 1, 3] {
        let (builder, calls) = counting();
        let name_of = move |index| if index == bad { format!("bt\0{index}") } else { format!("bt {index}") };
        match builder.thread_name_with(name_of).build() {
            Err(BuildError::NulInName { name }) => assert_eq!(name, format!("bt\0{bad}")),
            other => panic!("{other:?}"),
        }
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        assert_eq!(Arc::strong_count(&calls), 1);
    }
}

#[test]
fn a_nul_in_the_prefix_is_an_error_even_if_no_worker_has_it() {
    let built = Pool::builder().workers(1).thread_name("bt\0").thread_name_with(|_| String::new()).build();
    assert!(matches!(built, Err(BuildError::NulInName { .. })), "{built:?}");
}

#[test]
fn a_panic_while_names_are_made_goes_to_the_caller_and_leaves_nothing() {
    silence_expected_panics();
    let (builder, calls) = counting();
    let builder = builder.thread_name_with(|index| match index {
        3 => panic!("{EXPECTED}no name for the last one"),
        index => format!("bt-nameless-{index}"),
    });
    let thrown = catch_unwind(AssertUnwindSafe(|| builder.build())).unwrap_err();
    assert_eq!(*thrown.downcast_ref::<String>().unwrap(), format!("{EXPECTED}no name for the last one"));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&calls), 1, "no thread is left to hold the hooks");
}

#[test]
fn a_start_hooks_sender_is_gone_once_the_pool_is_built() {
    within_a_minute(|| {
        let (sender, started) = channel();
        let hook = move |index| sender.send(index).unwrap();
        let pool = Pool::builder().workers(3).on_worker_start(hook).build().unwrap();
        let mut started: Vec<_> = started.iter().collect();
        started.sort_unstable();
        assert_eq!(started, [0, 1, 2]);
        assert_all_workers_alive(&pool);
    });
}

/// Owned by a start hook: tells on which thread it was dropped.
fn tells_its_end() -> (impl Send + Sync, Arc<Mutex<Vec<thread::ThreadId>>>) {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&ends);
    (on_drop(move || log.lock().unwrap().push(thread::current().id())), ends)
}

#[test]
fn what_a_start_hook_owns_is_dropped_on_the_thread_that_builds() {
    for _ in 0..100 {
        let (owned, ends) = tells_its_end();
        let hook = that_owns(owned);
        let pool = Pool::builder().workers(2).on_worker_start(hook).build().unwrap();
        assert_eq!(*ends.lock().unwrap(), [thread::current().id()]);
        drop(pool);
    }
}

#[test]
fn a_build_that_fails_drops_it_too() {
    silence_expected_panics();
    let failing: [fn(Builder) -> Builder; 3] = [
        |builder| builder,
        |builder| builder.queue_capacity(0),
        |builder| builder.stack_size(usize::MAX / 2).thread_name("bt-huge"),
    ];
    for make_fail in failing {
        let (owned, ends) = tells_its_end();
        let hook = move |index| {
            let _owned = &owned;
            assert_ne!(index, 1, "{EXPECTED}no start");
        };
        make_fail(Pool::builder().workers(3).on_worker_start(hook)).build().unwrap_err();
        assert_eq!(*ends.lock().unwrap(), [thread::current().id()]);
    }
}

#[test]
fn a_panic_as_it_is_dropped_is_contained() {
    silence_expected_panics();
    let bad = || on_drop(|| panic!("{EXPECTED}the hook is dropped"));
    let (built, failed) = (bad(), bad());
    let pool = Pool::builder().workers(2).on_worker_start(that_owns(built)).build().unwrap();
    assert_all_workers_alive(&pool);
    Pool::builder().workers(0).on_worker_start(that_owns(failed)).build().unwrap_err();
}

#[test]
fn a_clone_of_the_builder_keeps_its_closures() {
    let (sender, started) = channel();
    let builder = Pool::builder().workers(2).on_worker_start(move |index| sender.send(index).unwrap());
    let kept = builder.clone();
    let first = builder.build().unwrap();
    assert_eq!(started.try_iter().count(), 2);
    assert_eq!(started.try_recv(), Err(TryRecvError::Empty), "the clone may send yet");
    let second = kept.build().unwrap();
    assert_eq!(started.try_iter().count(), 2);
    assert_eq!(started.try_recv(), Err(TryRecvError::Disconnected));
    assert_ne!(first, second);
}

#[test]
fn pools_of_one_builders_clones_share_options_and_hooks_and_no_more() {
    silence_expected_panics();
    let (builder, calls) = counting();
    let panics = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&panics);
    let builder = builder.queue_capacity(7).on_panic(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
    });
    let pools = [builder.clone().workers(1), builder].map(|builder| builder.build().unwrap());
    assert_eq!(pools.each_ref().map(Pool::workers), [1, 4]);
    assert_eq!(calls.load(Ordering::SeqCst), 5);
    for pool in &pools {
        pool.submit(|| panic!("{EXPECTED}seen by the hook")).unwrap().join().unwrap_err();
        assert_eq!(pool.stats().panicked, 1);
    }
    assert_eq!(panics.load(Ordering::SeqCst), 2);
    drop(pools);
    assert_eq!(calls.load(Ordering::SeqCst), 10);
    assert_eq!(Arc::strong_count(&panics), 1, "the last pool drops the hooks");
}
