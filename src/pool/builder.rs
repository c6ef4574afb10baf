//! How a pool is made: the options, and the start of its threads.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{JoinHandle, available_parallelism};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::base::affinity::Affinity;
use crate::base::error::BuildError;
use crate::base::job_panic::JobPanic;
use crate::base::panic::{Contained, Shareable};
use crate::base::thread;
use crate::ending::keeper::ThreadOptions;
use crate::observe::running::RunningJob;
use crate::observe::slow::SlowOptions;
use crate::pool::shutdown::{Shutdown, close, join_threads};
use crate::queue::stats::Meter;
use crate::worker::hooks::{Hooks, WorkerHook};
use crate::worker::life::live;
use crate::worker::seat;
use crate::worker::shared::{Plan, Shared};

const DEFAULT_CAPACITY: usize = 65_536;
const DEFAULT_NAME: &str = "corepool";

/// Options for a pool, each with a default that suits CPU-bound work.
///
/// ```
/// let pool = corepool::Pool::builder().workers(2).queue_capacity(1_000).thread_name("thumbs").build().unwrap();
/// assert_eq!(pool.workers(), 2);
/// ```
///
/// Clones build more pools of the same kind; they share the closures that they were given.
///
/// ```
/// let options = corepool::Pool::builder().workers(1).stack_size(8 << 20);
/// let (parse, render) = (options.clone().thread_name("parse").build(), options.thread_name("render").build());
/// assert_ne!(parse.unwrap(), render.unwrap());
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct Builder {
    workers: Option<usize>,
    capacity: usize,
    name: String,
    worker_name: Option<Shareable<dyn Fn(usize) -> String + Send + Sync>>,
    stack_size: Option<usize>,
    is_inline: bool,
    start_hook: Option<WorkerHook>,
    hooks: Hooks,
    timings: bool,
    slow: Option<SlowOptions>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            workers: None,
            capacity: DEFAULT_CAPACITY,
            name: DEFAULT_NAME.to_owned(),
            worker_name: None,
            stack_size: None,
            is_inline: false,
            start_hook: None,
            hooks: Hooks::default(),
            timings: false,
            slow: None,
        }
    }

    /// How many worker threads. Default: the cores that this thread may use, cgroup quotas honoured; where `num_cpus` and
    /// std disagree, the lesser number. 0 makes `build` fail.
    ///
    /// More jobs than that may run at once where workers of other pools join some of them. What must not run beside another
    /// job needs a lock.
    ///
    /// On Linux threads run where the thread that starts them may run. A thread that is pinned to one core builds a pool of
    /// one worker, or of as many as it asks for, all of them on that core.
    ///
    /// ```
    /// assert_eq!(corepool::Pool::builder().workers(3).build().unwrap().workers(), 3);
    /// ```
    pub fn workers(mut self, n: usize) -> Self {
        self.workers = Some(n);
        self
    }

    /// How many jobs may be queued, running ones not counted. Default: 65,536. 0 makes `build` fail.
    ///
    /// More are queued where the pool's own jobs submit, which do not wait; and for a moment one more for each thread that is
    /// about to take a job out, as its place goes to the head of the line first. While its own jobs keep the queue over the
    /// bound, one place in 16 that jobs leave goes to the line.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().queue_capacity(10).build().unwrap();
    /// # drop(pool);
    /// ```
    pub fn queue_capacity(mut self, jobs: usize) -> Self {
        self.capacity = jobs;
        self
    }

    /// Lifts the bound: a submitter that outruns the workers then fills the memory instead of waiting.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().unbounded_queue().build().unwrap();
    /// # drop(pool);
    /// ```
    pub fn unbounded_queue(mut self) -> Self {
        self.capacity = usize::MAX;
        self
    }

    /// Names the threads `prefix-0`, `prefix-1`, and so on; where there are deadlines or an
    /// [`on_slow_job`](Self::on_slow_job) `prefix-keeper`, and where a shutdown has a time-out `prefix-join`. Default: `corepool`. Linux shows the first 15 bytes. A NUL makes `build` fail.
    ///
    /// For other names of the workers see [`thread_name_with`](Self::thread_name_with).
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(1).thread_name("thumbs").build().unwrap();
    /// let job = pool.submit(|| std::thread::current().name().map(str::to_owned)).unwrap();
    /// assert_eq!(job.join().unwrap().as_deref(), Some("thumbs-0"));
    /// ```
    pub fn thread_name(mut self, prefix: impl Into<String>) -> Self {
        self.name = prefix.into();
        self
    }

    /// Names each worker as `f` says, given its index. The pool's other threads, and the pool in its `Debug`, keep the
    /// prefix of [`thread_name`](Self::thread_name), whichever of the two is called first.
    ///
    /// `f` is called by `build`, on its thread, before it starts any: if `f` panics, so does `build`, and nothing is left
    /// behind. A NUL in any of the names makes `build` fail.
    ///
    /// ```
    /// let rooms = ["kitchen", "hall"];
    /// let pool = corepool::Pool::builder()
    ///     .workers(rooms.len())
    ///     .thread_name_with(move |index| rooms[index].to_owned())
    ///     .build()
    ///     .unwrap();
    /// let job = pool.submit(|| (corepool::current_worker(), std::thread::current().name().map(str::to_owned)));
    /// let (worker, name) = job.unwrap().join().unwrap();
    /// assert_eq!(name.as_deref(), Some(rooms[worker.unwrap()]));
    /// ```
    pub fn thread_name_with(mut self, f: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        self.worker_name = Some(Arc::new(Contained::new(Box::new(f))));
        self
    }

    /// Stack size of each of the pool's threads in bytes. Default: std's (2 MiB, or `RUST_MIN_STACK`).
    ///
    /// Jobs that submit and join jobs run these on their own stack, so deep nesting wants a larger one. Jobs of another pool
    /// that join jobs of this one run these, too: on their own stack if it is as large, else on a thread of this size that is
    /// started for it.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().stack_size(64 << 20).build().unwrap();
    /// # drop(pool);
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Builds a pool without threads, which runs its jobs on the threads that wait for them: for tests whose jobs are to run in
    /// the same order each time, for builds without threads, and for targets that have none, such as
    /// `wasm32-unknown-unknown`.
    ///
    /// Whoever joins or polls a handle runs what is queued, in the pool's order, until that job has resolved; so does who waits for
    /// the pool, or for room in its queue, and [`run_pending`](crate::Pool::run_pending). Jobs that nobody waits for run then, too, or
    /// when the last clone of the pool is dropped. Inside a job, and on a worker of another pool, a join runs the job it
    /// joins and no other, as ever.
    ///
    /// - [`is_finished`](crate::JobHandle::is_finished) and [`try_join`](crate::JobHandle::try_join) run jobs as a poll does, or a loop
    ///   around them would have no end. What has a time-out looks at it between two jobs.
    /// - [`detach`](crate::Pool::detach) does not keep the last drop from running what is queued.
    /// - A deadline ends a queued job when it is about to start. Where the target has no clock, do without time-outs.
    /// - Where several threads wait at once, each runs jobs: one thread is what makes the order the same.
    /// - [`workers`](crate::Pool::workers) is 1, [`current_worker`](crate::current_worker) in a job 0,
    ///   [`broadcast`](crate::Pool::broadcast) runs once. Options for workers' threads mean nothing, their hooks are not called.
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::builder().inline().build().unwrap();
    /// let (log, order) = std::sync::mpsc::channel();
    /// let jobs = [1, 2, 3].map(|n| {
    ///     let log = log.clone();
    ///     pool.submit(move || log.send(n).unwrap()).unwrap()
    /// });
    /// assert!(order.try_recv().is_err()); // nobody has waited
    /// let [_, second, _] = jobs;
    /// second.join().unwrap();
    /// assert_eq!(order.try_iter().collect::<Vec<_>>(), [1, 2]);
    /// drop(pool);
    /// assert_eq!(order.try_iter().collect::<Vec<_>>(), [3]);
    /// ```
    pub fn inline(mut self) -> Self {
        self.is_inline = true;
        self
    }

    /// Called with its index on every worker before `build` returns. If it panics, `build` fails.
    ///
    /// What it owns is dropped before `build` returns, on that thread, whether the pool was built or not; but not while a
    /// clone of the builder holds it. A panic in that is contained. So it may own the sender of a channel whose receiver is
    /// read to its end:
    ///
    /// ```
    /// let (sender, started) = std::sync::mpsc::channel();
    /// let pool = corepool::Pool::builder()
    ///     .workers(2)
    ///     .on_worker_start(move |index| sender.send((index, std::thread::current().id())).unwrap())
    ///     .build()
    ///     .unwrap();
    /// assert_eq!(started.iter().count(), 2);
    /// # drop(pool);
    /// ```
    pub fn on_worker_start(mut self, f: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.start_hook = Some(Arc::new(Contained::new(Box::new(f))));
        self
    }

    /// Called with its index on every worker that has started, after its last job. A panic in it is contained.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().on_worker_stop(|index| println!("worker {index} stops")).build().unwrap();
    /// # drop(pool);
    /// ```
    pub fn on_worker_stop(mut self, f: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.hooks.stop = Some(Arc::new(Contained::new(Box::new(f))));
        self
    }

    /// Called for every job that panics, on the thread that ran it, before its handle resolves. A panic in it is
    /// contained. The place to learn of panics in detached jobs.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let (report, reports) = mpsc::channel();
    /// let pool = corepool::Pool::builder()
    ///     .on_panic(move |panic| report.send(panic.message().to_owned()).unwrap())
    ///     .build()
    ///     .unwrap();
    /// pool.submit(|| panic!("no disk")).unwrap().detach();
    /// assert_eq!(reports.recv().unwrap(), "no disk");
    /// ```
    pub fn on_panic(mut self, f: impl Fn(&JobPanic) + Send + Sync + 'static) -> Self {
        self.hooks.panic = Some(Arc::new(Contained::new(Box::new(f))));
        self
    }

    /// Records which jobs run and how long jobs wait and run, for [`Pool::running`](crate::Pool::running) and
    /// [`Pool::timings`](crate::Pool::timings). Off by default.
    ///
    /// It costs a job three readings of the clock and a lock that nobody else wants, some 50 ns; one that takes half a
    /// millisecond or more also two system calls that read the thread's CPU time, some 0.4 µs each. A job whose name is not
    /// `'static` has it cloned. Memory: up to 35 KB for each worker and 12 KB more for each name that its jobs have, of
    /// which 64 are told apart; up to 16 bytes for each queued job. Off, it costs nothing.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| (1..=20_u64).product::<u64>()).unwrap();
    /// let times = pool.timings().unwrap().all();
    /// println!("waited {:?}, ran {:?}", times.waited.quantile(0.99).unwrap(), times.ran.quantile(0.99).unwrap());
    /// ```
    pub fn timings(mut self, on: bool) -> Self {
        self.timings = on;
        self
    }

    /// Calls `f` once for each job that has run for `limit`, while it still runs: to log which job holds a worker up. Turns
    /// [`timings`](Self::timings) on, whatever was said before.
    ///
    /// `f` runs on a thread of the pool's that is no worker, the one that keeps deadlines. It may take its time: another
    /// thread keeps them meanwhile, but the pool's end waits for it. A panic in it is contained. A `limit` of less than a
    /// millisecond is taken as one. A job that waits counts as running, so one that joins a slow job becomes slow, too. The
    /// job may end while `f` is called. Nobody is told where the system refuses the thread, nor in an
    /// [inline](Self::inline) pool, which has none.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use std::time::Duration;
    ///
    /// let (tell, told) = channel();
    /// let pool = corepool::Pool::builder()
    ///     .workers(1)
    ///     .on_slow_job(Duration::from_millis(10), move |job| tell.send(job.to_string()).unwrap())
    ///     .build()
    ///     .unwrap();
    /// let (go, gate) = channel::<()>();
    /// let job = pool.job().name("report").submit(move || gate.recv()).unwrap();
    /// let line = told.recv().unwrap();
    /// assert!(line.starts_with("worker 0: report ("), "{line}");
    /// drop(go);
    /// # let _ = job.join();
    /// ```
    pub fn on_slow_job(mut self, limit: Duration, f: impl Fn(&RunningJob) + Send + Sync + 'static) -> Self {
        self.slow = Some(SlowOptions { limit, hook: Arc::new(Contained::new(Box::new(f))) });
        self
    }

    /// Checks the options and makes all but the threads. `affinity` is where these may run, `cores` says how many workers
    /// that makes.
    pub(crate) fn prepare(self, affinity: Affinity, cores: impl FnOnce() -> usize) -> Result<Start, BuildError> {
        let workers = if self.is_inline { 1 } else { self.workers.unwrap_or_else(cores) };
        if workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        if self.capacity == 0 {
            return Err(BuildError::NoCapacity);
        }
        let name = without_nul(self.name)?;
        let worker_names = match self.worker_name {
            Some(name_of) => Some((0..workers).map(|index| without_nul(name_of(index))).collect::<Result<_, _>>()?),
            None => None,
        };
        let keeper_name = format!("{name}-keeper");
        let plan = Plan {
            name,
            workers,
            capacity: self.capacity,
            hooks: self.hooks,
            timings: self.timings,
            slow: self.slow,
            is_inline: self.is_inline,
        };
        let shared = Shared::new(plan, |id| ThreadOptions {
            name: keeper_name,
            stack_size: self.stack_size,
            // The workers inherit it, and the keeper would not: it is started by whoever submits the first deadline.
            on_start: Box::new(move || {
                affinity.apply();
                seat::reserve(id);
            }),
        });
        Ok(Start { shared, worker_names, stack_size: self.stack_size, hook: self.start_hook })
    }
}

