//! Running a job once on every worker.

use std::panic::Location;
use std::sync::Arc;

use crate::base::error::{JobError, WaitError};
use crate::base::run_error::RunError;
use crate::handle::job_handle::JobHandle;
use crate::job::cell::JobCell;
use crate::job::runnable::Runnable;
use crate::pool::pool::Pool;
use crate::pool::watch::may_wait;

impl Pool {
    /// Runs `f` once on every worker, and waits for all of them. `f` gets the index of its worker; the answers are in
    /// the order of the workers.
    ///
    /// A worker finishes the job that it is running, and then runs `f` before any queued job. `f` takes no place in
    /// the queue. Use it for what belongs to a thread: to warm a cache, to collect what is in a thread-local, to
    /// change a setting of the thread.
    ///
    /// # Errors
    ///
    /// [`Rejected`](RunError::Rejected) if the pool is shut down, or shutting down; [`Failed`](RunError::Failed) with
    /// [`WouldDeadlock`](JobError::WouldDeadlock) on a worker of this pool, which could not run its own, and with
    /// [`Forked`](JobError::Forked) in a forked child. An answer is an error where that call of `f` panicked, or the pool was
    /// aborted before.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// thread_local! {
    ///     static JOBS: Cell<u32> = const { Cell::new(0) };
    /// }
    ///
    /// let pool = corepool::Pool::builder().workers(2).build().unwrap();
    /// for _ in 0..10 {
    ///     pool.submit(|| JOBS.set(JOBS.get() + 1)).unwrap().detach();
    /// }
    /// pool.wait_idle(None).unwrap();
    /// let answers = pool.broadcast(|_worker| JOBS.get()).unwrap();
    /// assert_eq!(answers.len(), 2);
    /// assert_eq!(answers.into_iter().sum::<Result<u32, _>>().unwrap(), 10);
    /// ```
    #[track_caller]
    pub fn broadcast<F, T>(&self, f: F) -> Result<Vec<Result<T, JobError>>, RunError>
    where
        F: Fn(usize) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        let pool = self.shared();
        may_wait(pool).map_err(|error| match error {
            WaitError::Forked => JobError::Forked,
            _ => JobError::WouldDeadlock,
        })?;
        if pool.id.is_inline() {
            return match self.run(move || f(0)) {
                Err(RunError::Rejected(kind)) => Err(kind.into()),
                Err(RunError::Failed(error)) => Ok(vec![Err(error)]),
                Ok(answer) => Ok(vec![Ok(answer)]),
            };
        }
        let (f, submitted_at) = (Arc::new(f), Location::caller());
        let (handles, jobs) = (0..pool.workers)
            .map(|worker| {
                let f = Arc::clone(&f);
                let cell = Arc::new(JobCell::new(move || f(worker), (), submitted_at));
                let job = Runnable::of(&cell);
                (JobHandle::new(cell, pool.id), job)
            })
            .collect::<(Vec<_>, Vec<_>)>();
        drop(f);
        pool.monitor.broadcast(jobs)?;
        Ok(handles.into_iter().map(JobHandle::join).collect())
    }
}
