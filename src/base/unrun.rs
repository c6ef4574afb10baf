//! Why a job resolves without having run.

use crate::base::error::JobError;

/// Why a job resolves without having run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Unrun {
    Cancelled = 1,
    Expired,
    Aborted,
}

impl From<Unrun> for JobError {
    fn from(why: Unrun) -> Self {
        match why {
            Unrun::Cancelled => JobError::Cancelled,
            Unrun::Expired => JobError::Expired,
            Unrun::Aborted => JobError::Aborted,
        }
    }
}
