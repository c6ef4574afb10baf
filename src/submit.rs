//! Submitting: a job's cell is made, and its runner's end handed to the queue.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cell::JobCell;
use crate::error::{SubmitError, SubmitErrorKind};
use crate::handle::JobHandle;
use crate::job::{Header, RunEnd, Runnable};
use crate::keeper::Deadline;
use crate::line::{submit_waiting, withdraw_if_ended};
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
    let (monitor, origin) = (&pool.monitor, origin(pool));
    let Some(job) = register(pool, job, origin, options)? else { return Ok(()) };
    match (patience, origin) {
        (Patience::None, _) => monitor.offer(job, origin, NoRoom::Reject).map_err(Refused::hand_back)?,
        (_, Origin::Inside) => monitor.offer(job, origin, NoRoom::Exceed).map_err(Refused::hand_back)?,
        (patience, Origin::Outside) => {
            let own = options.and_then(|options| options.deadline.as_ref()).map(Deadline::at);
            let deadline = patience.deadline().into_iter().chain(own).min();
            submit_waiting(monitor, job, header, options, deadline)?;
        }
    }
    withdraw_if_ended(monitor, header, options);
    Ok(())
}

/// Step 1 of [`crate::options`], for a job that has any. `None`: it had ended before, and has been accepted as such.
pub(crate) fn register(
    pool: &Arc<Shared>,
    job: Runnable,
    origin: Origin,
    options: Option<&Options>,
) -> Result<Option<Runnable>, SubmitErrorKind> {
    let Some(options) = options else { return Ok(Some(job)) };
    options.register(pool, &job);
    match options.ended() {
        None => Ok(Some(job)),
        Some(why) => pool.monitor.accept_ended(job, origin, why).map(|()| None).map_err(Refused::hand_back),
    }
}