fn without_nul(name: String) -> Result<String, BuildError> {
    if name.contains('\0') { Err(BuildError::NulInName { name }) } else { Ok(name) }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("queue_capacity", &self.capacity)
            .field("thread_name", &self.name)
            .field("thread_name_with", &self.worker_name.is_some())
            .field("stack_size", &self.stack_size)
            .field("inline", &self.is_inline)
            .field("start_hook", &self.start_hook.is_some())
            .field("hooks", &self.hooks)
            .field("timings", &self.timings)
            .field("slow_job", &self.slow.as_ref().map(|slow| slow.limit))
            .finish()
    }
}

/// How many cores there are to work on: the least of what is known, as each way misses a limit that the other sees.
pub(crate) fn cores() -> usize {
    let cores = num_cpus::get();
    available_parallelism().map_or(cores, |available| available.get().min(cores))
}

/// Whether a worker's start hook ran through.
type Report = Result<(), BuildError>;

/// A pool without its threads. Drops the start hook, if no clone of the builder has it.
pub(crate) struct Start {
    pub(crate) shared: Arc<Shared>,
    /// Where they are not made of the pool's name.
    worker_names: Option<Vec<String>>,
    stack_size: Option<usize>,
    hook: Option<WorkerHook>,
}

impl Start {
    /// Starts every worker and hears each report. On the first failure those that run are sent home and joined.
    pub(crate) fn run(&self) -> Result<(), BuildError> {
        if self.shared.id.is_inline() {
            return Ok(());
        }
        let (reports, inbox) = unbounded();
        let started = self.spawn_all(&reports);
        drop(reports);
        started.and_then(|()| hear_all(&inbox)).inspect_err(|_| {
            close(&self.shared, Shutdown::Abort);
            drop(inbox);
            // Without a deadline it cannot fail.
            let _ = join_threads(&self.shared, None);
        })
    }

