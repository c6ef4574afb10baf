//! The job that a half speaks for: the one whose code has called the join.

use std::sync::Arc;

use crate::job::runnable::RunEnd;
use crate::worker::seat;
use crate::worker::shared::Shared;

/// What a half brings along to the thread that takes it.
pub(super) struct Inherited {
    /// None outside of jobs.
    job: Option<Arc<dyn RunEnd>>,
    /// The job's; without one, the join's.
    pool: Arc<Shared>,
}

impl Inherited {
    /// From a join of this pool, called while this thread was in the middle of so many jobs: the innermost of these counts.
    pub(super) fn from(pool: &Arc<Shared>, jobs: usize) -> Self {
        let of_job = |job: &_, pool: &_| Self { job: Some(Arc::clone(job)), pool: Arc::clone(pool) };
        seat::running_among(jobs, of_job).unwrap_or_else(|| Self { job: None, pool: Arc::clone(pool) })
    }

    /// Runs what may ask for its job, such as whether that should stop. Nothing of this is left when it returns.
    pub(super) fn run(self, half: impl FnOnce()) {
        seat::with_stack(|stack| stack.run_half(self.pool, self.job, half));
    }
}
