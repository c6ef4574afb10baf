//! Options for one job, and the verbs to submit it with them.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::SubmitError;
use crate::base::priority::Priority;
use crate::base::run_error::RunError;
use crate::ending::keeper::{Deadline, Keeper};
use crate::ending::registration::Registration;
use crate::ending::run_limit::RunLimit;
use crate::ending::token::{CancelToken, Membership};
use crate::handle::job_handle::JobHandle;
use crate::job::options::Options;
use crate::pool::owner::Owner;
use crate::pool::run::{run, run_async};
use crate::pool::submit::{Patience, Submittable, submit};
use crate::pool::submit_async::SubmitAsync;

/// Submits a job with options. Made by [`Pool::job`](crate::Pool::job).
///
/// A job with options takes a larger allocation than a plain one. A job with a token or a deadline is also kept on a
/// list of these until it starts.
///
/// ```
/// use corepool::{CancelToken, Pool, Priority};
///
/// let (pool, token) = (Pool::new().unwrap(), CancelToken::new());
/// let job = pool.job().name("index").priority(Priority::Low).token(&token).submit(|| 42).unwrap();
/// assert_eq!(job.join().unwrap(), 42);
/// ```
#[derive(Debug)]
#[must_use = "options do nothing until the job is submitted"]
pub struct JobBuilder<'p> {
    pool: &'p Arc<Owner>,
    settings: Settings,
}

/// What was asked for, as plain data: no clock runs before the job is submitted.
#[derive(Debug, Default)]
struct Settings {
    name: Option<Cow<'static, str>>,
    priority: Priority,
    due: Option<Due>,
    run_limit: Option<Duration>,
    token: Option<CancelToken>,
}

#[derive(Debug)]
enum Due {
    /// So long after the job is submitted.
    In(Duration),
    At(Instant),
}

impl Submittable for Settings {
    type Extras = Options<Registration>;

    fn submitted(self, keeper: &Arc<Keeper>) -> Self::Extras {
        let deadline = self.due.and_then(|due| {
            let now = Instant::now();
            let at = match due {
                Due::In(timeout) => now.checked_add(timeout)?,
                Due::At(at) => at,
            };
            Some(Deadline::new(at, now, Arc::clone(keeper)))
        });
        let registration =
            Registration::new(self.token.map(Membership::new), deadline, self.run_limit.map(RunLimit::new));
        Options { name: self.name, priority: self.priority, ending: registration }
    }
}

impl<'p> JobBuilder<'p> {
    pub(crate) fn new(pool: &'p Arc<Owner>) -> Self {
        Self { pool, settings: Settings::default() }
    }

    /// Names the job. The name appears in the message of its panic.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.job().name("thumbnail").submit(|| panic!("no disk")).unwrap();
    /// let error = job.join().unwrap_err().to_string();
    /// assert!(error.starts_with("the job \"thumbnail\" submitted at "), "{error}");
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Sets the priority. Default: [`Priority::Normal`].
    ///
    /// ```
    /// use corepool::{Pool, Priority};
    ///
    /// let pool = Pool::new().unwrap();
    /// pool.job().priority(Priority::Low).submit(|| "when there is time").unwrap().detach();
    /// ```
    pub fn priority(mut self, p: Priority) -> Self {
        self.settings.priority = p;
        self
    }

    /// Sets a deadline that is `d` after submission: see [`deadline`](Self::deadline). With `submit_async` and
    /// `run_async` the time counts from the first poll. A `d` that overflows [`Instant`] means no deadline.
    ///
    /// ```
    /// use corepool::{JobError, Pool};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let held = pool.submit(move || gate.recv()).unwrap();
    /// # while pool.stats().busy == 0 {}
    /// let job = pool.job().timeout(Duration::from_millis(1)).submit(|| 42).unwrap();
    /// assert!(matches!(job.join(), Err(JobError::Expired))); // although the only worker is busy
    /// # drop(go);
    /// # held.detach();
    /// ```
    pub fn timeout(mut self, d: Duration) -> Self {
        self.settings.due = Some(Due::In(d));
        self
    }

