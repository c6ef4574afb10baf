//! Submissions that were rejected, and why.

use crate::base::error::SubmitErrorKind;
use crate::base::unrun::Unrun;
use crate::queue::stats::Stats;

/// Changes under the front's lock.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    full: u64,
    timed_out: u64,
    cancelled: u64,
    shut_down: u64,
}

impl Rejections {
    pub(crate) fn count(&mut self, why: SubmitErrorKind, jobs: usize) {
        let counter = match why {
            // In a forked child the queue is full, too, and stays so.
            SubmitErrorKind::Full | SubmitErrorKind::Forked => &mut self.full,
            SubmitErrorKind::TimedOut => &mut self.timed_out,
            SubmitErrorKind::Cancelled => &mut self.cancelled,
            SubmitErrorKind::ShutDown => &mut self.shut_down,
        };
        *counter += jobs as u64;
    }

    pub(crate) fn add_to(&self, stats: &mut Stats) {
        stats.rejected_full += self.full;
        stats.rejected_timed_out += self.timed_out;
        stats.rejected_cancelled += self.cancelled;
        stats.rejected_shut_down += self.shut_down;
        stats.rejected += self.full + self.timed_out + self.cancelled + self.shut_down;
    }
}

/// Why a job is rejected that ends while it stands in line.
pub(crate) fn rejection(why: Unrun) -> SubmitErrorKind {
    match why {
        Unrun::Cancelled => SubmitErrorKind::Cancelled,
        Unrun::Expired => SubmitErrorKind::TimedOut,
        Unrun::Aborted => SubmitErrorKind::ShutDown,
    }
}
