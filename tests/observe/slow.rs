//! `on_slow_job` tells once of each job that runs for too long, while it still runs.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::common::{
    EXPECTED, FOREVER, Gate, assert_no_thread_named, finish, outcome, rounds, silence_expected_panics, spin,
    wait_until, within_a_minute,
};
use crate::{here, hold, name_of, take, timed, waits_for};
use corepool::{Builder, Pool, RunningJob};

/// What the hook was called with, and on which thread.
type Told = Receiver<(RunningJob, ThreadId)>;

const LIMIT: Duration = Duration::from_millis(5);

fn watched(builder: Builder, limit: Duration) -> (Pool, Told) {
    let (tell, told) = channel();
    let hook = move |job: &RunningJob| drop(tell.send((job.clone(), thread::current().id())));
    (builder.on_slow_job(limit, hook).build().unwrap(), told)
}

fn next(told: &Told) -> RunningJob {
    told.recv_timeout(FOREVER).expect("nobody was told").0
}

#[test]
fn a_slow_job_is_told_of_once_while_it_runs_on_a_thread_that_is_no_worker() {
    let (start, workers) = channel();
    let builder = Pool::builder().workers(2).on_worker_start(move |_| start.send(thread::current().id()).unwrap());
    let (pool, told) = watched(builder, LIMIT);
    let workers: Vec<_> = workers.iter().collect();
    for name in ["a", "b"] {
        let (gate, held) = hold(&pool, name);
        let (job, thread) = told.recv_timeout(FOREVER).unwrap();
        assert!(!workers.contains(&thread));
        let shown = pool.running().jobs.remove(0);
        assert_eq!((name_of(&job), job.worker, job.submitted_at), (name, shown.worker, shown.submitted_at));
        assert!(job.running_for >= LIMIT && job.running_for <= shown.running_for, "{job}");
        take(20);
        gate.open();
        finish(held);
    }
    drop(pool);
    assert!(told.recv().is_err(), "each was told of once");
}

#[test]
fn it_turns_timings_on() {
    let builder = Pool::builder().workers(1);
    let pools = [
        watched(builder.clone().timings(false), LIMIT).0,
        watched(builder.clone(), LIMIT).0,
        builder.on_slow_job(LIMIT, |_| ()).timings(false).build().unwrap(),
    ];
    for pool in pools {
        assert!(pool.timings().is_some() && pool.running().is_recorded);
    }
    assert!(timed(1).timings().is_some());
}

#[test]
fn all_slow_jobs_are_told_of_nested_ones_and_guests_too() {
    let (pool, told) = watched(Pool::builder().workers(3), LIMIT);
    let held = ["a", "b", "c"].map(|name| hold(&pool, name));
    let mut names = [(); 3].map(|()| name_of(&next(&told)).to_owned());
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
    // The only worker that is free enough to run it is that of another pool.
    let at = timed(1);
    let (gate, passed) = (Gate::new(), Gate::new());
    let guest = pool.job().name("guest").submit({
        let gate = gate.clone();
        move || gate.pass()
    });
    let host = at.submit(move || guest.unwrap().join().unwrap()).unwrap();
    let guest = next(&told);
    assert_eq!((name_of(&guest), guest.worker), ("guest", None));
    gate.open();
    finish(host);
    for (gate, held) in held {
        gate.open();
        finish(held);
    }
    let inner = passed.clone();
    let outer = pool.job().name("outer").submit(move || here().job().name("inner").run(move || inner.pass()).unwrap());
    let (one, two) = (next(&told), next(&told));
    let mut names = [name_of(&one), name_of(&two)];
    names.sort_unstable();
    assert_eq!(names, ["inner", "outer"]);
    passed.open();
    finish(outer.unwrap());
}

