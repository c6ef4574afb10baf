//! `running()` shows each job that runs, from its start to its end.

use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use crate::common::spy::Spy;
use crate::common::{
    EXPECTED, Gate, finish, is_cancelled, on_drop, outcome, poll_once, silence_expected_panics, wait_until,
    within_a_minute,
};
use crate::{builder, here, hold, row, rows, take, timed, timed_inline};
use corepool::{CancelToken, JobError, Pool, Priority, RunError, WeakPool};

#[test]
fn an_idle_pool_shows_nothing() {
    for pool in [timed(3), timed_inline(), Pool::builder().workers(3).build().unwrap()] {
        let running = pool.running();
        assert!(running.jobs.is_empty() && running.queued.is_empty());
        assert_eq!(running.workers as u64, pool.stats().workers);
        assert_eq!(running.is_recorded, pool.timings().is_some());
    }
}

#[test]
fn a_job_shows_from_its_start_to_its_end_with_all_that_is_known_of_it() {
    let pool = timed(2);
    let (gate, started) = (Gate::new(), Gate::new());
    let (passed, opened) = (gate.clone(), started.clone());
    let job = pool.job().name("a").priority(Priority::High);
    let line = line!() + 1;
    let job = job.submit(move || {
        opened.open();
        passed.pass();
    });
    started.pass();
    take(5);
    let running = pool.running();
    let [shown] = &running.jobs[..] else { panic!("{running}") };
    assert!(shown.worker.unwrap() < 2);
    assert_eq!((shown.name.as_deref(), shown.priority), (Some("a"), Priority::High));
    assert_eq!((shown.submitted_at.file(), shown.submitted_at.line()), (file!(), line));
    assert_eq!(shown.waits_for, None);
    assert!(shown.running_for >= Duration::from_millis(5), "{shown}");
    assert!(pool.running().jobs[0].running_for > shown.running_for, "it grows");
    assert_eq!(pool.running().jobs[0].waited, shown.waited, "it does not");
    gate.open();
    finish(job.unwrap());
    assert_eq!(rows(&pool), [], "it was gone before its handle resolved");
}

