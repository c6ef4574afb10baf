//! Priorities order the queue and nothing else: within one it is first in, first out, the line keeps its own order, and
//! nothing starves.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{FOREVER, Gate, finish, hold_worker, one_worker, rounds, wait_until, within_a_minute};
use corepool::Priority::{High, Low, Normal};
use corepool::{Cancel, JobError, JobHandle, Pool, Priority, Shutdown};

const ALL: [Priority; 3] = [High, Normal, Low];

/// Where jobs write down that they ran.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Priority, usize)>>>);

impl Log {
    fn job(&self, priority: Priority, n: usize) -> impl FnOnce() + Send + use<> {
        let log = Arc::clone(&self.0);
        move || log.lock().unwrap().push((priority, n))
    }

    fn submit(&self, pool: &Pool, priority: Priority, n: usize) -> JobHandle<()> {
        pool.job().priority(priority).submit(self.job(priority, n)).unwrap()
    }

    fn read(&self) -> Vec<(Priority, usize)> {
        self.0.lock().unwrap().clone()
    }
}

fn lane(priority: Priority, jobs: impl IntoIterator<Item = usize>) -> impl Iterator<Item = (Priority, usize)> {
    jobs.into_iter().map(move |n| (priority, n))
}

#[test]
fn high_goes_before_normal_before_low_and_within_one_first_in_first_out() {
    let pool = one_worker(100);
    let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
    // Too few for a turn of the lowest.
    for n in 0..60 {
        log.submit(&pool, [Low, High, Normal][n % 3], n).detach();
    }
    gate.open();
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    let expected =
        lane(High, (1..60).step_by(3)).chain(lane(Normal, (2..60).step_by(3))).chain(lane(Low, (0..60).step_by(3)));
    assert_eq!(log.read(), Vec::from_iter(expected));
}

#[test]
fn the_counts_tell_how_many_of_each_are_queued() {
    let pool = one_worker(100);
    let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
    let queued = || {
        let stats = pool.stats();
        [stats.queued, stats.queued_high, stats.queued_normal, stats.queued_low]
    };
    assert_eq!(queued(), [0; 4]);
    let jobs: Vec<_> = [High, Normal, Normal, Low, Low, Low].map(|priority| log.submit(&pool, priority, 0)).into();
    assert_eq!(queued(), [6, 1, 2, 3]);
    assert_eq!(jobs[1].cancel(), Cancel::Dequeued);
    assert_eq!(queued(), [5, 1, 1, 3]);
    gate.open();
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(queued(), [0; 4]);
    drop(jobs);
}

#[test]
fn jobs_without_a_priority_are_normal() {
    let pool = one_worker(100);
    let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
    log.submit(&pool, Low, 0).detach();
    pool.submit(log.job(Normal, 1)).unwrap().detach();
    pool.job().name("named").submit(log.job(Normal, 2)).unwrap().detach();
    log.submit(&pool, Normal, 3).detach();
    log.submit(&pool, High, 4).detach();
    gate.open();
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(log.read(), [(High, 4), (Normal, 1), (Normal, 2), (Normal, 3), (Low, 0)]);
}

#[test]
fn one_job_in_64_is_of_the_lowest_that_waits() {
    for (urgent, lowest) in [(High, Low), (High, Normal), (Normal, Low)] {
        let pool = one_worker(1_000);
        let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
        (0..10).for_each(|n| log.submit(&pool, lowest, n).detach());
        (0..640).for_each(|n| log.submit(&pool, urgent, n).detach());
        gate.open();
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        let ran = log.read();
        // The held job was alone in the queue, so the count begins with the first of these.
        for (place, (priority, n)) in ran.into_iter().take(640).enumerate() {
            match place % 64 {
                63 => assert_eq!((priority, n), (lowest, place / 64)),
                _ => assert_eq!((priority, n), (urgent, place - place / 64)),
            }
        }
    }
}

#[test]
fn a_lane_that_is_served_alone_saves_no_turns_up() {
    let pool = one_worker(1_000);
    let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
    let (second, started) = (Gate::new(), Gate::new());
    let (stop, starts) = (second.clone(), started.clone());
    let stops = pool.submit(move || {
        starts.open();
        stop.pass();
    });
    log.submit(&pool, Normal, 0).detach();
    (0..40).for_each(|n| log.submit(&pool, High, n).detach());
    gate.open();
    // The urgent ones have passed the normal ones over, and the first of those was served when nothing else waited.
    started.pass();
    (40..103).for_each(|n| log.submit(&pool, High, n).detach());
    second.open();
    finish(held);
    finish(stops.unwrap());
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(log.read(), Vec::from_iter(lane(High, 0..103).chain(lane(Normal, [0]))));
}

