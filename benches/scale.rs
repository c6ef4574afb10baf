//! What more workers win, beside the peers in the same run: with 1, 2, 4 and so on, up to as many as there are processors.
//!
//! `cargo bench --bench scale`; a time is one iteration's, and the line of elements per second below it counts jobs. There is as much
//! work for each worker whatever their number. So in `fork`, `slice` and the jobs of so many microseconds the time stays the same
//! where the pool scales; `plain_threads` is the same work done by as many plain threads. In `burst` as many threads submit and
//! join empty jobs as there are workers: where the queue is the limit, the jobs a second stay the same, or go down. SCALING.md says
//! what to expect.

use std::hint::black_box;
use std::iter;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use corepool::Pool;
use corepool_benches::peers::{Corepool, Peer, Rayon, submit_and_join_all};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::work::{Jobs, rounds_per_microsecond, spin};
use corepool_benches::{for_each_sized_peer, run};
use rayon::prelude::*;

/// Of each worker, in an iteration.
const WORK: Duration = Duration::from_millis(10);
/// Jobs of each submitter.
const BURST: u64 = 20_000;
/// Of the recursion; twice as many for twice as many workers.
const LEAVES: usize = 1 << 16;

/// Powers of two, and the number of processors.
fn worker_counts() -> impl Iterator<Item = usize> {
    let most = num_cpus::get();
    iter::successors(Some(1), |workers| Some(2 * workers)).take_while(move |workers| *workers < most).chain([most])
}

/// As many threads that submit as there are workers.
fn burst<P: Peer>(group: &mut Group<'_>, workers: usize) {
    let mut pool = None;
    group.row(P::NAME, move |rounds| {
        let pool = pool.get_or_insert_with(|| P::build(workers));
        (0..rounds).map(|_| shared_burst(pool, workers)).sum()
    });
}

fn shared_burst<P: Peer>(pool: &P, threads: usize) -> Duration {
    let start = Barrier::new(threads + 1);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                black_box(submit_and_join_all(pool, BURST));
                start.wait();
            });
        }
        start.wait();
        let begin = Instant::now();
        start.wait();
        begin.elapsed()
    })
}

fn work<'a, P: Peer>(group: &mut Group<'a>, workers: usize, jobs: &'a Jobs) {
    let mut pool = None;
    group.iterate(P::NAME, move || jobs.run_on(pool.get_or_insert_with(|| P::build(workers))));
}

/// The recursion by which a slice is summed up.
fn sum(leaves: &[u64], join: &(impl Fn(&[u64], &[u64]) -> (u64, u64) + Sync)) -> u64 {
    match leaves {
        [] => 0,
        [one] => spin(*one),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            let (left, right) = join(left, right);
            left ^ right
        }
    }
}

fn sum_by_corepool(pool: &Pool, leaves: &[u64]) -> u64 {
    sum(leaves, &|left, right| pool.join(|| sum_by_corepool(pool, left), || sum_by_corepool(pool, right)))
}

fn sum_by_rayon(leaves: &[u64]) -> u64 {
    sum(leaves, &|left, right| rayon::join(|| sum_by_rayon(left), || sum_by_rayon(right)))
}

/// Leaves of some 20 nanoseconds, with a join above each.
fn fork(bench: &mut dyn Bench, workers: usize) {
    let leaves: &[u64] = vec![10; workers * LEAVES].leak();
    let mut group = Group::new(format!("scale_fork_{workers}")).jobs(leaves.len() as u64);
    let (pool, rayon) = (Corepool::build(workers).0, Rayon::build(workers).0);
    group.iterate("corepool", move || {
        let inner = pool.clone();
        pool.run(move || sum_by_corepool(&inner, leaves))
    });
    group.iterate("rayon", move || rayon.install(|| sum_by_rayon(leaves)));
    bench.measure(group);
}

/// Items of a microsecond.
fn slice(bench: &mut dyn Bench, workers: usize, unit: u64) {
    let items: &[u64] = vec![unit; workers * WORK.as_micros() as usize].leak();
    let mut group = Group::new(format!("scale_slice_{workers}")).jobs(items.len() as u64);
    let (pool, rayon) = (Corepool::build(workers).0, Rayon::build(workers).0);
    group.iterate("corepool", move || {
        let inner = pool.clone();
        pool.run(move || inner.map_slice(items, |&rounds| spin(rounds)))
    });
    group.iterate("rayon", move || rayon.install(|| items.par_iter().map(|&rounds| spin(rounds)).collect::<Vec<_>>()));
    bench.measure(group);
}

fn scale(bench: &mut dyn Bench) {
    let unit = rounds_per_microsecond();
    for workers in worker_counts() {
        let mut group = Group::new(format!("scale_burst_{workers}")).jobs(workers as u64 * BURST);
        for_each_sized_peer!(burst(&mut group, workers));
        bench.measure(group);
    }
    for microseconds in [1, 10, 100] {
        for workers in worker_counts() {
            let jobs = Jobs::of(microseconds, unit, WORK * workers as u32);
            let mut group = Group::new(format!("scale_{microseconds}us_{workers}")).jobs(jobs.0.len() as u64);
            group.iterate("plain_threads", || jobs.run_on_threads(workers));
            for_each_sized_peer!(work(&mut group, workers, &jobs));
            bench.measure(group);
        }
    }
    worker_counts().for_each(|workers| fork(bench, workers));
    worker_counts().for_each(|workers| slice(bench, workers, unit));
}

fn main() -> ExitCode {
    run(scale)
}
