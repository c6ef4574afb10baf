//! What a step answers, in the words that the model and the real pool have in common.

use corepool::{Cancel, Interrupted, ShutdownReport, SubmitErrorKind, WaitError};

use crate::fork::Forked;

/// How a job that was accepted ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Value,
    Panicked,
    Cancelled,
    Expired,
    Aborted,
}

/// What a step answers, at once or when it need not wait any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    Accepted,
    Rejected(SubmitErrorKind),
    /// So many of a burst.
    AcceptedOf(usize),
    InLine,
    Cancel(Cancel),
    Checkpoint(Result<(), Interrupted>),
    Joined(End),
    WouldDeadlock,
    NotYet,
    /// It waits for a job's end.
    Waits,
    Idle(Result<(), WaitError>),
    Shutdown(Result<Report, WaitError>),
    Forked(Forked),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub completed: u64,
    pub panicked: u64,
    pub aborted: u64,
    pub still_running: usize,
    pub still_queued: usize,
}

impl From<ShutdownReport> for Report {
    fn from(report: ShutdownReport) -> Self {
        let ShutdownReport { completed, panicked, aborted, still_running, still_queued, .. } = report;
        Self { completed, panicked, aborted, still_running, still_queued }
    }
}

impl Answer {
    pub fn in_words(self) -> String {
        match self {
            Answer::Done => "done".to_owned(),
            Answer::Accepted => "is accepted".to_owned(),
            Answer::Rejected(SubmitErrorKind::Full) => "is rejected: full".to_owned(),
            Answer::Rejected(why) => format!("is rejected: {why:?}"),
            Answer::AcceptedOf(jobs) => format!("{jobs} are accepted"),
            Answer::InLine => "waits in line".to_owned(),
            Answer::Cancel(cancel) => format!("{cancel:?}"),
            Answer::Checkpoint(Ok(())) => "go on".to_owned(),
            Answer::Checkpoint(Err(why)) => format!("{why:?}"),
            Answer::Joined(end) => format!("{end:?}"),
            Answer::WouldDeadlock => "WouldDeadlock".to_owned(),
            Answer::NotYet => "not yet".to_owned(),
            Answer::Waits => "waits".to_owned(),
            Answer::Idle(idle) => format!("{idle:?}"),
            Answer::Forked(Forked::Values(_)) => "all return".to_owned(),
            Answer::Forked(forked) => format!("{forked:?}"),
            Answer::Shutdown(Err(error)) => format!("{error:?}"),
            Answer::Shutdown(Ok(report)) => {
                format!("still running {}, still queued {}", report.still_running, report.still_queued)
            }
        }
    }
}
