//! What a job may be given beside its closure: a name, a priority, a deadline, a token.
//!
//! A plain job carries none of it. Its cell is made for `()` where that of a configured job holds [`Options`], so options
//! cost nothing where there are none, and no allocation of their own where there are.
//!
//! While a job waits to run it is registered with its token and its deadline's keeper, who may end it from any thread:
//!
//! 1. The submitter registers the job.
//! 2. It offers the job to the queue.
//! 3. It asks whether the token or the deadline has ended meanwhile, and if so withdraws the job itself.
//!
//! Who ends a token (or notes that a deadline passed) does so first and then withdraws the registered jobs. Both sides
//! meet in the queue's lock: if the withdrawal came before step 2 and found nothing, then step 3 sees the end. So no
//! job stays queued past its end. Once the job starts, is given up or is handed back, its owner takes the registration
//! back; from then on the job asks for itself, in `checkpoint()`.

use std::borrow::Cow;
use std::sync::Arc;

use crate::job::Runnable;
use crate::keeper::Deadline;
use crate::token::Membership;
use crate::unrun::{Target, Unrun};
use crate::worker::Shared;

/// Which jobs go first: all that is queued as `High` before all that is `Normal`, and that before all that is `Low`.
///
/// Within one priority jobs run first in, first out. So that nothing starves, at least one job in 64 that workers take is
/// of the lowest priority that waits, and one in 65 of the middle one. Priority does not reorder those who wait for room
/// in the queue.
///
/// ```
/// use corepool::{Pool, Priority};
///
/// let pool = Pool::new().unwrap();
/// let job = pool.job().priority(Priority::High).submit(|| 42).unwrap();
/// assert_eq!(job.join().unwrap(), 42);
/// assert_eq!(Priority::default(), Priority::Normal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Before all others.
    High,
    /// What a job has unless it says otherwise.
    #[default]
    Normal,
    /// When nothing else is queued, and every 64th time.
    Low,
}

impl Priority {
    /// The most urgent first.
    pub(crate) const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// 0: the most urgent.
    pub(crate) fn from_urgency(index: u32) -> Option<Self> {
        Self::ALL.get(index as usize).copied()
    }
}

/// What a cell holds beside the job: nothing, or [`Options`].
pub(crate) trait Extras: Send + Sync {
    fn options(&self) -> Option<&Options>;
}

impl Extras for () {
    fn options(&self) -> Option<&Options> {
        None
    }
}

impl Extras for Options {
    fn options(&self) -> Option<&Options> {
        Some(self)
    }
}

/// The options of one job.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) priority: Priority,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) membership: Option<Membership>,
}

impl Options {
    /// Step 1 at the top of this file.
    pub(crate) fn register(&self, shared: &Arc<Shared>, job: &Runnable) {
        if let Some(membership) = &self.membership {
            membership.register(Target::new(shared, job));
        }
        if let Some(deadline) = &self.deadline {
            deadline.register(Target::new(shared, job));
        }
    }

    /// Takes the registration back. For the owner of the job's `Runnable`, or of the closure that was handed back.
    pub(crate) fn unregister(&self) {
        if let Some(membership) = &self.membership {
            membership.unregister();
        }
        if let Some(deadline) = &self.deadline {
            deadline.unregister();
        }
    }

    /// Why the job must not start any more.
    pub(crate) fn ended(&self) -> Option<Unrun> {
        if self.membership.as_ref().is_some_and(Membership::is_cancelled) {
            return Some(Unrun::Cancelled);
        }
        self.deadline.as_ref().is_some_and(Deadline::has_passed).then_some(Unrun::Expired)
    }
}
