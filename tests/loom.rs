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

#[path = "../src/job_builder.rs"]
mod job_builder;
#[path = "../src/submit.rs"]
mod submit;
#[path = "../src/submit_async.rs"]
mod submit_async;
#[path = "../src/line.rs"]
mod line;
#[path = "../src/queue.rs"]
mod queue;
#[path = "../src/sides.rs"]
mod sides;
#[path = "../src/lanes.rs"]
mod lanes;
#[path = "../src/fifo.rs"]
mod fifo;
#[path = "../src/supply.rs"]
mod supply;
#[path = "../src/sleep.rs"]
mod sleep;
#[path = "../src/worker.rs"]
mod worker;
#[path = "../src/stack.rs"]
mod stack;
#[path = "../src/job.rs"]
mod job;
#[path = "../src/options.rs"]
mod options;
#[path = "../src/cell.rs"]
mod cell;
#[path = "../src/unrun.rs"]
mod unrun;
#[path = "../src/token.rs"]
mod token;
#[path = "../src/keeper.rs"]
mod keeper;
#[path = "../src/handle.rs"]
mod handle;
#[path = "../src/cancel_on_drop.rs"]
mod cancel_on_drop;
#[path = "../src/registry.rs"]
mod registry;
#[path = "../src/park.rs"]
mod park;
#[path = "../src/shutdown.rs"]
mod shutdown;
#[path = "../src/watch.rs"]
mod watch;
#[path = "../src/idle.rs"]
mod idle;
#[path = "../src/stats.rs"]
mod stats;
#[path = "../src/panic.rs"]
mod panic;
#[path = "../src/error.rs"]
mod error;
#[path = "../src/sync.rs"]
mod sync;

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

/// The cell: what a run, or giving up, may meet at the waiter's end.
mod cell_models {
    use super::*;

    fn worker() -> Worker {
        Pool::new(1).recruit(0)
    }

    #[test]
    fn a_join_while_the_job_runs_gets_the_value() {
        explore(|| {
            let tally = Tally::new();
            let (job, handle) = new_job(tally.job());
            let runner = thread::spawn(move || worker().execute(job));
            let value = handle.join().unwrap();
            assert_eq!((tally.runs(), tally.closures_dropped(), tally.values_dropped()), (1, 1, 0));
            drop(value);
            runner.join().unwrap();
            tally.assert_ran_once();
        });
    }

    #[test]
    fn a_join_while_the_job_panics_gets_the_panic() {
        explore(|| {
            // Not `panic!`, which would write to stderr in each order.
            let (job, handle) = new_job(|| std::panic::resume_unwind(Box::new(7_u8)));
            let runner = thread::spawn(move || worker().execute(job));
            let Err(JobError::Panicked(panic)) = handle.join() else { unreachable!("it panicked") };
            assert_eq!(panic.into_payload().downcast_ref(), Some(&7_u8));
            runner.join().unwrap();
        });
    }

    #[test]
    fn a_poll_while_the_job_runs_is_ready_or_its_last_waker_is_woken() {
        let ends = explore(|| {
            let tally = Tally::new();
            let (job, mut handle) = new_job(tally.job());
            let runner = thread::spawn(move || worker().execute(job));
            let (first, second) = (bell(), bell());
            let (outcome, end) = match poll(&mut handle, &first.1) {
                Poll::Ready(outcome) => (outcome, "ready at once"),
                Poll::Pending => match poll(&mut handle, &second.1) {
                    Poll::Ready(outcome) => (outcome, "ready at the second poll"),
                    Poll::Pending => {
                        second.0.park_until(None);
                        let Poll::Ready(outcome) = poll(&mut handle, &second.1) else {
                            panic!("woken before the job had resolved");
                        };
                        (outcome, "woken")
                    }
                },
            };
            drop(outcome.unwrap());
            runner.join().unwrap();
            tally.assert_ran_once();
            for (parker, _waker) in [&first, &second] {
                assert_eq!(Arc::strong_count(parker), 2, "a waker is left behind");
            }
            end
        });
        assert_eq!(ends, ["ready at once", "ready at the second poll", "woken"]);
    }

    #[test]
    fn a_poll_with_the_same_waker_again_is_still_woken() {
        let ends = explore(|| {
            let (job, mut handle) = new_job(|| 42);
            let runner = thread::spawn(move || worker().execute(job));
            let (parker, waker) = bell();
            let mut polls = 1;
            let mut polled = poll(&mut handle, &waker);
            if polled.is_pending() {
                polls += 1;
                polled = poll(&mut handle, &waker);
            }
            if polled.is_pending() {
                polls += 1;
                parker.park_until(None);
                polled = poll(&mut handle, &waker);
            }
            assert!(matches!(polled, Poll::Ready(Ok(42))));
            runner.join().unwrap();
            polls
        });
        assert_eq!(ends, [1, 2, 3]);
    }

