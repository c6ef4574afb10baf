//! Everything that can go wrong, as values: each names what was wrong and what to do, and gives back what it could
//! not take.

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use parking_lot::Mutex;

use crate::base::job_panic::JobPanic;
use crate::base::panic::contain;

/// Why a job has no value.
///
/// ```
/// use corepool::{JobError, Pool};
///
/// let pool = Pool::new().unwrap();
/// match pool.submit(|| 6 * 7).unwrap().join() {
///     Ok(value) => assert_eq!(value, 42),
///     Err(JobError::Panicked(panic)) => panic.resume(),
///     Err(other) => eprintln!("{other}"),
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The job panicked. Its worker lives on.
    #[error(transparent)]
    Panicked(JobPanic),
    /// The job was cancelled before it ran.
    #[error("the job was cancelled before it ran")]
    Cancelled,
    /// The job's deadline passed before it ran.
    #[error("the job's deadline passed before it ran")]
    Expired,
    /// The pool was shut down with [`Shutdown::Abort`](crate::Shutdown::Abort) before the job ran; or in either way before
    /// [`Pool::map`](crate::Pool::map) had submitted the item.
    #[error("the job was aborted: its pool was shut down before the job ran")]
    Aborted,
    /// Joining would wait for ever, because this thread is itself in the middle of the job.
    #[error(
        "a job cannot join itself, nor a job that is waiting for it on the same thread: join it from another thread"
    )]
    WouldDeadlock,
    /// This process is a forked child of the one that built the pool, and has none of the pool's threads.
    #[error("this process is a forked child and has none of the pool's threads: build a pool after forking")]
    Forked,
}

/// Why a running job should stop. Returned by [`checkpoint`](crate::checkpoint).
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
/// let job = pool.job().timeout(Duration::from_millis(50)).submit(endless).unwrap();
/// assert_eq!(job.join().unwrap(), Interrupted::DeadlineExceeded);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Interrupted {
    /// The job was cancelled, by its handle or its token.
    #[error("the job was cancelled")]
    Cancelled,
    /// The job's deadline has passed.
    #[error("the job's deadline has passed")]
    DeadlineExceeded,
    /// The job has run for longer than its [`run_limit`](crate::JobBuilder::run_limit).
    #[error("the job has exceeded its run limit")]
    RunLimitExceeded,
    /// The pool is being shut down with [`Shutdown::Abort`](crate::Shutdown::Abort).
    #[error("the pool is shutting down")]
    ShuttingDown,
}

/// Why a job was not accepted.
///
/// ```
/// use corepool::{Pool, Shutdown, SubmitErrorKind};
///
/// let pool = Pool::new().unwrap();
/// pool.shutdown(Shutdown::Drain, None).unwrap();
/// assert_eq!(pool.submit(|| ()).unwrap_err().kind(), SubmitErrorKind::ShutDown);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitErrorKind {
    /// The queue is full, or others wait for room already.
    #[error("the queue is full")]
    Full,
    /// The timeout or the job's deadline passed while the job waited for room.
    #[error("timed out waiting for room in the queue")]
    TimedOut,
    /// The job's token was cancelled while it waited for room.
    #[error("the job's token was cancelled while it waited for room")]
    Cancelled,
    /// The pool is shutting down or has been shut down.
    #[error("the pool is shut down")]
    ShutDown,
    /// The queue is full and stays so: this process is a forked child of the one that built the pool, and has none of
    /// the pool's threads.
    #[error("the queue is full, and this forked child has no workers to empty it")]
    Forked,
}

impl SubmitErrorKind {
    /// What a job comes to that was rejected, for who has nowhere else to say so than its handle.
    pub(crate) fn as_outcome(self) -> JobError {
        match self {
            Self::Forked => JobError::Forked,
            _ => JobError::Aborted,
        }
    }
}

/// A job was not accepted. Says why, and gives the closure back.
///
/// ```
/// use corepool::{Pool, Shutdown};
///
/// let pool = Pool::new().unwrap();
/// pool.shutdown(Shutdown::Drain, None).unwrap();
/// let rejected = pool.submit(|| 42).unwrap_err();
/// let job = rejected.into_job();
/// assert_eq!(job(), 42); // runs here instead
/// ```
pub struct SubmitError<F> {
    kind: SubmitErrorKind,
    capacity: usize,
    waited: Option<Duration>,
    /// Behind a mutex so that the error is `Sync` whatever the closure is.
    job: Mutex<F>,
}

impl<F> SubmitError<F> {
    pub(crate) fn new(kind: SubmitErrorKind, capacity: usize, waited: Option<Duration>, job: F) -> Self {
        Self { kind, capacity, waited, job: Mutex::new(job) }
    }

    /// Why the job was not accepted.
    ///
    /// ```
    /// # let pool = corepool::Pool::new().unwrap();
    /// # pool.shutdown(corepool::Shutdown::Abort, None).unwrap();
    /// let rejected = pool.try_submit(|| ()).unwrap_err();
    /// assert_eq!(rejected.kind(), corepool::SubmitErrorKind::ShutDown);
    /// ```
    #[must_use]
    pub fn kind(&self) -> SubmitErrorKind {
        self.kind
    }

