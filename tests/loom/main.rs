//! The pool's own types under the model checker: each test runs a few steps of two to four threads in every order that
//! loom tells apart, with the source itself and loom's locks and atomics in it (see `src/sync.rs`).
//!
//! ```text
//! RUSTFLAGS="--cfg corepool_loom" cargo test --release --test loom
//! ```
//!
//! A lost wake-up shows as loom's `deadlock`. loom has no clock, so what follows a time-out is modelled by calling it.
//! Where a search is bounded, it leaves out the orders with more preemptions (a thread stopped although it could go on)
//! than it says; `LOOM_MAX_PREEMPTIONS=4` in the environment searches all tests to that depth instead.
//!
//! What the models say goes for the locks' users, not for the locks; std's `Arc` is not modelled. What a model observes
//! must be loom's own or be ordered by it: loom tries no orders for what it does not see.
#![cfg(corepool_loom)]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the source is included by path, as its items are private, and no model needs all of it"
)]

#[path = "../../src/job_builder.rs"]
mod job_builder;
#[path = "../../src/submit.rs"]
mod submit;
#[path = "../../src/submit_async.rs"]
mod submit_async;
#[path = "../../src/line.rs"]
mod line;
#[path = "../../src/queue.rs"]
mod queue;
#[path = "../../src/sides.rs"]
mod sides;
#[path = "../../src/lanes.rs"]
mod lanes;
#[path = "../../src/fifo.rs"]
mod fifo;
#[path = "../../src/supply.rs"]
mod supply;
#[path = "../../src/sleep.rs"]
mod sleep;
#[path = "../../src/worker.rs"]
mod worker;
#[path = "../../src/stack.rs"]
mod stack;
#[path = "../../src/job.rs"]
mod job;
#[path = "../../src/options.rs"]
mod options;
#[path = "../../src/cell.rs"]
mod cell;
#[path = "../../src/unrun.rs"]
mod unrun;
#[path = "../../src/token.rs"]
mod token;
#[path = "../../src/keeper.rs"]
mod keeper;
#[path = "../../src/handle.rs"]
mod handle;
#[path = "../../src/cancel_on_drop.rs"]
mod cancel_on_drop;
#[path = "../../src/registry.rs"]
mod registry;
#[path = "../../src/park.rs"]
mod park;
#[path = "../../src/shutdown.rs"]
mod shutdown;
#[path = "../../src/watch.rs"]
mod watch;
#[path = "../../src/idle.rs"]
mod idle;
#[path = "../../src/stats.rs"]
mod stats;
#[path = "../../src/panic.rs"]
mod panic;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/sync.rs"]
mod sync;

mod cell_models;
mod claim_models;
mod sleep_models;
mod line_models;
mod shutdown_models;
mod idle_models;
mod cancel_models;
mod async_models;
mod stats_models;
mod park_models;

use std::collections::BTreeSet;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use loom::thread::{self, JoinHandle};

use crate::cell::JobCell;
use crate::error::{JobError, SubmitError, SubmitErrorKind};
use crate::handle::{Cancel, JobHandle};
use crate::job::{Header, Runnable, Standing};
use crate::job_builder::JobBuilder;
use crate::options::Priority;
use crate::park::Parker;
use crate::queue::{LeftLine, Monitor, NoRoom};
use crate::shutdown::{Shutdown, ShutdownReport, Threads, shut_down};
use crate::sides::Origin;
use crate::stats::{Meter, Stats};
use crate::submit::{Patience, submit};
use crate::token::CancelToken;
use crate::unrun::Unrun;
use crate::worker::{Hooks, PoolId, Shared, Worker};

/// Runs `model` in every order; returns in how many ways it ended, so that a test can tell that it saw them all.
fn explore<E: Ord + Send + 'static>(model: impl Fn() -> E + Send + Sync + 'static) -> Vec<E> {
    search(None, model)
}

