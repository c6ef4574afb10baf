//! The pools that have a `join`, each with exactly as many threads as it is told.
//!
//! corepool and rayon run the whole task in a job, while its submitter waits. With chili and forte the caller is one of
//! the threads: it is a thread of ours, kept for all iterations, as the main thread's stack is of a given size.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use corepool::Pool;
use corepool_benches::rows::Group;

use crate::task::{ByRayon, Serially, Task};

#[derive(Clone, Copy)]
pub(crate) struct Threads {
    pub(crate) count: usize,
    /// Bytes of each, where the peer lets us choose.
    pub(crate) stack: usize,
}

impl Threads {
    /// What a thread has by default.
    const STACK: usize = 2 << 20;
    /// For a recursion of 100,000 levels.
    const DEEP_STACK: usize = 256 << 20;

    pub(crate) fn of(count: usize) -> Self {
        Self { count, stack: Self::STACK }
    }

    pub(crate) fn deep(count: usize) -> Self {
        Self { count, stack: Self::DEEP_STACK }
    }
}

pub(crate) trait Peer: 'static {
    const NAME: &'static str;

    fn build(threads: Threads) -> Self;
    fn run<T: Task<Output: 'static> + 'static>(&self, task: T) -> T::Output;
}

/// A row that runs the task once an iteration. Its first result is held to what is expected.
pub(crate) fn row<'a, P: Peer, T: Task<Output = u64> + 'static>(
    group: &mut Group<'a>,
    threads: Threads,
    task: impl Fn() -> T + 'a,
    expected: impl Fn() -> u64 + 'a,
) {
    let mut pool = None;
    group.iterate(P::NAME, move || {
        let pool = pool.get_or_insert_with(|| {
            let pool = P::build(threads);
            assert_eq!(pool.run(task()), expected(), "the result of {}", P::NAME);
            pool
        });
        pool.run(task())
    });
}

/// A row for each peer, ours first, and one for the same computation without any.
pub(crate) fn rows<'a, T: Task<Output = u64> + 'static>(
    group: &mut Group<'a>,
    threads: Threads,
    task: impl Fn() -> T + Copy + 'a,
    expected: impl Fn() -> u64 + Copy + 'a,
) {
    row::<Corepool, T>(group, threads, task, expected);
    row::<Rayon, T>(group, threads, task, expected);
    row::<Chili, T>(group, threads, task, expected);
    #[cfg(feature = "forte")]
    row::<Forte, T>(group, threads, task, expected);
    row::<Serial, T>(group, threads, task, expected);
}

pub(crate) struct Corepool(Pool);

impl Peer for Corepool {
    const NAME: &'static str = "corepool";

    fn build(threads: Threads) -> Self {
        Self(Pool::builder().workers(threads.count).stack_size(threads.stack).build().expect("threads start"))
    }

    fn run<T: Task<Output: 'static> + 'static>(&self, task: T) -> T::Output {
        let pool = self.0.clone();
        self.0.run(move || task.run(&pool)).expect("the pool is open, and the task does not panic")
    }
}

pub(crate) struct Rayon(rayon::ThreadPool);

impl Peer for Rayon {
    const NAME: &'static str = "rayon";

    fn build(threads: Threads) -> Self {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads.count).stack_size(threads.stack);
        Self(builder.build().expect("threads start"))
    }

    fn run<T: Task<Output: 'static> + 'static>(&self, task: T) -> T::Output {
        self.0.install(|| task.run(ByRayon))
    }
}

/// Has one thread less than it is told, for that of its caller.
pub(crate) struct Chili {
    caller: Caller,
    pool: Arc<chili::ThreadPool>,
}

impl Peer for Chili {
    const NAME: &'static str = "chili";

    fn build(threads: Threads) -> Self {
        let config = chili::Config { thread_count: NonZero::new(threads.count), ..chili::Config::default() };
        Self { caller: Caller::start(threads.stack), pool: Arc::new(chili::ThreadPool::with_config(config)) }
    }

    fn run<T: Task<Output: 'static> + 'static>(&self, task: T) -> T::Output {
        let pool = Arc::clone(&self.pool);
        self.caller.call(move || task.run(&mut pool.scope()))
    }
}

/// Its pools are static, so one that is no longer needed keeps its place, but no threads.
#[cfg(feature = "forte")]
pub(crate) struct Forte {
    caller: Caller,
    pool: &'static forte::ThreadPool,
}

#[cfg(feature = "forte")]
impl Peer for Forte {
    const NAME: &'static str = "forte";

    fn build(threads: Threads) -> Self {
        let pool: &_ = Box::leak(Box::new(forte::ThreadPool::new()));
        // The caller is the other one.
        assert_eq!(pool.resize_to(threads.count - 1), threads.count - 1, "threads start");
        Self { caller: Caller::start(threads.stack), pool }
    }

    fn run<T: Task<Output: 'static> + 'static>(&self, task: T) -> T::Output {
        let pool = self.pool;
        self.caller.call(move || pool.with_worker(|worker| task.run(worker)))
    }
}

#[cfg(feature = "forte")]
impl Drop for Forte {
    fn drop(&mut self) {
        self.pool.depopulate();
    }
}

/// The base line: no pool, and one thread.
pub(crate) struct Serial(Caller);

impl Peer for Serial {
    const NAME: &'static str = "serial";

    fn build(threads: Threads) -> Self {
        Self(Caller::start(threads.stack))
    }

    fn run<T: Task<Output: 'static> + 'static>(&self, task: T) -> T::Output {
        self.0.call(move || task.run(Serially))
    }
}

/// A thread that calls what it is sent, one after the other, until it is dropped.
struct Caller(Sender<Box<dyn FnOnce() + Send>>);

impl Caller {
    fn start(stack: usize) -> Self {
        let (calls, queue) = channel::<Box<dyn FnOnce() + Send>>();
        let thread = thread::Builder::new().stack_size(stack);
        thread.spawn(move || queue.into_iter().for_each(|call| call())).expect("threads start");
        Self(calls)
    }

    fn call<R: Send + 'static>(&self, call: impl FnOnce() -> R + Send + 'static) -> R {
        let (result, returned) = oneshot::channel();
        self.0.send(Box::new(move || drop(result.send(call())))).expect("no call before has panicked");
        returned.recv().expect("the call does not panic")
    }
}
