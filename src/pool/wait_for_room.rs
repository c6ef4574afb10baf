//! Waiting for room, on the submitting thread: the line itself is in [`crate::queue::line`].

use std::sync::Arc;
use std::time::Instant;

use crate::base::error::SubmitErrorKind;
use crate::base::park::{is_ahead, with_parker};
use crate::base::spin::spin_until;
use crate::base::sync::Woken;
use crate::ending::registration::Registration;
use crate::job::header::{Header, Standing};
use crate::job::runnable::Runnable;
use crate::monitor::monitor::{NoRoom, WaitStopped};
use crate::queue::front::{Origin, Rejected};
use crate::worker::abort;
use crate::worker::inline::run_next;
use crate::worker::shared::Shared;

/// What a submitter that stands in line learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    NotYet,
    Accepted,
    Rejected(SubmitErrorKind),
}

impl Verdict {
    pub(crate) fn on(header: &Header) -> Self {
        match header.standing() {
            Standing::InLine => Self::NotYet,
            Standing::Accepted | Standing::Finished => Self::Accepted,
            Standing::Rejected => Self::Rejected(SubmitErrorKind::ShutDown),
            Standing::TimedOut => Self::Rejected(SubmitErrorKind::TimedOut),
            Standing::Cancelled => Self::Rejected(SubmitErrorKind::Cancelled),
        }
    }
}

/// Waits in line, on this thread, until the job is accepted or rejected, or until `deadline`. The caller holds the job's
/// cell, whose registration this is.
pub(crate) fn wait_for_room(
    pool: &Arc<Shared>,
    job: Runnable,
    header: &Header,
    registration: Option<&Registration>,
    deadline: Option<Instant>,
) -> Result<(), SubmitErrorKind> {
    if pool.id.is_inline() {
        return make_room(pool, job, deadline);
    }
    with_parker(|parker, waker| {
        if pool.monitor.stand_in_line(job, waker.clone()).map_err(Rejected::into_kind)? == Standing::Accepted {
            return Ok(());
        }
        dequeue_if_ended(pool, header, registration);
        if is_ahead(deadline) {
            spin_until(|| Verdict::on(header) != Verdict::NotYet);
        }
        loop {
            match Verdict::on(header) {
                Verdict::Accepted => return Ok(()),
                Verdict::Rejected(why) => return Err(why),
                Verdict::NotYet => {}
            }
            if parker.park_until(deadline) == Woken::TimedOut
                && pool.monitor.stop_waiting(header, SubmitErrorKind::TimedOut) == WaitStopped::Rejected
            {
                return Err(SubmitErrorKind::TimedOut);
            }
        }
    })
}

/// In an inline pool, where whoever waits for room makes it: runs what is queued until there is some, or until `deadline`.
pub(crate) fn make_room(
    pool: &Arc<Shared>,
    mut job: Runnable,
    deadline: Option<Instant>,
) -> Result<(), SubmitErrorKind> {
    let since = pool.monitor.now();
    loop {
        run_next(pool);
        match pool.monitor.offer_since(job, since, Origin::Outside, NoRoom::Return) {
            Ok(()) => return Ok(()),
            Err(Rejected { job: again, kind: SubmitErrorKind::Full }) if is_ahead(deadline) => job = again,
            Err(Rejected { job, kind: SubmitErrorKind::Full }) => {
                return Err(pool.monitor.reject_for_good(job, SubmitErrorKind::TimedOut));
            }
            Err(rejected) => return Err(rejected.into_kind()),
        }
    }
}

/// Step 3 of [`crate::ending::registration`].
pub(crate) fn dequeue_if_ended(pool: &Shared, header: &Header, registration: Option<&Registration>) {
    let Some(registration) = registration else { return };
    if let Some(why) = header.ended().or_else(|| registration.ended_unwatched()) {
        abort::dequeue(pool, header, why);
    }
}
