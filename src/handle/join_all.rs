//! Joining many jobs at once.

use crate::base::error::JobError;
use crate::handle::job_handle::JobHandle;

/// Joins many jobs, and returns their outcomes in the order of the handles.
///
/// Inside a job it first runs the jobs that are still queued, from the newest to the oldest, while other workers take
/// the oldest. Then it waits for the rest. A job that [`join`](JobHandle::join)s its children one by one, the oldest
/// first, would find each of them already taken by another worker, and only wait.
///
/// For a job that this thread is itself in the middle of, the outcome is [`JobError::WouldDeadlock`], and the job is
/// detached.
///
/// # Panics
///
/// If a handle has already returned `Ready` as a future. The handles before it have been joined by then.
///
/// ```
/// let pool = corepool::Pool::new().unwrap();
/// let inner = pool.clone();
/// let parent = pool.submit(move || {
///     let children: Vec<_> = (0..20_u64).map(|n| inner.submit(move || n * n).unwrap()).collect();
///     corepool::join_all(children).into_iter().sum::<Result<u64, _>>()
/// });
/// assert_eq!(parent.unwrap().join().unwrap().unwrap(), 2_470);
/// ```
#[track_caller]
pub fn join_all<T>(handles: impl IntoIterator<Item = JobHandle<T>>) -> Vec<Result<T, JobError>> {
    let handles = Vec::from_iter(handles);
    handles.iter().rev().for_each(JobHandle::run_if_queued);
    let mut outcomes = Vec::with_capacity(handles.len());
    for handle in handles {
        outcomes.push(handle.join());
    }
    outcomes
}
