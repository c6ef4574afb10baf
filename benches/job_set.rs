//! What it costs to take outcomes as they come: job sets, `as_completed` and iterators over a million empty jobs, on two workers,
//! beside the same jobs submitted one by one and their handles joined.
//!
//! `cargo bench --bench job_set`; a time is one iteration's, and the line of elements per second below it counts jobs.

use std::hint::black_box;
use std::iter;
use std::process::ExitCode;

use corepool::{Pool, as_completed};
use corepool_benches::peers::{Corepool, Peer, Tokio, sizes, submit_and_join_all};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::run;
use tokio::task::JoinSet;

const JOBS: u64 = 1_000_000;

/// By a set that is filled, then drained.
fn by_set(pool: &Pool) -> u64 {
    let mut jobs = pool.job_set();
    for n in 0..JOBS {
        jobs.submit(move || black_box(n)).expect("the pool is open");
    }
    iter::from_fn(|| jobs.join_next()).map(|outcome| outcome.expect("the job does not panic")).sum()
}

fn by_join_set(tokio: &Tokio) -> u64 {
    let mut jobs = JoinSet::new();
    for n in 0..JOBS {
        jobs.spawn_blocking_on(move || black_box(n), tokio.0.handle());
    }
    tokio.0.block_on(async {
        let mut sum = 0;
        while let Some(outcome) = jobs.join_next().await {
            sum += outcome.expect("the job does not panic");
        }
        sum
    })
}

fn by_list(pool: &Pool) -> u64 {
    let jobs = as_completed((0..JOBS).map(|n| pool.submit(move || black_box(n)).expect("the pool is open")));
    jobs.map(|(_, outcome)| outcome.expect("the job does not panic")).sum()
}

fn by_map(pool: &Pool, window: usize) -> u64 {
    let outcomes = pool.map(0..JOBS, black_box).buffered(window);
    outcomes.map(|outcome| outcome.expect("the job does not panic")).sum()
}

fn by_map_unordered(pool: &Pool, window: usize) -> u64 {
    let outcomes = pool.map_unordered(0..JOBS, black_box).buffered(window);
    outcomes.map(|outcome| outcome.expect("the job does not panic")).sum()
}

/// A way to do the jobs, and the same by handles, on the same pool.
fn beside_handles<'a>(name: String, workers: usize, way: impl Fn(&Pool) -> u64 + 'a) -> Group<'a> {
    let mut group = Group::new(name).jobs(JOBS);
    let plain = Corepool::build(workers);
    let pool = plain.0.clone();
    group.iterate("corepool", move || way(&pool));
    group.iterate("corepool_handles", move || submit_and_join_all(&plain, JOBS));
    group
}

fn job_set(bench: &mut dyn Bench) {
    for (name, workers) in sizes("job_set") {
        let mut group = beside_handles(name, workers, by_set);
        let mut tokio = None;
        group.iterate("tokio_join_set", move || by_join_set(tokio.get_or_insert_with(|| Tokio::build(workers))));
        bench.measure(group);
    }
    for (name, workers) in sizes("as_completed") {
        bench.measure(beside_handles(name, workers, by_list));
    }
    for window in [64, 1_024] {
        for (name, workers) in sizes(&format!("map_{window}")) {
            bench.measure(beside_handles(name, workers, move |pool| by_map(pool, window)));
        }
        for (name, workers) in sizes(&format!("map_unordered_{window}")) {
            bench.measure(beside_handles(name, workers, move |pool| by_map_unordered(pool, window)));
        }
    }
}

fn main() -> ExitCode {
    run(job_set)
}
