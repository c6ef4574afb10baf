//! One job's registration with all that may end it while it waits to run: its token, and the keeper of its deadline.
//! Either may do so from any thread:
//!
//! 1. The submitter registers the job.
//! 2. It offers the job to the queue.
//! 3. It asks whether the token or the deadline has ended meanwhile, and if so dequeues the job itself.
//!
//! Who ends a token (or notes that a deadline passed) does so first and then dequeues the registered jobs. Both sides
//! meet in the queue's lock: if the job was looked for before step 2 and not found, then step 3 sees the end. So no job
//! stays queued past its end. Once the job starts, is aborted or is rejected, its owner takes the registration back; from
//! then on the job asks for itself, in `checkpoint()`.

use std::sync::Weak;
use std::time::Instant;

use crate::base::error::Interrupted;
use crate::base::unrun::Unrun;
use crate::ending::keeper::Deadline;
use crate::ending::run_limit::RunLimit;
use crate::ending::token::Membership;
use crate::job::job_pool::{JobPool, Target};
use crate::job::options::{Ending, Extras, Options};
use crate::job::runnable::Runnable;

/// A job's token and deadline, and where it is registered with each; and its run limit, which needs no registration.
#[derive(Default)]
pub(crate) struct Registration {
    membership: Option<Membership>,
    deadline: Option<Deadline>,
    run_limit: Option<RunLimit>,
}

impl Registration {
    pub(crate) fn new(membership: Option<Membership>, deadline: Option<Deadline>, run_limit: Option<RunLimit>) -> Self {
        Self { membership, deadline, run_limit }
    }

    /// Step 1 at the top of this file.
    pub(crate) fn register(&self, pool: Weak<dyn JobPool>, job: &Runnable) {
        self.register_target(Target::new(pool, job));
    }

    pub(crate) fn register_target(&self, target: Target) {
        match (&self.membership, &self.deadline) {
            (Some(membership), Some(deadline)) => {
                membership.register(target.clone());
                deadline.register(target);
            }
            (Some(membership), None) => membership.register(target),
            (None, Some(deadline)) => deadline.register(target),
            (None, None) => {}
        }
    }

    /// The deadline, if it has one.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.as_ref().map(Deadline::at)
    }

    pub(crate) fn has_expired(&self) -> bool {
        self.deadline.as_ref().is_some_and(Deadline::has_passed)
    }
}

impl Ending for Registration {
    fn ended(&self) -> Option<Unrun> {
        if self.is_cancelled() {
            return Some(Unrun::Cancelled);
        }
        self.has_expired().then_some(Unrun::Expired)
    }

    fn start(&self) {
        if let Some(limit) = &self.run_limit {
            limit.start();
        }
    }

    fn interruption(&self) -> Option<Interrupted> {
        match self.ended() {
            Some(Unrun::Expired) => Some(Interrupted::DeadlineExceeded),
            Some(Unrun::Cancelled | Unrun::Aborted) => Some(Interrupted::Cancelled),
            None => {
                let has_run_out = self.run_limit.as_ref().is_some_and(RunLimit::has_run_out);
                has_run_out.then_some(Interrupted::RunLimitExceeded)
            }
        }
    }

    fn is_cancelled(&self) -> bool {
        self.membership.as_ref().is_some_and(Membership::is_cancelled)
    }

    fn unregister(&self) {
        if let Some(membership) = &self.membership {
            membership.unregister();
        }
        if let Some(deadline) = &self.deadline {
            deadline.unregister();
        }
    }
}

/// What a job that can be submitted carries.
pub(crate) trait Registrable: Extras {
    fn registration(&self) -> Option<&Registration>;
}

impl Registrable for () {
    fn registration(&self) -> Option<&Registration> {
        None
    }
}

impl Registrable for Options<Registration> {
    fn registration(&self) -> Option<&Registration> {
        Some(&self.ending)
    }
}
