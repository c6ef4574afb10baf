//! The thread that goes round: started by the first job, asleep while the pool is idle, gone with the pool.
#![cfg(target_os = "linux")]

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::common::{FOREVER, assert_no_thread_named, finish, threads_named, wait_until, within_a_minute};
use crate::hold;
use corepool::Pool;

const LIMIT: Duration = Duration::from_millis(1);

/// How often the threads of a name have slept.
fn sleeps(name: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let status = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let own = status.filter(|status| status.lines().next().is_some_and(|line| line.contains(name)));
    own.flat_map(|status| {
        let of = |what: &str| status.lines().find_map(|line| line.strip_prefix(what)?.trim().parse::<u64>().ok());
        of("voluntary_ctxt_switches:")
    })
    .sum()
}

/// It may be on its way there, and other work on the machine may keep it: but one that does not doze wakes up in every such
/// while.
fn wait_until_it_dozes(name: &str) {
    wait_until("a while in which it does not wake up", || {
        let before = sleeps(name);
        // The measurement itself, not a wait for something to happen.
        thread::sleep(100 * LIMIT);
        before == sleeps(name)
    });
}

#[test]
fn it_is_started_by_the_first_job() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).thread_name("ke-first").on_slow_job(LIMIT, |_| ()).build().unwrap();
        assert_eq!(threads_named("ke-first-keeper"), 0);
        drop((pool.running(), pool.timings(), pool.report()));
        assert_eq!(threads_named("ke-first-keeper"), 0);
        pool.run(|| ()).unwrap();
        wait_until("it is there", || threads_named("ke-first-keeper") > 0);
        drop(pool);
        assert_no_thread_named("ke-first");
    });
}

#[test]
fn it_is_not_there_without_a_hook() {
    let pool = crate::builder(1).thread_name("ke-none").build().unwrap();
    pool.run(|| ()).unwrap();
    assert_eq!(threads_named("ke-none-keeper"), 0);
}

#[test]
fn it_sleeps_while_the_pool_is_idle_and_wakes_for_the_next_slow_job() {
    within_a_minute(|| {
        let (tell, told) = channel();
        let pool = Pool::builder().workers(2).thread_name("ke-doze");
        let pool = pool.on_slow_job(LIMIT, move |_| tell.send(()).unwrap()).build().unwrap();
        for _ in 0..3 {
            let (gate, held) = hold(&pool, "held");
            told.recv_timeout(FOREVER).unwrap();
            gate.open();
            finish(held);
            wait_until_it_dozes("ke-doze-keeper");
        }
        drop(pool);
        assert_no_thread_named("ke-doze");
    });
}

#[test]
fn it_ends_with_the_pool_while_it_has_alarms_set() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).thread_name("ke-end").on_slow_job(FOREVER, |_| ()).build().unwrap();
        pool.run(|| ()).unwrap();
        finish(pool.job().timeout(FOREVER).submit(|| ()).unwrap());
        drop(pool);
        assert_no_thread_named("ke-end");
    });
}

#[test]
fn a_forked_child_may_look_and_nothing_hangs() {
    use fork::{Fork, waitpid};
    crate::common::in_a_process_of_its_own("keeper::a_forked_child_may_look_and_nothing_hangs", || {
        let (tell, told) = channel();
        let pool = Pool::builder()
            .workers(1)
            .on_slow_job(LIMIT, move |_| {
                let _ = tell.send(());
            })
            .build()
            .unwrap();
        let (gate, held) = hold(&pool, "held");
        told.recv_timeout(FOREVER).unwrap();
        let queued = pool.job().name("queued").submit(|| ()).unwrap();
        match fork::fork().unwrap() {
            Fork::Child => {
                thread::spawn(|| {
                    thread::sleep(FOREVER / 2);
                    std::process::exit(2);
                });
                let (running, report) = (pool.running(), pool.report().to_string());
                let looks = running.jobs[0].name.as_deref() == Some("held")
                    && running.queued[0].name.as_deref() == Some("queued")
                    && pool.timings().is_some()
                    && report.contains("held")
                    && pool.try_submit(|| ()).is_ok();
                std::process::exit(if looks { 0 } else { 1 });
            }
            Fork::Parent(child) => {
                let status = waitpid(child).unwrap();
                assert_eq!(fork::WEXITSTATUS(status), 0, "1: it does not show, 2: it hangs");
            }
        }
        gate.open();
        finish(held);
        finish(queued);
    });
}
