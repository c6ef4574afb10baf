//! Either every worker has started and run its start hook when
//! `build` returns, or the error says why and no thread is left; a stop hook runs once for each that started.

#[path = "../common/mod.rs"]
mod common;

mod global;
mod threads;

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{
    EXPECTED, FOREVER, assert_all_workers_alive, assert_no_thread_named, silence_expected_panics, within_a_minute,
};
use corepool::{BuildError, Pool, Shutdown, current_worker};

/// What hooks saw, in the order they ran.
type Log<T> = Arc<Mutex<Vec<T>>>;

fn sorted<T: Ord + Clone>(log: &Log<T>) -> Vec<T> {
    let mut seen = log.lock().unwrap().clone();
    seen.sort();
    seen
}

/// A hook that does nothing.
fn that_owns(owned: impl Send + Sync + 'static) -> impl Fn(usize) + Send + Sync + 'static {
    move |_| {
        let _owned = &owned;
    }
}

fn count(calls: &AtomicUsize) {
    calls.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn no_workers_is_an_error() {
    let error = Pool::builder().workers(0).thread_name("bd-zero").build().unwrap_err();
    assert!(matches!(error, BuildError::NoWorkers), "{error:?}");
    assert!(error.to_string().contains("workers"), "{error}");
}

#[test]
fn no_capacity_is_an_error() {
    let error = Pool::builder().workers(1).queue_capacity(0).build().unwrap_err();
    assert!(matches!(error, BuildError::NoCapacity), "{error:?}");
    assert!(error.to_string().contains("queue_capacity"), "{error}");
}

#[test]
fn a_nul_in_the_name_is_an_error_wherever_it_stands() {
    for bad in ["\0", "bd\0nul", "\0bd", "bd\0"] {
        match Pool::builder().workers(1).thread_name(bad).build() {
            Err(BuildError::NulInName { name }) => assert_eq!(name, bad),
            other => panic!("{bad:?} gave {other:?}"),
        }
    }
}

#[test]
fn a_bad_option_runs_no_hook() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (start, stop) = (Arc::clone(&calls), Arc::clone(&calls));
    let builder = Pool::builder()
        .workers(2)
        .thread_name("bd\0")
        .on_worker_start(move |_| count(&start))
        .on_worker_stop(move |_| count(&stop));
    builder.build().unwrap_err();
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&calls), 1, "the hooks are dropped with the error");
}

#[test]
fn a_thread_that_cannot_start_is_an_error_that_leaves_no_thread() {
    within_a_minute(|| {
        for bytes in [1 << 50, usize::MAX / 2, usize::MAX] {
            let hooks = Arc::new(AtomicUsize::new(0));
            let (start, stop) = (Arc::clone(&hooks), Arc::clone(&hooks));
            let built = thread::spawn(move || {
                Pool::builder()
                    .workers(3)
                    .stack_size(bytes)
                    .thread_name("bd-huge")
                    .on_worker_start(move |_| count(&start))
                    .on_worker_stop(move |_| count(&stop))
                    .build()
            });
            let built = built.join().unwrap_or_else(|_| panic!("a stack of {bytes:#x} bytes panicked"));
            let error = built.expect_err("no system has a stack of that size");
            assert!(matches!(error, BuildError::Spawn { worker: 0, workers: 3, .. }), "{error:?}");
            assert!(error.source().is_some(), "it says what the system said");
            assert_eq!(hooks.load(Ordering::SeqCst), 0);
            assert_eq!(Arc::strong_count(&hooks), 1);
            assert_no_thread_named("bd-huge");
        }
    });
}