    /// Sets a deadline. If `deadline` and `timeout` are called more than once, the last call counts.
    ///
    /// What happens when it passes depends on how far the job has come:
    ///
    /// - Waiting for room in the queue: submitting fails with [`TimedOut`](crate::SubmitErrorKind::TimedOut).
    /// - Queued: the job resolves as [`Expired`](crate::JobError::Expired) without running.
    /// - Running: [`checkpoint`](crate::checkpoint) tells the job to stop.
    ///
    /// If it has passed before the job is submitted, the job is accepted and resolves as `Expired`.
    ///
    /// The first deadline starts a thread that watches them all. If that thread cannot be started, a job expires only
    /// when a worker takes it from the queue.
    ///
    /// ```
    /// use corepool::Pool;
    /// use std::time::{Duration, Instant};
    ///
    /// let pool = Pool::new().unwrap();
    /// let job = pool.job().deadline(Instant::now() + Duration::from_secs(10)).submit(|| 42).unwrap();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    pub fn deadline(mut self, at: Instant) -> Self {
        self.settings.due = Some(Due::At(at));
        self
    }

    /// Limits how long the job runs, counted from its start: after `d`, [`checkpoint`](crate::checkpoint) returns
    /// [`RunLimitExceeded`](crate::Interrupted::RunLimitExceeded). It has no effect on a queued job, nor on one that
    /// never calls `checkpoint`. A `d` that overflows [`Instant`] means no limit.
    ///
    /// ```
    /// use corepool::{Interrupted, Pool, checkpoint};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::new().unwrap();
    /// let endless = || loop {
    ///     if let Err(why) = checkpoint() {
    ///         break why;
    ///     }
    /// };
    /// let job = pool.job().run_limit(Duration::from_millis(5)).submit(endless).unwrap();
    /// assert_eq!(job.join().unwrap(), Interrupted::RunLimitExceeded);
    /// ```
    pub fn run_limit(mut self, d: Duration) -> Self {
        self.settings.run_limit = Some(d);
        self
    }

    /// Lets a token cancel the job. A token can cancel many jobs; a job has one token, the last one set.
    ///
    /// If the token is cancelled while the job waits for room, submitting fails with
    /// [`Cancelled`](crate::SubmitErrorKind::Cancelled). If it is cancelled before the job is submitted, the job is
    /// accepted and resolves as [`JobError::Cancelled`](crate::JobError::Cancelled).
    ///
    /// ```
    /// use corepool::{CancelToken, Pool};
    ///
    /// let (pool, request) = (Pool::new().unwrap(), CancelToken::new());
    /// let jobs: Vec<_> = (0..4).map(|n| pool.job().token(&request).submit(move || n).unwrap()).collect();
    /// request.cancel(); // what has not run by now does not
    /// assert!(jobs.into_iter().all(|job| job.join().is_ok() || request.is_cancelled()));
    /// ```
    pub fn token(mut self, t: &CancelToken) -> Self {
        self.settings.token = Some(t.clone());
        self
    }

    /// As [`Pool::submit`](crate::Pool::submit), with these options.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, or the job's deadline or token ended the wait for room. The error gives the
    /// closure back.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// assert_eq!(pool.job().name("answer").submit(|| 42).unwrap().join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit<F, T>(self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.pool.shared(), job, self.settings, Patience::Forever, Location::caller())
    }

    /// As [`Pool::try_submit`](crate::Pool::try_submit), with these options.
    ///
    /// # Errors
    ///
    /// If the queue is full, or the pool has been shut down. The error gives the closure back.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// assert_eq!(pool.job().name("answer").try_submit(|| 42).unwrap().join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.try_submit_at(job, Location::caller())
    }

    /// The same on behalf of the caller at `submitted_at`.
    pub(crate) fn try_submit_at<F, T>(
        self,
        job: F,
        submitted_at: &'static Location<'static>,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.pool.shared(), job, self.settings, Patience::None, submitted_at)
    }

    /// As [`Pool::submit_timeout`](crate::Pool::submit_timeout), with these options. Its `timeout` limits the wait
    /// for room only.
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
    /// let job = pool.job().name("answer").submit_timeout(|| 42, Duration::from_millis(10)).unwrap();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit_timeout<F, T>(self, job: F, timeout: Duration) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.pool.shared(), job, self.settings, Patience::For(timeout), Location::caller())
    }

    /// As [`Pool::submit_async`](crate::Pool::submit_async), with these options.
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
    /// let submitted = pollster::block_on(pool.job().name("answer").submit_async(|| 42));
    /// assert_eq!(submitted.unwrap().join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn submit_async<F, T>(
        self,
        job: F,
    ) -> impl Future<Output = Result<JobHandle<T>, SubmitError<F>>> + Send + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SubmitAsync::new(Arc::clone(self.pool), job, self.settings, Location::caller())
    }

    /// As [`Pool::run`](crate::Pool::run), with these options.
    ///
    /// # Errors
    ///
    /// [`RunError::Rejected`] if the pool has been shut down, or the job's deadline or token ended the wait for room.
    /// [`RunError::Failed`] if the job panicked, or was accepted but did not run.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// assert_eq!(pool.job().name("answer").run(|| 42).unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn run<F, T>(self, job: F) -> Result<T, RunError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        run(self.pool.shared(), job, self.settings, Location::caller())
    }

    /// As [`Pool::run_async`](crate::Pool::run_async), with these options.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// The future panics if it is polled again after it has returned `Ready`.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let answer = pollster::block_on(pool.job().name("answer").run_async(|| 42));
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn run_async<F, T>(self, job: F) -> impl Future<Output = Result<T, RunError>> + Send + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        run_async(Arc::clone(self.pool), job, self.settings, Location::caller())
    }
}
