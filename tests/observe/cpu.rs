//! CPU time beside wall time tells a job that blocks from one that computes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::common::{finish, wait_until};
use crate::{here, hold, take, timed, timed_inline};
use corepool::{JobTimes, Pool};

fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        (0..1_000_u64).for_each(|n| {
            black_box(n);
        });
    }
}

fn times(pool: &Pool, name: &str) -> JobTimes {
    let timings = pool.timings().unwrap();
    timings.named.into_iter().find(|(of, _)| of == name).unwrap().1
}

fn share(pool: &Pool, name: &str) -> f64 {
    times(pool, name).cpu_share().unwrap()
}

#[cfg(any(unix, windows))]
#[test]
fn a_job_that_blocks_is_told_from_one_that_computes() {
    for pool in [timed(1), timed_inline()] {
        pool.job().name("blocks").run(|| take(200)).unwrap();
        let blocks = share(&pool, "blocks");
        assert!(blocks < 0.2, "{blocks}");
        // Others may want the CPU: as often as it takes.
        wait_until("a job that computes has the CPU", || {
            let before = pool.timings().unwrap();
            pool.job().name("computes").run(|| compute(Duration::from_millis(50))).unwrap();
            let lately = pool.timings().unwrap() - &before;
            let share = lately.named.last().unwrap().1.cpu_share().unwrap();
            assert!((0.0..=1.0).contains(&share), "{share}");
            share > 0.7
        });
    }
}

#[cfg(any(unix, windows))]
#[test]
fn a_job_that_waits_for_a_lock_or_a_message_blocks() {
    let pool = timed(2);
    let (gate, held) = hold(&pool, "waits");
    take(100);
    gate.open();
    finish(held);
    assert!(share(&pool, "waits") < 0.2);
}

#[cfg(any(unix, windows))]
#[test]
fn a_job_that_sleeps_inside_another_is_seen_in_both() {
    let pool = timed(1);
    let outer = || {
        compute(Duration::from_millis(2));
        here().job().name("inner").run(|| take(100)).unwrap();
        compute(Duration::from_millis(2));
    };
    pool.job().name("outer").run(outer).unwrap();
    for name in ["outer", "inner"] {
        let times = times(&pool, name);
        assert!(times.ran.total() >= Duration::from_millis(100));
        assert!(times.cpu_share().unwrap() < 0.2, "{name}: {times:?}");
    }
    let worker = pool.timings().unwrap().workers[0];
    assert_eq!(worker.busy, times(&pool, "outer").ran.total());
    assert!(worker.cpu.unwrap() < worker.busy / 5, "{worker:?}");
}

#[cfg(any(unix, windows))]
#[test]
fn what_ran_before_a_job_is_not_the_jobs() {
    // Without a pause in between: the last reading may be another job's.
    let pool = timed(1);
    for _ in 0..20 {
        let outer = || {
            here().job().name("computes").run(|| compute(Duration::from_micros(400))).unwrap();
            here().job().name("blocks").run(|| take(1)).unwrap();
        };
        pool.run(outer).unwrap();
    }
    assert!(share(&pool, "blocks") < 0.2, "{}", share(&pool, "blocks"));
}

#[test]
fn cpu_time_is_never_more_than_wall_time() {
    let pool = timed(2);
    for micros in (0..2_000).step_by(50) {
        pool.submit(move || compute(Duration::from_micros(micros))).unwrap().detach();
    }
    pool.wait_idle(None).unwrap();
    let timings = pool.timings().unwrap();
    if let Some(cpu) = &timings.all().cpu {
        assert!(cpu.total() <= timings.all().ran.total());
        assert_eq!(cpu.count(), timings.all().ran.count());
        let by_worker: Duration = timings.workers.iter().map(|worker| worker.cpu.unwrap()).sum();
        assert_eq!(by_worker, cpu.total());
    }
}
