//! Jobs that borrow, in a scope that outlives them: beside rayon's, and plain threads.
//!
//! `cargo bench --bench scope`; a time is one iteration's, and where there is a line of elements per second it counts scopes or jobs.
//!
//! `outside` is a thread that does not belong to the pool, and waits for its workers; `inside` is a job.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use corepool_benches::peers::{Corepool, Peer, Rayon, sizes};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::run;

/// Scopes in one job.
const SCOPES: u64 = 100;

/// What each job changes, which it borrows.
type Count = AtomicUsize;

fn count(counts: &Count) {
    // ORDERING: Relaxed: it is only counted.
    counts.fetch_add(1, Ordering::Relaxed);
}

fn by_corepool(pool: &corepool::Pool, jobs: u64) -> usize {
    let counts = Count::new(0);
    pool.scope(|scope| {
        for _ in 0..jobs {
            drop(scope.spawn(|| count(&counts)));
        }
    });
    counts.into_inner()
}

/// What the scope spares: to count references, and to join.
fn by_submit(pool: &corepool::Pool, jobs: u64) -> usize {
    let counts = std::sync::Arc::new(Count::new(0));
    let handles: Vec<_> = (0..jobs)
        .map(|_| {
            let counts = counts.clone();
            pool.submit(move || count(&counts)).expect("the pool is open")
        })
        .collect();
    handles.into_iter().for_each(|handle| handle.join().expect("it does not panic"));
    counts.load(Ordering::Relaxed)
}

/// The scope's body on the calling thread, as corepool's.
fn by_rayon(pool: &rayon::ThreadPool, jobs: u64) -> usize {
    let counts = Count::new(0);
    pool.in_place_scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|_| count(&counts));
        }
    });
    counts.into_inner()
}

fn by_threads(jobs: u64) -> usize {
    let counts = Count::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| count(&counts));
        }
    });
    counts.into_inner()
}

fn outside(bench: &mut dyn Bench) {
    for jobs in [2, 1_000] {
        for (name, workers) in sizes(&format!("scope_{jobs}_outside")) {
            let mut group = Group::new(name).jobs(jobs);
            let (pool, rayon) = (Corepool::build(workers).0, Rayon::build(workers).0);
            let other = pool.clone();
            group.iterate("corepool_submit", move || by_submit(&other, jobs));
            group.iterate("corepool", move || by_corepool(&pool, jobs));
            group.iterate("rayon", move || by_rayon(&rayon, jobs));
            if jobs == 2 {
                group.iterate("std_scope", move || by_threads(jobs));
            }
            bench.measure(group);
        }
    }
}

fn inside(bench: &mut dyn Bench) {
    for jobs in [2, 1_000] {
        for (name, workers) in sizes(&format!("scope_{jobs}_inside")) {
            let scopes = if jobs == 2 { SCOPES } else { 1 };
            let mut group = Group::new(name).jobs(jobs * scopes);
            let (pool, rayon) = (Corepool::build(workers).0, Rayon::build(workers).0);
            let other = pool.clone();
            group.iterate("corepool_submit", move || {
                let inner = other.clone();
                other.run(move || (0..scopes).map(|_| by_submit(&inner, jobs)).sum::<usize>())
            });
            group.iterate("corepool", move || {
                let inner = pool.clone();
                pool.run(move || (0..scopes).map(|_| by_corepool(&inner, jobs)).sum::<usize>())
            });
            group
                .iterate("rayon", move || rayon.install(|| (0..scopes).map(|_| by_rayon(&rayon, jobs)).sum::<usize>()));
            bench.measure(group);
        }
    }
}

fn scopes(bench: &mut dyn Bench) {
    outside(bench);
    inside(bench);
}

fn main() -> ExitCode {
    run(scopes)
}
