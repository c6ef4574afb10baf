//! What an admitted call carries until it ends.

use std::time::Duration;

use super::tally::Pace;

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
