//! The front door: a [`Pool`] takes jobs and hands out their handles. How they are submitted is in [`super::verbs`], who waits
//! for the pool in [`super::waits`], how it ends in [`super::ends`].

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::base::affinity::Affinity;
use crate::base::error::BuildError;
use crate::base::ids::PoolId;
use crate::pool::builder::{Builder, cores};
use crate::pool::job_builder::JobBuilder;
use crate::pool::owner::{Kind, Owner};
use crate::pool::weak::WeakPool;
use crate::queue::stats::{Stats, WorkerStats};
use crate::worker::seat;
use crate::worker::shared::Shared;

/// A fixed set of worker threads and the queue they take jobs from.
///
/// Clones share the same threads. Dropping the last clone drains the pool: it blocks, in async code too, until every
/// accepted job has run and every thread has ended. In these cases it does not block, and the pool drains in the
/// background:
///
/// - on one of the pool's own workers;
/// - after [`detach`](Self::detach);
/// - after a [`shutdown`](Self::shutdown) that ran out of time, or a [`shutdown_async`](Self::shutdown_async) whose
///   future was dropped;
/// - while its thread is panicking, because a job may be waiting for something that is dropped later.
///
/// A forked child has the pool's memory, but none of its threads. Calls that would wait for them return an error
/// there, such as [`JobError::Forked`](crate::JobError::Forked), and dropping the pool leaks it. Build pools after
/// forking.
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
    /// A copy of the shared one, two steps nearer: every join looks at it.
    id: PoolId,
}

impl Pool {
    /// Builds a pool with all defaults: one worker for each core, and room for 65,536 queued jobs.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// assert!(pool.workers() >= 1);
    /// ```
    pub fn new() -> Result<Pool, BuildError> {
        Self::builder().build()
    }

    /// Returns a builder to configure a pool.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(2).build().unwrap();
    /// assert_eq!(pool.workers(), 2);
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Returns a builder to submit one job with options, such as a name, a priority or a deadline.
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

    /// How many worker threads the pool was built with; 1 for an [inline](Builder::inline) pool, which has none.
    ///
    /// ```
    /// assert_eq!(corepool::Pool::builder().workers(3).build().unwrap().workers(), 3);
    /// ```
    #[must_use]
    pub fn workers(&self) -> usize {
        self.shared().workers
    }

    /// Returns the pool's counters: jobs queued, running, completed and so on.
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

    /// Returns the counters of each worker, in the order of the workers. Jobs that workers of other pools ran in a join are in
    /// none of them, so they may add up to less than [`stats`](Self::stats).
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(2).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// let done: Vec<_> = pool.worker_stats().iter().map(|worker| worker.completed).collect();
    /// assert_eq!(done.iter().sum::<u64>(), 1);
    /// ```
    #[must_use]
    pub fn worker_stats(&self) -> Vec<WorkerStats> {
        self.shared().monitor.worker_stats()
    }

    /// Returns the pool whose job or hook this code runs in, or `None` outside of all pools. For jobs that submit to
    /// their own pool.
    ///
    /// It does not keep the pool open, so it does not change which clone is the last to be dropped. Inside the job it
    /// always works, also while the pool drains. Taken out of the job, it works only while somebody else holds the
    /// pool.
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new().unwrap();
    /// let job = pool.submit(|| {
    ///     let pool = Pool::current().expect("this is a job");
    ///     pool.submit(|| 42).unwrap().join().unwrap()
    /// });
    /// assert_eq!(job.unwrap().join().unwrap(), 42);
    /// assert!(Pool::current().is_none());
    /// ```
    #[must_use]
    pub fn current() -> Option<Pool> {
        seat::innermost_pool().map(|shared| Pool::of(Owner::visitor(shared)))
    }

    /// Returns a handle that does not keep the pool open: see [`WeakPool`].
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let weak = pool.downgrade();
    /// assert_eq!(weak.upgrade(), Some(pool.clone()));
    /// drop(pool);
    /// assert_eq!(weak.upgrade(), None);
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakPool {
        WeakPool::new(self.shared())
    }

    /// Lets the pool go: dropping its last clone no longer blocks, and the pool finishes its jobs in the background.
    ///
    /// Apart from that, it is the same as dropping this clone: others can use the pool for as long as they hold it.
    /// Explicit calls, such as [`shutdown`](Self::shutdown), still wait. Jobs that have not finished when the process
    /// ends are lost.
    ///
    /// ```
    /// use corepool::Pool;
    /// use std::sync::mpsc::channel;
    ///
    /// let pool = Pool::new().unwrap();
    /// let (work, inbox) = channel::<u32>();
    /// let sum = pool.submit(move || inbox.iter().sum::<u32>()).unwrap();
    /// pool.detach(); // dropping it would wait for a job that waits for `work`
    /// work.send(42).unwrap();
    /// drop(work);
    /// assert_eq!(sum.join().unwrap(), 42);
    /// ```
    ///
    /// In a destructor, where the pool is a field that is dropped next, a clone will do:
    ///
    /// ```
    /// struct Executor {
    ///     pool: corepool::Pool,
    /// }
    ///
    /// impl Drop for Executor {
    ///     fn drop(&mut self) {
    ///         self.pool.clone().detach();
    ///     }
    /// }
    /// # drop(Executor { pool: corepool::Pool::new().unwrap() });
    /// ```
    pub fn detach(self) {
        self.shared().let_go();
    }

    pub(super) fn id(&self) -> PoolId {
        self.id
    }

    pub(super) fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }

    pub(super) fn of(owner: Arc<Owner>) -> Self {
        let id = owner.shared().id;
        Self { owner, id }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        self.owner.shared()
    }
}

/// Clones of a pool are equal, and so is what [`current`](Pool::current) returns in its jobs. Different pools are
/// not.
impl PartialEq for Pool {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Pool {}

impl Hash for Pool {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl Builder {
    /// Builds the pool. When it returns, every worker has started and run its start hook.
    ///
    /// # Errors
    ///
    /// If an option is invalid, a thread cannot be started, or a start hook panics. No thread is left behind then.
    ///
    /// # Panics
    ///
    /// If the closure of [`thread_name_with`](Self::thread_name_with) does.
    ///
    /// ```
    /// use corepool::{BuildError, Pool};
    ///
    /// assert!(matches!(Pool::builder().queue_capacity(0).build(), Err(BuildError::NoCapacity)));
    /// ```
    pub fn build(self) -> Result<Pool, BuildError> {
        let start = self.prepare(Affinity::of_this_thread(), cores)?;
        start.run()?;
        Ok(Pool::of(Owner::new(Arc::clone(&start.shared), Kind::Own)))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owner.fmt(f)
    }
}
