//! What a pool shows of itself: what runs and what that waits for, how long jobs took, which run for too long, and why
//! submissions were rejected.
#![cfg(not(corepool_loom))]

#[path = "../common/mod.rs"]
mod common;

mod running;
mod waiting;
mod guests;
mod queued;
mod display;
mod timings;
mod names;
mod differences;
mod waited;
mod cpu;
mod slow;
mod slow_hook;
mod keeper;
mod rejections;
mod report;
mod memory;
mod stress;

use std::alloc::System;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use common::Gate;
use corepool::{Builder, JobHandle, Pool, RunningJob, Timings};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Before any job was submitted to a pool that was made by what follows.
fn began() -> Instant {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    *BEGAN.get_or_init(Instant::now)
}

fn builder(workers: usize) -> Builder {
    began();
    Pool::builder().workers(workers).timings(true)
}

fn timed(workers: usize) -> Pool {
    builder(workers).build().unwrap()
}

fn timed_inline() -> Pool {
    Pool::builder().inline().timings(true).build().unwrap()
}

/// The pool whose job this code runs in.
fn here() -> Pool {
    Pool::current().unwrap()
}

/// A job that runs until the gate is opened. Comes back once it has begun.
fn hold(pool: &Pool, name: &'static str) -> (Gate, JobHandle<()>) {
    let (gate, started) = (Gate::new(), Gate::new());
    let (passed, opened) = (gate.clone(), started.clone());
    let held = pool.job().name(name).submit(move || {
        opened.open();
        passed.pass();
    });
    started.pass();
    (gate, held.unwrap())
}

fn name_of(job: &RunningJob) -> &str {
    job.name.as_deref().unwrap_or("-")
}

/// What a job waits for, by its name.
fn waits_for(job: &RunningJob) -> &str {
    job.waits_for.as_ref().map_or("", |label| label.name.as_deref().unwrap_or("-"))
}

/// Each job that the pool says runs, as where, its name and what it waits for.
fn rows(pool: &Pool) -> Vec<(Option<usize>, String, String)> {
    let row = |job: &RunningJob| (job.worker, name_of(job).to_owned(), waits_for(job).to_owned());
    pool.running().jobs.iter().map(row).collect()
}

fn row(worker: impl Into<Option<usize>>, name: &str, waits_for: &str) -> (Option<usize>, String, String) {
    (worker.into(), name.to_owned(), waits_for.to_owned())
}

/// How many jobs of a name have run.
fn ran(timings: &Timings, name: &str) -> u64 {
    timings.named.iter().filter(|(of, _)| of == name).map(|(_, times)| times.ran.count()).sum()
}

/// Each job that has run was counted once, and no other was.
fn assert_all_timed(pool: &Pool) {
    let (stats, all) = (pool.stats(), pool.timings().unwrap().all());
    let (ran, waited) = (all.ran.count(), all.waited.count());
    assert_eq!((ran, waited), (stats.completed + stats.panicked, stats.completed + stats.panicked), "{stats:?}");
    if let Some(cpu) = all.cpu {
        assert_eq!(cpu.count(), ran);
    }
}

/// Takes so long that it can be told from nothing: a length to measure, not a wait for anything.
fn take(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}
