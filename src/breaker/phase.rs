//! The states with what each knows: how long an open breaker waits, which probes of a half-open one are out.

use std::time::Duration;

use super::error::{Reason, Rejected};
use super::rules::Rules;
use super::state::State;
use super::tally::Tally;
use super::trial::Trial;

/// A state with what it needs to know.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    Closed,
    Open(Wait),
    HalfOpen(Trial),
    ForcedOpen,
    Disabled,
    MetricsOnly,
}

/// How long an open breaker stays so.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) since: Duration,
    /// `None` until the back-off function has answered.
    pub(super) length: Option<Duration>,
    /// What the probes brought that opened it; `None` if the meter knows.
    pub(super) probes: Option<Tally>,
}

impl Phase {
    pub(super) fn state(&self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::Open(_) => State::Open,
            Self::HalfOpen(_) => State::HalfOpen,
            Self::ForcedOpen => State::ForcedOpen,
            Self::Disabled => State::Disabled,
            Self::MetricsOnly => State::MetricsOnly,
        }
    }

    /// Why no call is let through now, if none is.
    #[inline]
    pub(super) fn rejection(&self, rules: &Rules, now: Duration) -> Option<Rejected> {
        let (reason, retry_after) = match self {
            Self::Closed | Self::Disabled | Self::MetricsOnly => return None,
            Self::Open(wait) if wait.is_over(now) => return None,
            Self::Open(wait) => (Reason::Open, wait.left(now)),
            Self::HalfOpen(trial) if trial.has_place(rules) => return None,
            Self::HalfOpen(trial) => (Reason::HalfOpenSaturated, trial.ends().map(|ends| ends.saturating_sub(now))),
            Self::ForcedOpen => (Reason::ForcedOpen, None),
        };
        Some(Rejected { reason, retry_after })
    }

    /// The probes whose lease is over, and since when.
    #[inline]
    pub(super) fn overdue(&self, now: Duration) -> Option<(Duration, &Trial)> {
        match self {
            Self::HalfOpen(trial) => Some((trial.ends().filter(|ends| now >= *ends)?, trial)),
            _ => None,
        }
    }
}

impl Wait {
    #[inline]
    pub(super) fn is_over(&self, now: Duration) -> bool {
        self.length.is_some_and(|length| now >= self.since.saturating_add(length))
    }

    /// `None` as long as nobody knows.
    #[inline]
    pub(super) fn left(&self, now: Duration) -> Option<Duration> {
        self.length.map(|length| self.since.saturating_add(length).saturating_sub(now))
    }
}
