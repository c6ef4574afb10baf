//! What happens once in a pool's life, or inside its jobs: starting, ending, cancelling jobs, jobs that wait for jobs; beside
//! those peers in the same run that can do it.
//!
//! With two workers, and with a worker for each processor where those are not two; `cancel` has one.
//!
//! `cargo bench --bench life`; a time is one iteration's, and where there is a line of elements per second it counts jobs.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use corepool::{Cancel, Pool, Shutdown};
use corepool_benches::peers::{Corepool, Peer, Rayon, sizes};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::{for_each_sized_peer, run};
use tokio::runtime::{self, Runtime};

/// From nothing to the first result. Ending the pool is not counted.
fn build<P: Peer>(group: &mut Group<'_>, workers: usize) {
    let life = move || {
        let start = Instant::now();
        let pool = P::build(workers);
        black_box(P::join(pool.submit(|| black_box(1))));
        let time = start.elapsed();
        drop(pool);
        time
    };
    group.row(P::NAME, move |lives| (0..lives).map(|_| life()).sum());
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

/// Times what is done with a fresh value each time, but neither making it nor dropping what is left of it.
fn with_fresh<T, R>(make: impl Fn() -> T, mut timed: impl FnMut(T) -> R) -> impl FnMut(u64) -> Duration {
    move |iterations| {
        let mut once = |value| {
            let start = Instant::now();
            let left = black_box(timed(value));
            let time = start.elapsed();
            drop(left);
            time
        };
        (0..iterations).map(|_| once(make())).sum()
    }
}

/// Ending an idle pool, until its threads are gone. rayon, threadpool and rusty_pool have no way to wait for that.
fn shutdown(bench: &mut dyn Bench) {
    for (name, workers) in sizes("shutdown") {
        let mut group = Group::new(name);
        group.row("corepool", with_fresh(move || corepool(workers), |pool: Pool| pool.shutdown(Shutdown::Drain, None)));
        group.row("tokio_spawn_blocking", with_fresh(move || tokio(workers), drop));
        bench.measure(group);
    }
}

const CANCELLED: u64 = 10_000;

/// Jobs that are submitted while the only worker is busy and then cancelled, each before it runs. Of the peers tokio can, too;
/// it keeps them queued until a thread comes to them, so each iteration has a pool of its own.
fn cancel(bench: &mut dyn Bench) {
    let mut group = Group::new("cancel").jobs(CANCELLED);
    let held_pool = || Held::new(Corepool::build(1).0, |pool, job| pool.submit(job).expect("it is open").detach());
    let cancel = |held: Held<Pool>| {
        let submit = |n| held.pool.submit(move || black_box(n)).expect("it is open");
        let jobs: Vec<_> = (0..CANCELLED).map(submit).collect();
        let cancelled = jobs.iter().filter(|job| black_box(job.cancel()) == Cancel::Dequeued).count();
        (cancelled, held)
    };
    group.row("corepool", with_fresh(held_pool, cancel));

    let held_runtime = || Held::new(tokio(1), |runtime, job| drop(runtime.spawn_blocking(job)));
    let abort = |held: Held<Runtime>| {
        let jobs: Vec<_> = (0..CANCELLED).map(|n| held.pool.spawn_blocking(move || black_box(n))).collect();
        jobs.iter().for_each(tokio::task::JoinHandle::abort);
        held
    };
    group.row("tokio_spawn_blocking", with_fresh(held_runtime, abort));
    bench.measure(group);
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

/// The halves stay on the stack, and a job is made of one only if a worker is there for it.
fn sum_by_join(pool: &Pool, from: u64, to: u64) -> u64 {
    if to - from == 1 {
        return black_box(from);
    }
    let middle = from.midpoint(to);
    let (left, right) = pool.join(|| sum_by_join(pool, from, middle), || sum_by_join(pool, middle, to));
    left + right
}

/// What rayon has for this.
fn sum_by_rayon(from: u64, to: u64) -> u64 {
    if to - from == 1 {
        return black_box(from);
    }
    let middle = from.midpoint(to);
    let (left, right) = rayon::join(|| sum_by_rayon(from, middle), || sum_by_rayon(middle, to));
    left + right
}

/// Jobs that submit and join jobs, and the same computation by `join`. Without it, on the other peers, of as many threads as
/// there are workers, they wait for ever.
fn nested(bench: &mut dyn Bench) {
    for (name, workers) in sizes("nested") {
        let mut group = Group::new(name).jobs(LEAVES - 1);
        let pool = corepool(workers);
        group.iterate("corepool", move || {
            let inner = pool.clone();
            pool.submit(move || sum_by_jobs(&inner, 0, LEAVES)).expect("the pool is open").join()
        });
        let pool = corepool(workers);
        group.iterate("corepool_join", move || {
            let inner = pool.clone();
            pool.run(move || sum_by_join(&inner, 0, LEAVES))
        });
        let Rayon(rayon) = Rayon::build(workers);
        group.iterate("rayon_join", move || rayon.install(|| sum_by_rayon(0, LEAVES)));
        bench.measure(group);
    }
}

fn start(bench: &mut dyn Bench) {
    for (name, workers) in sizes("build") {
        let mut group = Group::new(name);
        for_each_sized_peer!(build(&mut group, workers));
        bench.measure(group);
    }
}

fn life(bench: &mut dyn Bench) {
    start(bench);
    shutdown(bench);
    cancel(bench);
    nested(bench);
}

fn main() -> ExitCode {
    run(life)
}
