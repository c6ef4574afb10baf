//! The front door: a [`Pool`] takes jobs and hands out their handles.

use std::fmt;
use std::panic::{self, Location};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use crate::base::affinity::Affinity;
use crate::base::error::{BuildError, SubmitError, WaitError};
use crate::base::park::deadline_in;
use crate::handle::job_handle::JobHandle;
use crate::pool::builder::Builder;
use crate::pool::job_builder::JobBuilder;
use crate::pool::owner::{Kind, Owner};
use crate::pool::shutdown::{Shutdown, ShutdownReport};
use crate::pool::submit::{Patience, submit};
use crate::pool::submit_async::SubmitAsync;
use crate::queue::stats::Stats;
use crate::worker::seat::would_wait_for_itself;
use crate::worker::shared::Shared;

/// A fixed set of worker threads and the queue they take jobs from.
///
/// Clones share the same threads. Dropping the last clone drains the pool: it blocks, in async code too, until every
/// accepted job has run and every thread has ended. It does not wait, and the pool drains behind it:
///
/// - on one of the pool's own workers;
/// - where a [`shutdown`](Self::shutdown) has run out of its time, as whoever gave it one does not wait for what is left;
/// - while its thread panics, as a job may wait for something that is dropped further up.
///
/// A forked child has the pool's memory and none of its threads. What would wait for them says so there
/// ([`JobError::Forked`](crate::JobError::Forked) and its like), and dropping the pool leaks it. Build pools after forking.
///
/// ```
/// use corepool::Pool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let pool = Pool::new()?;
/// let squares: Vec<_> = (0..10_u64).map(|n| pool.submit(move || n * n)).collect::<Result<_, _>>()?;
/// let mut sum = 0;
/// for job in squares {
///     sum += job.join()?;
/// }
/// assert_eq!(sum, 285);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
}

impl Pool {
    /// A pool with all defaults: a worker for every core, room for 65,536 queued jobs.
    ///
    /// # Errors
    ///
    /// If the system would not start the threads.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// assert!(pool.workers() >= 1);
    /// ```
    pub fn new() -> Result<Pool, BuildError> {
        Self::builder().build()
    }