    /// Returns the closure, which has not run.
    ///
    /// ```
    /// # let pool = corepool::Pool::new().unwrap();
    /// # pool.shutdown(corepool::Shutdown::Abort, None).unwrap();
    /// let rejected = pool.try_submit(|| "run me").unwrap_err();
    /// assert_eq!(rejected.into_job()(), "run me");
    /// ```
    #[must_use]
    pub fn into_job(self) -> F {
        self.job.into_inner()
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SubmitErrorKind::Full => write!(
                f,
                "the queue of {} jobs is full: wait with `submit` or `submit_timeout`, or raise `queue_capacity`",
                self.capacity
            ),
            SubmitErrorKind::TimedOut => {
                match self.waited {
                    Some(waited) => write!(f, "timed out after {waited:?} of waiting")?,
                    None => write!(f, "the job's deadline passed while it waited")?,
                }
                write!(
                    f,
                    " for room in the queue of {} jobs: allow more time, or raise `queue_capacity`",
                    self.capacity
                )
            }
            SubmitErrorKind::Cancelled => write!(f, "{}", self.kind),
            SubmitErrorKind::ShutDown => {
                write!(f, "the pool is shut down and accepts no more jobs: run the job here, or build another pool")
            }
            SubmitErrorKind::Forked => write!(
                f,
                "the queue of {} jobs is full, and this forked child has no workers to empty it: build a pool after \
                 forking",
                self.capacity
            ),
        }
    }
}

impl<F> Error for SubmitError<F> {}

impl<F> From<SubmitError<F>> for SubmitErrorKind {
    /// Drops the closure; a panic in that is contained.
    fn from(rejected: SubmitError<F>) -> Self {
        let kind = rejected.kind;
        contain(|| drop(rejected));
        kind
    }
}

/// Nobody gets at the closure through a reference.
impl<F> RefUnwindSafe for SubmitError<F> {}

/// What the system said is not to be broken.
impl UnwindSafe for BuildError {}
impl RefUnwindSafe for BuildError {}

/// Why a pool could not be built. No thread is left behind.
///
/// ```
/// use corepool::{BuildError, Pool};
///
/// assert!(matches!(Pool::builder().workers(0).build(), Err(BuildError::NoWorkers)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// `workers` was set to 0.
    #[error("workers is 0: a pool needs at least one worker")]
    NoWorkers,
    /// `queue_capacity` was set to 0.
    #[error("queue_capacity is 0: a queue needs room for at least one job")]
    NoCapacity,
    /// The name of a thread contains a NUL character.
    #[error("the thread name {name:?} contains a NUL character: remove it in `thread_name` or `thread_name_with`")]
    NulInName {
        /// The prefix, or the worker's name, as given.
        name: String,
    },
    /// A thread could not be started.
    #[error("worker {worker} of {workers} could not be started: try fewer workers or a smaller stack size")]
    Spawn {
        /// Index of the worker that could not be started.
        worker: usize,
        /// How many workers were asked for.
        workers: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The `on_worker_start` hook panicked.
    #[error("on_worker_start panicked on worker {worker}: {message}")]
    StartHook {
        /// Index of the worker it panicked on.
        worker: usize,
        /// The message of the panic.
        message: String,
    },
    /// [`build_global`](crate::Builder::build_global) came too late.
    #[error(
        "the global pool is built already: call `build_global` before the first `Pool::global()`, or use the pool there is"
    )]
    GlobalPoolBuilt,
}

/// Why waiting for the pool, or shutting it down, has failed.
///
/// ```
/// use corepool::{Pool, WaitError};
/// use std::time::Duration;
///
/// let pool = Pool::builder().workers(1).build().unwrap();
/// let (go, gate) = std::sync::mpsc::channel::<()>();
/// let job = pool.submit(move || gate.recv()).unwrap();
/// assert_eq!(pool.wait_idle(Some(Duration::from_millis(1))), Err(WaitError::TimedOut));
/// drop(go);
/// job.join().unwrap().unwrap_err();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The timeout passed.
    #[error("timed out waiting for the pool's jobs: allow more time, or see `stats()` for what is left")]
    TimedOut,
    /// Called inside a job of the same pool, which would wait for itself. The call had no effect.
    #[error("a worker cannot wait for its own pool: call this from another thread")]
    WouldDeadlock,
    /// Only [`Pool::shutdown_global`](crate::Pool::shutdown_global) ends the global pool, which others may use. Nothing changed.
    #[error("the global pool is not only yours: end it with `Pool::shutdown_global`, or build a pool of your own")]
    GlobalPool,
    /// This process is a forked child of the one that built the pool, and has none of the pool's threads. The call
    /// had no effect.
    #[error("this process is a forked child and has none of the pool's threads: build a pool after forking")]
    Forked,
}
