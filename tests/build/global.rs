//! The pool of the process: built once, by whoever comes first, and ended once at the most. A process for each test.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;
use std::{ptr, thread};

#[cfg(target_os = "linux")]
use crate::common::threads_named;
use crate::common::{
    EXPECTED, Gate, assert_no_thread_named, finish, hold_worker, in_a_process_of_its_own, in_processes_of_their_own,
    message_of, on_drop, on_every_worker, silence_expected_panics, thread_name,
};
use crate::that_owns;
use corepool::{BuildError, JobError, Pool, Shutdown, SubmitErrorKind, WaitError};

fn assert_is_the_global_one(pool: &'static Pool) {
    assert!(ptr::eq(pool, Pool::global()));
    assert_eq!(finish(Pool::global().submit(|| 42).unwrap()), 42);
}

fn kind_of_submit() -> Option<SubmitErrorKind> {
    Pool::global().submit(|| ()).err().map(|rejected| rejected.kind())
}

#[test]
fn it_is_built_as_it_was_configured() {
    in_a_process_of_its_own("global::it_is_built_as_it_was_configured", || {
        let started = Arc::new(AtomicUsize::new(0));
        let starts = Arc::clone(&started);
        let count = move |_| {
            starts.fetch_add(1, Ordering::SeqCst);
        };
        let pool = Pool::builder().workers(3).thread_name("bg-own").on_worker_start(count).build_global().unwrap();
        assert_eq!((pool.workers(), started.load(Ordering::SeqCst)), (3, 3));
        assert_is_the_global_one(pool);
        let mut names = on_every_worker(Pool::global(), thread_name);
        names.sort();
        assert_eq!(names, ["bg-own-0", "bg-own-1", "bg-own-2"]);
        assert_eq!(pool.shutdown(Shutdown::Abort, None), Err(WaitError::GlobalPool));
        assert_eq!(
            finish(pool.submit(|| Pool::global().begin_shutdown(Shutdown::Drain)).unwrap()),
            Err(WaitError::GlobalPool)
        );
    });
}

#[test]
fn it_is_built_once() {
    in_a_process_of_its_own("global::it_is_built_once", || {
        let pool = Pool::builder().workers(2).build_global().unwrap();
        let owned = Arc::new(());
        let hook_owns = Arc::clone(&owned);
        let late = Pool::builder().workers(1).thread_name("bg-late").on_worker_start(that_owns(hook_owns));
        let error = late.build_global().unwrap_err();
        assert!(matches!(error, BuildError::GlobalPoolBuilt), "{error:?}");
        assert!(error.to_string().contains("before the first `Pool::global()`"), "{error}");
        assert_eq!(Arc::strong_count(&owned), 1, "the hook is dropped unrun");
        assert_no_thread_named("bg-late");
        assert_eq!(pool.workers(), 2);
        assert_is_the_global_one(pool);
    });
}

#[test]
fn it_cannot_be_configured_after_its_first_use() {
    in_a_process_of_its_own("global::it_cannot_be_configured_after_its_first_use", || {
        let pool = Pool::global();
        assert!(matches!(Pool::builder().workers(1).build_global(), Err(BuildError::GlobalPoolBuilt)));
        assert_is_the_global_one(pool);
    });
}

#[test]
fn a_build_that_fails_leaves_it_to_the_next() {
    in_a_process_of_its_own("global::a_build_that_fails_leaves_it_to_the_next", || {
        silence_expected_panics();
        assert!(matches!(Pool::builder().workers(0).build_global(), Err(BuildError::NoWorkers)));
        let fails = |index| assert_eq!(index, 0, "{EXPECTED}no start");
        let failed = Pool::builder().workers(2).thread_name("bg-failed").on_worker_start(fails).build_global();
        assert!(matches!(failed, Err(BuildError::StartHook { worker: 1, .. })), "{failed:?}");
        assert_no_thread_named("bg-failed");
        assert_is_the_global_one(Pool::builder().workers(2).build_global().unwrap());
    });
}