    /// Options for a pool.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(2).build().unwrap();
    /// assert_eq!(pool.workers(), 2);
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The pool of the process, with all defaults, built on first use. It is never shut down.
    ///
    /// It does not matter which thread comes first: on Linux, where threads run where those that start them may run, its
    /// workers take after the process's main thread, and so does their number. Where that one has been pinned itself,
    /// what the process was given before cannot be known; use the pool once before.
    ///
    /// # Panics
    ///
    /// If the system would not start the threads.
    ///
    /// ```
    /// let job = corepool::Pool::global().submit(|| 42).unwrap();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    #[must_use]
    pub fn global() -> &'static Pool {
        static GLOBAL: OnceLock<Pool> = OnceLock::new();
        GLOBAL.get_or_init(|| match build_global() {
            Ok(pool) => pool,
            Err(error) => panic!("the global pool could not be built: {error}"),
        })
    }

    /// Submits a job; waits for room if the queue is full, in line with all who wait.
    ///
    /// On a worker of this pool it does not wait, as it could wait for itself, and queues beyond the bound instead;
    /// recursive producers that want back-pressure use [`try_submit`](Self::try_submit).
    ///
    /// # Errors
    ///
    /// The closure back if the pool is shut down.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// assert_eq!(pool.submit(|| 6 * 7).unwrap().join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.shared(), job, (), Patience::Forever, Location::caller())
    }

    /// Submits a job if there is room now and nobody waits for it, on a worker of this pool too.
    ///
    /// # Errors
    ///
    /// The closure back if the queue is full or the pool is shut down.
    ///
    /// ```
    /// use corepool::{Pool, SubmitErrorKind};
    ///
    /// let pool = Pool::builder().workers(1).queue_capacity(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let (started, running) = std::sync::mpsc::channel();
    /// let held = pool.submit(move || (started.send(()), gate.recv())).unwrap();
    /// running.recv().unwrap();
    /// let queued = pool.try_submit(|| 1).unwrap();
    /// let rejected = pool.try_submit(|| 2).unwrap_err();
    /// assert_eq!(rejected.kind(), SubmitErrorKind::Full);
    /// assert_eq!(rejected.into_job()(), 2);
    /// drop(go);
    /// # held.detach(); queued.detach();
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.shared(), job, (), Patience::None, Location::caller())
    }

    /// Submits a job; waits for room for `timeout` at the most. One that overflows [`Instant`](std::time::Instant) means no
    /// limit.
    ///
    /// On a worker of this pool it does not wait: see [`submit`](Self::submit).
    ///
    /// # Errors
    ///
    /// The closure back if no room came free in time or the pool is shut down.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit_timeout(|| 42, Duration::from_millis(10)).unwrap();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit_timeout<F, T>(&self, job: F, timeout: Duration) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.shared(), job, (), Patience::For(timeout), Location::caller())
    }

    /// Submits a job from async code: waits for room without blocking the thread, in line with all who wait.
    ///
    /// The future owns what it needs, and submits when it is first polled. Dropped before it is ready it leaves the line;
    /// a job that has been accepted in that very moment is cancelled. On a worker of this pool it does not wait: see
    /// [`submit`](Self::submit).
    ///
    /// # Errors
    ///
    /// The closure back if the pool is shut down.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled again after it was ready.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let answer = pollster::block_on(async {
    ///     let job = pool.submit_async(|| 6 * 7).await?;
    ///     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(job.await?)
    /// });
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit_async<F, T>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<JobHandle<T>, SubmitError<F>>> + Send + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SubmitAsync::new(Arc::clone(&self.owner), job, (), Location::caller())
    }

    /// Options for one job; then one of the four verbs to submit it.
    ///
    /// ```
    /// use corepool::{Pool, Priority};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::new().unwrap();
    /// let job = pool
    ///     .job()
    ///     .name("thumbnail")
    ///     .priority(Priority::High)
    ///     .timeout(Duration::from_secs(10))
    ///     .submit(|| 42)
    ///     .unwrap();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    pub fn job(&self) -> JobBuilder<'_> {
        JobBuilder::new(&self.owner)
    }

    /// How many worker threads the pool was built with.
    ///
    /// ```
    /// assert_eq!(corepool::Pool::builder().workers(3).build().unwrap().workers(), 3);
    /// ```
    #[must_use]
    pub fn workers(&self) -> usize {
        self.shared().workers
    }

    /// What the pool has done and is doing.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.submit(|| ()).unwrap().join().unwrap();
    /// assert_eq!(pool.stats().completed, 1);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared().monitor.stats()
    }

    /// Waits until every job accepted before has resolved. Jobs that are submitted meanwhile, by these jobs too, do not
    /// hold it up; to see the last of those, [`shutdown`](Self::shutdown) drains. `None` waits without limit, as does a
    /// time that overflows [`Instant`](std::time::Instant).
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`]; [`WaitError::WouldDeadlock`] where the wait would be for itself: on a worker of this
    /// pool, in a job of this pool that a worker of another one runs, and in what drops an unrun job of this pool;
    /// [`WaitError::Forked`] in a forked child.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| 42).unwrap();
    /// pool.wait_idle(None).unwrap();
    /// assert!(job.is_finished());
    /// # job.detach();
    /// ```
    pub fn wait_idle(&self, timeout: Option<Duration>) -> Result<(), WaitError> {
        if self.shared().id.is_of_parent() {
            return Err(WaitError::Forked);
        }
        if would_wait_for_itself(self.shared()) {
            return Err(WaitError::WouldDeadlock);
        }
        self.shared().monitor.wait_idle(timeout.and_then(deadline_in))
    }

    /// Ends the pool and joins its threads; waits for `timeout` at the most.
    ///
    /// [`Shutdown::Drain`] finishes what was accepted; meanwhile only the pool's own jobs may still submit.
    /// [`Shutdown::Abort`] rejects all and resolves what is queued as [`Aborted`](crate::JobError::Aborted); running
    /// jobs are waited for, never killed. Both reject those who wait for room with
    /// [`ShutDown`](crate::SubmitErrorKind::ShutDown). An abort may follow a drain, not the reverse; doing either twice is
    /// fine.
    ///
    /// When the time runs out the report says what still runs. The pool goes on shutting down, and a later call waits
    /// again; dropping the last clone then does not. What aborting drops is dropped on this thread, however long that takes,
    /// and on workers that are free. To keep its time-out while threads end, which may still run destructors of thread-local
    /// values, it has a thread of its own join them.
    ///
    /// # Errors
    ///
    /// With nothing changed: [`WaitError::WouldDeadlock`] where the wait would be for itself, as for
    /// [`wait_idle`](Self::wait_idle); [`WaitError::GlobalPool`] for the global pool; [`WaitError::Forked`] in a forked child.
    ///
    /// ```
    /// use corepool::{JobError, Pool, Shutdown};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let (started, running) = std::sync::mpsc::channel();
    /// let held = pool.submit(move || (started.send(()), gate.recv())).unwrap();
    /// running.recv().unwrap();
    /// let queued = pool.submit(|| 1).unwrap();
    ///
    /// let report = pool.shutdown(Shutdown::Abort, Some(Duration::from_millis(1))).unwrap();
    /// assert_eq!((report.aborted, report.still_running), (1, 1));
    /// assert!(matches!(queued.join(), Err(JobError::Aborted)));
    ///
    /// drop(go);
    /// let report = pool.shutdown(Shutdown::Abort, None).unwrap();
    /// assert_eq!((report.completed, report.still_running), (1, 0));
    /// # held.detach();
    /// ```
    pub fn shutdown(&self, mode: Shutdown, timeout: Option<Duration>) -> Result<ShutdownReport, WaitError> {
        self.owner.shut_down(mode, timeout)
    }

    /// Begins to end the pool as [`shutdown`](Self::shutdown) does, and does not wait: inside the pool's own jobs too.
    ///
    /// What aborting drops is dropped on this thread and on workers that are free. To see the pool's end, call `shutdown`
    /// after it, or drop the last clone, which wait as ever.
    ///
    /// # Errors
    ///
    /// With nothing changed: [`WaitError::GlobalPool`] for the global pool, [`WaitError::Forked`] in a forked child.
    ///
    /// ```
    /// use corepool::{Pool, Shutdown, SubmitErrorKind};
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let inner = pool.clone();
    /// let last = pool.submit(move || inner.begin_shutdown(Shutdown::Drain)).unwrap();
    /// last.join().unwrap().unwrap();
    /// assert_eq!(pool.submit(|| ()).unwrap_err().kind(), SubmitErrorKind::ShutDown);
    /// assert_eq!(pool.shutdown(Shutdown::Drain, None).unwrap().completed, 1);
    /// ```
    pub fn begin_shutdown(&self, mode: Shutdown) -> Result<(), WaitError> {
        self.owner.begin_shutdown(mode)
    }

    /// Ends the pool as [`shutdown`](Self::shutdown) does, without blocking the thread.
    ///
    /// The shutdown begins when the future is first polled, which may drop what it aborts, and goes on if the future is
    /// dropped; the last clone of the pool does not wait for it then, as after a `shutdown` that ran out of time. It is ready once every worker has run its last job and its stop hook; it joins no thread, so destructors of
    /// thread-local values may still run.
    ///
    /// # Errors
    ///
    /// As for `shutdown`. It is the first poll that must not be on a worker of the pool; a later one, as in a waker, may.
    ///
    /// ```
    /// use corepool::{Pool, Shutdown};
    ///
    /// let pool = Pool::new().unwrap();
    /// pool.submit(|| ()).unwrap().detach();
    /// let report = pollster::block_on(pool.shutdown_async(Shutdown::Drain)).unwrap();
    /// assert_eq!((report.completed, report.still_running), (1, 0));
    /// ```
    pub fn shutdown_async(
        &self,
        mode: Shutdown,
    ) -> impl Future<Output = Result<ShutdownReport, WaitError>> + Send + Unpin + use<> {
        self.owner.shutdown_async(mode)
    }

    fn shared(&self) -> &Arc<Shared> {
        self.owner.shared()
    }
}

