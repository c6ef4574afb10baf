//! The queue is FIFO, and the waiting line behind it as well.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{FOREVER, Gate, Log, finish, hold_worker, one_worker, wait_until};
use corepool::{Pool, Shutdown};

fn assert_counts_up(seen: &[usize], n: usize) {
    assert_eq!(seen.len(), n);
    if let Some(place) = (0..n).find(|&place| seen[place] != place) {
        panic!("job {} ran in place {place}", seen[place]);
    }
}

#[test]
fn one_worker_runs_a_hundred_thousand_queued_jobs_in_order() {
    let pool = Pool::builder().workers(1).unbounded_queue().build().unwrap();
    let log = Log::default();
    let (gate, held) = hold_worker(&pool);
    for n in 0..100_000 {
        pool.submit(log.job(n)).unwrap().detach();
    }
    gate.open();
    finish(held);
    finish(pool.submit(|| ()).unwrap());
    assert_counts_up(&log.read(), 100_000);
}

#[test]
fn one_worker_runs_jobs_in_order_while_they_come_in() {
    let pool = one_worker(64);
    let log = Log::default();
    for n in 0..100_000 {
        pool.submit(log.job(n)).unwrap().detach();
    }
    finish(pool.submit(|| ()).unwrap());
    assert_counts_up(&log.read(), 100_000);
}

#[test]
fn every_submitter_sees_its_own_jobs_in_order() {
    const SUBMITTERS: usize = 4;
    const JOBS: usize = 5_000;
    // Small enough that the submitters stand in line most of the time.
    for capacity in [3, 1_000_000] {
        let pool = one_worker(capacity);
        let logs: Vec<_> = (0..SUBMITTERS).map(|_| Log::default()).collect();
        thread::scope(|scope| {
            for log in &logs {
                scope.spawn(|| {
                    for n in 0..JOBS {
                        pool.submit(log.job(n)).unwrap().detach();
                    }
                });
            }
        });
        finish(pool.submit(|| ()).unwrap());
        for log in logs {
            assert_counts_up(&log.read(), JOBS);
        }
    }
}

#[test]
fn every_submitting_job_sees_its_own_jobs_in_order() {
    const JOBS: usize = 1_000;
    let pool = one_worker(10);
    let logs: Vec<_> = (0..4).map(|_| Log::default()).collect();
    for log in &logs {
        let (inner, log) = (pool.clone(), log.clone());
        let parent = move || {
            for n in 0..JOBS {
                inner.submit(log.job(n)).unwrap().detach();
            }
        };
        pool.submit(parent).unwrap().detach();
    }
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    for log in logs {
        assert_counts_up(&log.read(), JOBS);
    }
}

#[test]
fn the_queue_comes_first_then_the_line_in_order() {
    const QUEUE: usize = 5;
    const LINE: usize = 20;
    let pool = one_worker(QUEUE);
    let log = Log::default();
    let (gate, held) = hold_worker(&pool);
    for n in 0..QUEUE {
        pool.try_submit(log.job(n)).unwrap().detach();
    }
    thread::scope(|scope| {
        for n in 0..LINE {
            let (pool, log) = (&pool, &log);
            scope.spawn(move || pool.submit(log.job(QUEUE + n)).unwrap().detach());
            wait_until("the thread to stand in line", || pool.stats().waiting == n as u64 + 1);
        }
        gate.open();
    });
    finish(held);
    finish(pool.submit(|| ()).unwrap());
    assert_counts_up(&log.read(), QUEUE + LINE);
}

#[test]
fn a_job_submitted_inside_does_not_overtake_the_queue_but_the_line() {
    let pool = one_worker(2);
    let log = Log::default();
    let (started, go) = (Gate::new(), Gate::new());
    let parent = {
        let (pool, log, started, go) = (pool.clone(), log.clone(), started.clone(), go.clone());
        move || {
            started.open();
            go.pass();
            // There is no room; a worker does not wait for it.
            pool.submit(log.job(2)).unwrap().detach();
        }
    };
    let parent = pool.submit(parent).unwrap();
    started.pass();
    for n in 0..2 {
        pool.submit(log.job(n)).unwrap().detach();
    }
    thread::scope(|scope| {
        scope.spawn(|| pool.submit(log.job(3)).unwrap().detach());
        wait_until("the thread to stand in line", || pool.stats().waiting == 1);
        go.open();
    });
    finish(parent);
    finish(pool.submit(|| ()).unwrap());
    assert_counts_up(&log.read(), 4);
}

/// In one job: submits `0..n`, joins those in `claims` by hand, and lets the rest run.
fn run_with_claims(n: usize, claims: Vec<usize>) -> Vec<usize> {
    let pool = one_worker(n);
    let log = Log::default();
    let parent = {
        let (pool, log) = (pool.clone(), log.clone());
        move || {
            let mut jobs: Vec<_> = (0..n).map(|n| Some(pool.submit(log.job(n)).unwrap())).collect();
            for claim in claims {
                jobs[claim].take().unwrap().join().unwrap();
            }
        }
    };
    finish(pool.submit(parent).unwrap());
    finish(pool.submit(|| ()).unwrap());
    log.read()
}