#[test]
fn low_gets_on_although_high_never_ends() {
    within_a_minute(|| {
        let pool = one_worker(100);
        let ended = Arc::new(AtomicBool::new(false));
        // Ten of them at a time, each of which queues the next: there is always one that is more urgent.
        fn again(pool: &Pool, ended: &Arc<AtomicBool>) {
            if !ended.load(Ordering::SeqCst) {
                let (inner, ended) = (pool.clone(), Arc::clone(ended));
                pool.job().priority(High).submit(move || again(&inner, &ended)).unwrap().detach();
            }
        }
        (0..10).for_each(|_| again(&pool, &ended));
        let jobs = [Low, Low, Normal, Low].map(|priority| pool.job().priority(priority).submit(|| ()).unwrap());
        jobs.into_iter().for_each(finish);
        ended.store(true, Ordering::SeqCst);
        assert!(pool.stats().completed > 4 * 63 - 64);
        pool.shutdown(Shutdown::Drain, None).unwrap();
    });
}

#[test]
fn urgent_jobs_overtake_those_that_the_worker_knows_of_already() {
    for queued in [1, 2, 3, 50] {
        for urgent in [1, 2, 3, 10] {
            let pool = one_worker(1_000);
            let log = Log::default();
            let (gate, held) = hold_worker(&pool);
            let (second, started) = (Gate::new(), Gate::new());
            let (stop, starts) = (second.clone(), started.clone());
            let stops = pool.submit(move || {
                starts.open();
                stop.pass();
            });
            (0..queued).for_each(|n| log.submit(&pool, Normal, n).detach());
            (0..queued).for_each(|n| log.submit(&pool, Low, n).detach());
            gate.open();
            // It has come by the queue now, and begun with the oldest.
            started.pass();
            (0..urgent).for_each(|n| log.submit(&pool, High, n).detach());
            (queued..queued + 2).for_each(|n| log.submit(&pool, Normal, n).detach());
            second.open();
            finish(held);
            finish(stops.unwrap());
            pool.wait_idle(Some(FOREVER)).unwrap();
            let ran = log.read();
            assert_eq!(ran[..urgent], Vec::from_iter(lane(High, 0..urgent)), "{queued} were queued");
            let of = |wanted| ran.iter().filter(move |(priority, _)| *priority == wanted).map(|&(_, n)| n);
            assert!(of(Normal).eq(0..queued + 2) && of(Low).eq(0..queued));
        }
    }
}

#[test]
fn an_urgent_job_overtakes_whichever_job_the_worker_stops_in() {
    const JOBS: usize = 30;
    let pool = one_worker(1_000);
    let log = Log::default();
    let gates: Vec<_> = (0..JOBS).map(|_| (Gate::new(), Gate::new())).collect();
    let (gate, held) = hold_worker(&pool);
    for (n, (begun, go)) in gates.iter().cloned().enumerate() {
        let write = log.job(Normal, n);
        let job = move || {
            write();
            begun.open();
            go.pass();
        };
        pool.submit(job).unwrap().detach();
    }
    gate.open();
    finish(held);
    for (n, (begun, go)) in gates.iter().enumerate() {
        begun.pass();
        log.submit(&pool, High, n).detach();
        go.open();
    }
    pool.wait_idle(Some(FOREVER)).unwrap();
    let expected = (0..JOBS).flat_map(|n| [(Normal, n), (High, n)]);
    assert_eq!(log.read(), Vec::from_iter(expected));
}

#[test]
fn priority_does_not_reorder_the_line() {
    const LINE: usize = 12;
    within_a_minute(|| {
        let pool = one_worker(1);
        let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
        log.submit(&pool, Normal, 0).detach();
        thread::scope(|scope| {
            for n in 1..LINE {
                let (pool, log) = (&pool, &log);
                scope.spawn(move || log.submit(pool, [Low, Normal, High][n % 3], n).detach());
                wait_until("it to stand in line", || pool.stats().waiting == n as u64);
            }
            gate.open();
        });
        finish(held);
        pool.wait_idle(None).unwrap();
        // There is room for one job at a time, so they run as they got in.
        assert!(log.read().into_iter().map(|(_, n)| n).eq(0..LINE));
    });
}

