//! Options for one job that is submitted into a set.

use std::borrow::Cow;
use std::fmt;
use std::panic::UnwindSafe;
use std::time::{Duration, Instant};

use crate::base::error::SubmitError;
use crate::base::priority::Priority;
use crate::ending::token::CancelToken;
use crate::handle::completions::Completions;
use crate::handle::outcomes::Outcomes;
use crate::pool::job_builder::JobBuilder;

/// Submits a job with options into a [`JobSet`](crate::JobSet). Made by [`JobSet::job`](crate::JobSet::job).
///
/// The options are those of a [`JobBuilder`].
///
/// ```
/// use corepool::{CancelToken, Pool, Priority};
///
/// let (pool, token) = (Pool::new().unwrap(), CancelToken::new());
/// let mut jobs = pool.job_set();
/// jobs.job().name("index").priority(Priority::Low).token(&token).submit(|| 42).unwrap();
/// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
/// ```
#[must_use = "options do nothing until the job is submitted"]
pub struct SetJobBuilder<'s, T> {
    jobs: &'s mut Completions<T>,
    job: JobBuilder<'s>,
}

/// As for the set: no code of the user's runs while it is changed.
impl<T> UnwindSafe for SetJobBuilder<'_, T> {}

impl<'s, T> SetJobBuilder<'s, T> {
    pub(super) fn new(jobs: &'s mut Completions<T>, job: JobBuilder<'s>) -> Self {
        Self { jobs, job }
    }

    /// Names the job: see [`JobBuilder::name`].
    ///
    /// ```
    /// use corepool::{JobError, Pool};
    ///
    /// let pool = Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().name("thumbnail").submit(|| panic!("no disk")).unwrap();
    /// match jobs.join_next() {
    ///     Some(Err(JobError::Panicked(panic))) => assert_eq!(panic.job_name(), Some("thumbnail")),
    ///     other => unreachable!("{other:?}"),
    /// }
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.job = self.job.name(name);
        self
    }

    /// Sets the priority: see [`JobBuilder::priority`].
    ///
    /// ```
    /// use corepool::{Pool, Priority};
    ///
    /// let pool = Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().priority(Priority::Low).submit(|| "when there is time").unwrap();
    /// ```
    pub fn priority(mut self, p: Priority) -> Self {
        self.job = self.job.priority(p);
        self
    }

    /// Sets a deadline that is `d` after submission: see [`JobBuilder::timeout`].
    ///
    /// ```
    /// use corepool::{JobError, Pool};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().timeout(Duration::ZERO).submit(|| 42).unwrap();
    /// assert!(matches!(jobs.join_next(), Some(Err(JobError::Expired))));
    /// ```
    pub fn timeout(mut self, d: Duration) -> Self {
        self.job = self.job.timeout(d);
        self
    }

    /// Sets a deadline: see [`JobBuilder::deadline`].
    ///
    /// ```
    /// use corepool::Pool;
    /// use std::time::{Duration, Instant};
    ///
    /// let pool = Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().deadline(Instant::now() + Duration::from_secs(10)).submit(|| 42).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    pub fn deadline(mut self, at: Instant) -> Self {
        self.job = self.job.deadline(at);
        self
    }

    /// Limits how long the job runs: see [`JobBuilder::run_limit`].
    ///
    /// ```
    /// use corepool::{Pool, checkpoint};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// let endless = || while checkpoint().is_ok() {};
    /// jobs.job().run_limit(Duration::from_millis(5)).submit(endless).unwrap();
    /// jobs.join_next().unwrap().unwrap();
    /// ```
    pub fn run_limit(mut self, d: Duration) -> Self {
        self.job = self.job.run_limit(d);
        self
    }

    /// Lets a token cancel the job: see [`JobBuilder::token`].
    ///
    /// ```
    /// use corepool::{CancelToken, JobError, Pool};
    ///
    /// let (pool, token) = (Pool::new().unwrap(), CancelToken::new());
    /// let mut jobs = pool.job_set();
    /// token.cancel();
    /// jobs.job().token(&token).submit(|| 42).unwrap();
    /// assert!(matches!(jobs.join_next(), Some(Err(JobError::Cancelled))));
    /// ```
    pub fn token(mut self, t: &CancelToken) -> Self {
        self.job = self.job.token(t);
        self
    }

    /// As [`JobSet::submit`](crate::JobSet::submit), with these options.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, or the job's deadline or token ended the wait for room. The error gives the
    /// closure back.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().name("answer").submit(|| 42).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit<F>(self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.jobs.push(self.job.submit(job)?);
        Ok(())
    }

    /// As [`JobSet::try_submit`](crate::JobSet::try_submit), with these options.
    ///
    /// # Errors
    ///
    /// If the queue is full, or the pool has been shut down. The error gives the closure back.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().name("answer").try_submit(|| 42).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn try_submit<F>(self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.jobs.push(self.job.try_submit(job)?);
        Ok(())
    }

    /// As [`JobSet::submit_timeout`](crate::JobSet::submit_timeout), with these options. Its `timeout` limits the wait for
    /// room only.
    ///
    /// # Errors
    ///
    /// If there was no room in time, the pool has been shut down, or the job's deadline or token ended the wait. The
    /// error gives the closure back.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// jobs.job().name("answer").submit_timeout(|| 42, Duration::from_millis(10)).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit_timeout<F>(self, job: F, timeout: Duration) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.jobs.push(self.job.submit_timeout(job, timeout)?);
        Ok(())
    }

    /// As [`JobSet::submit_async`](crate::JobSet::submit_async), with these options.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, or the job's deadline or token ended the wait for room. The error gives the
    /// closure back.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled again after it has returned `Ready`.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut jobs = pool.job_set();
    /// pollster::block_on(jobs.job().name("answer").submit_async(|| 42)).unwrap();
    /// assert_eq!(jobs.join_next().unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit_async<F>(self, job: F) -> impl Future<Output = Result<(), SubmitError<F>>> + Send + use<'s, F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (jobs, submitted) = (self.jobs, self.job.submit_async(job));
        async move {
            jobs.push(submitted.await?);
            Ok(())
        }
    }
}

impl<T> fmt::Debug for SetJobBuilder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetJobBuilder").field("job", &self.job).field("jobs", &self.jobs.len()).finish()
    }
}
