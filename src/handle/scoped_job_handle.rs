//! The handle of a job in a scope.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::base::error::JobError;
use crate::ending::cancel::Cancel;
use crate::fork::scope::Spawned;
use crate::handle::job_handle::JobHandle;

/// The handle of a job that was spawned in a [`Scope`](crate::Scope). Made by [`Scope::spawn`](crate::Scope::spawn).
///
/// Dropping the handle detaches the job: it still runs, within the scope. If the job panics then, so does the scope at its end.
///
/// ```
/// let pool = corepool::Pool::new().unwrap();
/// let words = ["fork", "and", "join"];
/// let longest = pool.scope(|scope| {
///     let longest = scope.spawn(|| words.iter().max_by_key(|word| word.len()));
///     longest.join().unwrap()
/// });
/// assert_eq!(longest, Some(&"join"));
/// ```
pub struct ScopedJobHandle<'scope, T> {
    spawned: Spawned<'scope, T>,
}

impl<'scope, T> ScopedJobHandle<'scope, T> {
    pub(crate) fn new(spawned: Spawned<'scope, T>) -> Self {
        Self { spawned }
    }

    /// Another handle of the job, for a call: what it leaves in the cell goes with `spawned`.
    fn job(&self) -> JobHandle<T> {
        JobHandle::new(self.spawned.cell(), self.spawned.pool())
    }

    /// Blocks until the job has resolved, and returns its outcome, as [`JobHandle::join`] does. On a worker it runs the job, if
    /// that is still queued.
    ///
    /// # Errors
    ///
    /// The reason why there is no value. Where the job has panicked, the scope will not panic for it.
    ///
    /// ```
    /// use corepool::{JobError, Pool};
    ///
    /// let pool = Pool::new().unwrap();
    /// let numbers = [1, 2, 3];
    /// pool.scope(|scope| {
    ///     assert_eq!(scope.spawn(|| numbers.iter().sum::<i32>()).join().unwrap(), 6);
    ///     assert!(matches!(scope.spawn(|| numbers.get(3).unwrap()).join(), Err(JobError::Panicked(_))));
    /// });
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<T, JobError> {
        self.job().join()
    }

    /// As [`join`](Self::join), but waits no longer than `timeout`. It does not run a queued job.
    ///
    /// # Errors
    ///
    /// The handle, if the job has not resolved by then. The inner result is that of the job.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel();
    /// pool.scope(|scope| {
    ///     let job = scope.spawn(|| gate.into_iter().sum::<u64>());
    ///     let job = job.join_timeout(Duration::from_millis(1)).unwrap_err();
    ///     go.send(42).unwrap();
    ///     drop(go);
    ///     assert_eq!(job.join().unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JobError>, ScopedJobHandle<'scope, T>> {
        self.job().join_timeout(timeout).map_err(|_job| self)
    }

    /// Returns the outcome if the job has resolved.
    ///
    /// # Errors
    ///
    /// The handle, if it has not. The inner result is that of the job.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let number = 6;
    /// pool.scope(|scope| {
    ///     let mut job = scope.spawn(|| number * 7);
    ///     let answer = loop {
    ///         match job.try_join() {
    ///             Ok(outcome) => break outcome.unwrap(),
    ///             Err(pending) => job = pending, // and do something else
    ///         }
    ///     };
    ///     assert_eq!(answer, 42);
    /// });
    /// ```
    #[track_caller]
    pub fn try_join(self) -> Result<Result<T, JobError>, ScopedJobHandle<'scope, T>> {
        self.job().try_join().map_err(|_job| self)
    }

    /// Whether the job has resolved, so that [`join`](Self::join) would not block.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.scope(|scope| {
    ///     let job = scope.spawn(|| 42);
    ///     while !job.is_finished() {}
    ///     assert_eq!(job.join().unwrap(), 42);
    /// });
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.job().is_finished()
    }

    /// Cancels the job, as [`JobHandle::cancel`] does: one that is queued resolves at once, one that runs is asked to stop.
    ///
    /// ```
    /// use corepool::{JobError, Pool, checkpoint};
    ///
    /// let pool = Pool::new().unwrap();
    /// pool.scope(|scope| {
    ///     let endless = scope.spawn(|| while checkpoint().is_ok() {});
    ///     endless.cancel();
    ///     assert!(matches!(endless.join(), Ok(()) | Err(JobError::Cancelled)));
    /// });
    /// ```
    pub fn cancel(&self) -> Cancel {
        self.job().cancel()
    }
}

/// As for other handles.
impl<T> UnwindSafe for ScopedJobHandle<'_, T> {}
impl<T> RefUnwindSafe for ScopedJobHandle<'_, T> {}

impl<T> fmt::Debug for ScopedJobHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopedJobHandle").field(&self.job()).finish()
    }
}