    #[test]
    fn a_handle_dropped_while_the_job_runs_drops_the_value_once() {
        let ends = explore(|| {
            let tally = Tally::new();
            let (job, handle) = new_job(tally.job());
            let runner = thread::spawn(move || worker().execute(job));
            // The look is what loom tells orders apart by; dropping an `Arc` is not.
            let finished = handle.is_finished();
            drop(handle);
            runner.join().unwrap();
            tally.assert_ran_once();
            finished
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_handle_dropped_after_a_poll_leaves_no_waker_behind() {
        let ends = explore(|| {
            let tally = Tally::new();
            let (job, mut handle) = new_job(tally.job());
            let runner = thread::spawn(move || worker().execute(job));
            let (parker, waker) = bell();
            let was_pending = poll(&mut handle, &waker).is_pending();
            drop(handle);
            runner.join().unwrap();
            tally.assert_ran_once();
            assert_eq!(Arc::strong_count(&parker), 2, "a waker is left behind");
            was_pending
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_job_given_up_while_it_is_joined_is_aborted_and_its_closure_gone() {
        explore(|| {
            let tally = Tally::new();
            let (job, handle) = new_job(tally.job());
            let breaker = thread::spawn(move || job.give_up(Unrun::Aborted));
            assert!(is_aborted(&handle.join()));
            tally.assert_never_ran();
            breaker.join().unwrap();
            tally.assert_never_ran();
        });
    }

    #[test]
    fn a_runnable_dropped_while_its_job_is_polled_wakes_the_waiter() {
        let ends = explore(|| {
            let tally = Tally::new();
            let (job, mut handle) = new_job(tally.job());
            let breaker = thread::spawn(move || drop(job));
            let (parker, waker) = bell();
            let (outcome, end) = match poll(&mut handle, &waker) {
                Poll::Ready(outcome) => (outcome, "ready"),
                Poll::Pending => {
                    parker.park_until(None);
                    let Poll::Ready(outcome) = poll(&mut handle, &waker) else {
                        panic!("woken before the job had resolved");
                    };
                    (outcome, "woken")
                }
            };
            assert!(is_aborted(&outcome));
            tally.assert_never_ran();
            breaker.join().unwrap();
            end
        });
        assert_eq!(ends, ["ready", "woken"]);
    }

    #[test]
    fn a_waiter_that_gives_up_leaves_the_outcome_to_its_next_wait() {
        let ends = explore(|| {
            let tally = Tally::new();
            let (job, mut handle) = new_job(tally.job());
            let runner = thread::spawn(move || worker().execute(job));
            // As `join_timeout` does once its time has run out: the waker stays, and the cell is asked once more.
            let (parker, waker) = bell();
            let (outcome, end) = match poll(&mut handle, &waker) {
                Poll::Ready(outcome) => (outcome, "in the first wait"),
                Poll::Pending => match handle.try_join() {
                    Ok(outcome) => (outcome, "just in time"),
                    Err(handle) => (handle.join(), "in the next wait"),
                },
            };
            drop(outcome.unwrap());
            runner.join().unwrap();
            tally.assert_ran_once();
            drop(waker);
            assert_eq!(Arc::strong_count(&parker), 1, "a waker is left behind");
            end
        });
        assert_eq!(ends, ["in the first wait", "in the next wait", "just in time"]);
    }

    #[test]
    fn who_sees_a_job_finished_finds_its_outcome_and_what_it_wrote() {
        use crate::sync::AtomicU64;
        let ends = explore(|| {
            let written = Arc::new(AtomicU64::new(0));
            let (job, handle) = new_job({
                let written = Arc::clone(&written);
                move || written.store(7, Ordering::Relaxed)
            });
            let runner = thread::spawn(move || worker().execute(job));
            let finished = handle.is_finished();
            if finished {
                assert_eq!(written.load(Ordering::Relaxed), 7);
                assert!(handle.try_join().is_ok_and(|outcome| outcome.is_ok()));
            }
            runner.join().unwrap();
            finished
        });
        assert_eq!(ends, [false, true]);
    }
}

/// Claiming: a joiner takes its target out of the queue while a worker, or an abort, takes it too.
mod claim_models {
    use super::*;

    /// What a join on a worker does with a job that is still queued.
    fn claim_and_run(pool: &Pool, header: &Header, worker: &Worker) -> bool {
        let Some(job) = pool.monitor().claim(header) else { return false };
        assert!(job.header().is(header), "claimed an unrelated job");
        pool.run_here(job, worker);
        true
    }

    #[test]
    fn a_claim_while_a_worker_pops_leaves_the_job_to_one_of_them() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(2), Tally::new());
            let joiner = pool.recruit(1);
            let server = pool.spawn_server(1);
            let target = pool.queue_in_hand(tally.job());
            let claimed = claim_and_run(&pool, target.header(), &joiner);
            let other = claimed.then(|| pool.queue(|| ()));
            drop(target.into_handle().join().unwrap());
            tally.assert_ran_once();
            server.join().unwrap();
            assert!(other.is_none_or(|job| job.join().is_ok()));
            claimed
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_claim_while_the_pool_aborts_runs_the_job_or_leaves_it_aborted() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            let joiner = pool.recruit(0);
            let target = pool.queue_in_hand(tally.job());
            let breaker = thread::spawn({
                let pool = pool.clone();
                move || pool.monitor().close(Shutdown::Abort)
            });
            let claimed = claim_and_run(&pool, target.header(), &joiner);
            let outcome = target.into_handle().join();
            assert_eq!(claimed, !is_aborted(&outcome));
            drop(outcome);
            breaker.join().unwrap();
            match claimed {
                true => tally.assert_ran_once(),
                false => tally.assert_never_ran(),
            }
            pool.monitor().wait_idle(None).unwrap();
            claimed
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_claim_hands_its_place_to_who_stands_in_line() {
        let ends = explore(|| {
            let pool = Pool::new(1);
            let joiner = pool.recruit(1);
            let first = pool.queue_in_hand(|| ());
            let second = pool.stand_in_line(|| ());
            let server = pool.spawn_server(1);
            let claimed_first = claim_and_run(&pool, first.header(), &joiner);
            assert_ne!(second.wait(), Standing::Refused);
            let claimed_second = !claimed_first && claim_and_run(&pool, second.header(), &joiner);
            first.into_handle().join().unwrap();
            second.into_handle().join().unwrap();
            server.join().unwrap();
            (claimed_first, claimed_second)
        });
        assert_eq!(ends, [(false, true), (true, false)]);
    }

    /// Once the first job is popped, the second and the last stand in different lists, under the same key.
    #[test]
    fn a_claim_finds_its_target_in_either_list() {
        let ends = explore(|| {
            let pool = Pool::new(4);
            let joiner = pool.recruit(1);
            let queue_two = || [(); 2].map(|()| pool.queue_in_hand(|| ()));
            let [_first, second] = queue_two();
            let server = pool.spawn_server(1);
            let [_third, last] = queue_two();
            let same_key = second.header().slot() == last.header().slot();
            for target in [last, second] {
                assert!(claim_and_run(&pool, target.header(), &joiner));
                assert!(!claim_and_run(&pool, target.header(), &joiner));
                target.into_handle().join().unwrap();
            }
            server.join().unwrap();
            same_key
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_join_inside_a_job_runs_it_here_if_there_is_one_worker() {
        explore(|| {
            let pool = Pool::new(1);
            let inner = pool.clone();
            let outer = pool.queue(move || inner.queue(worker::current_worker).join().unwrap());
            let worker = pool.spawn_worker(0);
            assert_eq!(outer.join().unwrap(), Some(0));
            pool.shut_down(Shutdown::Drain);
            worker.join().unwrap();
        });
    }

    // Bounded by 2: by 3 it takes 14 s.
    #[test]
    fn a_join_inside_a_job_runs_it_here_or_waits_for_who_took_it() {
        let ends = explore_bounded(2, || {
            let pool = Pool::new(1);
            let inner = pool.clone();
            let outer = pool.queue(move || {
                let here = worker::current_worker();
                let there = inner.queue(worker::current_worker).join().unwrap();
                here == there
            });
            let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
            let here = outer.join().unwrap();
            pool.shut_down(Shutdown::Drain);
            for worker in workers {
                worker.join().unwrap();
            }
            here
        });
        assert_eq!(ends, [false, true]);
    }
}

/// Going to sleep: a push meets workers that look, search, fall asleep or sleep.
mod sleep_models {
    use super::*;

    #[test]
    fn a_push_while_a_worker_falls_asleep_wakes_it() {
        explore(|| {
            let pool = Pool::new(1);
            let server = pool.spawn_server(1);
            pool.queue(|| ()).join().unwrap();
            server.join().unwrap();
        });
    }

    // Bounded by 4: in full it takes minutes.
    #[test]
    fn two_pushes_while_a_worker_comes_and_goes_are_both_met() {
        explore_bounded(4, || {
            let pool = Pool::new(2);
            let server = pool.spawn_server(2);
            pool.queue(|| ()).join().unwrap();
            pool.queue(|| ()).join().unwrap();
            server.join().unwrap();
        });
    }

    /// Each worker takes one job only, as if it ran for ever: no job may count on a worker that has one.
    // Bounded by 3: by 4 it takes 30 s.
    #[test]
    fn two_pushes_while_two_workers_fall_asleep_wake_both() {
        explore_bounded(3, || {
            let pool = Pool::new(2);
            let servers = [pool.spawn_server(1), pool.spawn_server(1)];
            let jobs = [pool.queue(|| ()), pool.queue(|| ())];
            for job in jobs {
                job.join().unwrap();
            }
            for server in servers {
                server.join().unwrap();
            }
        });
    }

    /// Who is called first makes up for what a push did not call for: see step 4 in `src/sleep.rs`.
    // Bounded by 2, which lets two of the workers be anywhere when the next push comes: by 3 it takes minutes.
    #[test]
    fn three_pushes_while_three_workers_fall_asleep_wake_all() {
        explore_bounded(2, || {
            let pool = Pool::new(3);
            let servers = [(); 3].map(|()| pool.spawn_server(1));
            let jobs = [(); 3].map(|()| pool.queue(|| ()));
            for job in jobs {
                job.join().unwrap();
            }
            for server in servers {
                server.join().unwrap();
            }
        });
    }

    // Bounded by 2: by 3 it takes 40 s.
    #[test]
    fn two_submitters_at_once_wake_both_workers() {
        explore_bounded(2, || {
            let pool = Pool::new(2);
            let servers = [pool.spawn_server(1), pool.spawn_server(1)];
            let other = thread::spawn({
                let pool = pool.clone();
                move || pool.queue(|| ()).join().unwrap()
            });
            pool.queue(|| ()).join().unwrap();
            other.join().unwrap();
            for server in servers {
                server.join().unwrap();
            }
        });
    }

    /// The job a sleeper was called for may be gone when it looks: its call must not be owed to it for ever.
    // Bounded by 2: by 3 it takes minutes.
    #[test]
    fn a_worker_called_for_a_job_that_is_gone_hears_the_next_call() {
        explore_bounded(2, || {
            let pool = Pool::new(2);
            let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
            pool.queue(|| ()).join().unwrap();
            pool.queue(|| ()).join().unwrap();
            pool.shut_down(Shutdown::Drain);
            for worker in workers {
                worker.join().unwrap();
            }
        });
    }
}

/// Waiting for room: who stands in line meets those who make room, who barge, who give up.
mod line_models {
    use super::*;

    #[test]
    fn a_submitter_that_finds_no_room_gets_the_place_of_a_job_that_starts() {
        explore(|| {
            let pool = Pool::new(1);
            let first = pool.queue(|| ());
            let server = pool.spawn_server(2);
            pool.queue(|| ()).join().unwrap();
            first.join().unwrap();
            server.join().unwrap();
        });
    }

    /// A full pool with one job in either list of the queue, so that the next pop needs the back alone, and a worker to
    /// run jobs on this thread.
    fn full_with_a_job_in_either_list(log: &Log) -> (Pool, Worker) {
        let pool = Pool::new(2);
        let worker = pool.recruit(1);
        pool.queue(|| ()).detach();
        pool.queue(log.job("at the back")).detach();
        pool.run_one(&worker);
        pool.queue(log.job("at the front")).detach();
        (pool, worker)
    }

    #[test]
    fn a_submitter_that_finds_no_room_gets_a_place_freed_at_the_back() {
        explore(|| {
            let log = Log::default();
            let (pool, worker) = full_with_a_job_in_either_list(&log);
            let server = pool.spawn_server(1);
            // Comes back once the one pop has made room.
            pool.queue(log.job("came later")).detach();
            server.join().unwrap();
            pool.run_one(&worker);
            pool.run_one(&worker);
            assert_eq!(log.ran(), ["at the back", "at the front", "came later"]);
        });
    }

    #[test]
    fn jobs_run_in_order_while_a_worker_swaps_the_lists() {
        explore(|| {
            let (pool, log) = (Pool::new(3), Log::default());
            pool.queue(log.job("first")).detach();
            pool.queue(log.job("second")).detach();
            let server = pool.spawn_server(4);
            pool.queue(log.job("third")).detach();
            pool.queue(log.job("fourth")).detach();
            server.join().unwrap();
            assert_eq!(log.ran(), ["first", "second", "third", "fourth"]);
        });
    }

    // Bounded by 5: in full it takes minutes.
    #[test]
    fn a_try_submit_finds_the_room_that_pops_have_made() {
        let ends = explore_bounded(5, || {
            let pool = Pool::new(2);
            let jobs = [pool.queue(|| ()), pool.queue(|| ())];
            let server = pool.spawn_server(2);
            let early = pool.try_submit(|| ()).is_ok();
            assert!(pool.monitor().stats().queued <= 2, "more jobs than there is room");
            for job in jobs {
                job.join().unwrap();
            }
            assert!(pool.try_submit(|| ()).is_ok(), "at most one job is queued");
            server.join().unwrap();
            early
        });
        assert_eq!(ends, [false, true]);
    }

    // Bounded by 2: by 3 it takes 30 s.
    #[test]
    fn two_submitters_that_find_no_room_both_get_in() {
        explore_bounded(2, || {
            let pool = Pool::new(1);
            pool.queue(|| ()).detach();
            let server = pool.spawn_server(3);
            let other = thread::spawn({
                let pool = pool.clone();
                move || pool.queue(|| ()).join().unwrap()
            });
            pool.queue(|| ()).join().unwrap();
            other.join().unwrap();
            server.join().unwrap();
        });
    }

    // Bounded by 3: by 4 it takes minutes.
    #[test]
    fn who_stands_in_line_first_runs_first() {
        explore_bounded(3, || {
            let (pool, log) = (Pool::new(1), Log::default());
            pool.queue(log.job("queued")).detach();
            let first = pool.stand_in_line(log.job("first in line"));
            let server = pool.spawn_server(3);
            let second = thread::spawn({
                let (pool, job) = (pool.clone(), log.job("came later"));
                move || pool.queue(job).join().unwrap()
            });
            assert_ne!(first.wait(), Standing::Refused);
            second.join().unwrap();
            server.join().unwrap();
            assert_eq!(log.ran(), ["queued", "first in line", "came later"]);
        });
    }

    #[test]
    fn a_try_submit_never_passes_who_stands_in_line() {
        let ends = explore(|| {
            let (pool, log) = (Pool::new(1), Log::default());
            pool.queue(log.job("queued")).detach();
            let waiting = pool.stand_in_line(log.job("in line"));
            let server = pool.spawn_server(2);
            let tried = pool.try_submit(log.job("tried")).is_ok();
            assert_ne!(waiting.wait(), Standing::Refused);
            server.join().unwrap();
            assert_eq!(log.ran(), ["queued", "in line"]);
            tried
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_try_submit_never_passes_who_waits_for_a_place_at_the_back() {
        explore(|| {
            let (pool, _worker) = full_with_a_job_in_either_list(&Log::default());
            let (first, second) = (pool.stand_in_line(|| ()), pool.stand_in_line(|| ()));
            let server = pool.spawn_server(1);
            assert!(pool.try_submit(|| ()).is_err(), "the only place that comes free is the first one's");
            assert_eq!(first.wait(), Standing::Accepted);
            assert_eq!(second.header().standing(), Standing::InLine);
            server.join().unwrap();
        });
    }

    #[test]
    fn who_gives_up_while_a_place_is_handed_over_is_out_or_in_and_the_next_is_served() {
        let ends = explore(|| {
            let (pool, worker) = full_with_a_job_in_either_list(&Log::default());
            let tally = Tally::new();
            let impatient = pool.stand_in_line(tally.job());
            let next = pool.stand_in_line(|| ());
            let server = pool.spawn_server(1);
            let left = pool.monitor().give_up_waiting(impatient.header());
            let outcome = match left {
                LeftLine::GaveUp => Err(impatient.cell.reclaim()),
                LeftLine::Decided => {
                    assert_eq!(impatient.wait(), Standing::Accepted);
                    pool.run_one(&worker);
                    Ok(impatient.into_handle())
                }
            };
            // Either the one place or the one after that.
            assert_eq!(next.wait(), Standing::Accepted);
            server.join().unwrap();
            assert_eq!(pool.monitor().stats().waiting, 0);
            pool.run_one(&worker);
            match outcome {
                Ok(handle) => {
                    drop(handle.join().unwrap());
                    tally.assert_ran_once();
                }
                Err(closure) => {
                    drop(closure);
                    tally.assert_never_ran();
                }
            }
            left == LeftLine::GaveUp
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn who_gives_up_while_the_pool_shuts_down_is_rejected_once() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            pool.queue(|| ()).detach();
            let waiting = pool.stand_in_line(tally.job());
            let closer = thread::spawn({
                let pool = pool.clone();
                move || pool.monitor().close(Shutdown::Drain)
            });
            let left = pool.monitor().give_up_waiting(waiting.header());
            if left == LeftLine::Decided {
                assert_eq!(waiting.wait(), Standing::Refused);
            }
            drop(waiting.cell.reclaim());
            tally.assert_never_ran();
            closer.join().unwrap();
            assert_eq!(pool.monitor().stats().rejected, 1);
            left == LeftLine::GaveUp
        });
        assert_eq!(ends, [false, true]);
    }
}

/// Shutting down: what the close meets resolves or is handed back, and every worker leaves.
mod shutdown_models {
    use super::*;

    const MODES: [Shutdown; 2] = [Shutdown::Drain, Shutdown::Abort];

    /// How a submission ended.
    fn end_of<F>(submitted: Result<JobHandle<()>, F>) -> &'static str {
        match submitted.map(JobHandle::join) {
            Ok(Ok(())) => "ran",
            Ok(Err(JobError::Aborted)) => "aborted",
            Ok(Err(error)) => panic!("{error}"),
            Err(_job) => "refused",
        }
    }

    #[test]
    fn a_close_while_a_worker_falls_asleep_sends_it_home() {
        for mode in MODES {
            explore(move || {
                let pool = Pool::new(1);
                let worker = pool.spawn_worker(0);
                pool.shut_down(mode);
                worker.join().unwrap();
            });
        }
    }

    // Bounded by 3: by 4 it takes 6 s.
    #[test]
    fn a_close_while_two_workers_fall_asleep_sends_both_home() {
        for mode in MODES {
            explore_bounded(3, move || {
                let pool = Pool::new(1);
                let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
                pool.shut_down(mode);
                for worker in workers {
                    worker.join().unwrap();
                }
            });
        }
    }

    // Bounded by 3: by 4 it takes 8 s.
    #[test]
    fn a_drain_while_one_worker_runs_and_one_sleeps_ends_both() {
        explore_bounded(3, || {
            let pool = Pool::new(1);
            let job = pool.queue(|| ());
            let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
            assert_eq!(pool.shut_down(Shutdown::Drain).completed, 1);
            job.join().unwrap();
            for worker in workers {
                worker.join().unwrap();
            }
        });
    }

    // Bounded by 3: by 4 it takes 8 s for both modes.
    fn ends_of_a_push_while_closing(mode: Shutdown) -> Vec<&'static str> {
        explore_bounded(3, move || {
            let pool = Pool::new(1);
            let worker = pool.spawn_worker(0);
            let submitter = thread::spawn({
                let pool = pool.clone();
                move || end_of(pool.submit(|| ()))
            });
            let report = pool.shut_down(mode);
            let end = submitter.join().unwrap();
            worker.join().unwrap();
            assert_eq!(report.completed, u64::from(end == "ran"));
            assert_eq!(report.aborted, u64::from(end == "aborted"));
            assert_eq!(pool.monitor().stats().rejected, u64::from(end == "refused"));
            end
        })
    }

    #[test]
    fn a_push_while_the_pool_drains_runs_or_is_handed_back() {
        assert_eq!(ends_of_a_push_while_closing(Shutdown::Drain), ["ran", "refused"]);
    }

    #[test]
    fn a_push_while_the_pool_aborts_runs_is_aborted_or_handed_back() {
        assert_eq!(ends_of_a_push_while_closing(Shutdown::Abort), ["aborted", "ran", "refused"]);
    }

    // Bounded by 3: by 4 it takes 16 s for both modes.
    fn ends_of_a_full_pool_that_closes(mode: Shutdown) -> Vec<(&'static str, &'static str)> {
        explore_bounded(3, move || {
            let pool = Pool::new(1);
            let queued = pool.submit(|| ());
            let worker = pool.spawn_worker(0);
            let submitter = thread::spawn({
                let pool = pool.clone();
                move || end_of(pool.submit(|| ()))
            });
            pool.shut_down(mode);
            let ends = (end_of(queued), submitter.join().unwrap());
            worker.join().unwrap();
            let stats = pool.monitor().stats();
            assert_eq!((stats.busy, stats.queued, stats.waiting), (0, 0, 0));
            ends
        })
    }

    #[test]
    fn a_drain_refuses_who_stands_in_line_and_runs_what_is_queued() {
        assert_eq!(ends_of_a_full_pool_that_closes(Shutdown::Drain), [("ran", "ran"), ("ran", "refused")]);
    }

    #[test]
    fn an_abort_refuses_who_stands_in_line_and_aborts_what_is_queued() {
        assert_eq!(
            ends_of_a_full_pool_that_closes(Shutdown::Abort),
            [("aborted", "refused"), ("ran", "aborted"), ("ran", "ran"), ("ran", "refused")]
        );
    }

    fn ends_of_a_job_that_submits_and_joins(mode: Shutdown) -> Vec<&'static str> {
        explore(move || {
            let pool = Pool::new(1);
            let inside = pool.clone();
            let outer = pool.queue(move || end_of(inside.submit(|| ())));
            let worker = pool.spawn_worker(0);
            pool.shut_down(mode);
            let outcome = outer.join();
            worker.join().unwrap();
            match outcome {
                Ok(end) => end,
                Err(error) => {
                    assert!(matches!(error, JobError::Aborted));
                    "never began"
                }
            }
        })
    }

    #[test]
    fn a_job_that_submits_and_joins_while_the_pool_drains_is_served() {
        assert_eq!(ends_of_a_job_that_submits_and_joins(Shutdown::Drain), ["ran"]);
    }

    #[test]
    fn a_job_that_submits_and_joins_while_the_pool_aborts_is_never_left_waiting() {
        assert_eq!(ends_of_a_job_that_submits_and_joins(Shutdown::Abort), ["aborted", "never began", "ran", "refused"]);
    }

    /// The idle one must not close the pool under the busy one.
    // Bounded by 3: three threads with whole lives are out of reach in full.
    #[test]
    fn a_job_that_submits_while_the_pool_drains_is_served_though_a_worker_idles() {
        let ends = explore_bounded(3, || {
            let pool = Pool::new(1);
            let inside = pool.clone();
            let outer = pool.queue(move || inside.submit(|| ()).map_err(drop));
            let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
            pool.shut_down(Shutdown::Drain);
            let inner = outer.join().unwrap();
            for worker in workers {
                worker.join().unwrap();
            }
            end_of(inner)
        });
        assert_eq!(ends, ["ran"]);
    }

    #[test]
    fn an_abort_takes_what_stands_in_both_lists() {
        let ends = explore(|| {
            let (pool, log) = (Pool::new(3), Log::default());
            let (first, second) = (pool.submit(log.job("1")), pool.submit(log.job("2")));
            let worker = pool.spawn_worker(0);
            let third = pool.submit(log.job("3"));
            let report = pool.shut_down(Shutdown::Abort);
            let ran = [first, second, third].map(end_of).iter().filter(|end| **end == "ran").count();
            worker.join().unwrap();
            assert_eq!(log.ran(), ["1", "2", "3"][..ran]);
            assert_eq!((report.completed, report.aborted), (ran as u64, 3 - ran as u64));
            ran
        });
        assert_eq!(ends, [0, 1, 2, 3]);
    }

    /// Without workers, as it is the aborting thread that is waited for.
    #[test]
    fn a_shutdown_while_another_thread_aborts_ends_after_every_job_has_resolved() {
        explore(|| {
            let pool = Pool::new(2);
            let jobs = [pool.queue(|| ()), pool.queue(|| ())];
            let breaker = thread::spawn({
                let pool = pool.clone();
                move || pool.shut_down(Shutdown::Abort)
            });
            pool.shut_down(Shutdown::Abort);
            assert!(jobs.iter().all(JobHandle::is_finished));
            breaker.join().unwrap();
        });
    }

    // Bounded by 3: by 4 it takes 8 s.
    #[test]
    fn an_abort_while_another_thread_drains_ends_both_calls() {
        let ends = explore_bounded(3, || {
            let pool = Pool::new(1);
            let job = pool.submit(|| ());
            let worker = pool.spawn_worker(0);
            let drainer = thread::spawn({
                let pool = pool.clone();
                move || pool.shut_down(Shutdown::Drain)
            });
            pool.shut_down(Shutdown::Abort);
            drainer.join().unwrap();
            worker.join().unwrap();
            end_of(job)
        });
        assert_eq!(ends, ["aborted", "ran"]);
    }
}

/// Waiting until idle: the last job retires while somebody comes to wait.
mod idle_models {
    use super::*;

    #[test]
    fn a_wait_while_the_last_job_retires_ends_after_it() {
        explore(|| {
            let pool = Pool::new(1);
            let job = pool.queue(|| ());
            let server = pool.spawn_server(1);
            pool.monitor().wait_idle(None).unwrap();
            assert!(job.is_finished());
            server.join().unwrap();
        });
    }

    #[test]
    fn a_wait_while_a_job_joins_its_child_ends_after_both() {
        explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            let (inside, child) = (pool.clone(), tally.job());
            let job = pool.queue(move || drop(inside.queue(child).join()));
            let worker = pool.spawn_worker(0);
            pool.monitor().wait_idle(None).unwrap();
            assert!(job.is_finished());
            tally.assert_ran_once();
            pool.shut_down(Shutdown::Drain);
            worker.join().unwrap();
        });
    }

    /// The child leaves its mark on an atomic of the model's: loom tries no orders for what it does not see.
    #[test]
    fn a_wait_does_not_wait_for_what_is_submitted_meanwhile() {
        use crate::sync::AtomicU32;
        let ends = explore(|| {
            let pool = Pool::new(1);
            let child_ran = Arc::new(AtomicU32::new(0));
            pool.queue({
                let (inside, child_ran) = (pool.clone(), Arc::clone(&child_ran));
                move || inside.queue(move || child_ran.store(1, Ordering::Relaxed)).detach()
            })
            .detach();
            let server = pool.spawn_server(2);
            pool.monitor().wait_idle(None).unwrap();
            let seen = child_ran.load(Ordering::Relaxed);
            server.join().unwrap();
            seen
        });
        assert_eq!(ends, [0, 1]);
    }

    #[test]
    fn a_wait_behind_another_does_not_wait_for_what_comes_after_both() {
        let ends = explore_bounded(2, || {
            let pool = Pool::new(3);
            let first = pool.queue(|| ());
            let server = pool.spawn_server(3);
            let early = thread::spawn({
                let pool = pool.clone();
                move || pool.monitor().wait_idle(None).unwrap()
            });
            let second = pool.queue(|| ());
            let third = thread::spawn({
                let pool = pool.clone();
                move || pool.queue(|| ())
            });
            pool.monitor().wait_idle(None).unwrap();
            assert!(first.is_finished() && second.is_finished());
            let third = third.join().unwrap();
            let seen = third.is_finished();
            early.join().unwrap();
            server.join().unwrap();
            seen
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_wait_while_the_pool_aborts_ends_after_what_was_queued_has_resolved() {
        explore(|| {
            let pool = Pool::new(2);
            let jobs = [pool.queue(|| ()), pool.queue(|| ())];
            let breaker = thread::spawn({
                let pool = pool.clone();
                move || pool.monitor().close(Shutdown::Abort)
            });
            pool.monitor().wait_idle(None).unwrap();
            for job in jobs {
                assert!(job.try_join().is_ok_and(|outcome| is_aborted(&outcome)));
            }
            breaker.join().unwrap();
        });
    }

    // Bounded by 3: by 4 it takes 5 s.
    #[test]
    fn two_waits_while_jobs_retire_both_end() {
        explore_bounded(3, || {
            let pool = Pool::new(2);
            let first = pool.queue(|| ());
            let server = pool.spawn_server(2);
            let early = thread::spawn({
                let pool = pool.clone();
                move || {
                    pool.monitor().wait_idle(None).unwrap();
                    assert!(first.is_finished());
                }
            });
            let second = pool.queue(|| ());
            pool.monitor().wait_idle(None).unwrap();
            assert!(second.is_finished());
            early.join().unwrap();
            server.join().unwrap();
        });
    }
}

/// Jobs that are ended from outside while they wait to run.
mod cancel_models {
    use std::time::{Duration, Instant};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// How a job ended, by its handle and by its closure, which must agree.
    fn end_of(outcome: Result<Value, JobError>, tally: &Tally) -> &'static str {
        let end = match outcome {
            Ok(value) => {
                drop(value);
                tally.assert_ran_once();
                return "ran";
            }
            Err(JobError::Cancelled) => "cancelled",
            Err(JobError::Expired) => "expired",
            Err(JobError::Aborted) => "aborted",
            Err(other) => unreachable!("{other}"),
        };
        tally.assert_never_ran();
        end
    }

    #[test]
    fn a_cancel_while_a_worker_takes_the_job_ends_it_one_way() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            let job = pool.queue(tally.job());
            let server = pool.spawn_server(2);
            let cancel = job.cancel();
            // Or the server would wait for a job for ever where the first was withdrawn.
            pool.queue(|| ()).detach();
            if cancel == Cancel::Dequeued {
                pool.queue(|| ()).detach();
            }
            let end = end_of(job.join(), &tally);
            server.join().unwrap();
            assert_eq!(pool.monitor().stats().cancelled, u64::from(end == "cancelled"));
            (end, cancel == Cancel::Dequeued)
        });
        // A job that was taken but not begun finds that it was asked; one that was begun goes on.
        assert_eq!(ends, [("cancelled", false), ("cancelled", true), ("ran", false)]);
    }

    #[test]
    fn a_cancel_while_a_joiner_claims_the_job_ends_it_one_way() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            let joiner = pool.recruit(0);
            let job = pool.queue_in_hand(tally.job());
            let header = Arc::clone(&job.cell);
            let canceller = thread::spawn({
                let pool = pool.clone();
                move || handle::cancel(Some(pool.shared()), header.header())
            });
            if let Some(job) = pool.monitor().claim(job.header()) {
                pool.run_here(job, &joiner);
            }
            let cancel = canceller.join().unwrap();
            (end_of(job.into_handle().join(), &tally), cancel == Cancel::Dequeued)
        });
        assert_eq!(ends, [("cancelled", false), ("cancelled", true), ("ran", false)]);
    }

    #[test]
    fn a_cancel_while_the_deadline_passes_ends_the_job_one_way() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            let job = pool.job().timeout(HOUR).submit(tally.job()).unwrap();
            let keeper = thread::spawn({
                let pool = pool.clone();
                move || pool.0.keeper.withdraw_due(Instant::now() + 2 * HOUR)
            });
            let cancel = job.cancel();
            keeper.join().unwrap();
            let stats = pool.monitor().stats();
            assert_eq!((stats.cancelled + stats.expired, stats.queued, stats.busy), (1, 0, 0));
            let end = end_of(job.join(), &tally);
            assert_eq!(end == "cancelled", cancel == Cancel::Dequeued);
            end
        });
        assert_eq!(ends, ["cancelled", "expired"]);
    }

    #[test]
    fn a_cancel_while_the_pool_aborts_ends_the_job_one_way() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            let job = pool.queue(tally.job());
            let breaker = thread::spawn({
                let pool = pool.clone();
                move || pool.monitor().close(Shutdown::Abort)
            });
            let cancel = job.cancel();
            breaker.join().unwrap();
            let end = end_of(job.join(), &tally);
            assert_eq!(end == "cancelled", cancel == Cancel::Dequeued);
            end
        });
        assert_eq!(ends, ["aborted", "cancelled"]);
    }

    #[test]
    fn a_token_cancelled_while_a_job_is_submitted_leaves_it_in_no_queue() {
        explore(|| {
            let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
            let canceller = thread::spawn({
                let token = token.clone();
                move || token.cancel()
            });
            // There is no worker: only the token or the submitter can end it.
            let job = pool.job().token(&token).submit(tally.job()).unwrap();
            assert_eq!(end_of(job.join(), &tally), "cancelled");
            canceller.join().unwrap();
            assert_eq!(pool.monitor().stats().queued, 0);
        });
    }

    #[test]
    fn a_token_cancelled_while_a_submitter_joins_the_line_ends_its_wait() {
        let ends = explore(|| {
            let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
            pool.queue(|| ()).detach();
            let canceller = thread::spawn({
                let token = token.clone();
                move || token.cancel()
            });
            let end = match pool.job().token(&token).submit(tally.job()) {
                Ok(job) => end_of(job.join(), &tally),
                Err(refused) => {
                    assert_eq!(refused.kind(), SubmitErrorKind::Cancelled);
                    drop(refused);
                    tally.assert_never_ran();
                    "turned away"
                }
            };
            canceller.join().unwrap();
            assert_eq!((pool.monitor().stats().waiting, pool.monitor().stats().queued), (0, 1));
            end
        });
        assert_eq!(ends, ["cancelled", "turned away"]);
    }

    #[test]
    fn a_token_cancelled_while_a_place_is_handed_over_ends_the_job_one_way() {
        let ends = explore_bounded(3, || {
            let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
            pool.queue(|| ()).detach();
            let server = pool.spawn_server(1);
            let canceller = thread::spawn({
                let token = token.clone();
                move || token.cancel()
            });
            let submitted = pool.job().token(&token).submit(tally.job());
            canceller.join().unwrap();
            server.join().unwrap();
            match submitted {
                Ok(job) => end_of(job.join(), &tally),
                Err(refused) => {
                    drop(refused);
                    tally.assert_never_ran();
                    "turned away"
                }
            }
        });
        assert_eq!(ends, ["cancelled", "turned away"]);
    }

    #[test]
    fn a_deadline_that_passes_while_the_job_runs_leaves_it_alone() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(2), Tally::new());
            let worker = pool.recruit(0);
            let job = pool.job().timeout(HOUR).submit(tally.job()).unwrap();
            let keeper = thread::spawn({
                let pool = pool.clone();
                move || pool.0.keeper.withdraw_due(Instant::now() + 2 * HOUR)
            });
            // A second job for the worker, should the first be gone.
            pool.job().submit(|| ()).map(JobHandle::detach).unwrap();
            pool.run_one(&worker);
            keeper.join().unwrap();
            let end = end_of(job.join(), &tally);
            assert_eq!(pool.0.keeper.alarms(), 0, "no alarm is left behind");
            end
        });
        assert_eq!(ends, ["expired", "ran"]);
    }

    #[test]
    fn a_keeper_that_stops_while_a_deadline_is_set_is_left_with_no_job() {
        explore_bounded(2, || {
            let pool = Pool::new(1);
            let worker = pool.spawn_worker(0);
            let submitted = thread::spawn({
                let pool = pool.clone();
                move || pool.job().timeout(HOUR).submit(|| ()).map(JobHandle::join).is_ok()
            });
            pool.shut_down(Shutdown::Abort);
            submitted.join().unwrap();
            worker.join().unwrap();
            assert_eq!(pool.0.keeper.alarms(), 0);
        });
    }

    #[test]
    fn an_urgent_job_submitted_before_a_pop_is_the_one_popped() {
        explore(|| {
            let (pool, log) = (Pool::new(8), Log::default());
            let worker = pool.recruit(0);
            for name in ["first", "second", "third"] {
                pool.queue(log.job(name)).detach();
            }
            // What is normal moves to the workers' side.
            pool.run_one(&worker);
            let submitter = thread::spawn({
                let (pool, log) = (pool.clone(), log.clone());
                move || pool.job().priority(Priority::High).submit(log.job("urgent")).unwrap().detach()
            });
            let popper = thread::spawn({
                let pool = pool.clone();
                move || {
                    submitter.join().unwrap();
                    let worker = pool.recruit(1);
                    pool.run_one(&worker);
                }
            });
            popper.join().unwrap();
            assert_eq!(log.ran(), ["first", "urgent"]);
        });
    }
}