#[test]
fn a_job_from_the_line_takes_its_place_by_its_priority() {
    within_a_minute(|| {
        let pool = one_worker(3);
        let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
        let victim = log.submit(&pool, Low, 9);
        (0..2).for_each(|n| log.submit(&pool, Normal, n).detach());
        thread::scope(|scope| {
            let urgent = scope.spawn(|| log.submit(&pool, High, 2));
            wait_until("it to stand in line", || pool.stats().waiting == 1);
            assert_eq!(victim.cancel(), Cancel::Dequeued);
            urgent.join().unwrap().detach();
        });
        gate.open();
        finish(held);
        pool.wait_idle(None).unwrap();
        assert_eq!(log.read(), [(High, 2), (Normal, 0), (Normal, 1)]);
    });
}

#[test]
fn every_lane_is_first_in_first_out_around_cancelled_jobs() {
    const JOBS: usize = 6_000;
    let pool = one_worker(JOBS);
    let (log, (gate, held)) = (Log::default(), hold_worker(&pool));
    let jobs: Vec<_> = (0..JOBS).map(|n| log.submit(&pool, ALL[n % 3], n)).collect();
    for (n, job) in jobs.iter().enumerate() {
        if n % 5 == 0 {
            assert_eq!(job.cancel(), Cancel::Dequeued);
        }
    }
    gate.open();
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    let ran = log.read();
    assert_eq!(ran.len(), JOBS - JOBS / 5);
    for (lane, priority) in ALL.into_iter().enumerate() {
        let seen = ran.iter().filter(|(ran, _)| *ran == priority).map(|&(_, n)| n);
        assert!(seen.eq((0..JOBS).filter(|n| n % 3 == lane && n % 5 != 0)), "{priority:?}");
    }
}

#[test]
fn every_submitter_sees_its_own_jobs_of_one_priority_in_order() {
    const JOBS: usize = if cfg!(debug_assertions) { 6_000 } else { 60_000 };
    within_a_minute(|| {
        for capacity in [5, 50, 100_000] {
            let pool = one_worker(capacity);
            let logs = [(); 3].map(|()| Log::default());
            let submit = |log: &Log| rounds(JOBS).map(|n| log.submit(&pool, ALL[n * 7 % 3], n).detach()).count();
            let submitted = thread::scope(|scope| {
                logs.each_ref().map(|log| scope.spawn(|| submit(log))).map(|submitter| submitter.join().unwrap())
            });
            pool.wait_idle(None).unwrap();
            for (log, submitted) in logs.iter().zip(submitted) {
                let ran = log.read();
                assert_eq!(ran.len(), submitted);
                for priority in ALL {
                    assert!(ran.iter().filter(|(ran, _)| *ran == priority).map(|(_, n)| n).is_sorted());
                }
            }
        }
    });
}

#[test]
fn an_abort_takes_all_lanes_on_both_sides() {
    within_a_minute(|| {
        let pool = one_worker(1_000);
        let (gate, held) = hold_worker(&pool);
        let (second, started) = (Gate::new(), Gate::new());
        let (stop, starts) = (second.clone(), started.clone());
        let stops = pool.job().priority(High).submit(move || {
            starts.open();
            stop.pass();
        });
        let mut jobs: Vec<_> = (0..30).map(|n| pool.job().priority(ALL[n % 3]).submit(|| ()).unwrap()).collect();
        gate.open();
        started.pass();
        jobs.extend((0..30).map(|n| pool.job().priority(ALL[n % 3]).submit(|| ()).unwrap()));
        let report = pool.shutdown(Shutdown::Abort, Some(std::time::Duration::ZERO)).unwrap();
        assert_eq!((report.aborted, report.still_queued, report.still_running), (60, 0, 1));
        for job in jobs {
            assert!(matches!(job.try_join(), Ok(Err(JobError::Aborted))));
        }
        second.open();
        pool.shutdown(Shutdown::Abort, None).unwrap();
        finish(stops.unwrap());
        finish(held);
    });
}

#[test]
fn a_drain_finishes_all_lanes() {
    let pool = Pool::builder().workers(2).build().unwrap();
    let log = Log::default();
    (0..300).for_each(|n| log.submit(&pool, ALL[n % 3], n).detach());
    let report = pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!((report.completed, report.still_running), (300, 0));
    assert_eq!(log.read().len(), 300);
}

#[test]
fn a_join_inside_claims_its_job_from_any_lane() {
    within_a_minute(|| {
        let pool = one_worker(1_000);
        let log = Log::default();
        let (inner, inside) = (pool.clone(), log.clone());
        let parent = pool.submit(move || {
            let jobs: Vec<_> = (0..9).map(|n| inside.submit(&inner, ALL[n % 3], n)).collect();
            // The least urgent is joined first and runs first, and takes nobody's turn.
            for job in jobs.into_iter().rev() {
                job.join().unwrap();
            }
        });
        finish(parent.unwrap());
        assert!(log.read().into_iter().map(|(_, n)| n).eq((0..9).rev()));
    });
}
