//! Options for one job, and the verbs to submit it with them.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::SubmitError;
use crate::base::park::deadline_in;
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

/// A job's options: see [`Pool::job`](crate::Pool::job).
///
/// A job with options costs a larger allocation than a plain one, and one with a token or a deadline a registration that
/// lasts until it starts.
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
        let deadline = match self.due {
            Some(Due::In(timeout)) => deadline_in(timeout),
            Some(Due::At(at)) => Some(at),
            None => None,
        };
        let registration = Registration::new(
            self.token.map(Membership::new),
            deadline.map(|at| Deadline::new(at, Arc::clone(keeper))),
            self.run_limit.map(RunLimit::new),
        );
        Options { name: self.name, priority: self.priority, ending: registration }
    }
}

impl<'p> JobBuilder<'p> {
    pub(crate) fn new(pool: &'p Arc<Owner>) -> Self {
        Self { pool, settings: Settings::default() }
    }

    /// Names the job: in its panic's message, for whoever reads the log.
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

    /// Which jobs it goes before. Default: [`Priority::Normal`].
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

    /// Gives the job `d` from when it is submitted: see [`deadline`](Self::deadline). A `submit_async` submits when its
    /// future is first polled. One that overflows [`Instant`] means none.
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

    /// Gives the job until `at`. Of several deadlines and time-outs the last one said counts.
    ///
    /// Still in line for room by then, it is rejected as [`TimedOut`](crate::SubmitErrorKind::TimedOut), and submitting
    /// ends; still queued, it resolves as [`Expired`](crate::JobError::Expired); running, it is asked to stop through
    /// [`checkpoint`](crate::checkpoint). One that has passed already is an accepted job that has expired.
    ///
    /// The first deadline starts a thread that keeps them. Should the system refuse it, a deadline ends a wait only once a
    /// worker comes to the job.
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

    /// Lets the job run for `d`, counted from its start: after that [`checkpoint`](crate::checkpoint) says
    /// [`RunLimitExceeded`](crate::Interrupted::RunLimitExceeded). It never ends a job that waits to run, nor one that does
    /// not ask. One that overflows [`Instant`] means none.
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

    /// Lets a token cancel the job. One token may govern many jobs; a job has one token, the last one said.
    ///
    /// Cancelled while the job is in line for room, it ends the wait with
    /// [`Cancelled`](crate::SubmitErrorKind::Cancelled). Cancelled before the job is submitted, the job is accepted and
    /// resolves as [`JobError::Cancelled`](crate::JobError::Cancelled).
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
    /// The closure back if the pool is shut down, or if the job's deadline or token ended the wait for room.
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
    /// The closure back if the queue is full or the pool is shut down.
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
        submit(self.pool.shared(), job, self.settings, Patience::None, Location::caller())
    }

    /// As [`Pool::submit_timeout`](crate::Pool::submit_timeout), with these options. `timeout` limits the wait for room only.
    ///
    /// # Errors
    ///
    /// The closure back if no room came free in time, the pool is shut down, or the job's deadline or token ended the
    /// wait.
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
    /// The closure back if the pool is shut down, or if the job's deadline or token ended the wait for room.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled again after it was ready.
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
    /// [`RunError::Rejected`] if the pool is shut down, or if the job's deadline or token ended the wait for room;
    /// [`RunError::Failed`] if the job has no value.
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
    /// The future panics if it is polled again after it was ready.
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
