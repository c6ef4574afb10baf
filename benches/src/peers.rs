//! The pools that are measured side by side, behind one interface: take a job, give something to wait for.
//!
//! A peer that has no handle of its own gets a `oneshot` channel for the result, which is what its users take.

use std::collections::VecDeque;
use std::hint::black_box;
use std::iter;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use corepool::Pool;
use tokio::runtime::{self, Runtime};
use tokio::task;

/// How long an idle thread of a peer lives that ends idle threads: longer than any bench.
const KEPT: Duration = Duration::from_secs(600);

/// What most groups are measured with.
pub const WORKERS: usize = 2;

/// The sizes of pool that a group is measured at, each with the group's name then: two workers, and as many as there are
/// processors where those are not two.
pub fn sizes(group: &str) -> impl Iterator<Item = (String, usize)> {
    let processors = num_cpus::get();
    let each = (processors != WORKERS).then(|| (format!("{group}_{processors}_workers"), processors));
    iter::once((group.to_owned(), WORKERS)).chain(each)
}

pub trait Peer: Send + Sync + 'static {
    const NAME: &'static str;
    type Handle: Send;

    fn build(workers: usize) -> Self;

    /// With a queue for so many jobs, if it has one that is bounded.
    fn build_bounded(workers: usize, _capacity: usize) -> Self
    where
        Self: Sized,
    {
        Self::build(workers)
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle;
    fn join(handle: Self::Handle) -> u64;
}

/// A peer whose handle can be awaited.
pub trait AsyncPeer: Peer {
    fn wait(handle: Self::Handle) -> impl Future<Output = u64> + Send;
}

/// Submits `jobs` empty jobs, then joins them all; gives back a checksum so that nothing is optimised away.
pub fn submit_and_join_all<P: Peer>(pool: &P, jobs: u64) -> u64 {
    let handles: Vec<_> = (0..jobs).map(|n| pool.submit(move || black_box(n))).collect();
    handles.into_iter().map(P::join).sum()
}

/// Of a [`stream`].
pub const IN_FLIGHT: usize = 1_024;

/// Submits so many jobs, of which [`IN_FLIGHT`] are in flight: the oldest is joined before the next is submitted.
pub fn stream<P: Peer>(jobs: u64, submit: impl Fn(u64) -> P::Handle) -> u64 {
    let (mut flight, mut sum) = (VecDeque::with_capacity(IN_FLIGHT), 0);
    for n in 0..jobs {
        if flight.len() == IN_FLIGHT {
            sum += flight.pop_front().map_or(0, P::join);
        }
        flight.push_back(submit(n));
    }
    sum + flight.into_iter().map(P::join).sum::<u64>()
}

/// Keeps a worker until the sender is dropped.
pub fn hold<P: Peer>(pool: &P) -> (Sender<()>, P::Handle) {
    let (open, gate): (_, Receiver<()>) = channel();
    (open, pool.submit(move || gate.recv().map_or(0, |()| 0)))
}

/// Runs a generic function for each peer that has as many threads as it is told, ours first.
#[macro_export]
macro_rules! for_each_sized_peer {
    ($bench:ident($($argument:expr),*)) => {
        $bench::<$crate::peers::Corepool>($($argument),*);
        $bench::<$crate::peers::Rayon>($($argument),*);
        $bench::<$crate::peers::Threadpool>($($argument),*);
        $bench::<$crate::peers::RustyPool>($($argument),*);
        $bench::<$crate::peers::Tokio>($($argument),*);
    };
}

/// Runs a generic function for each peer, ours first.
#[macro_export]
macro_rules! for_each_peer {
    ($bench:ident($($argument:expr),*)) => {
        $crate::for_each_sized_peer!($bench($($argument),*));
        $bench::<$crate::peers::Blocking>($($argument),*);
    };
}

pub struct Corepool(pub Pool);

impl Peer for Corepool {
    const NAME: &'static str = "corepool";
    type Handle = corepool::JobHandle<u64>;