#[test]
fn the_row_says_what_the_job_waits_for() {
    let (pool, told) = watched(Pool::builder().workers(2), Duration::from_millis(30));
    // Where the machine is busy a job may be told of before it has come to its join.
    let says = |waits: &str, for_whom: &str| {
        let rows = [next(&told), next(&told)];
        rows.iter().any(|job| name_of(job) == waits && waits_for(job) == for_whom)
    };
    wait_until("a row that says whom the job waits for", || {
        let (gate, held) = hold(&pool, "held");
        let waiter = pool.job().name("waiter").submit(move || finish(held)).unwrap();
        let said = says("waiter", "held");
        gate.open();
        finish(waiter);
        said
    });
    wait_until("a row that says what the job runs", || {
        let gate = Gate::new();
        let inner = gate.clone();
        let outer = move || here().job().name("inner").run(move || inner.pass()).unwrap();
        let outer = pool.job().name("outer").submit(outer);
        let said = says("outer", "inner");
        gate.open();
        finish(outer.unwrap());
        said
    });
}

#[test]
fn a_hook_that_panics_is_called_again() {
    silence_expected_panics();
    let (tell, told) = channel();
    let hook = move |job: &RunningJob| {
        tell.send(name_of(job).to_owned()).unwrap();
        panic!("{EXPECTED}the hook");
    };
    let pool = Pool::builder().workers(1).on_slow_job(LIMIT, hook).build().unwrap();
    for name in ["a", "b", "c"] {
        let (gate, held) = hold(&pool, name);
        assert_eq!(told.recv_timeout(FOREVER).unwrap(), name);
        gate.open();
        finish(held);
    }
    // Its thread goes on with deadlines as well.
    let (gate, held) = hold(&pool, "held");
    assert!(outcome(pool.job().timeout(LIMIT).submit(|| ()).unwrap()).is_err());
    gate.open();
    finish(held);
}

#[test]
fn a_limit_of_nothing_is_a_short_one() {
    let (pool, told) = watched(Pool::builder().workers(1), Duration::ZERO);
    let (gate, held) = hold(&pool, "held");
    assert!(next(&told).running_for >= Duration::from_millis(1));
    gate.open();
    finish(held);
}

#[test]
fn a_limit_without_end_tells_of_nothing() {
    within_a_minute(|| {
        for limit in [Duration::MAX, Duration::from_nanos(u64::MAX), Duration::from_secs(1 << 40)] {
            let (pool, told) = watched(Pool::builder().workers(1), limit);
            for name in ["a", "b"] {
                let (gate, held) = hold(&pool, name);
                let due = pool.job().timeout(LIMIT).submit(|| ()).unwrap();
                assert!(outcome(due).is_err(), "deadlines are kept all the same");
                gate.open();
                finish(held);
            }
            drop(pool);
            assert!(told.recv().is_err());
        }
    });
}

#[test]
fn quick_jobs_are_not_told_of() {
    let (pool, told) = watched(Pool::builder().workers(2), FOREVER);
    rounds(2_000).for_each(|_| pool.run(|| ()).unwrap());
    drop(pool);
    assert!(told.recv().is_err());
}

#[test]
fn an_inline_pool_tells_nobody_and_starts_no_thread() {
    let (pool, told) = watched(Pool::builder().inline().thread_name("sl-inl"), Duration::ZERO);
    pool.run(|| take(20)).unwrap();
    assert_no_thread_named("sl-inl");
    assert_eq!(pool.timings().unwrap().all().ran.count(), 1);
    drop(pool);
    assert!(told.recv().is_err());
}

#[test]
fn no_slow_job_is_missed_however_often_the_pool_was_idle_before() {
    within_a_minute(|| {
        let (tell, told) = channel::<()>();
        let pool = Pool::builder().workers(2);
        let pool = pool.on_slow_job(Duration::ZERO, move |_| tell.send(()).unwrap()).build().unwrap();
        let told = Arc::new(Mutex::new(told));
        for round in rounds(1_000) {
            // From none to some milliseconds, so that its start meets the keeper at all points of its way to sleep.
            if round % 3 == 0 {
                spin(round * 37 % 3_000);
            }
            (0..round % 4).for_each(|_| pool.run(|| ()).unwrap());
            let waits = Arc::clone(&told);
            // It ends once it was told of.
            let job = pool.submit(move || waits.lock().unwrap().recv_timeout(FOREVER / 2).is_ok());
            assert!(finish(job.unwrap()), "round {round}: nobody was told");
        }
    });
}
