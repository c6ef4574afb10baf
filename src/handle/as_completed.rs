//! Joining many jobs as they resolve.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};

use crate::base::error::JobError;
#[cfg(feature = "stream")]
use crate::base::ids::PoolId;
use crate::handle::completions::Completions;
use crate::handle::job_handle::JobHandle;
use crate::handle::outcomes::Outcomes;

/// Joins many jobs as they resolve. The iterator returns each job's outcome with the place of its handle in `handles`, counted
/// from 0.
///
/// A slow job does not hold up the outcomes of others. Of several jobs that have resolved, any may come next.
///
/// Jobs of several pools may be joined together. To add jobs while others are joined, use a
/// [`JobSet`](crate::JobSet); to have the outcomes in the order of the handles, [`join_all`](crate::join_all).
///
/// The handles are collected first, so what `handles` submits is all submitted before the first outcome comes.
///
/// # Blocking
///
/// `next` blocks until a job has resolved. Inside a job, it first runs those of the jobs that are still queued, the oldest
/// first, until one has resolved; never an unrelated job. So it works with a single worker, as
/// [`JobHandle::join`] does, and with the same limits.
///
/// For a job that this thread is itself in the middle of, the outcome is [`JobError::WouldDeadlock`]: it comes once that job is
/// the first of those left and no other has resolved, and the job is detached. In a forked child, so does
/// [`JobError::Forked`] for a job whose pool was built before the fork.
///
/// Dropping the iterator detaches the jobs that have not come.
///
/// # Panics
///
/// If a handle has already returned `Ready` as a future. All jobs are then detached.
///
/// ```
/// use corepool::{Pool, as_completed};
///
/// let pool = Pool::new().unwrap();
/// let jobs: Vec<_> = (0..10_u64).map(|n| pool.submit(move || n * n).unwrap()).collect();
/// let mut squares = [0; 10];
/// for (index, outcome) in as_completed(jobs) {
///     squares[index] = outcome.unwrap(); // whichever is done first
/// }
/// assert_eq!(squares[9], 81);
/// ```
#[doc(alias = "select_all")]
#[doc(alias = "join_any")]
#[track_caller]
pub fn as_completed<T>(handles: impl IntoIterator<Item = JobHandle<T>>) -> AsCompleted<T> {
    let mut completed = AsCompleted { jobs: Completions::new(), made_at: Location::caller() };
    // Not `for_each`: a panic names the caller.
    for mut handle in handles {
        handle.assert_unspent();
        // Who polled it before does not wait any more.
        handle.forget_waker();
        completed.jobs.push(handle);
    }
    completed
}

/// An iterator over the outcomes of many jobs, as the jobs resolve. Made by [`as_completed`].
///
/// ```
/// use corepool::{Pool, as_completed};
///
/// let pool = Pool::new().unwrap();
/// let mut jobs = as_completed((0..3).map(|n| pool.submit(move || n).unwrap()));
/// assert_eq!(jobs.len(), 3);
/// let (index, outcome) = jobs.next().unwrap();
/// assert_eq!(outcome.unwrap(), index);
/// assert_eq!(jobs.len(), 2);
/// ```
#[must_use = "dropping it detaches the jobs and loses their outcomes: iterate over it"]
pub struct AsCompleted<T> {
    /// By the places of their handles: none is pushed once one has come out.
    jobs: Completions<T>,
    made_at: &'static Location<'static>,
}

impl<T> AsCompleted<T> {
    /// As `next`, without blocking. It runs no queued jobs, as their handles would not if they were awaited.
    #[cfg(feature = "stream")]
    pub(crate) fn poll_completed(&mut self, cx: &Context<'_>) -> Poll<Option<(usize, Result<T, JobError>)>> {
        let polled = self.jobs.poll_completed(PoolId::NONE, cx);
        polled.map(|next| next.map(|(number, outcome)| (number as usize, outcome)))
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, JobError>);

    fn next(&mut self) -> Option<Self::Item> {
        self.jobs.next(self.made_at).map(|(number, outcome)| (number as usize, outcome))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.jobs.len(), Some(self.jobs.len()))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}
impl<T> FusedIterator for AsCompleted<T> {}

impl<T> Drop for AsCompleted<T> {
    fn drop(&mut self) {
        self.jobs.detach_all();
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("jobs", &self.jobs.len()).finish()
    }
}