#[test]
fn first_use_after_a_build_that_failed_builds_the_default_one() {
    in_a_process_of_its_own("global::first_use_after_a_build_that_failed_builds_the_default_one", || {
        Pool::builder().queue_capacity(0).build_global().unwrap_err();
        assert_eq!(Pool::global().workers(), Pool::new().unwrap().workers());
        assert_is_the_global_one(Pool::global());
    });
}

#[test]
fn its_start_hook_that_asks_for_it_fails_the_build() {
    in_a_process_of_its_own("global::its_start_hook_that_asks_for_it_fails_the_build", || {
        std::panic::set_hook(Box::new(|_| {}));
        let asks = |_| assert!(Pool::global().workers() > 0);
        match Pool::builder().workers(2).on_worker_start(asks).build_global() {
            Err(BuildError::StartHook { message, .. }) => {
                assert!(message.contains("start hook") && message.contains("Pool::current()"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        // Another pool's may.
        let pool = Pool::builder().workers(2).on_worker_start(asks).build().unwrap();
        assert_ne!(&pool, Pool::global());
        assert_is_the_global_one(Pool::global());
    });
}

#[test]
fn in_its_start_hook_it_is_the_current_one_and_cannot_be_built() {
    in_a_process_of_its_own("global::in_its_start_hook_it_is_the_current_one_and_cannot_be_built", || {
        let (tell, told) = std::sync::mpsc::channel();
        let hook = move |_| {
            let again = Pool::builder().workers(1).build_global();
            tell.send((Pool::current(), matches!(again, Err(BuildError::GlobalPoolBuilt)))).unwrap();
        };
        let pool = Pool::builder().workers(2).on_worker_start(hook).build_global().unwrap();
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|(current, was_refused)| current.as_ref() == Some(pool) && *was_refused));
    });
}

/// It would hang: the build waits for the hook, the hook for the job, and the job for the build.
#[test]
fn a_job_of_its_start_hook_that_asks_for_it_panics() {
    in_a_process_of_its_own("global::a_job_of_its_start_hook_that_asks_for_it_panics", || {
        std::panic::set_hook(Box::new(|_| {}));
        let hook = |index| {
            if index == 1 {
                let begun = Gate::new();
                let begins = begun.clone();
                let job = Pool::current().unwrap().submit(move || {
                    begins.open();
                    Pool::global().workers()
                });
                // So the other worker runs it, not this one as it joins.
                begun.pass();
                assert!(message_of(job.unwrap().join()).contains("Pool::current()"));
            }
        };
        let pool = Pool::builder().workers(2).on_worker_start(hook).build_global().unwrap();
        assert_eq!(pool.stats().panicked, 1);
        assert_is_the_global_one(pool);
    });
}

/// The hook runs it, on a larger stack that is started for it.
#[test]
fn a_job_of_another_pool_that_its_start_hook_joins_cannot_ask_for_it() {
    in_a_process_of_its_own("global::a_job_of_another_pool_that_its_start_hook_joins_cannot_ask_for_it", || {
        std::panic::set_hook(Box::new(|_| {}));
        let other = Pool::builder().workers(1).stack_size(8 << 20).build().unwrap();
        let (gate, held) = hold_worker(&other);
        let guest_of = other.clone();
        let hook = move |_| {
            let job = guest_of.submit(|| Pool::global().workers()).unwrap();
            assert!(message_of(job.join()).contains("Pool::current()"));
        };
        Pool::builder().workers(1).stack_size(1 << 20).on_worker_start(hook).build_global().unwrap();
        gate.open();
        finish(held);
    });
}

#[test]
fn what_a_builder_owns_may_ask_for_it_as_it_is_dropped() {
    in_a_process_of_its_own("global::what_a_builder_owns_may_ask_for_it_as_it_is_dropped", || {
        silence_expected_panics();
        let asked = Arc::new(AtomicUsize::new(0));
        let asks = || {
            let asked = Arc::clone(&asked);
            on_drop(move || {
                asked.fetch_add(Pool::global().workers(), Ordering::SeqCst);
            })
        };
        let (named, started) = (asks(), asks());
        let failed = Pool::builder()
            .workers(1)
            .thread_name_with(move |_| {
                let _named = &named;
                String::from("bg-asks\0")
            })
            .on_worker_start(that_owns(started))
            .build_global();
        assert!(matches!(failed, Err(BuildError::NulInName { .. })), "{failed:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 2 * Pool::global().workers());
    });
}

#[test]
fn a_start_hook_that_asks_for_it_as_it_is_dropped_finds_it_built() {
    in_a_process_of_its_own("global::a_start_hook_that_asks_for_it_as_it_is_dropped_finds_it_built", || {
        let found = Arc::new(AtomicUsize::new(0));
        let finds = Arc::clone(&found);
        let owned = on_drop(move || finds.store(Pool::global().workers(), Ordering::SeqCst));
        Pool::builder().workers(3).on_worker_start(that_owns(owned)).build_global().unwrap();
        assert_eq!(found.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_start_hook_that_asks_for_it_as_it_is_dropped_after_a_failure_builds_it() {
    const NAME: &str = "global::a_start_hook_that_asks_for_it_as_it_is_dropped_after_a_failure_builds_it";
    in_a_process_of_its_own(NAME, || {
        silence_expected_panics();
        let built = Arc::new(AtomicUsize::new(0));
        let builds = Arc::clone(&built);
        let owned = on_drop(move || builds.store(Pool::global().workers(), Ordering::SeqCst));
        let hook = move |_| {
            let _owned = &owned;
            panic!("{EXPECTED}no start");
        };
        Pool::builder().workers(2).on_worker_start(hook).build_global().unwrap_err();
        assert_eq!(built.load(Ordering::SeqCst), Pool::new().unwrap().workers());
    });
}

/// It is aborted by the build, which has failed and is not over.
#[test]
fn a_job_of_its_start_hook_that_asks_for_it_as_it_is_aborted_panics() {
    in_a_process_of_its_own("global::a_job_of_its_start_hook_that_asks_for_it_as_it_is_aborted_panics", || {
        std::panic::set_hook(Box::new(|_| {}));
        let (tell, told) = std::sync::mpsc::channel();
        let hook = move |_| {
            let tell = tell.clone();
            let asks = on_drop(move || tell.send(catch_unwind(Pool::global).is_err()).unwrap());
            Pool::current().unwrap().submit(move || drop(asks)).unwrap().detach();
            panic!("{EXPECTED}no start");
        };
        Pool::builder().workers(1).on_worker_start(hook).build_global().unwrap_err();
        assert_eq!(told.iter().collect::<Vec<_>>(), [true]);
    });
}

#[test]
fn who_comes_while_it_is_built_gets_the_same_one() {
    in_a_process_of_its_own("global::who_comes_while_it_is_built_gets_the_same_one", || {
        let (begun, gate) = (Gate::new(), Gate::new());
        let (begins, passes) = (begun.clone(), gate.clone());
        let hook = move |_| {
            begins.open();
            passes.pass();
        };
        let builder = thread::spawn(|| Pool::builder().workers(3).on_worker_start(hook).build_global().unwrap());
        begun.pass();
        let user = thread::spawn(Pool::global);
        let late = thread::spawn(|| Pool::builder().workers(1).build_global());
        gate.open();
        assert!(ptr::eq(user.join().unwrap(), builder.join().unwrap()));
        assert!(matches!(late.join().unwrap(), Err(BuildError::GlobalPoolBuilt)));
        assert_eq!(Pool::global().workers(), 3);
    });
}

#[test]
fn of_those_who_race_for_it_one_builds_it() {
    in_processes_of_their_own(20, "global::of_those_who_race_for_it_one_builds_it", || {
        let start = Arc::new(Barrier::new(6));
        let race = |n| {
            let start = Arc::clone(&start);
            thread::spawn(move || {
                start.wait();
                match n {
                    0..2 => Some(Pool::global()),
                    n => Pool::builder().workers(n).thread_name("bg-race").build_global().ok(),
                }
            })
        };
        let racers = [0, 1, 2, 3, 4, 5].map(race).map(|racer| racer.join().unwrap());
        let built = racers[2..].iter().flatten().count();
        assert!(built <= 1, "{racers:?}");
        assert!(racers.iter().flatten().all(|pool| ptr::eq(*pool, Pool::global())));
        on_every_worker(Pool::global(), || ());
        #[cfg(target_os = "linux")]
        assert_eq!(threads_named("bg-race"), built * Pool::global().workers(), "no other has started threads");
    });
}

#[test]
fn ending_what_was_never_built_builds_and_ends_nothing() {
    in_a_process_of_its_own("global::ending_what_was_never_built_builds_and_ends_nothing", || {
        let report = Pool::shutdown_global(Shutdown::Abort, None).unwrap();
        let counts = (report.completed, report.panicked, report.aborted, report.still_running, report.still_queued);
        assert_eq!(counts, (0, 0, 0, 0, 0));
        assert_is_the_global_one(Pool::builder().workers(2).build_global().unwrap());
    });
}

#[test]
fn it_ends_with_what_it_was_given_done_and_no_thread_left() {
    in_a_process_of_its_own("global::it_ends_with_what_it_was_given_done_and_no_thread_left", || {
        let stopped = Arc::new(AtomicUsize::new(0));
        let stops = Arc::clone(&stopped);
        let count = move |_| {
            stops.fetch_add(1, Ordering::SeqCst);
        };
        let pool = Pool::builder().workers(2).thread_name("bg-end").on_worker_stop(count).build_global().unwrap();
        for _ in 0..10 {
            Pool::global().job().timeout(Duration::MAX / 2).submit(|| ()).unwrap().detach();
        }
        let report = Pool::shutdown_global(Shutdown::Drain, None).unwrap();
        assert_eq!((report.completed, report.still_running), (10, 0));
        assert_eq!(stopped.load(Ordering::SeqCst), 2);
        assert_no_thread_named("bg-end");
        // For good.
        assert!(ptr::eq(pool, Pool::global()));
        assert_eq!(kind_of_submit(), Some(SubmitErrorKind::ShutDown));
        assert!(matches!(Pool::builder().build_global(), Err(BuildError::GlobalPoolBuilt)));
        assert_eq!(Pool::shutdown_global(Shutdown::Abort, None).unwrap(), report);
    });
}

#[test]
fn its_end_keeps_its_time() {
    in_a_process_of_its_own("global::its_end_keeps_its_time", || {
        let pool = Pool::builder().workers(1).thread_name("bg-late").build_global().unwrap();
        let (gate, held) = hold_worker(pool);
        let queued = pool.submit(|| ()).unwrap();
        let report = Pool::shutdown_global(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!((report.aborted, report.still_running), (1, 1));
        assert!(matches!(queued.join(), Err(JobError::Aborted)));
        gate.open();
        finish(held);
        assert_eq!(Pool::shutdown_global(Shutdown::Abort, None).unwrap().still_running, 0);
        assert_no_thread_named("bg-late");
    });
}

#[test]
fn its_own_jobs_cannot_end_it() {
    in_a_process_of_its_own("global::its_own_jobs_cannot_end_it", || {
        let pool = Pool::builder().workers(1).build_global().unwrap();
        let ends = pool.submit(|| Pool::shutdown_global(Shutdown::Abort, None)).unwrap();
        assert_eq!(finish(ends), Err(WaitError::WouldDeadlock));
        assert_is_the_global_one(pool);
    });
}
