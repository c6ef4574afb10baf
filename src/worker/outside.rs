//! A pool, to those who know its jobs but not the pool: tokens, the keeper, handles.

use std::sync::Arc;

use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::job_pool::{Dequeued, JobPool};
use crate::worker::abort;
use crate::worker::guest::run_as_guest;
use crate::worker::inline;
use crate::worker::shared::Shared;

impl JobPool for Shared {
    fn dequeue(self: Arc<Self>, job: &Header, why: Unrun) -> Dequeued {
        abort::dequeue(&self, job, why)
    }

    fn reject(&self, job: &Header, why: Unrun) {
        self.monitor.reject_in_line(job, why);
    }

    fn run_here(self: Arc<Self>, job: &Header) -> bool {
        run_as_guest(&self, job)
    }

    fn run_until_finished(self: Arc<Self>, job: &Header, is_over: &dyn Fn() -> bool) {
        inline::run_until_finished(&self, job, is_over);
    }
}
