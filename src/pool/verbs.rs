//! The ways to submit a job, and to run it to its end.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::base::error::SubmitError;
use crate::base::run_error::RunError;
use crate::handle::job_handle::JobHandle;
use crate::pool::pool::Pool;
use crate::pool::run::{run, run_async};
use crate::pool::submit::{Patience, submit};
use crate::pool::submit_async::SubmitAsync;

impl Pool {
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
        SubmitAsync::new(Arc::clone(self.owner()), job, (), Location::caller())
    }

    /// Runs a job to its end: submits it and joins it, with one error for both. Waits for room if the queue is full.
    ///
    /// On a worker of this pool the job runs here, at once, and takes no place in the queue.
    ///
    /// # Errors
    ///
    /// [`RunError::Rejected`] if the pool is shut down, which drops the closure; [`RunError::Failed`] if the job has no value.
    ///
    /// ```
    /// # fn main() -> Result<(), corepool::RunError> {
    /// let pool = corepool::Pool::new().unwrap();
    /// assert_eq!(pool.run(|| 6 * 7)?, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn run<F, T>(&self, job: F) -> Result<T, RunError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        run(self.shared(), job, (), Location::caller())
    }

    /// Runs a job to its end from async code, without blocking the thread: what `spawn_blocking(f).await?` is to tokio.
    ///
    /// The future owns what it needs, and submits when it is first polled. Dropped before it is ready it cancels the job: one
    /// that waits to run is gone, one that runs is asked to stop. Whenever it is polled in a job of this pool, it runs a job
    /// that has not begun there, at once, as [`run`](Self::run) does.
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
    /// assert_eq!(pollster::block_on(pool.run_async(|| 6 * 7)).unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn run_async<F, T>(&self, job: F) -> impl Future<Output = Result<T, RunError>> + Send + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        run_async(Arc::clone(self.owner()), job, (), Location::caller())
    }
}
