//! What goes into the state machine and what comes out of it, and what an admitted call carries between the two.

use std::time::Duration;

use super::error::Rejected;
use super::state::{Outcome, State};
use super::tally::Pace;

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

/// What a call hears that asks to be admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an admitted call holds a place"]
pub(super) enum Admission {
    Admitted { generation: u64, began: Option<Transition> },
    Rejected(Rejected),
}

/// The generation that admitted a call, and when. Two words, so that a call that needs neither keeps them in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) generation: u64,
    pub(super) began: Began,
}

/// When a call began, in nanoseconds of the clock. Calls are timed in the clock's first 584 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Began(u64);

impl Began {
    /// Calls are not timed, or the clock could not say.
    pub(super) const UNKNOWN: Self = Self(u64::MAX);

    pub(super) fn at(now: Option<Duration>) -> Self {
        now.and_then(|now| u64::try_from(now.as_nanos()).ok()).map_or(Self::UNKNOWN, Self)
    }

    pub(super) fn pace(self, now: Duration, limit: Duration) -> Pace {
        match self != Self::UNKNOWN && now.saturating_sub(Duration::from_nanos(self.0)) > limit {
            true => Pace::Slow,
            false => Pace::Fast,
        }
    }
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
