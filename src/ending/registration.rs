//! One job's registration with all that may end it while it waits to run: its token, and the keeper of its deadline.
//! Either may do so from any thread:
//!
//! 1. The submitter registers the job, unless the token is cancelled or the deadline has passed.
//! 2. It offers the job to the queue.
//! 3. It asks whether the job has been ended meanwhile, and if so dequeues it itself. Where no thread keeps deadlines, it looks at
//!    the clock.
//! 4. Who ends a token, or sees that a deadline has passed, notes the end with each job that is registered, and then dequeues it.
//!
//! Both sides meet in the queue's lock: if the job was looked for before step 2 and not found, then step 3 sees the note. So no
//! job stays queued past its end. Once the job starts, is aborted or is rejected, its owner takes the registration back; from
//! then on the job asks for itself, in `checkpoint()`.

use std::time::Instant;

use crate::base::error::Interrupted;
use crate::base::ids::PoolId;
use crate::base::unrun::Unrun;
use crate::ending::keeper::Deadline;
use crate::ending::run_limit::RunLimit;
use crate::ending::target::Target;
use crate::ending::token::Membership;
use crate::job::options::{Ending, Extras, Options};
use crate::job::runnable::Runnable;

/// A job's token and deadline, and where it is registered with each; and its run limit, which needs no registration.
#[derive(Default)]
pub(crate) struct Registration {
    membership: Option<Membership>,
    deadline: Option<Deadline>,
    /// Boxed, as few jobs have one, and all that have options would take the room.
    run_limit: Option<Box<RunLimit>>,
}

impl Registration {
    pub(crate) fn new(membership: Option<Membership>, deadline: Option<Deadline>, run_limit: Option<RunLimit>) -> Self {
        Self { membership, deadline, run_limit: run_limit.map(Box::new) }
    }

    /// Step 1 at the top of this file. `Err`: the job has ended before, and why.
    pub(crate) fn register(&self, pool: PoolId, job: &Runnable) -> Result<(), Unrun> {
        self.register_target(|| Target::new(pool, job))
    }

    pub(crate) fn register_target(&self, target: impl Fn() -> Target) -> Result<(), Unrun> {
        if self.membership.as_ref().is_some_and(|membership| !membership.register(target())) {
            return Err(Unrun::Cancelled);
        }
        if self.deadline.as_ref().is_some_and(|deadline| !deadline.register(target())) {
            return Err(Unrun::Expired);
        }
        Ok(())
    }

    /// The deadline, if it has one.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.as_ref().map(Deadline::at)
    }

    /// Why the job has ended by now, as far as step 4 leaves that to the submitter: the inline pool has no keeper, and others may be
    /// refused one by the system.
    pub(crate) fn ended_unwatched(&self) -> Option<Unrun> {
        let deadline = self.deadline.as_ref();
        deadline.is_some_and(Deadline::has_passed_unwatched).then_some(Unrun::Expired)
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
                let has_run_out = self.run_limit.as_ref().is_some_and(|limit| limit.has_run_out());
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