    fn spawn_all(&self, reports: &Sender<Report>) -> Result<(), BuildError> {
        let workers = self.shared.workers;
        for index in 0..workers {
            let spawned = self.spawn(index, reports.clone());
            let thread = spawned.map_err(|source| BuildError::Spawn { worker: index, workers, source })?;
            self.shared.threads.add(thread);
        }
        Ok(())
    }

    fn spawn(&self, index: usize, reports: Sender<Report>) -> io::Result<JoinHandle<()>> {
        let name = match &self.worker_names {
            Some(names) => names[index].clone(),
            None => format!("{}-{index}", self.shared.name),
        };
        let thread = thread::named(name, self.stack_size);
        let meter = Arc::new(Meter::new());
        // Before the thread runs, as it may leave as soon as it does.
        self.shared.monitor.enter(Arc::clone(&meter));
        let (shared, hook) = (Arc::clone(&self.shared), self.hook.clone());
        let spawned = thread.spawn(move || {
            seat::reserve(shared.id);
            live(shared, index, meter, hook, move |started| {
                let report = started.map_err(|message| BuildError::StartHook { worker: index, message });
                // Nobody listens any more once another worker has failed.
                let _ = reports.send(report);
            });
        });
        spawned.inspect_err(|_| {
            self.shared.monitor.exit();
        })
    }
}

/// Hears every worker, until all have reported (each lets go of its sender then) or one has failed.
fn hear_all(inbox: &Receiver<Report>) -> Result<(), BuildError> {
    inbox.iter().collect()
}
