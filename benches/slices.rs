//! The same for each item of a slice, on two workers: beside rayon's parallel iterators, two plain threads that share an index,
//! and a loop.
//!
//! `cargo bench --bench slices`; a time is one iteration's, and where there is a line of elements per second it counts items.
//!
//! Of the items that take next to nothing, each call comes from a thread outside the pool: rayon hands it to a worker, and with
//! corepool that thread does it, helped by the workers. The others are done in a job of either.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use corepool_benches::peers::{Corepool, Peer, Rayon, sizes};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::run;
use corepool_benches::work::{rounds_per_microsecond, spin};
use rayon::prelude::*;

/// Two operations.
fn cheap(n: &u32) -> u32 {
    n.wrapping_mul(3) ^ 7
}

/// Items that take next to nothing: what counts is what it costs to share them, and memory.
fn cheap_items(bench: &mut dyn Bench) {
    for length in [1_000, 100_000, 4_000_000, 10_000_000] {
        for (name, workers) in sizes(&format!("map_slice_{length}")) {
            let items: &[u32] = &(0..length).collect::<Vec<_>>();
            let mut group = Group::new(name).jobs(u64::from(length));
            let (pool, rayon) = (Corepool::build(workers).0, Rayon::build(workers).0);
            group.iterate("corepool", move || pool.map_slice(items, cheap));
            group.iterate("rayon", move || rayon.install(|| items.par_iter().map(cheap).collect::<Vec<_>>()));
            group.iterate("serial", move || items.iter().map(cheap).collect::<Vec<_>>());
            bench.measure(group);
        }
    }
}

/// What two threads do that take the next item from a shared index, each as soon as it has done one.
fn by_plain_threads(threads: usize, rounds: &[u64]) -> Vec<u64> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = 0_u64;
        // ORDERING: Relaxed: an index is given once.
        while let Some(&rounds) = rounds.get(next.fetch_add(1, Ordering::Relaxed)) {
            done = done.wrapping_add(spin(rounds));
        }
        done
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    })
}

/// Items of so many rounds.
fn items_of(bench: &mut dyn Bench, name: &str, rounds: &'static [u64]) {
    for (name, workers) in sizes(name) {
        let mut group = Group::new(name).jobs(rounds.len() as u64);
        let (pool, rayon) = (Corepool::build(workers).0, Rayon::build(workers).0);
        group.iterate("corepool", move || {
            let inner = pool.clone();
            pool.run(move || inner.map_slice(rounds, |&rounds| spin(rounds)))
        });
        group.iterate("rayon", move || {
            rayon.install(|| rounds.par_iter().map(|&rounds| spin(rounds)).collect::<Vec<_>>())
        });
        group.iterate("plain_threads", move || by_plain_threads(workers, rounds));
        bench.measure(group);
    }
}

fn uneven_items(bench: &mut dyn Bench) {
    let microsecond = rounds_per_microsecond();
    // Spread over the slice, without an order.
    let spread: Vec<u64> = (0..1_000).map(|item| microsecond * (1 + item * 7_919 % 100)).collect();
    items_of(bench, "map_slice_spread", spread.leak());
    let tail: Vec<u64> = (0..1_000).map(|item| microsecond * if item < 990 { 10 } else { 1_000 }).collect();
    items_of(bench, "map_slice_tail", tail.leak());
    items_of(bench, "map_slice_few", vec![2_000 * microsecond; 10].leak());
}

fn slices(bench: &mut dyn Bench) {
    cheap_items(bench);
    uneven_items(bench);
}

fn main() -> ExitCode {
    run(slices)
}