    fn build(workers: usize) -> Self {
        Self(Pool::builder().workers(workers).unbounded_queue().build().expect("threads start"))
    }

    fn build_bounded(workers: usize, capacity: usize) -> Self {
        Self(Pool::builder().workers(workers).queue_capacity(capacity).build().expect("threads start"))
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        self.0.submit(job).expect("the pool is open")
    }

    fn join(handle: Self::Handle) -> u64 {
        handle.join().expect("the job does not panic")
    }
}

impl AsyncPeer for Corepool {
    async fn wait(handle: Self::Handle) -> u64 {
        handle.await.expect("the job does not panic")
    }
}

/// Records which jobs run and how long they take.
pub struct Timed(Corepool);

impl Peer for Timed {
    const NAME: &'static str = "corepool_timings";
    type Handle = corepool::JobHandle<u64>;

    fn build(workers: usize) -> Self {
        let options = Pool::builder().workers(workers).unbounded_queue().timings(true);
        Self(Corepool(options.build().expect("threads start")))
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        self.0.submit(job)
    }

    fn join(handle: Self::Handle) -> u64 {
        Corepool::join(handle)
    }
}

pub struct Rayon(pub rayon::ThreadPool);

impl Peer for Rayon {
    const NAME: &'static str = "rayon+oneshot";
    type Handle = oneshot::Receiver<u64>;

    fn build(workers: usize) -> Self {
        Self(rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("threads start"))
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

pub struct Threadpool(threadpool::ThreadPool);

impl Peer for Threadpool {
    const NAME: &'static str = "threadpool+oneshot";
    type Handle = oneshot::Receiver<u64>;

    fn build(workers: usize) -> Self {
        Self(threadpool::ThreadPool::new(workers))
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

pub struct RustyPool(rusty_pool::ThreadPool);

impl Peer for RustyPool {
    const NAME: &'static str = "rusty_pool";
    type Handle = rusty_pool::JoinHandle<u64>;

    fn build(workers: usize) -> Self {
        let pool = rusty_pool::ThreadPool::new(workers, workers, KEPT);
        pool.start_core_threads();
        Self(pool)
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        self.0.evaluate(job)
    }

    fn join(handle: Self::Handle) -> u64 {
        handle.await_complete()
    }
}

/// tokio's `spawn_blocking`, with as many blocking threads as there are workers.
pub struct Tokio(pub Runtime);

impl Peer for Tokio {
    const NAME: &'static str = "tokio_spawn_blocking";
    type Handle = task::JoinHandle<u64>;

    fn build(workers: usize) -> Self {
        let mut builder = runtime::Builder::new_current_thread();
        Self(builder.max_blocking_threads(workers).thread_keep_alive(KEPT).build().expect("the runtime starts"))
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        self.0.spawn_blocking(job)
    }

    fn join(handle: Self::Handle) -> u64 {
        pollster::block_on(handle).expect("the job does not panic")
    }
}

impl AsyncPeer for Tokio {
    async fn wait(handle: Self::Handle) -> u64 {
        handle.await.expect("the job does not panic")
    }
}

/// smol's `blocking`: one pool for the process, which starts threads as it sees fit; `BLOCKING_MAX_THREADS` bounds it.
pub struct Blocking;

impl Peer for Blocking {
    const NAME: &'static str = "smol_blocking";
    type Handle = blocking::Task<u64>;

    fn build(_workers: usize) -> Self {
        Self
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        blocking::unblock(job)
    }

    fn join(handle: Self::Handle) -> u64 {
        pollster::block_on(handle)
    }
}

impl AsyncPeer for Blocking {
    async fn wait(handle: Self::Handle) -> u64 {
        handle.await
    }
}

/// A thread a job: no pool.
pub struct Spawn;

impl Peer for Spawn {
    const NAME: &'static str = "thread_spawn";
    type Handle = thread::JoinHandle<u64>;

    fn build(_workers: usize) -> Self {
        Self
    }

    fn submit(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        thread::spawn(job)
    }

    fn join(handle: Self::Handle) -> u64 {
        handle.join().expect("the job does not panic")
    }
}