/// On a thread that may run where the main thread may, if this one may not: the workers then inherit that.
fn build_global() -> Result<Pool, BuildError> {
    let build = || Builder::new().build_as(Kind::Global);
    let affinity = Affinity::of_main_thread();
    if affinity == Affinity::of_this_thread() {
        return build();
    }
    let elsewhere = thread::Builder::new().spawn(move || {
        affinity.apply();
        build()
    });
    match elsewhere.map(thread::JoinHandle::join) {
        Ok(Ok(built)) => built,
        Ok(Err(panic)) => panic::resume_unwind(panic),
        // Better a pool on few cores than none.
        Err(_) => build(),
    }
}

impl Builder {
    /// Starts the threads. When it returns, every worker has started and run its start hook.
    ///
    /// # Errors
    ///
    /// An option that makes no sense, a thread the system would not start, a start hook that panicked. No thread is
    /// left behind.
    ///
    /// ```
    /// use corepool::{BuildError, Pool};
    ///
    /// assert!(matches!(Pool::builder().queue_capacity(0).build(), Err(BuildError::NoCapacity)));
    /// ```
    pub fn build(self) -> Result<Pool, BuildError> {
        self.build_as(Kind::Own)
    }

    fn build_as(self, kind: Kind) -> Result<Pool, BuildError> {
        Ok(Pool { owner: Owner::new(self.start()?, kind) })
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owner.fmt(f)
    }
}
