//! An entry on its way to a worker.

use super::job::{Fields, Id, Job, Malformed};

/// Its name and what it has. The types that the client has for this take no field whose name is no text.
pub(super) type Entry = (String, Fields);

/// An entry that is this worker's, for now.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) entry: String,
    pub(crate) job: Result<Job, Malformed>,
    /// With this one.
    pub(crate) deliveries: u64,
}

impl Delivery {
    pub(super) fn of((entry, fields): Entry, of_entry: u64) -> Self {
        let job = Job::of(&fields);
        let before = job.as_ref().map_or(0, |job| job.deliveries);
        // Somebody else may have written a number as large as there is.
        Self { entry, job, deliveries: before.saturating_add(of_entry) }
    }

    pub(super) fn id(&self) -> Option<&Id> {
        match &self.job {
            Ok(job) => Some(&job.id),
            Err(malformed) => malformed.id.as_ref(),
        }
    }
}

/// An entry that has been with a worker for too long.
#[derive(Clone, Debug)]
pub(crate) struct Abandoned {
    pub(crate) entry: String,
    pub(crate) worker: String,
}

/// What has become of an abandoned entry.
#[derive(Clone, Debug)]
pub(crate) enum Claimed {
    Mine(Delivery),
    /// Mine, too, but its delivery is the last, and counts only when it begins.
    Last(Delivery),
    /// Another worker was faster, or it is done.
    Gone,
}
