//! The job that what borrows speaks for: the one whose code has called the join or the scope.

use std::sync::{Arc, Weak};

use crate::base::error::Interrupted;
use crate::job::runnable::RunEnd;
use crate::steal::lane::Place;
use crate::steal::loot::Context;
use crate::worker::checkpoint::interruption;
use crate::worker::seat;
use crate::worker::shared::Shared;
use crate::worker::stack::Stack;

/// What halves, and jobs of a scope, bring along to the thread that runs them. Their join or scope is going on meanwhile, and with it
/// the job.
pub(super) struct Inherited {
    /// None outside of jobs.
    job: Option<Weak<dyn RunEnd>>,
    /// The job's; without one, the join's.
    pool: Weak<Shared>,
}

/// From a join of this pool, which this thread calls at `place`: the innermost job that runs there counts.
pub(super) fn context_of(pool: &Arc<Shared>, place: Place) -> Arc<dyn Context> {
    let inherited = Inherited::from_job_at(place.depth);
    Arc::new(inherited.unwrap_or_else(|| Inherited { job: None, pool: Arc::downgrade(pool) }))
}

impl Context for Inherited {
    fn run(&self, halves: &mut dyn FnMut()) {
        let job = self
            .job
            .as_ref()
            .map(|job| job.upgrade().expect("a job is there while a join that it has called is going on"));
        let pool = self.pool.upgrade().expect("a pool is there while its job runs, or a join of it");
        seat::with_stack(|stack| stack.run_half(pool, job, halves));
    }
}

impl Inherited {
    /// From the innermost job that runs on this thread.
    pub(super) fn from_job_here() -> Option<Self> {
        Self::from_job_at(seat::with_stack(Stack::depth))
    }

    fn from_job_at(depth: usize) -> Option<Self> {
        seat::running_among(depth, |job, pool| Self { job: Some(Arc::downgrade(job)), pool: Arc::downgrade(pool) })
    }

    /// Why the job should stop.
    pub(super) fn interruption(&self) -> Option<Interrupted> {
        let (job, pool) = (self.job.as_ref()?.upgrade()?, self.pool.upgrade()?);
        interruption(&*job, &pool.monitor)
    }
}