/// Builds a pool of 4 whose start hook panics on the workers in `bad`; checks the error, the hooks and the threads.
fn assert_a_bad_start_hook_fails(name: &'static str, bad: &'static [usize]) {
    within_a_minute(move || {
        silence_expected_panics();
        let (started, stopped) = (Log::default(), Log::default());
        let (start_log, stop_log) = (Arc::clone(&started), Arc::clone(&stopped));
        let error = Pool::builder()
            .workers(4)
            .thread_name(name)
            .on_worker_start(move |index| {
                assert!(!bad.contains(&index), "{EXPECTED}no start on {index}");
                start_log.lock().unwrap().push(index);
            })
            .on_worker_stop(move |index| stop_log.lock().unwrap().push(index))
            .build()
            .unwrap_err();
        let BuildError::StartHook { worker, message } = &error else { panic!("{error:?}") };
        assert!(bad.contains(worker), "{error}");
        assert_eq!(message, &format!("{EXPECTED}no start on {worker}"));
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(sorted(&stopped), sorted(&started), "who started stops, nobody else does");
        assert!(!sorted(&stopped).iter().any(|index| bad.contains(index)));
        assert_eq!(Arc::strong_count(&started), 1, "no thread is left to hold the hooks");
        assert_no_thread_named(name);
    });
}

#[test]
fn a_start_hook_that_panics_on_the_first_worker_fails_the_build() {
    assert_a_bad_start_hook_fails("bd-first", &[0]);
}

#[test]
fn a_start_hook_that_panics_in_the_middle_fails_the_build() {
    assert_a_bad_start_hook_fails("bd-middle", &[1]);
}

#[test]
fn a_start_hook_that_panics_on_the_last_worker_fails_the_build() {
    assert_a_bad_start_hook_fails("bd-last", &[3]);
}

#[test]
fn a_start_hook_that_panics_on_every_worker_fails_the_build() {
    assert_a_bad_start_hook_fails("bd-all", &[0, 1, 2, 3]);
}

#[test]
fn a_start_hook_may_panic_with_anything() {
    silence_expected_panics();
    let built = Pool::builder().workers(1).on_worker_start(|_| std::panic::panic_any(7_u8)).build();
    assert!(matches!(built, Err(BuildError::StartHook { worker: 0, .. })), "{built:?}");
}

#[test]
fn a_failed_build_does_not_spoil_the_next() {
    silence_expected_panics();
    for _ in 0..50 {
        let broken = Pool::builder().workers(2).on_worker_start(|index| assert_ne!(index, 1, "{EXPECTED}no")).build();
        assert!(broken.is_err());
        let pool = Pool::builder().workers(2).build().unwrap();
        assert_all_workers_alive(&pool);
    }
}

#[test]
fn the_start_hook_has_run_on_every_worker_when_build_returns() {
    let log: Log<(usize, Option<usize>, Option<String>)> = Log::default();
    let hook_log = Arc::clone(&log);
    let pool = Pool::builder()
        .workers(5)
        .thread_name("bd-start")
        .on_worker_start(move |index| {
            let name = thread::current().name().map(str::to_owned);
            hook_log.lock().unwrap().push((index, current_worker(), name));
        })
        .build()
        .unwrap();
    let expected: Vec<_> = (0..5).map(|index| (index, Some(index), Some(format!("bd-start-{index}")))).collect();
    assert_eq!(sorted(&log), expected);
    drop(pool);
    assert_eq!(sorted(&log), expected, "it runs once");
}

#[test]
fn the_stop_hook_runs_once_on_every_worker_after_its_last_job() {
    let log: Log<(usize, Option<usize>, Option<String>)> = Log::default();
    let ran = Arc::new(AtomicUsize::new(0));
    let (hook_log, hook_ran) = (Arc::clone(&log), Arc::clone(&ran));
    let pool = Pool::builder()
        .workers(3)
        .thread_name("bd-stop")
        .on_worker_stop(move |index| {
            assert_eq!(hook_ran.load(Ordering::SeqCst), 100);
            let name = thread::current().name().map(str::to_owned);
            hook_log.lock().unwrap().push((index, current_worker(), name));
        })
        .build()
        .unwrap();
    for _ in 0..100 {
        let ran = Arc::clone(&ran);
        pool.submit(move || count(&ran)).unwrap().detach();
    }
    assert_eq!(log.lock().unwrap().len(), 0, "no worker stops while the pool lives");
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    let expected: Vec<_> = (0..3).map(|index| (index, Some(index), Some(format!("bd-stop-{index}")))).collect();
    assert_eq!(sorted(&log), expected);
    pool.shutdown(Shutdown::Abort, Some(FOREVER)).unwrap();
    drop(pool);
    assert_eq!(sorted(&log), expected, "it runs once");
}