/// The same, in the orders with at most so many preemptions: for models that take too long in full. Each says why.
fn explore_bounded<E: Ord + Send + 'static>(
    preemptions: usize,
    model: impl Fn() -> E + Send + Sync + 'static,
) -> Vec<E> {
    search(Some(preemptions), model)
}

fn search<E: Ord + Send + 'static>(
    preemptions: Option<usize>,
    model: impl Fn() -> E + Send + Sync + 'static,
) -> Vec<E> {
    let ends = Arc::new(Mutex::new(BTreeSet::new()));
    let orders = Arc::new(AtomicU32::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder.check({
        let (ends, orders) = (Arc::clone(&ends), Arc::clone(&orders));
        move || {
            let end = model();
            ends.lock().unwrap().insert(end);
            orders.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert!(orders.load(Ordering::Relaxed) > 1, "a model whose threads never meet shows nothing");
    let ends = std::mem::take(&mut *ends.lock().unwrap());
    ends.into_iter().collect()
}

/// What became of a closure and of the value it returned. Counted with std's atomics: not a part of the model.
#[derive(Default)]
struct Tally {
    runs: AtomicU32,
    closures_dropped: AtomicU32,
    values_dropped: AtomicU32,
}

impl Tally {
    fn new() -> Arc<Self> {
        Arc::default()
    }

    fn runs(&self) -> u32 {
        self.runs.load(Ordering::Relaxed)
    }

    fn closures_dropped(&self) -> u32 {
        self.closures_dropped.load(Ordering::Relaxed)
    }

    fn values_dropped(&self) -> u32 {
        self.values_dropped.load(Ordering::Relaxed)
    }

    /// Once a job has run and every end of it is gone.
    fn assert_ran_once(&self) {
        assert_eq!((self.runs(), self.closures_dropped(), self.values_dropped()), (1, 1, 1));
    }

    /// Once a job has resolved without running, or was handed back and dropped.
    fn assert_never_ran(&self) {
        assert_eq!((self.runs(), self.closures_dropped(), self.values_dropped()), (0, 1, 0));
    }

    fn job(self: &Arc<Self>) -> impl FnOnce() -> Value + Send + use<> {
        let closure = Closure(Arc::clone(self));
        move || closure.run()
    }
}

struct Closure(Arc<Tally>);

impl Closure {
    fn run(self) -> Value {
        self.0.runs.fetch_add(1, Ordering::Relaxed);
        Value(Arc::clone(&self.0))
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        self.0.closures_dropped.fetch_add(1, Ordering::Relaxed);
    }
}

struct Value(Arc<Tally>);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.values_dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// In which order jobs ran, by their names.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn job(&self, name: &'static str) -> impl FnOnce() + Send + use<> {
        let log = Arc::clone(&self.0);
        move || log.lock().unwrap().push(name)
    }

    fn ran(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// A new job's cell and the right to run it.
#[track_caller]
fn new_cell<F, T>(job: F) -> (Arc<JobCell<F, T, ()>>, Runnable)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let cell = Arc::new(JobCell::new(job, (), Location::caller()));
    let job = Runnable::new(Arc::<JobCell<F, T, ()>>::clone(&cell));
    (cell, job)
}

/// Both ends of a new job.
#[track_caller]
fn new_job<F, T>(job: F) -> (Runnable, JobHandle<T>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (cell, job) = new_cell(job);
    (job, JobHandle::new(cell, PoolId::new()))
}

/// A waker and what it rings.
fn bell() -> (Arc<Parker>, Waker) {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    (parker, waker)
}

fn poll<T>(handle: &mut JobHandle<T>, waker: &Waker) -> Poll<Result<T, JobError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

fn is_aborted<T>(outcome: &Result<T, JobError>) -> bool {
    matches!(outcome, Err(JobError::Aborted))
}

/// Stands in for the crate's front door, whose threads loom cannot see.
mod pool {
    pub(crate) use crate::Pool;
}

/// A pool whose threads are the model's.
#[derive(Clone)]
struct Pool(Arc<Shared>);

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pool").field(&self.0.id).finish()
    }
}

impl Pool {
    fn new(capacity: usize) -> Self {
        Self(Shared::new(capacity, Hooks::default(), "model"))
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    fn job(&self) -> JobBuilder<'_> {
        JobBuilder::new(self)
    }

    fn monitor(&self) -> &Monitor {
        &self.0.monitor
    }

    fn recruit(&self, index: usize) -> Worker {
        let meter = Arc::new(Meter::new());
        self.monitor().enter(Arc::clone(&meter));
        Worker::new(Arc::clone(&self.0), index, meter)
    }

    /// A thread with a worker's whole life.
    fn spawn_worker(&self, index: usize) -> JoinHandle<()> {
        let (shared, meter) = (Arc::clone(&self.0), Arc::new(Meter::new()));
        self.monitor().enter(Arc::clone(&meter));
        thread::spawn(move || Worker::main(shared, index, meter, |started| assert!(started.is_ok())))
    }

    /// A thread with a worker's loop for so many jobs, no shutdown needed: a smaller model.
    fn spawn_server(&self, jobs: usize) -> JoinHandle<()> {
        let (pool, worker) = (self.clone(), self.recruit(0));
        thread::spawn(move || {
            let mut done = None;
            for _ in 0..jobs {
                let job = pool.monitor().next(done).expect("the pool is not shut down");
                done = Some(worker.execute(job));
            }
            if let Some(epoch) = done {
                pool.monitor().retire(epoch);
            }
        })
    }

    fn run_here(&self, job: Runnable, worker: &Worker) {
        self.monitor().retire(worker.execute(job));
    }

    /// Runs the oldest job on this thread.
    fn run_one(&self, worker: &Worker) {
        let job = self.monitor().next(None).expect("the pool is not shut down");
        self.run_here(job, worker);
    }

    /// As `Pool::submit`; the closure back if the pool is shut down.
    #[track_caller]
    fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(&self.0, job, (), Patience::Forever, Location::caller()).map_err(|refused| {
            assert_eq!(refused.kind(), SubmitErrorKind::ShutDown, "there is no time, and a worker does not wait");
            refused.into_job()
        })
    }

    /// A job that finds room, with its cell in hand.
    #[track_caller]
    fn queue_in_hand<F, T>(&self, job: F) -> Submitted<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (cell, job) = new_cell(job);
        assert!(self.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
        Submitted { cell, parker: Arc::default() }
    }

    /// A job that finds room.
    #[track_caller]
    fn queue<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> JobHandle<T> {
        self.submit(job).unwrap_or_else(|_| unreachable!("the pool is open"))
    }

    /// As `Pool::try_submit`; the closure back if it is full.
    #[track_caller]
    fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<T>, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(&self.0, job, (), Patience::None, Location::caller()).map_err(|refused| {
            assert_eq!(refused.kind(), SubmitErrorKind::Full, "the pool is open");
            refused.into_job()
        })
    }

    /// A job that finds no room and stands in line from here on, as a future's would.
    #[track_caller]
    fn stand_in_line<F, T>(&self, job: F) -> Submitted<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (cell, job) = new_cell(job);
        let (parker, waker) = bell();
        assert!(matches!(self.monitor().stand_in_line(job, waker), Ok(Standing::InLine)));
        Submitted { cell, parker }
    }

    fn shut_down(&self, mode: Shutdown) -> ShutdownReport {
        shut_down(&self.0, &Threads::default(), mode, None).expect("called from outside, without a deadline")
    }
}

/// A submitter, in line or past it, with its cell in hand.
struct Submitted<F, T> {
    cell: Arc<JobCell<F, T, ()>>,
    parker: Arc<Parker>,
}

impl<F, T> Submitted<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn header(&self) -> &Header {
        self.cell.header()
    }

    /// Waits for the verdict as `submit_waiting` does.
    fn wait(&self) -> Standing {
        while self.header().standing() == Standing::InLine {
            self.parker.park_until(None);
        }
        self.header().standing()
    }

    fn into_handle(self) -> JobHandle<T> {
        JobHandle::new(self.cell, PoolId::new())
    }
}
