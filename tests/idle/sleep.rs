//! Idle workers use no CPU, and no wake-up is lost.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crate::common::{FOREVER, finish, rounds, spin, wait_until, with_workers};
use corepool::Pool;

#[test]
fn a_job_that_meets_workers_awake_searching_or_asleep_is_run() {
    for workers in [1, 2, 4] {
        let pool = with_workers(workers);
        for round in rounds(20_000) {
            // From none to some 30 microseconds: workers search for a few microseconds before they sleep.
            spin(round * 37 % 1_000);
            let job = pool.submit(move || round).unwrap();
            assert_eq!(finish(job), round);
        }
    }
}

#[test]
fn two_jobs_that_meet_a_searching_and_a_sleeping_worker_are_both_run() {
    // The two meet in a barrier, so both workers must get one.
    let pool = with_workers(2);
    for round in rounds(5_000) {
        spin(round * 41 % 1_500);
        let barrier = Arc::new(Barrier::new(2));
        let jobs = [(); 2].map(|()| {
            let barrier = Arc::clone(&barrier);
            pool.submit(move || barrier.wait().is_leader()).unwrap()
        });
        let leaders = jobs.map(|job| job.join_timeout(FOREVER).unwrap_or_else(|_| lost_a_worker()).unwrap());
        assert_ne!(leaders[0], leaders[1]);
    }
}

/// The jobs stand in a barrier for good, and so would whoever drops the pool.
fn lost_a_worker() -> ! {
    // Not `eprintln!`, which the test harness would keep to itself.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), b"a job was left queued while a worker slept\n");
    std::process::exit(101)
}

#[cfg(target_os = "linux")]
#[test]
fn the_workers_of_an_idle_pool_use_no_cpu() {
    let pool = Pool::builder().workers(4).thread_name("id-quiet").build().unwrap();
    for _ in 0..100 {
        finish(pool.submit(|| ()).unwrap());
    }
    pool.wait_idle(Some(FOREVER)).unwrap();
    // They may still be on their way to sleep, and a tick may be counted late: workers that stay awake use some in every
    // such while.
    wait_until("a while in which idle workers use no CPU", || {
        let before = ticks_of("id-quiet");
        // The measurement itself, not a wait for something to happen.
        thread::sleep(Duration::from_millis(500));
        let after = ticks_of("id-quiet");
        assert_eq!((before.len(), after.len()), (4, 4), "every worker is there to be measured");
        before == after
    });
}

/// User and system time, in clock ticks, of each thread whose name begins with `prefix`.
#[cfg(target_os = "linux")]
fn ticks_of(prefix: &str) -> Vec<u64> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    stats
        .filter_map(|stat| {
            // "tid (name) state ppid ...": the name may hold anything, so fields are counted from its end.
            let (head, fields) = stat.rsplit_once(") ")?;
            let (_, name) = head.split_once('(')?;
            let field = |n: usize| fields.split(' ').nth(n - 3).and_then(|text| text.parse::<u64>().ok());
            name.starts_with(prefix).then(|| field(14).unwrap() + field(15).unwrap())
        })
        .collect()
}
