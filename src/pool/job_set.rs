//! A set of jobs: submitted as to the pool, but into the set, which gives their outcomes as they come.
//!
//! How it learns which jobs have resolved is in [`crate::handle::completions`].

use std::fmt;
use std::panic::{Location, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::base::error::{JobError, SubmitError};
use crate::handle::completions::Completions;
use crate::handle::outcomes::Outcomes;
use crate::pool::pool::Pool;
use crate::pool::set_job_builder::SetJobBuilder;

impl Pool {
    /// Returns an empty set, to submit jobs into, and to take their outcomes out of as the jobs resolve.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// for n in 0..10 {
    ///     jobs.submit(move || n * n).unwrap();
    /// }
    /// let mut sum = 0;
    /// while let Some(outcome) = jobs.join_next() {
    ///     sum += outcome.unwrap();
    /// }
    /// assert_eq!(sum, 285);
    /// ```
    #[doc(alias = "JoinSet")]
    #[doc(alias = "FuturesUnordered")]
    #[doc(alias = "task_group")]
    #[track_caller]
    pub fn job_set<T>(&self) -> JobSet<T> {
        JobSet { jobs: Completions::new(), pool: self.clone(), made_at: Location::caller() }
    }
}

/// A set of jobs that gives their outcomes as the jobs resolve, and takes new jobs meanwhile. Made by [`Pool::job_set`].
///
/// A slow job does not hold up the outcomes of those that were submitted after it. Of several jobs that have resolved, any may
/// come out next.
///
/// Each job submitted into the set comes out once, with a value or the reason why there is none: a job that panics is
/// [`JobError::Panicked`]; one that the pool's shutdown aborts is [`JobError::Aborted`]. To know which job it was, have the
/// value say so, or [name](SetJobBuilder::name) the jobs: a panic tells the name.
///
/// Dropping the set cancels its jobs: those that are queued do not run, and running ones are asked to stop, through
/// [`checkpoint`](crate::checkpoint). The drop does not wait for these. [`detach_all`](Self::detach_all) lets them run.
///
/// The outcome of a job stays in the set until it is taken, so take them as you submit. An outcome that was taken leaves nothing
/// behind. The set keeps the pool open, as a clone of the [`Pool`] does.
///
/// For a fixed list of handles, also of several pools, there is [`as_completed`](crate::as_completed).
///
/// ```
/// use corepool::Pool;
///
/// // A tree is walked by as many jobs as it has nodes: each tells of its children.
/// fn children(node: u32) -> Vec<u32> {
///     [2 * node, 2 * node + 1].into_iter().filter(|child| *child < 100).collect()
/// }
/// let pool = Pool::new().unwrap();
/// let mut nodes = pool.job_set();
/// nodes.submit(|| children(1)).unwrap();
/// let mut seen = 1;
/// while let Some(found) = nodes.join_next() {
///     for child in found.unwrap() {
///         seen += 1;
///         nodes.submit(move || children(child)).unwrap();
///     }
/// }
/// assert_eq!(seen, 99);
/// ```
#[must_use = "dropping the set cancels its jobs"]
pub struct JobSet<T> {
    /// Dropped, which cancels them, before the pool, which may wait for them then.
    jobs: Completions<T>,
    pool: Pool,
    made_at: &'static Location<'static>,
}

impl<T> JobSet<T> {
    /// Submits a job into the set, as [`Pool::submit`] does: if the queue is full, it blocks until there is room.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down. The error gives the closure back.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.submit(|| 6 * 7).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit<F>(&mut self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.jobs.push(self.pool.submit(job)?);
        Ok(())
    }

    /// Submits a job into the set, as [`Pool::try_submit`] does: if there is room at once.
    ///
    /// # Errors
    ///
    /// If the queue is full, or the pool has been shut down. The error gives the closure back.
    ///
    /// ```
    /// use corepool::SubmitErrorKind;
    ///
    /// let pool = corepool::Pool::builder().queue_capacity(8).build().unwrap();
    /// let mut jobs = pool.job_set();
    /// let mut sum = 0;
    /// for n in 1..=1_000 {
    ///     let mut job = move || n;
    ///     // Takes outcomes while there is no room for the next job.
    ///     while let Err(full) = jobs.try_submit(job) {
    ///         assert_eq!(full.kind(), SubmitErrorKind::Full);
    ///         job = full.into_job();
    ///         sum += jobs.join_next().map_or(0, Result::unwrap);
    ///     }
    /// }
    /// while let Some(outcome) = jobs.join_next() {
    ///     sum += outcome.unwrap();
    /// }
    /// assert_eq!(sum, 500_500);
    /// ```
    #[track_caller]
    pub fn try_submit<F>(&mut self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.jobs.push(self.pool.try_submit(job)?);
        Ok(())
    }

    /// Submits a job into the set, as [`Pool::submit_timeout`] does: if the queue is full, it blocks until there is room, but for
    /// no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// If there was no room in time, or the pool has been shut down. The error gives the closure back.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.submit_timeout(|| 42, Duration::from_millis(10)).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit_timeout<F>(&mut self, job: F, timeout: Duration) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.jobs.push(self.pool.submit_timeout(job, timeout)?);
        Ok(())
    }

    /// Submits a job into the set, as [`Pool::submit_async`] does: if the queue is full, it waits for room without blocking the
    /// thread.
    ///
    /// The future submits when it is first polled. If it is dropped before it is ready, the job is not in the set and does
    /// not run.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down. The error gives the closure back.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled again after it has returned `Ready`.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// pollster::block_on(async {
    ///     let mut jobs = pool.job_set();
    ///     jobs.submit_async(|| 42).await.unwrap();
    ///     assert_eq!(jobs.join_next_async().await.unwrap().unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn submit_async<F>(&mut self, job: F) -> impl Future<Output = Result<(), SubmitError<F>>> + Send + use<'_, F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let submitted = self.pool.submit_async(job);
        async move {
            self.jobs.push(submitted.await?);
            Ok(())
        }
    }

    /// Returns a builder to submit one job into the set with options, such as a name, a priority or a deadline.
    ///
    /// ```
    /// use corepool::{Pool, Priority};
    ///
    /// let pool = Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().name("thumbnail").priority(Priority::High).submit(|| 42).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    pub fn job(&mut self) -> SetJobBuilder<'_, T> {
        SetJobBuilder::new(&mut self.jobs, self.pool.job())
    }

    /// Blocks until a job of the set has resolved, and takes its outcome out. Returns `None` if the set is empty.
    ///
    /// Inside a job, it first runs those of the set's jobs that are still queued, the oldest first, until one has
    /// resolved; never an unrelated job. So it works with a single worker, as [`JobHandle::join`](crate::JobHandle::join)
    /// does, and with the same limits.
    ///
    /// The outcome is [`JobError::WouldDeadlock`] for a job that this thread is itself in the middle of, once no older one is
    /// in the set and no other has resolved; so it is [`JobError::Forked`] in a forked child, for jobs that were submitted before.
    /// These jobs are detached.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.submit(|| 42).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// assert!(jobs.join_next().is_none());
    /// ```
    pub fn join_next(&mut self) -> Option<Result<T, JobError>> {
        self.jobs.next(self.made_at).map(|(_, outcome)| outcome)
    }

    /// Takes the outcome of a job that has resolved out of the set. Returns `None` if there is none, or the set is empty. Does
    /// not block; but it runs jobs of a pool without threads, as [`JobHandle::try_join`](crate::JobHandle::try_join) does.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.submit(|| 42).unwrap();
    /// pool.wait_idle(None).unwrap();
    /// assert_eq!(jobs.try_join_next().unwrap().unwrap(), 42);
    /// assert!(jobs.try_join_next().is_none());
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JobError>> {
        self.jobs.try_next().map(|(_, outcome)| outcome)
    }

    /// Awaits a job of the set, in any executor, and takes its outcome out. Returns `None` if the set is empty.
    ///
    /// If the future is dropped before it is ready, no outcome is lost. Polled in a job of the set's pool, it runs jobs of the
    /// set that are still queued, as [`join_next`](Self::join_next) does, since nobody else may be free to run them.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// for n in 0..10 {
    ///     jobs.submit(move || n).unwrap();
    /// }
    /// let sum = pollster::block_on(async {
    ///     let mut sum = 0;
    ///     while let Some(outcome) = jobs.join_next_async().await {
    ///         sum += outcome?;
    ///     }
    ///     Ok::<_, corepool::JobError>(sum)
    /// });
    /// assert_eq!(sum.unwrap(), 45);
    /// ```
    pub fn join_next_async(&mut self) -> JoinNext<'_, T> {
        JoinNext { set: self }
    }

    /// Polls for the outcome of the next job that resolves, and takes it out: for futures written by hand.
    ///
    /// `Ready(None)` says that the set is empty; it may be filled and polled again. `Pending` leaves a waker, in the place of that
    /// of an earlier poll. Inside a job it is as [`join_next_async`](Self::join_next_async).
    ///
    /// # Panics
    ///
    /// If cloning the waker panics.
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.submit(|| 42).unwrap();
    /// let outcome = pollster::block_on(poll_fn(|cx| jobs.poll_join_next(cx)));
    /// assert_eq!(outcome.unwrap().unwrap(), 42);
    /// ```
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JobError>>> {
        let pool = self.pool.owner().shared().id;
        self.jobs.poll_completed(pool, cx).map(|next| next.map(|(_, outcome)| outcome))
    }

    /// How many jobs are in the set: those whose outcome has not been taken.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.submit(|| 42).unwrap();
    /// assert_eq!(jobs.len(), 1);
    /// jobs.join_next();
    /// assert_eq!(jobs.len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there is no job in the set.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// assert!(jobs.is_empty());
    /// jobs.submit(|| 42).unwrap();
    /// assert!(!jobs.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Cancels all jobs of the set, as [`JobHandle::cancel`](crate::JobHandle::cancel) does one: queued jobs resolve at once, and
    /// running ones are asked to stop. They stay in the set, and their outcomes can be taken.
    ///
    /// ```
    /// use corepool::{JobError, Pool};
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let held = pool.submit(move || gate.recv()).unwrap();
    /// # while pool.stats().busy == 0 {}
    /// let mut jobs = pool.job_set();
    /// jobs.submit(|| 42).unwrap();
    /// jobs.cancel_all();
    /// assert!(matches!(jobs.join_next(), Some(Err(JobError::Cancelled))));
    /// # drop(go);
    /// # held.detach();
    /// ```
    pub fn cancel_all(&self) {
        self.jobs.cancel_all();
    }

    /// Takes all jobs out of the set and lets them run without anybody waiting for them.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.submit(|| println!("done when it is done")).unwrap();
    /// jobs.detach_all();
    /// assert!(jobs.is_empty());
    /// ```
    pub fn detach_all(&mut self) {
        self.jobs.detach_all();
    }
}

impl<T> fmt::Debug for JobSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSet").field("jobs", &self.jobs.len()).field("pool", &self.pool).finish()
    }
}

/// A future of the next outcome of a [`JobSet`]. Made by [`JobSet::join_next_async`].
///
/// ```
/// let pool = corepool::Pool::new().unwrap();
/// let mut jobs = pool.job_set();
/// jobs.submit(|| 42).unwrap();
/// assert_eq!(pollster::block_on(jobs.join_next_async()).unwrap().unwrap(), 42);
/// ```
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct JoinNext<'s, T> {
    set: &'s mut JobSet<T>,
}

/// As for the set: no code of the user's runs while it is changed.
impl<T> UnwindSafe for JoinNext<'_, T> {}

impl<T> Future for JoinNext<'_, T> {
    type Output = Option<Result<T, JobError>>;

    /// # Panics
    ///
    /// If cloning the waker panics.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.set.poll_join_next(cx)
    }
}

impl<T> Drop for JoinNext<'_, T> {
    /// Who has polled does not wait any more.
    fn drop(&mut self) {
        self.set.jobs.forget_waker();
    }
}

impl<T> fmt::Debug for JoinNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinNext").field("set", self.set).finish()
    }
}