/// Futures that wait for room.
mod async_models {
    use super::*;

    fn poll_submission<F>(future: &mut F, waker: &Waker) -> Poll<F::Output>
    where
        F: Future + Unpin,
    {
        Pin::new(future).poll(&mut Context::from_waker(waker))
    }

    fn submission<F, T>(
        pool: &Pool,
        job: F,
    ) -> impl Future<Output = Result<JobHandle<T>, SubmitError<F>>> + Unpin + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Box::pin(pool.job().submit_async(job))
    }

    #[test]
    fn a_future_dropped_while_a_place_is_handed_to_it_passes_the_place_on() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            pool.queue(|| ()).detach();
            let (_bell, waker) = bell();
            let mut future = submission(&pool, tally.job());
            assert!(poll_submission(&mut future, &waker).is_pending());
            let next = pool.stand_in_line(|| ());
            let server = pool.spawn_server(1);
            drop(future);
            // Either the place it was handed, or the one after it that it left the line for.
            assert_eq!(next.wait(), Standing::Accepted);
            server.join().unwrap();
            tally.assert_never_ran();
            let stats = pool.monitor().stats();
            assert_eq!((stats.queued, stats.waiting, stats.cancelled + stats.rejected), (1, 0, 1));
            stats.cancelled
        });
        assert_eq!(ends, [0, 1], "out of the line, or accepted and cancelled");
    }

    #[test]
    fn a_future_polled_while_a_place_is_handed_to_it_is_ready_or_woken_by_its_last_waker() {
        explore(|| {
            let pool = Pool::new(1);
            pool.queue(|| ()).detach();
            let ((_old_bell, old), (new_bell, new)) = (bell(), bell());
            let mut future = submission(&pool, || ());
            assert!(poll_submission(&mut future, &old).is_pending());
            let server = pool.spawn_server(1);
            let mut polled = poll_submission(&mut future, &new);
            while polled.is_pending() {
                new_bell.park_until(None);
                polled = poll_submission(&mut future, &new);
            }
            server.join().unwrap();
            let Poll::Ready(Ok(job)) = polled else { unreachable!("the pool is open") };
            assert!(!job.is_finished());
            job.detach();
        });
    }

    #[test]
    fn a_place_freed_by_a_token_is_not_handed_to_a_future_of_the_same_token() {
        explore(|| {
            let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
            pool.job().token(&token).submit(|| ()).unwrap().detach();
            let (bell, waker) = bell();
            let mut future = Box::pin(pool.job().token(&token).submit_async(tally.job()));
            assert!(poll_submission(&mut future, &waker).is_pending());
            let canceller = thread::spawn(move || token.cancel());
            let refused = loop {
                match poll_submission(&mut future, &waker) {
                    Poll::Ready(submitted) => {
                        break submitted.expect_err("its token was cancelled while it was in line");
                    }
                    Poll::Pending => drop(bell.park_until(None)),
                }
            };
            assert_eq!(refused.kind(), SubmitErrorKind::Cancelled);
            drop(refused);
            tally.assert_never_ran();
            canceller.join().unwrap();
            assert_eq!(pool.monitor().stats().queued, 0);
        });
    }

    #[test]
    fn a_future_in_line_while_the_pool_shuts_down_gets_its_job_back() {
        let ends = explore(|| {
            let (pool, tally) = (Pool::new(1), Tally::new());
            pool.queue(|| ()).detach();
            let closer = thread::spawn({
                let pool = pool.clone();
                move || pool.monitor().close(Shutdown::Abort)
            });
            let (bell, waker) = bell();
            let mut future = submission(&pool, tally.job());
            let mut waited = false;
            let refused = loop {
                match poll_submission(&mut future, &waker) {
                    Poll::Ready(Ok(_)) => break None,
                    Poll::Ready(Err(refused)) => break Some(refused),
                    Poll::Pending => {
                        waited = true;
                        bell.park_until(None);
                    }
                }
            };
            closer.join().unwrap();
            assert_eq!(refused.map(|refused| refused.kind()), Some(SubmitErrorKind::ShutDown));
            tally.assert_never_ran();
            waited
        });
        assert_eq!(ends, [false, true]);
    }
}

