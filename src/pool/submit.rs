//! Submitting: a job's cell is made, and its runner's end handed to the queue.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{SubmitError, SubmitErrorKind};
use crate::base::park::deadline_in;
use crate::ending::keeper::Keeper;
use crate::ending::registration::{Registrable, Registration};
use crate::handle::job_handle::JobHandle;
use crate::job::cell::JobCell;
use crate::job::header::Header;
use crate::job::runnable::Runnable;
use crate::monitor::monitor::NoRoom;
use crate::pool::wait_for_room::{dequeue_if_ended, wait_for_room};
use crate::queue::front::{Origin, Rejected};
use crate::worker::abort::accept_ended;
use crate::worker::seat::origin;
use crate::worker::shared::Shared;

/// How long a submitter waits for room.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    None,
    For(Duration),
    Forever,
}

impl Patience {
    fn deadline(self) -> Option<Instant> {
        match self {
            Self::For(timeout) => deadline_in(timeout),
            Self::None | Self::Forever => None,
        }
    }
}

/// What a job is submitted with.
pub(crate) trait Submittable {
    type Extras: Registrable + 'static;

    /// What the cell holds of it, now that the job is submitted: time runs from here.
    fn submitted(self, keeper: &Arc<Keeper>) -> Self::Extras;
}

impl Submittable for () {
    type Extras = ();

    fn submitted(self, _keeper: &Arc<Keeper>) {}
}

/// What every way to submit ends in.
pub(crate) fn submit<F, T, S>(
    pool: &Arc<Shared>,
    job: F,
    settings: S,
    patience: Patience,
    submitted_at: &'static Location<'static>,
) -> Result<JobHandle<T>, SubmitError<F>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    S: Submittable,
{
    let cell = Arc::new(JobCell::new(job, settings.submitted(&pool.keeper), submitted_at));
    let job = Runnable::of(&cell);
    match hand_over(pool, job, cell.header(), cell.extras().registration(), patience) {
        Ok(()) => Ok(JobHandle::new(cell, pool.id)),
        Err(kind) => {
            let waited = match patience {
                Patience::For(timeout) if !cell.extras().registration().is_some_and(Registration::has_expired) => {
                    Some(timeout)
                }
                _ => None,
            };
            Err(SubmitError::new(kind, pool.monitor.capacity(), waited, cell.take_closure()))
        }
    }
}

/// The part that is the same for all types.
pub(crate) fn hand_over(
    pool: &Arc<Shared>,
    job: Runnable,
    header: &Header,
    registration: Option<&Registration>,
    patience: Patience,
) -> Result<(), SubmitErrorKind> {
    let no_room = match patience {
        Patience::None => NoRoom::Reject,
        Patience::For(_) | Patience::Forever => NoRoom::Return,
    };
    if let Some(job) = offer(pool, job, registration, no_room)? {
        let own = registration.and_then(Registration::deadline);
        let deadline = patience.deadline().into_iter().chain(own).min();
        wait_for_room(pool, job, header, registration, deadline)?;
    }
    dequeue_if_ended(pool, header, registration);
    Ok(())
}

/// Offers a job to the queue; returns it if it has to wait for room. On a worker of the pool none waits, nor in a forked
/// child.
#[inline(always)]
pub(crate) fn offer(
    pool: &Arc<Shared>,
    job: Runnable,
    registration: Option<&Registration>,
    no_room: NoRoom,
) -> Result<Option<Runnable>, SubmitErrorKind> {
    let origin = origin(pool.id);
    let job = match registration {
        None => job,
        Some(registration) => match register(pool, job, origin, registration)? {
            Some(job) => job,
            None => return Ok(None),
        },
    };
    let no_room = match (no_room, origin) {
        (NoRoom::Return, Origin::Inside) => NoRoom::Exceed,
        (no_room, _) => no_room,
    };
    match pool.monitor.offer(job, origin, no_room) {
        Ok(()) => Ok(None),
        Err(Rejected { job, kind: SubmitErrorKind::Full }) if no_room == NoRoom::Return => {
            if pool.id.is_of_parent() {
                return Err(pool.monitor.reject_for_good(job, SubmitErrorKind::Forked));
            }
            Ok(Some(job))
        }
        Err(rejected) => Err(rejected.into_kind()),
    }
}

/// Step 1 of [`crate::ending::registration`]. `None`: the job had ended before, and has been accepted as such.
fn register(
    pool: &Arc<Shared>,
    job: Runnable,
    origin: Origin,
    registration: &Registration,
) -> Result<Option<Runnable>, SubmitErrorKind> {
    match registration.register(pool.id, &job) {
        Ok(()) => Ok(Some(job)),
        Err(why) => accept_ended(pool, job, origin, why).map(|()| None).map_err(Rejected::into_kind),
    }
}
