//! What it costs to hand a job to the pool and get its answer back, beside the peers in the same run, all with two workers,
//! and with a worker for each processor where those are not two.
//!
//! `cargo bench --bench handover`; a time is one iteration's (a whole burst, or one round trip), and the line of elements
//! per second below it counts jobs.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use corepool::{CancelToken, JobBuilder, Priority};
use corepool_benches::peers::{
    AsyncPeer, Blocking, Corepool, Peer, Spawn, Tokio, WORKERS, sizes, stream, submit_and_join_all,
};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::{for_each_peer, run};
use tokio::runtime;

const BURST: u64 = 100_000;
const PRODUCERS: [u64; 4] = [1, 2, 4, 8];

fn burst<P: Peer>(group: &mut Group<'_>, workers: usize) {
    let mut pool = None;
    group.iterate(P::NAME, move || submit_and_join_all(pool.get_or_insert_with(|| P::build(workers)), BURST));
}

fn round_trip<P: Peer>(group: &mut Group<'_>, workers: usize) {
    let mut pool = None;
    group.iterate(P::NAME, move || {
        let pool = pool.get_or_insert_with(|| P::build(workers));
        P::join(pool.submit(|| black_box(1)))
    });
}

/// One job after the other, each awaited by a task on a worker of tokio's own.
fn round_trip_from_task<P: AsyncPeer>(group: &mut Group<'_>, workers: usize) {
    let mut runtime = None;
    group.row(P::NAME, move |rounds| {
        let start = || runtime::Builder::new_multi_thread().worker_threads(1).build().expect("the runtime starts");
        let runtime = runtime.get_or_insert_with(start);
        let pool = P::build(workers);
        let task = runtime.spawn(async move {
            P::wait(pool.submit(|| black_box(1))).await; // the threads are up
            let start = Instant::now();
            for _ in 0..rounds {
                black_box(P::wait(pool.submit(|| black_box(1))).await);
            }
            // A runtime must not be dropped inside another.
            (start.elapsed(), pool)
        });
        let (time, pool) = runtime.block_on(task).expect("the task does not panic");
        drop(pool);
        time
    });
}

/// Jobs with options, beside the same as plain jobs.
fn options(bench: &mut dyn Bench) {
    let token = CancelToken::new();
    let mut with = |group: &str, options: &dyn Fn(JobBuilder<'_>) -> JobBuilder<'_>| {
        let mut group = Group::new(group).jobs(BURST);
        let Corepool(pool) = Corepool::build(WORKERS);
        let submit = move |n| options(pool.job()).submit(move || black_box(n)).expect("the pool is open");
        group.iterate("corepool", move || stream::<Corepool>(BURST, &submit));
        let plain = Corepool::build(WORKERS);
        group.iterate("corepool_plain", move || stream::<Corepool>(BURST, |n| plain.submit(move || black_box(n))));
        bench.measure(group);
    };
    with("options_name", &|job| job.name("thumbnail").priority(Priority::Low));
    with("options_token", &|job| job.token(&token));
    with("options_all", &|job| job.name("thumbnail").priority(Priority::Low).token(&token));
    with("options_deadline", &|job| job.timeout(Duration::from_secs(60)));
}

/// So many threads, each with its share of a burst, timed from when all are up to the last join.
fn producers<P: Peer>(group: &mut Group<'_>, workers: usize, threads: u64) {
    let mut pool = None;
    group.row(P::NAME, move |rounds| {
        let pool = pool.get_or_insert_with(|| P::build(workers));
        (0..rounds).map(|_| shared_burst(pool, threads)).sum()
    });
}

fn shared_burst<P: Peer>(pool: &P, threads: u64) -> Duration {
    let start = Barrier::new(threads as usize + 1);
    let produce = || {
        start.wait();
        black_box(submit_and_join_all(pool, BURST / threads))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(produce)).collect();
        start.wait();
        let begin = Instant::now();
        for thread in threads {
            thread.join().expect("no producer panics");
        }
        begin.elapsed()
    })
}

fn handover(bench: &mut dyn Bench) {
    for (name, workers) in sizes("burst") {
        let mut group = Group::new(name).jobs(BURST);
        for_each_peer!(burst(&mut group, workers));
        bench.measure(group);
    }
    options(bench);
    for (name, workers) in sizes("round_trip") {
        let mut group = Group::new(name).jobs(1);
        for_each_peer!(round_trip(&mut group, workers));
        round_trip::<Spawn>(&mut group, workers);
        bench.measure(group);
    }
    for (name, workers) in sizes("round_trip_from_task") {
        let mut group = Group::new(name).jobs(1);
        round_trip_from_task::<Corepool>(&mut group, workers);
        round_trip_from_task::<Tokio>(&mut group, workers);
        round_trip_from_task::<Blocking>(&mut group, workers);
        bench.measure(group);
    }
    for threads in PRODUCERS {
        for (name, workers) in sizes(&format!("producers_{threads}")) {
            let mut group = Group::new(name).jobs(BURST);
            for_each_peer!(producers(&mut group, workers, threads));
            bench.measure(group);
        }
    }
}

fn main() -> ExitCode {
    run(handover)
}