/// The counts: what another thread may see of them at any moment.
mod stats_models {
    use super::*;

    fn assert_adds_up(stats: &Stats) {
        assert!(stats.busy <= stats.submitted, "busy fell below zero");
        assert_eq!(
            stats.submitted,
            stats.completed + stats.panicked + stats.aborted + stats.queued + stats.busy,
            "a job is counted nowhere or twice"
        );
    }

    #[test]
    fn a_job_is_counted_before_its_handle_resolves() {
        let ends = explore(|| {
            let pool = Pool::new(1);
            let job = pool.queue(|| ());
            let server = pool.spawn_server(1);
            let finished = job.is_finished();
            if finished {
                assert_eq!(pool.monitor().stats().completed, 1);
            }
            job.join().unwrap();
            let stats = pool.monitor().stats();
            assert_eq!((stats.completed, stats.busy, stats.queued), (1, 0, 0));
            server.join().unwrap();
            finished
        });
        assert_eq!(ends, [false, true]);
    }

    #[test]
    fn a_panic_is_counted_before_its_handle_resolves() {
        explore(|| {
            let pool = Pool::new(1);
            let job = pool.queue(|| std::panic::resume_unwind(Box::new(())));
            let server = pool.spawn_server(1);
            assert!(matches!(job.join(), Err(JobError::Panicked(_))));
            let stats = pool.monitor().stats();
            assert_eq!((stats.panicked, stats.busy, stats.queued), (1, 0, 0));
            server.join().unwrap();
        });
    }

