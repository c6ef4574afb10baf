//! What it costs to hand a job to the pool and get its answer back, beside the peers in the same run: rayon and
//! threadpool, each with a `oneshot` channel for the result, all with two workers.
//!
//! `cargo bench --bench handover`; a time is one iteration's (a whole burst, or one round trip), and the line of elements
//! per second below it counts jobs.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use corepool::Pool;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};

const WORKERS: usize = 2;
const BURST: u64 = 100_000;
const PRODUCERS: u64 = 4;

/// A pool that takes a job and gives something to wait for.
trait Peer: Send + Sync + 'static {
    type Handle: Send;
    const NAME: &'static str;

    fn build() -> Self;
    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle;
    fn join(handle: Self::Handle) -> u64;
}

struct Corepool(Pool);

impl Peer for Corepool {
    type Handle = corepool::JobHandle<u64>;
    const NAME: &'static str = "corepool";

    fn build() -> Self {
        Self(Pool::builder().workers(WORKERS).unbounded_queue().build().expect("threads start"))
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        self.0.submit(job).expect("the pool is open")
    }

    fn join(handle: Self::Handle) -> u64 {
        handle.join().expect("the job does not panic")
    }
}

struct Rayon(rayon::ThreadPool);

impl Peer for Rayon {
    type Handle = oneshot::Receiver<u64>;
    const NAME: &'static str = "rayon+oneshot";

    fn build() -> Self {
        Self(rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build().expect("threads start"))
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        let (result, handle) = oneshot::channel();
        self.0.spawn(move || drop(result.send(job())));
        handle
    }

    fn join(handle: Self::Handle) -> u64 {
        handle.recv().expect("the job does not panic")
    }
}

struct Threadpool(threadpool::ThreadPool);

impl Peer for Threadpool {
    type Handle = oneshot::Receiver<u64>;
    const NAME: &'static str = "threadpool+oneshot";

    fn build() -> Self {
        Self(threadpool::ThreadPool::new(WORKERS))
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        let (result, handle) = oneshot::channel();
        self.0.execute(move || drop(result.send(job())));
        handle
    }

    fn join(handle: Self::Handle) -> u64 {
        handle.recv().expect("the job does not panic")
    }
}

/// Submits `jobs` jobs, then joins them all; gives back a checksum so that nothing is optimised away.
fn submit_and_join_all<P: Peer>(pool: &P, jobs: u64) -> u64 {
    let handles: Vec<_> = (0..jobs).map(|n| pool.submit(move || black_box(n))).collect();
    handles.into_iter().map(P::join).sum()
}

fn burst<P: Peer>(group: &mut BenchmarkGroup<'_, WallTime>) {
    let pool = P::build();
    group.bench_function(P::NAME, |b| b.iter(|| submit_and_join_all(&pool, BURST)));
}

fn round_trip<P: Peer>(group: &mut BenchmarkGroup<'_, WallTime>) {
    let pool = P::build();
    group.bench_function(P::NAME, |b| b.iter(|| P::join(pool.submit(|| black_box(1)))));
}

/// Four threads, each with its share of a burst, timed from before the first is spawned to the last join.
fn producers<P: Peer>(group: &mut BenchmarkGroup<'_, WallTime>) {
    let pool = Arc::new(P::build());
    group.bench_function(P::NAME, |b| {
        b.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                let start = Instant::now();
                thread::scope(|scope| {
                    for _ in 0..PRODUCERS {
                        scope.spawn(|| black_box(submit_and_join_all(&*pool, BURST / PRODUCERS)));
                    }
                });
                total += start.elapsed();
            }
            total
        });
    });
}

fn handover(c: &mut Criterion) {
    let mut group = c.benchmark_group("burst");
    group.throughput(Throughput::Elements(BURST)).sample_size(20);
    burst::<Corepool>(&mut group);
    burst::<Rayon>(&mut group);
    burst::<Threadpool>(&mut group);
    group.finish();

    let mut group = c.benchmark_group("round_trip");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    round_trip::<Corepool>(&mut group);
    round_trip::<Rayon>(&mut group);
    round_trip::<Threadpool>(&mut group);
    group.finish();

    let mut group = c.benchmark_group("four_producers");
    group.throughput(Throughput::Elements(BURST)).sample_size(20);
    producers::<Corepool>(&mut group);
    producers::<Rayon>(&mut group);
    producers::<Threadpool>(&mut group);
    group.finish();
}

criterion_group!(benches, handover);
criterion_main!(benches);
