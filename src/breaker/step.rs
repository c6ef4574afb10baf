//! What goes into the state machine and what comes out of it.

use std::time::Duration;

use super::error::Rejected;
use super::state::{Outcome, State};

/// How long is the wait of this attempt?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) attempt: u32,
    pub(super) generation: u64,
}

/// A state was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) from: State,
    pub(super) to: State,
    /// The one that began.
    pub(super) generation: u64,
    /// When: for what time did by itself, the moment it was due.
    pub(super) at: Duration,
}

/// What a call hears that asks to be let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an admitted call holds a place"]
pub(super) enum Admission {
    Admitted { generation: u64, began: Option<Transition> },
    Rejected(Rejected),
}

/// How a permit came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Reported(Outcome),
    /// Dropped without a word.
    Abandoned,
}

impl Ending {
    /// Neither a success nor without meaning.
    #[inline]
    pub(super) fn may_count_against(self) -> bool {
        matches!(self, Self::Abandoned | Self::Reported(Outcome::Failure))
    }
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a result that was late or moved the breaker must be told"]
pub(super) enum Verdict {
    /// It counts as this, and may have moved the breaker.
    Counted { outcome: Outcome, moved: Option<Transition> },
    /// It came from an earlier generation.
    Late { outcome: Outcome },
    /// A disabled breaker does not listen, to late results neither.
    Unheard { is_late: bool },
}

/// A change by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    ForceOpen,
    OpenFor(Duration),
    Disable,
    MetricsOnly,
    Reset,
}
