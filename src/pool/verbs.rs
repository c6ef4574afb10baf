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
    /// Submits a job. If the queue is full, blocks until there is room; submitters get room in order of arrival.
    ///
    /// Inside a job of this pool it does not wait, because it could wait for itself: the new job is queued beyond the
    /// bound instead. For backpressure there, use [`try_submit`](Self::try_submit).
    ///
    /// # Errors
    ///
    /// If the pool has been shut down. The error gives the closure back.
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

    /// Submits a job if there is room at once and nobody else is waiting for room. The bound holds inside jobs of
    /// this pool, too.
    ///
    /// # Errors
    ///
    /// If the queue is full, or the pool has been shut down. The error gives the closure back.
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

    /// Submits a job. If the queue is full, blocks until there is room, but for no longer than `timeout`. A timeout
    /// that overflows [`Instant`](std::time::Instant) means no limit.
    ///
    /// Inside a job of this pool it does not wait: see [`submit`](Self::submit).
    ///
    /// # Errors
    ///
    /// If there was no room in time, or the pool has been shut down. The error gives the closure back.
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

    /// Submits a job from async code. If the queue is full, waits for room without blocking the thread, in line with
    /// all other submitters.
    ///
    /// The future borrows nothing, and submits when it is first polled. If it is dropped before it is ready, it
    /// leaves the line; should the job have been accepted at that moment, it is cancelled. Inside a job of this pool
    /// it does not wait: see [`submit`](Self::submit).
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

    /// Runs a job and waits for its value: submits it and joins it, with one error for both. Blocks until there is
    /// room if the queue is full.
    ///
    /// On a worker of this pool the job runs at once, on this thread, without going through the queue.
    ///
    /// # Errors
    ///
    /// [`RunError::Rejected`] if the pool has been shut down; the closure is dropped. [`RunError::Failed`] if the job
    /// panicked, or was accepted but did not run.
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

    /// Runs a job and awaits its value, without blocking the thread: as `spawn_blocking(f).await?` in tokio, but in
    /// any executor.
    ///
    /// The future borrows nothing, and submits when it is first polled. If it is dropped before it is ready, the job
    /// is cancelled: a queued job is dropped, a running one is asked to stop. Polled in a job of this
    /// pool, it runs a job that has not begun at once, on that thread, as [`run`](Self::run) does.
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