    #[test]
    fn an_aborted_job_is_counted_before_its_handle_resolves() {
        explore(|| {
            let pool = Pool::new(1);
            let job = pool.queue(|| ());
            let breaker = thread::spawn({
                let pool = pool.clone();
                move || pool.monitor().close(Shutdown::Abort)
            });
            assert!(is_aborted(&job.join()));
            let stats = pool.monitor().stats();
            assert_eq!((stats.aborted, stats.busy, stats.queued), (1, 0, 0));
            breaker.join().unwrap();
        });
    }

    #[test]
    fn the_counts_add_up_whenever_somebody_looks() {
        let ends = explore(|| {
            let pool = Pool::new(2);
            let server = pool.spawn_server(2);
            pool.queue(|| ()).detach();
            let early = pool.monitor().stats();
            assert_adds_up(&early);
            pool.queue(|| ()).detach();
            let late = pool.monitor().stats();
            assert_adds_up(&late);
            assert!(early.completed <= late.completed);
            server.join().unwrap();
            assert_eq!(pool.monitor().stats().completed, 2);
            late.completed
        });
        assert_eq!(ends, [0, 1, 2]);
    }

    // Bounded by 4: three threads with whole lives are out of reach in full.
    #[test]
    fn the_counts_add_up_while_the_pool_aborts() {
        let ends = explore_bounded(4, || {
            let pool = Pool::new(2);
            pool.queue(|| ()).detach();
            pool.queue(|| ()).detach();
            let worker = pool.spawn_worker(0);
            let breaker = thread::spawn({
                let pool = pool.clone();
                move || pool.shut_down(Shutdown::Abort)
            });
            assert_adds_up(&pool.monitor().stats());
            let report = breaker.join().unwrap();
            worker.join().unwrap();
            assert_eq!(report.completed + report.aborted, 2);
            report.completed
        });
        assert_eq!(ends, [0, 1, 2]);
    }
}

/// The parker: a ring meets a thread that is about to sleep.
mod park_models {
    use super::*;

    #[test]
    fn a_ring_before_or_while_parking_is_heard() {
        explore(|| {
            let (parker, waker) = bell();
            let ringer = thread::spawn(move || waker.wake());
            parker.park_until(None);
            ringer.join().unwrap();
        });
    }

    /// What is waited for is set before the ring, and a ring may stand for several.
    // Bounded by 4: in full it takes 10 s.
    #[test]
    fn a_wait_for_two_ringers_ends_once_both_have_rung() {
        use crate::sync::AtomicU32;
        let ends = explore_bounded(4, || {
            let (parker, waker) = bell();
            let done = Arc::new(AtomicU32::new(0));
            let ringers = [waker.clone(), waker].map(|waker| {
                let done = Arc::clone(&done);
                thread::spawn(move || {
                    done.fetch_add(1, Ordering::Release);
                    waker.wake();
                })
            });
            let mut parks = 0;
            while done.load(Ordering::Acquire) < 2 {
                parker.park_until(None);
                parks += 1;
            }
            for ringer in ringers {
                ringer.join().unwrap();
            }
            parks
        });
        assert_eq!(ends, [0, 1, 2]);
    }
}
