//! The front door: a [`Pool`] takes jobs and hands out their handles. How they are submitted is in [`super::verbs`], who waits
//! for the pool in [`super::waits`], how it ends in [`super::ends`].

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::base::affinity::Affinity;
use crate::base::error::BuildError;
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
/// accepted job has run and every thread has ended. It does not wait, and the pool drains behind it:
///
/// - on one of the pool's own workers;
/// - where somebody has let it go by [`detach`](Self::detach);
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

    /// Options for one job; then one of the verbs to submit it.
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

    /// What each worker has done, in their order. Jobs that workers of other pools ran in a join are in none of them, so these add
    /// up to no more than what [`stats`](Self::stats) says.
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

    /// The pool whose job this code runs in; `None` outside of any pool's jobs and hooks. For jobs that submit to their own pool.
    ///
    /// It does not keep the pool open, so that nobody's last drop is put off: taken out of the job, it is of use for as long as
    /// others hold the pool. Inside it works to the end, also while the pool drains.
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
        seat::innermost_pool().map(|shared| Pool { owner: Owner::visitor(shared) })
    }

    /// A handle that does not keep the pool open: see [`WeakPool`].
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

    /// Lets the pool go: whoever drops its last clone does not wait, and the pool finishes what it was given behind it.
    ///
    /// The same as dropping this clone, but for that. Others may use the pool for as long as they have it. What ends the pool
    /// aloud, such as [`shutdown`](Self::shutdown), waits as ever. When the process ends, what has not run by then does not run.
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

    pub(super) fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }

    pub(super) fn of(owner: Arc<Owner>) -> Self {
        Self { owner }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        self.owner.shared()
    }
}

/// Clones are equal, and so is what [`current`](Pool::current) gives inside their jobs; two pools are not.
impl PartialEq for Pool {
    fn eq(&self, other: &Self) -> bool {
        self.shared().id == other.shared().id
    }
}

impl Eq for Pool {}

impl Hash for Pool {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.shared().id.hash(state);
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
