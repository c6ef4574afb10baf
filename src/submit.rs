//! Submitting: a job's cell is made, and its runner's end handed to the queue.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cell::JobCell;
use crate::error::{SubmitError, SubmitErrorKind};
use crate::handle::JobHandle;
use crate::job::{Header, RunEnd, Runnable};
use crate::keeper::Deadline;
use crate::line::{wait_for_room, withdraw_if_ended};
use crate::options::{Extras, Options};
use crate::park::deadline_in;
use crate::queue::{NoRoom, Refused};
use crate::sides::Origin;
use crate::worker::{Shared, origin};

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

/// What every way to submit ends in.
pub(crate) fn submit<F, T, O>(
    pool: &Arc<Shared>,
    job: F,
    extras: O,
    patience: Patience,
    submitted_at: &'static Location<'static>,
) -> Result<JobHandle<T>, SubmitError<F>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    O: Extras + 'static,
{
    let cell = Arc::new(JobCell::new(job, extras, submitted_at));
    let job = Runnable::new(Arc::<JobCell<F, T, O>>::clone(&cell));
    match hand_over(pool, job, cell.header(), cell.options(), patience) {
        Ok(()) => Ok(JobHandle::new(cell, pool.id)),
        Err(kind) => {
            let overdue =
                cell.options().is_some_and(|options| options.deadline.as_ref().is_some_and(Deadline::has_passed));
            let waited = match patience {
                Patience::For(timeout) if !overdue => Some(timeout),
                _ => None,
            };
            Err(SubmitError::new(kind, pool.monitor.capacity(), waited, cell.reclaim()))
        }
    }
}

/// The part that is the same for all types.
fn hand_over(
    pool: &Arc<Shared>,
    job: Runnable,
    header: &Header,
    options: Option<&Options>,
    patience: Patience,
) -> Result<(), SubmitErrorKind> {
    let no_room = match patience {
        Patience::None => NoRoom::Reject,
        Patience::For(_) | Patience::Forever => NoRoom::GiveBack,
    };
    if let Some(job) = offer(pool, job, options, no_room)? {
        let own = options.and_then(|options| options.deadline.as_ref()).map(Deadline::at);
        let deadline = patience.deadline().into_iter().chain(own).min();
        wait_for_room(&pool.monitor, job, header, options, deadline)?;
    }
    withdraw_if_ended(&pool.monitor, header, options);
    Ok(())
}

/// Offers a job to the queue; gives it back if it has to wait for room. On a worker of the pool none waits.
#[inline]
pub(crate) fn offer(
    pool: &Arc<Shared>,
    job: Runnable,
    options: Option<&Options>,
    no_room: NoRoom,
) -> Result<Option<Runnable>, SubmitErrorKind> {
    let origin = origin(pool);
    let job = match options {
        None => job,
        Some(options) => match register(pool, job, origin, options)? {
            Some(job) => job,
            None => return Ok(None),
        },
    };
    let no_room = match (no_room, origin) {
        (NoRoom::GiveBack, Origin::Inside) => NoRoom::Exceed,
        (no_room, _) => no_room,
    };
    match pool.monitor.offer(job, origin, no_room) {
        Ok(()) => Ok(None),
        Err(Refused { job, kind: SubmitErrorKind::Full }) if no_room == NoRoom::GiveBack => Ok(Some(job)),
        Err(refused) => Err(refused.hand_back()),
    }
}

/// Step 1 of [`crate::options`]. `None`: the job had ended before, and has been accepted as such.
fn register(
    pool: &Arc<Shared>,
    job: Runnable,
    origin: Origin,
    options: &Options,
) -> Result<Option<Runnable>, SubmitErrorKind> {
    options.register(pool, &job);
    match options.ended() {
        None => Ok(Some(job)),
        Some(why) => pool.monitor.accept_ended(job, origin, why).map(|()| None).map_err(Refused::hand_back),
    }
}