#[test]
fn a_stop_hook_that_panics_is_contained() {
    within_a_minute(|| {
        silence_expected_panics();
        let calls = Arc::new(AtomicUsize::new(0));
        let hook_calls = Arc::clone(&calls);
        let pool = Pool::builder()
            .workers(3)
            .on_worker_stop(move |_| {
                hook_calls.fetch_add(1, Ordering::SeqCst);
                panic!("{EXPECTED}the stop hook");
            })
            .build()
            .unwrap();
        let report = pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(report.still_running, 0);
        assert_eq!(calls.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn threads_are_named_by_prefix_and_index() {
    let pool = Pool::builder().workers(1).thread_name("bd-name").build().unwrap();
    let name = pool.submit(|| thread::current().name().map(str::to_owned)).unwrap().join().unwrap();
    assert_eq!(name.as_deref(), Some("bd-name-0"));

    let pool = Pool::builder().workers(1).build().unwrap();
    let name = pool.submit(|| thread::current().name().map(str::to_owned)).unwrap().join().unwrap();
    assert_eq!(name.as_deref(), Some("corepool-0"), "the default");

    let pool = Pool::builder().workers(1).thread_name("").build().unwrap();
    let name = pool.submit(|| thread::current().name().map(str::to_owned)).unwrap().join().unwrap();
    assert_eq!(name.as_deref(), Some("-0"));
}

#[test]
fn a_pool_has_as_many_workers_as_it_says() {
    for n in [1, 2, 7, 64] {
        let pool = Pool::builder().workers(n).build().unwrap();
        assert_eq!(pool.workers(), n);
        assert_eq!(pool.stats().workers, n as u64);
        assert_all_workers_alive(&pool);
    }
}

#[test]
fn the_defaults_are_a_worker_a_core_and_room_for_65_536() {
    let pool = Pool::new().unwrap();
    assert_eq!(pool.workers(), num_cpus());
    assert_eq!(Pool::builder().build().unwrap().workers(), num_cpus());

    let pool = Pool::builder().workers(1).build().unwrap();
    let (gate, held) = common::hold_worker(&pool);
    for _ in 0..65_536 {
        pool.try_submit(|| ()).unwrap().detach();
    }
    pool.try_submit(|| ()).unwrap_err();
    gate.open();
    held.join().unwrap();
}

/// The least of what is known.
fn num_cpus() -> usize {
    thread::available_parallelism().unwrap().get().min(num_cpus::get())
}

/// A control group within one that has a quota of one processor; removed with it.
#[cfg(target_os = "linux")]
struct Group(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Group {
    /// Where the system lets this process make one.
    fn new() -> Option<Self> {
        let quotas =
            [("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "100000"), ("/sys/fs/cgroup", "cpu.max", "100000 100000")];
        quotas.into_iter().find_map(|(root, file, quota)| {
            let parent = std::path::Path::new(root).join(format!("corepool-test-{}", std::process::id()));
            let group = Self(parent.join("child"));
            std::fs::create_dir_all(&group.0).ok()?;
            std::fs::write(parent.join(file), quota).ok()?;
            Some(group)
        })
    }
}

#[cfg(target_os = "linux")]
impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
        let _ = self.0.parent().map(std::fs::remove_dir);
    }
}

/// Runs itself once more in such a group. Where none can be made, this shows nothing.
#[test]
#[cfg(target_os = "linux")]
fn a_quota_on_the_group_above_counts_too() {
    const NAME: &str = "a_quota_on_the_group_above_counts_too";
    const INSIDE: &str = "COREPOOL_TEST_IN_GROUP";
    if std::env::var_os(INSIDE).is_some() {
        return assert_eq!(Pool::new().unwrap().workers(), 1);
    }
    let Some(group) = Group::new() else { return };
    let inside = std::process::Command::new("sh")
        .args(["-c", "echo $$ >\"$2\"/cgroup.procs && exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg(NAME)
        .arg(&group.0)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let ran = String::from_utf8_lossy(&inside.stdout).contains("1 passed");
    assert!(inside.status.success() && ran, "{inside:?}");
}

#[test]
fn a_stack_size_is_honoured() {
    // Far more than the 2 MiB of the default; without it the test would overflow its stack and end the process.
    fn deep(levels: usize) -> usize {
        let frame = std::hint::black_box([levels; 512]);
        if levels == 0 { 0 } else { deep(levels - 1) + 1 + frame[1] - frame[0] }
    }
    let pool = Pool::builder().workers(1).stack_size(64 << 20).build().unwrap();
    assert_eq!(pool.submit(|| deep(4_000)).unwrap().join().unwrap(), 4_000);
}

#[test]
fn what_a_build_was_given_shows_in_debug() {
    let builder = Pool::builder().workers(3).queue_capacity(10).thread_name("bd-debug");
    let text = format!("{builder:?}");
    assert!(text.contains("bd-debug") && text.contains('3') && text.contains("10"), "{text}");
}

#[test]
fn two_pools_can_be_told_apart_in_a_log() {
    let builder = Pool::builder().workers(1).thread_name("bd-log");
    let (pool, other) = (builder.clone().build().unwrap(), builder.build().unwrap());
    // Without the counts, which change.
    let shown = |pool: &dyn std::fmt::Debug| {
        let text = format!("{pool:?}");
        assert!(text.contains("Pool") && text.contains("bd-log"), "{text}");
        let id: String = text.split_once("id: ").unwrap().1.chars().take_while(char::is_ascii_digit).collect();
        id.parse::<u64>().unwrap()
    };
    assert_ne!(shown(&pool), shown(&other));
    assert_eq!(shown(&pool), shown(&pool.clone()));
    assert_eq!(shown(&pool), shown(&pool.downgrade()));
    assert_eq!(shown(&pool), pool.submit(move || shown(&Pool::current().unwrap())).unwrap().join().unwrap());
}

/// Runs itself once more with a gigabyte of address space, which a few of the stacks use up.
#[test]
#[cfg(target_os = "linux")]
fn a_spawn_that_fails_after_others_have_started_leaves_no_thread() {
    const NAME: &str = "a_spawn_that_fails_after_others_have_started_leaves_no_thread";
    const LIMITED: &str = "COREPOOL_TEST_LIMITED";
    if std::env::var_os(LIMITED).is_none() {
        let limited = std::process::Command::new("sh")
            .args(["-c", "ulimit -v 1000000 && exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(NAME)
            .env(LIMITED, "1")
            .output()
            .unwrap();
        let ran = String::from_utf8_lossy(&limited.stdout).contains("1 passed");
        return assert!(limited.status.success() && ran, "{limited:?}");
    }
    let (started, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (starts, stops) = (Arc::clone(&started), Arc::clone(&stopped));
    let built = Pool::builder()
        .workers(1_000)
        .stack_size(64 << 20)
        .thread_name("bd-some")
        .on_worker_start(move |_| count(&starts))
        .on_worker_stop(move |_| count(&stops))
        .build();
    match built {
        Err(BuildError::Spawn { worker, workers: 1_000, .. }) => {
            assert!(worker > 0, "some must have started for this to show anything");
            assert_eq!(started.load(Ordering::SeqCst), worker);
            assert_eq!(stopped.load(Ordering::SeqCst), worker);
        }
        other => panic!("{other:?}"),
    }
    common::wait_until("the threads to be gone", || common::threads_named("bd-some") == 0);
}
