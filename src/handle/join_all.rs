//! Joining many jobs at once.

use crate::base::error::JobError;
use crate::handle::job_handle::JobHandle;

/// Joins jobs; gives their outcomes in the order of the handles.
///
/// Inside a job it first goes through them from the newest to the oldest and runs each that is still queued on the spot,
/// while other workers come to the oldest; then it waits for the others. A job that [`join`](JobHandle::join)s its children
/// from the oldest on finds another worker at each next one, and gets nothing out of it.
///
/// A job that runs on this thread's own stack has [`JobError::WouldDeadlock`] in its place, and is detached.
///
/// # Panics
///
/// If a handle was polled as a future until it was ready; those before it are joined then.
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
