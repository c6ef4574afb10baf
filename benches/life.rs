//! What happens once in a pool's life, or inside its jobs: starting, ending, giving jobs up, jobs that wait for jobs; beside
//! those peers in the same run that can do it.
//!
//! With two workers, and with a worker for each processor where those are not two; `cancel` has one.
//!
//! `cargo bench --bench life`; a time is one iteration's, and where there is a line of elements per second it counts jobs.

mod peers;

use std::hint::black_box;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use corepool::{Cancel, Pool, Shutdown};
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use peers::{Corepool, Peer, sizes};
use tokio::runtime::{self, Runtime};

/// From nothing to the first result. Ending the pool is not counted.
fn build<P: Peer>(group: &mut BenchmarkGroup<'_, WallTime>, workers: usize) {
    let life = || {
        let start = Instant::now();
        let pool = P::build(workers);
        black_box(P::join(pool.submit(|| black_box(1))));
        let time = start.elapsed();
        drop(pool);
        time
    };
    group.bench_function(P::NAME, |b| b.iter_custom(|lives| (0..lives).map(|_| life()).sum::<Duration>()));
}

fn corepool(workers: usize) -> Pool {
    Corepool::build(workers).0
}

/// With as many blocking threads started.
fn tokio(threads: usize) -> Runtime {
    let runtime = runtime::Builder::new_current_thread().max_blocking_threads(threads).build().expect("it starts");
    let meeting = Arc::new(Barrier::new(threads));
    let jobs: Vec<_> = (0..threads)
        .map(|_| {
            let meeting = Arc::clone(&meeting);
            runtime.spawn_blocking(move || meeting.wait().is_leader())
        })
        .collect();
    jobs.into_iter().for_each(|job| assert!(pollster::block_on(job).is_ok(), "the job does not panic"));
    runtime
}

/// Ending an idle pool, until its threads are gone. rayon, threadpool and rusty_pool have no way to wait for that.
fn shutdown(c: &mut Criterion) {
    for (name, workers) in sizes("shutdown") {
        let mut group = c.benchmark_group(name);
        let end = |pool: Pool| pool.shutdown(Shutdown::Drain, None);
        let each = BatchSize::PerIteration;
        group.bench_function("corepool", |b| b.iter_batched(|| corepool(workers), end, each));
        group.bench_function("tokio_spawn_blocking", |b| b.iter_batched(|| tokio(workers), drop, each));
        group.finish();
    }
}

const GIVEN_UP: u64 = 10_000;

/// Jobs that are submitted while the only worker is busy and then given up, each before it runs. Of the peers tokio can, too;
/// it keeps them queued until a thread comes to them, so each iteration has a pool of its own.
fn cancel(c: &mut Criterion) {
    let mut group = c.benchmark_group("cancel");
    group.throughput(Throughput::Elements(GIVEN_UP)).sample_size(20);
    let held_pool = || Held::new(Corepool::build(1).0, |pool, job| pool.submit(job).expect("it is open").detach());
    let give_up = |held: &mut Held<Pool>| {
        let submit = |n| held.pool.submit(move || black_box(n)).expect("it is open");
        let jobs: Vec<_> = (0..GIVEN_UP).map(submit).collect();
        jobs.iter().filter(|job| black_box(job.cancel()) == Cancel::Dequeued).count()
    };
    group.bench_function("corepool", |b| b.iter_batched_ref(held_pool, give_up, BatchSize::PerIteration));

    let held_runtime = || Held::new(tokio(1), |runtime, job| drop(runtime.spawn_blocking(job)));
    let abort = |held: &mut Held<Runtime>| {
        let jobs: Vec<_> = (0..GIVEN_UP).map(|n| held.pool.spawn_blocking(move || black_box(n))).collect();
        jobs.iter().for_each(tokio::task::JoinHandle::abort);
    };
    group.bench_function("tokio_spawn_blocking", |b| b.iter_batched_ref(held_runtime, abort, BatchSize::PerIteration));
    group.finish();
}

/// A pool whose only worker is busy until it is dropped.
struct Held<P> {
    /// Dropped first: the pool waits for the worker.
    _open: Sender<()>,
    pool: P,
}

impl<P> Held<P> {
    fn new(pool: P, submit: impl FnOnce(&P, Box<dyn FnOnce() + Send>)) -> Self {
        let (open, gate) = channel::<()>();
        let (tell, started) = channel();
        let job = move || {
            tell.send(()).expect("it is awaited");
            gate.recv().unwrap_or_default();
        };
        submit(&pool, Box::new(job));
        started.recv().expect("the worker starts");
        Self { _open: open, pool }
    }
}

const LEAVES: u64 = 1 << 12;

/// Halves the range until one number is left: a job for one half, the other in this job, then the first is joined.
fn sum_by_jobs(pool: &Pool, from: u64, to: u64) -> u64 {
    if to - from == 1 {
        return black_box(from);
    }
    let (middle, inner) = (from.midpoint(to), pool.clone());
    let left = pool.submit(move || sum_by_jobs(&inner, from, middle)).expect("the pool is open");
    sum_by_jobs(pool, middle, to) + left.join().expect("the job does not panic")
}

/// What rayon has for this: the halves stay on the stack.
fn sum_by_rayon(from: u64, to: u64) -> u64 {
    if to - from == 1 {
        return black_box(from);
    }
    let middle = from.midpoint(to);
    let (left, right) = rayon::join(|| sum_by_rayon(from, middle), || sum_by_rayon(middle, to));
    left + right
}

/// Jobs that submit and join jobs. On the other peers, of as many threads as there are workers, they wait for ever.
fn nested(c: &mut Criterion) {
    for (name, workers) in sizes("nested") {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(LEAVES - 1)).sample_size(20);
        let pool = corepool(workers);
        let whole = || {
            let inner = pool.clone();
            pool.submit(move || sum_by_jobs(&inner, 0, LEAVES)).expect("the pool is open").join()
        };
        group.bench_function("corepool", |b| b.iter(whole));
        let rayon = rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("threads start");
        group.bench_function("rayon_join", |b| b.iter(|| rayon.install(|| sum_by_rayon(0, LEAVES))));
        group.finish();
    }
}

fn start(c: &mut Criterion) {
    for (name, workers) in sizes("build") {
        let mut group = c.benchmark_group(name);
        for_each_sized_peer!(build(&mut group, workers));
        group.finish();
    }
}

criterion_group!(benches, start, shutdown, cancel, nested);
criterion_main!(benches);
