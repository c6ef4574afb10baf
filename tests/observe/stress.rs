//! Two threads look all the time while jobs of every kind run: what they see makes sense, and never goes back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::{
    EXPECTED, assert_adds_up, in_debug_a_quarter_of, rounds, silence_expected_panics, spin, within_a_minute,
};
use crate::{assert_all_timed, builder, here};
use corepool::{CancelToken, JobTimes, Pool, Priority, Report, Timings};

/// Every way to run a job, and some not to.
fn load(pool: &Pool, other: &Pool, round: usize) {
    let token = CancelToken::new();
    let priority = [Priority::High, Priority::Normal, Priority::Low][round % 3];
    let name = ["a", "b", "c\n"][round % 3];
    let elsewhere = other.clone();
    let job = pool.job().name(name).priority(priority).token(&token).submit(move || {
        spin(round % 500);
        let child = here().submit(move || spin(round % 300)).unwrap();
        match round % 7 {
            0 => panic!("{EXPECTED}"),
            1 => here().job().name(format!("{}", round % 100)).run(|| spin(50)).unwrap(),
            2 => elsewhere.job().name("guest").submit(|| spin(200)).unwrap().join().unwrap(),
            3 => drop(here().broadcast(|_| ())),
            4 => drop(child.cancel()),
            _ => child.join().unwrap(),
        }
    });
    let late = pool.job().timeout(Duration::from_micros(round as u64 % 200)).submit(|| ());
    if round.is_multiple_of(5) {
        token.cancel();
    }
    drop(job.unwrap().join());
    drop(late.map(|job| job.join()));
}

fn assert_grown(earlier: &JobTimes, later: &JobTimes) {
    for (earlier, later) in [(&earlier.waited, &later.waited), (&earlier.ran, &later.ran)] {
        assert!(earlier.count() <= later.count() && earlier.total() <= later.total());
        assert!(earlier.buckets().zip(later.buckets()).all(|(earlier, later)| earlier.count <= later.count));
    }
    let share = later.cpu_share().unwrap_or_default();
    assert!((0.0..=1.0).contains(&share), "{share}");
}

fn assert_later(earlier: &Timings, later: &Timings) {
    for priority in [Priority::High, Priority::Normal, Priority::Low] {
        assert_grown(earlier.of(priority), later.of(priority));
    }
    assert!(later.named.len() <= 65 && later.named.len() >= earlier.named.len());
    for (name, times) in &earlier.named {
        assert_grown(times, &later.named.iter().find(|(later, _)| later == name).unwrap().1);
    }
    assert!(later.elapsed >= earlier.elapsed);
    for (index, (before, after)) in earlier.workers.iter().zip(&later.workers).enumerate() {
        assert!(before.busy <= after.busy, "worker {index}: {before:?} {after:?}");
        assert!(before.cpu <= after.cpu, "worker {index}: {before:?} {after:?}");
        assert!(after.busy <= later.elapsed, "worker {index}: {after:?} of {:?}", later.elapsed);
    }
    let lately = later.clone() - earlier;
    assert_eq!(lately.all().ran.count(), later.all().ran.count() - earlier.all().ran.count());
}

fn assert_makes_sense(report: &Report) {
    assert_adds_up(&report.stats);
    let running = &report.running;
    assert!(running.jobs.is_sorted_by_key(|job| job.worker.unwrap_or(usize::MAX)), "{running}");
    for pair in running.jobs.windows(2).filter(|pair| pair[0].worker.is_some() && pair[0].worker == pair[1].worker) {
        assert!(pair[0].waits_for.is_some() && pair[0].running_for >= pair[1].running_for, "{running}");
    }
    let lines = running.to_string().lines().count();
    let workers =
        (0..running.workers).map(|worker| running.jobs.iter().filter(|job| job.worker == Some(worker)).count());
    let outside = running.jobs.iter().filter(|job| job.worker.is_none()).count();
    assert_eq!(lines, 1 + workers.map(|jobs| jobs.max(1)).sum::<usize>() + outside + running.queued.len());
    assert!(running.queued.len() <= 3 && running.queued.iter().all(|job| job.waiting_for.is_some()));
}

#[test]
fn who_looks_while_jobs_of_every_kind_run_sees_what_makes_sense() {
    silence_expected_panics();
    within_a_minute(|| {
        let slow = |_: &corepool::RunningJob| ();
        let pool = builder(3).on_slow_job(Duration::from_millis(1), slow).build().unwrap();
        let (other, over) = (builder(1).stack_size(3 << 20).build().unwrap(), AtomicBool::new(false));
        thread::scope(|scope| {
            for looked in [&pool, &pool, &other] {
                let over = &over;
                scope.spawn(move || {
                    let mut earlier = looked.report();
                    while !over.load(Ordering::Relaxed) {
                        let report = looked.report();
                        assert_makes_sense(&report);
                        assert_later(earlier.timings.as_ref().unwrap(), report.timings.as_ref().unwrap());
                        drop(report.to_string());
                        earlier = report;
                        looked.running().jobs.iter().for_each(|job| drop(job.to_string()));
                    }
                });
            }
            let loads: Vec<_> =
                (0..2).map(|_| scope.spawn(|| rounds(1_500).for_each(|round| load(&pool, &other, round)))).collect();
            let ended: Vec<_> = loads.into_iter().map(|load| load.join()).collect();
            over.store(true, Ordering::Relaxed);
            ended.into_iter().for_each(Result::unwrap);
        });
        for pool in [&pool, &other] {
            pool.wait_idle(None).unwrap();
            assert_all_timed(pool);
            assert!(pool.running().jobs.is_empty());
        }
    });
}

/// Long jobs with names: the more there is to write as one ends, the likelier somebody looks in between.
#[test]
fn a_workers_time_never_goes_back() {
    let (pool, over) = (builder(1).build().unwrap(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut earlier = pool.timings().unwrap();
            while !over.load(Ordering::Relaxed) {
                let later = pool.timings().unwrap();
                assert_later(&earlier, &later);
                earlier = later;
            }
        });
        for round in rounds(in_debug_a_quarter_of(8_000)) {
            pool.job().name(["a", "b"][round % 2]).run(move || spin(2_000)).unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
}
