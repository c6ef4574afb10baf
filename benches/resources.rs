//! What the pools take besides time: allocations and memory a job, and processor time while they have nothing to do. And how long
//! the slowest of many round trips take, which no median of them tells.
//!
//! `cargo bench --bench resources`; prints a row for each pool and figure as CSV. The first
//! argument that is a number is the seconds of idleness measured, 5 without one.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose rows are its output")]

use std::alloc::System;
use std::env;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use corepool::Pool;
use corepool_benches::for_each_sized_peer;
use corepool_benches::peers::{Corepool, Peer, Rayon, WORKERS, hold, submit_and_join_all};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const JOBS: usize = 100_000;
/// Of a tree of a million joins.
const DEPTH: u64 = 20;
/// Enough for every pool's threads to have gone to sleep after their last job.
const SETTLING: Duration = Duration::from_millis(200);

fn row(group: &str, peer: &str, value: f64, unit: &str) {
    println!("{group},{peer},{value},{unit}");
}

/// Submits jobs of one word while every worker is held, then joins them; what was allocated until they were queued, and
/// until they were joined.
fn queue_and_join<P: Peer>(pool: &P) -> (Stats, Stats) {
    let mut handles = Vec::with_capacity(JOBS);
    let held: Vec<_> = (0..WORKERS).map(|_| hold(pool)).collect();
    let region = Region::new(ALLOCATOR);
    handles.extend((0..JOBS as u64).map(|n| pool.submit(move || black_box(n))));
    let queued = region.change();
    for (open, handle) in held {
        drop(open);
        P::join(handle);
    }
    black_box(handles.into_iter().map(P::join).sum::<u64>());
    (queued, region.change())
}

fn memory<P: Peer>() {
    let pool = P::build(WORKERS);
    // The first round grows what the pool keeps.
    queue_and_join(&pool);
    let (queued, joined) = queue_and_join(&pool);
    let a_job = |amount: isize| (amount as f64 / JOBS as f64 * 100.0).round() / 100.0;
    let asked = joined.allocations + joined.reallocations;
    row("allocations", P::NAME, a_job(asked as isize), "a job");
    let live = queued.bytes_allocated as isize - queued.bytes_deallocated as isize;
    row("queued_memory", P::NAME, a_job(live), "bytes a job");
}

/// Ticks of processor time that this process has used, its threads included.
fn ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name before it may hold spaces, but no later field holds a parenthesis. utime and stime are the 14th and 15th.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn idle<P: Peer>(workers: usize, rest: Duration) {
    let pool = P::build(workers);
    black_box(submit_and_join_all(&pool, 10_000));
    count_ticks(&format!("idle_{workers}"), P::NAME, rest);
}

/// A pool whose threads have looked for more than jobs.
fn idle_after_joins(rest: Duration) {
    fn by_corepool(pool: &Pool, calls: u64) {
        if calls > 0 {
            pool.join(|| by_corepool(pool, calls - 1), || by_corepool(pool, calls - 1));
        }
    }
    fn by_rayon(calls: u64) {
        if calls > 0 {
            rayon::join(|| by_rayon(calls - 1), || by_rayon(calls - 1));
        }
    }
    let Corepool(pool) = Corepool::build(WORKERS);
    by_corepool(&pool, DEPTH);
    count_ticks("idle_after_joins", "corepool", rest);
    drop(pool);
    let Rayon(rayon) = Rayon::build(WORKERS);
    rayon.install(|| by_rayon(DEPTH));
    count_ticks("idle_after_joins", "rayon", rest);
}

fn count_ticks(group: &str, peer: &str, rest: Duration) {
    thread::sleep(SETTLING);
    let Some(before) = ticks() else {
        eprintln!("{group}: skipped, as there is no /proc/self/stat");
        return;
    };
    thread::sleep(rest);
    let used = ticks().unwrap_or(before) - before;
    row(group, peer, used as f64, "ticks");
}

const TRIPS: usize = 20_000;

/// How long single round trips take: half of them, and all but one in a hundred, in nanoseconds at most.
fn latency<P: Peer>() {
    let pool = P::build(WORKERS);
    let trip = || {
        let start = Instant::now();
        black_box(P::join(pool.submit(|| black_box(1))));
        start.elapsed().as_nanos() as f64
    };
    (0..TRIPS / 10).for_each(|_| _ = trip());
    let mut times: Vec<_> = (0..TRIPS).map(|_| trip()).collect();
    times.sort_unstable_by(f64::total_cmp);
    row("round_trip_p50", P::NAME, times[TRIPS / 2], "ns");
    row("round_trip_p99", P::NAME, times[TRIPS / 100 * 99], "ns");
}

fn main() {
    let seconds = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    for_each_sized_peer!(memory());
    for_each_sized_peer!(latency());
    for workers in [2, 64] {
        for_each_sized_peer!(idle(workers, Duration::from_secs(seconds)));
    }
    idle_after_joins(Duration::from_secs(seconds));
}