#[test]
fn a_join_inside_takes_its_job_out_and_keeps_the_rest_in_order() {
    for claim in [0, 1, 5, 8, 9] {
        let mut expected = vec![claim];
        expected.extend((0..10).filter(|&n| n != claim));
        assert_eq!(run_with_claims(10, vec![claim]), expected);
    }
}

#[test]
fn many_joins_inside_keep_the_rest_in_order() {
    let claims: Vec<usize> = (0..2_000).rev().filter(|n| n % 3 == 1).collect();
    let mut expected = claims.clone();
    expected.extend((0..2_000).filter(|n| n % 3 != 1));
    assert_eq!(run_with_claims(2_000, claims), expected);
}

#[test]
fn a_join_inside_takes_its_job_from_among_older_and_newer_ones() {
    // Those that were there first, those submitted inside, and those that come while the claimed job runs.
    let pool = one_worker(100);
    let log = Log::default();
    let (started, go) = (Gate::new(), Gate::new());
    let parent = {
        let (pool, log, started, go) = (pool.clone(), log.clone(), started.clone(), go.clone());
        move || {
            started.open();
            go.pass();
            let claimed = pool.submit(log.job(1_000)).unwrap();
            pool.submit(log.job(10)).unwrap().detach();
            claimed.join().unwrap();
            pool.submit(log.job(11)).unwrap().detach();
        }
    };
    let parent = pool.submit(parent).unwrap();
    started.pass();
    for n in 0..10 {
        pool.submit(log.job(n)).unwrap().detach();
    }
    go.open();
    finish(parent);
    finish(pool.submit(|| ()).unwrap());
    let seen = log.read();
    assert_eq!(seen[0], 1_000);
    assert_counts_up(&seen[1..], 12);
}

#[test]
fn a_place_freed_by_a_join_inside_goes_to_the_end_of_the_queue() {
    let pool = one_worker(3);
    let log = Log::default();
    let (started, go) = (Gate::new(), Gate::new());
    let parent = {
        let (pool, log, started, go) = (pool.clone(), log.clone(), started.clone(), go.clone());
        move || {
            let first = pool.submit(log.job(100)).unwrap();
            pool.submit(log.job(0)).unwrap().detach();
            pool.submit(log.job(1)).unwrap().detach();
            started.open();
            go.pass();
            first.join().unwrap();
        }
    };
    let parent = pool.submit(parent).unwrap();
    started.pass();
    thread::scope(|scope| {
        for n in 0..3 {
            let (pool, log) = (&pool, &log);
            scope.spawn(move || pool.submit(log.job(2 + n)).unwrap().detach());
            wait_until("the thread to stand in line", || pool.stats().waiting == n as u64 + 1);
        }
        go.open();
    });
    finish(parent);
    finish(pool.submit(|| ()).unwrap());
    let seen = log.read();
    assert_eq!(seen[0], 100);
    assert_counts_up(&seen[1..], 5);
}

#[test]
fn a_long_job_on_one_worker_leaves_the_rest_in_order_to_the_other() {
    let pool = Pool::builder().workers(2).build().unwrap();
    let log = Log::default();
    let (gate, held) = hold_worker(&pool);
    let (second_gate, second_held) = hold_worker(&pool);
    for n in 0..10_000 {
        pool.submit(log.job(n)).unwrap().detach();
    }
    second_gate.open();
    finish(second_held);
    // The first worker is still held: the other does it all.
    finish(pool.submit(|| ()).unwrap());
    assert_counts_up(&log.read(), 10_000);
    gate.open();
    finish(held);
}

#[test]
fn a_long_job_in_the_middle_holds_up_nothing_behind_it() {
    let pool = Pool::builder().workers(2).build().unwrap();
    let log = Log::default();
    let (gate, held) = hold_worker(&pool);
    let (second_gate, second_held) = hold_worker(&pool);
    let long = Gate::new();
    let mut long_job = None;
    for n in 0..1_000 {
        pool.submit(log.job(n)).unwrap().detach();
        if n == 500 {
            let long = long.clone();
            long_job = Some(pool.submit(move || long.pass()).unwrap());
        }
    }
    // One worker meets the long job on its way; the other, let go after that, does what stands behind it.
    second_gate.open();
    finish(second_held);
    wait_until("the long job to begin", || log.read().len() == 501 && pool.stats().queued == 499);
    gate.open();
    finish(held);
    finish(pool.submit(|| ()).unwrap());
    assert_counts_up(&log.read(), 1_000);
    long.open();
    finish(long_job.unwrap());
}

#[test]
fn two_workers_begin_jobs_in_order() {
    // What a job's place in the queue decides is when it begins: with two workers the count of those begun before it
    // can be off by the other worker's one.
    let pool = Pool::builder().workers(2).build().unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let places: Vec<_> = (0..2).map(|_| hold_worker(&pool)).collect();
    let jobs: Vec<_> = (0..10_000)
        .map(|_| {
            let begun = Arc::clone(&begun);
            pool.submit(move || (corepool::current_worker(), begun.fetch_add(1, Ordering::SeqCst))).unwrap()
        })
        .collect();
    for (gate, held) in places {
        gate.open();
        finish(held);
    }
    let mut last = [None, None];
    for job in jobs {
        // On each worker, jobs run in the order in which they were submitted.
        let (Some(worker), place) = finish(job) else { panic!("a job runs on a worker") };
        assert!(last[worker] < Some(place));
        last[worker] = Some(place);
    }
}