#[test]
fn each_worker_shows_its_own() {
    let pool = timed(3);
    let held = ["a", "b", "c"].map(|name| hold(&pool, name));
    let shown = pool.running().jobs;
    assert_eq!(shown.iter().map(|job| job.worker).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    let mut names: Vec<_> = shown.iter().map(|job| job.name.as_deref().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
    for (gate, job) in held {
        gate.open();
        finish(job);
    }
    assert_eq!(rows(&pool), []);
}

#[test]
fn a_broadcast_shows_on_every_worker() {
    let pool = timed(2);
    let (gate, inside) = (Gate::new(), Gate::new());
    thread::scope(|scope| {
        let passed = gate.clone();
        let shared = &pool;
        let sent = scope.spawn(move || shared.broadcast(move |_| passed.pass()).unwrap());
        wait_until("both run it", || pool.running().jobs.len() == 2);
        assert_eq!(rows(&pool), [row(0, "-", ""), row(1, "-", "")]);
        assert_eq!(pool.running().jobs[0].submitted_at.file(), file!());
        gate.open();
        sent.join().unwrap().into_iter().for_each(|answer| answer.unwrap());
    });
    inside.open();
    assert_eq!(rows(&pool), []);
}

#[test]
fn a_pool_that_records_nothing_shows_what_is_queued_only() {
    let pool = Pool::builder().workers(1).build().unwrap();
    let (gate, held) = hold(&pool, "held");
    let queued = pool.job().name("queued").submit(|| ()).unwrap();
    let running = pool.running();
    assert_eq!((running.is_recorded, running.jobs.len()), (false, 0));
    assert_eq!((running.queued[0].name.as_deref(), running.queued[0].waiting_for), (Some("queued"), None));
    assert_eq!(pool.timings(), None);
    gate.open();
    finish(held);
    finish(queued);
}

#[test]
fn a_hung_destructor_of_a_job_that_does_not_start_shows() {
    let pool = timed(1);
    let (gate, reached) = (Gate::new(), Gate::new());
    let (passed, opened) = (gate.clone(), reached.clone());
    let outer = pool.job().name("outer").submit(move || {
        let owned = on_drop(move || {
            opened.open();
            passed.pass();
        });
        let unrun = here().job().name("unrun").timeout(Duration::ZERO).run(move || drop(owned));
        assert!(matches!(unrun, Err(RunError::Failed(JobError::Expired))));
        rows(&here())
    });
    reached.pass();
    assert_eq!(rows(&pool), [row(0, "outer", "unrun"), row(0, "unrun", "")]);
    gate.open();
    assert_eq!(finish(outer.unwrap()), [row(0, "outer", "")]);
    assert_eq!(rows(&pool), []);
}

#[test]
fn jobs_that_are_dequeued_are_never_shown() {
    let pool = timed(1);
    let (gate, held) = hold(&pool, "held");
    let (token, seen) = (CancelToken::new(), Arc::new(Mutex::new(Vec::new())));
    let (shown, weak) = (Arc::clone(&seen), pool.downgrade());
    let owned = on_drop(move || *shown.lock().unwrap() = rows(&weak.upgrade().unwrap()));
    let job = pool.job().token(&token).submit(move || drop(owned)).unwrap();
    token.cancel();
    assert!(is_cancelled(job));
    assert_eq!(*seen.lock().unwrap(), [row(0, "held", "")]);
    gate.open();
    finish(held);
}

/// Built with it, so that its hook knows it.
fn pool_with_a_hook(hook: impl Fn(&Pool) + Send + Sync + 'static) -> Pool {
    let known: Arc<OnceLock<WeakPool>> = Arc::default();
    let mine = Arc::clone(&known);
    let pool = builder(1).on_panic(move |_| hook(&mine.get().unwrap().upgrade().unwrap())).build().unwrap();
    known.set(pool.downgrade()).unwrap();
    pool
}

#[test]
fn a_panic_hook_may_look() {
    silence_expected_panics();
    let seen = Arc::new(Mutex::new(None));
    let shown = Arc::clone(&seen);
    let pool = pool_with_a_hook(move |pool| {
        *shown.lock().unwrap() = Some((rows(pool), pool.timings().unwrap().all().ran.count(), pool.report().stats));
    });
    let outer = pool.job().name("outer").submit(|| {
        let inner = here().job().name("inner").run(|| panic!("{EXPECTED}"));
        assert!(inner.is_err());
    });
    finish(outer.unwrap());
    let (shown, timed, stats) = seen.lock().unwrap().take().unwrap();
    // The job's own code is over by then, and it is counted.
    assert_eq!((shown, timed, stats.panicked), (vec![row(0, "outer", "")], 1, 1));
    assert!(matches!(outcome(pool.submit(|| panic!("{EXPECTED}")).unwrap()), Err(JobError::Panicked(_))));
    assert_eq!(rows(&pool), []);
}

#[test]
fn who_looks_may_be_a_job_a_waker_or_a_destructor() {
    within_a_minute(|| {
        let pool = timed(1);
        let job = pool.job().name("itself").submit(|| (rows(&here()), here().report().running.jobs.len()));
        assert_eq!(finish(job.unwrap()), (vec![row(0, "itself", "")], 1));

        let (gate, held) = hold(&pool, "held");
        let (looked, spy, weak) = (Gate::new(), Spy::new(), pool.downgrade());
        let mut job = pool.job().name("polled").submit(|| ()).unwrap();
        let opened = looked.clone();
        spy.on_wake(move || {
            let pool = weak.upgrade().unwrap();
            assert_eq!((rows(&pool), pool.timings().unwrap().all().ran.count()), (vec![], 3));
            drop(pool.report().to_string());
            opened.open();
        });
        assert!(poll_once(&mut job, &spy.waker()).is_pending());
        gate.open();
        looked.pass();
        finish(held);
        finish(job);

        let (looked, weak) = (Gate::new(), pool.downgrade());
        let opened = looked.clone();
        let returned = move || {
            on_drop(move || {
                assert_eq!(rows(&weak.upgrade().unwrap()), []);
                opened.open();
            })
        };
        pool.submit(returned).unwrap().detach();
        looked.pass();
    });
}
