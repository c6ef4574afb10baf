//! The handle of a job that nobody wants once the handle is gone.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::base::error::JobError;
use crate::ending::cancel::Cancel;
use crate::handle::job_handle::JobHandle;

/// A [`JobHandle`] that cancels its job if it is dropped before the job has resolved.
///
/// It has the methods of a handle, and is a future, too. `detach` lets the job run on.
///
/// ```
/// use corepool::{JobError, Pool};
///
/// let pool = Pool::builder().workers(1).build().unwrap();
/// let (go, gate) = std::sync::mpsc::channel::<()>();
/// let held = pool.submit(move || gate.recv()).unwrap();
/// # while pool.stats().busy == 0 {}
/// let job = pool.submit(|| 42).unwrap().cancel_on_drop();
/// drop(job); // the client hung up
/// assert_eq!(pool.stats().cancelled, 1);
/// # drop(go);
/// # held.detach();
/// ```
#[must_use = "dropping it cancels the job: join or await it, or say `detach()`"]
pub struct CancelOnDrop<T> {
    /// Empty once there is nothing to cancel any more.
    handle: Option<JobHandle<T>>,
}

const SPENT: &str = "this `CancelOnDrop` was polled to its end: it has already returned its outcome";

impl<T> CancelOnDrop<T> {
    pub(crate) fn new(handle: JobHandle<T>) -> Self {
        Self { handle: Some(handle) }
    }

    /// As [`JobHandle::run_if_inside`].
    pub(crate) fn run_if_inside(&self) {
        if let Some(handle) = &self.handle {
            handle.run_if_inside();
        }
    }

    #[track_caller]
    fn disarm(mut self) -> JobHandle<T> {
        self.handle.take().expect(SPENT)
    }

    /// As [`JobHandle::join`].
    ///
    /// # Errors
    ///
    /// Why the job has no value.
    ///
    /// # Panics
    ///
    /// If it has already returned `Ready` as a future.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// assert_eq!(pool.submit(|| 42).unwrap().cancel_on_drop().join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<T, JobError> {
        self.disarm().join()
    }

    /// As [`JobHandle::join_timeout`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the job has not resolved in time.
    ///
    /// # Panics
    ///
    /// If it has already returned `Ready` as a future.
    ///
    /// ```
    /// use corepool::Pool;
    /// use std::time::Duration;
    ///
    /// let pool = Pool::new().unwrap();
    /// let job = pool.submit(|| 42).unwrap().cancel_on_drop();
    /// assert_eq!(job.join_timeout(Duration::MAX).unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JobError>, CancelOnDrop<T>> {
        self.disarm().join_timeout(timeout).map_err(Self::new)
    }

    /// As [`JobHandle::try_join`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the job has not resolved.
    ///
    /// # Panics
    ///
    /// If it has already returned `Ready` as a future.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| 42).unwrap().cancel_on_drop();
    /// pool.wait_idle(None).unwrap();
    /// assert_eq!(job.try_join().unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn try_join(self) -> Result<Result<T, JobError>, CancelOnDrop<T>> {
        self.disarm().try_join().map_err(Self::new)
    }

    /// As [`JobHandle::is_finished`].
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| ()).unwrap().cancel_on_drop();
    /// pool.wait_idle(None).unwrap();
    /// assert!(job.is_finished());
    /// # job.detach();
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.as_ref().is_none_or(JobHandle::is_finished)
    }

    /// As [`JobHandle::cancel`].
    ///
    /// ```
    /// use corepool::{Cancel, Pool};
    ///
    /// let pool = Pool::new().unwrap();
    /// let job = pool.submit(|| ()).unwrap().cancel_on_drop();
    /// pool.wait_idle(None).unwrap();
    /// assert_eq!(job.cancel(), Cancel::Finished);
    /// # job.detach();
    /// ```
    pub fn cancel(&self) -> Cancel {
        self.handle.as_ref().map_or(Cancel::Finished, JobHandle::cancel)
    }

    /// Lets the job run without anybody waiting for it, and without being cancelled.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.submit(|| println!("done when it is done")).unwrap().cancel_on_drop().detach();
    /// ```
    pub fn detach(mut self) {
        if let Some(handle) = self.handle.take() {
            handle.detach();
        }
    }
}

impl<T> Future for CancelOnDrop<T> {
    type Output = Result<T, JobError>;

    /// # Panics
    ///
    /// If polled again after it has returned `Ready`, or if cloning the waker panics.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(self.handle.as_mut().expect(SPENT)).poll(cx);
        if polled.is_ready() {
            self.handle = None;
        }
        polled
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(mut handle) = self.handle.take() {
            // First, as cancelling resolves the job and would wake the very task that lets go of it.
            handle.forget_waker();
            handle.cancel();
        }
    }
}

impl<T> fmt::Debug for CancelOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelOnDrop").field(&self.handle).finish()
    }
}
