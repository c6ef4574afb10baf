//! The states with what each knows: how long an open breaker waits; which probes of a half-open one are out, when their
//! lease ends, and what they decide.

use std::time::Duration;

use super::error::{Reason, Rejected};
use super::rules::{HalfOpenPolicy, Rules};
use super::state::State;
use super::tally::{Entry, Tally};

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
    /// What the probes brought that opened it; `None` if the windows know.
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

    /// Why no call is admitted now, if none is.
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

/// The probes of one half-open generation.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// How long all of them may take together, from the first that is admitted.
    lease: Duration,
    ends: Option<Duration>,
    /// Probes that have not reported.
    out: u32,
    /// What the others brought.
    tally: Tally,
}

/// What the results so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "probes that have decided must move the breaker"]
pub(super) enum Decision {
    Undecided,
    Close,
    Reopen,
}

impl Trial {
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, ends: None, out: 0, tally: Tally::default() }
    }

    /// The same number of probes anew.
    pub(super) fn again(&self) -> Self {
        Self::new(self.lease)
    }

    /// So many are admitted in all, those apart that said nothing.
    pub(super) fn has_place(&self, rules: &Rules) -> bool {
        u64::from(self.out) + self.judged(rules).calls < u64::from(rules.permits)
    }

    /// Sends a probe out. There must be a place.
    pub(super) fn admit(&mut self, now: Duration) {
        self.out += 1;
        self.ends.get_or_insert(now.saturating_add(self.lease));
    }

    /// When the lease ends, once a probe has been out.
    pub(super) fn ends(&self) -> Option<Duration> {
        self.ends
    }

    /// The results, as the rules count them.
    pub(super) fn judged(&self, rules: &Rules) -> Tally {
        self.tally.judged(rules.abandoned_share())
    }

    /// A probe that says nothing is back.
    pub(super) fn ignore(&mut self) {
        self.out -= 1;
    }

    /// A probe is back; says what all results together decide.
    pub(super) fn add(&mut self, entry: Entry, rules: &Rules) -> Decision {
        self.out -= 1;
        self.tally.add(entry);
        match rules.half_open {
            HalfOpenPolicy::Consecutive => self.decide_in_a_row(rules),
            HalfOpenPolicy::Rate => self.decide_by_rate(rules),
        }
    }

    fn decide_in_a_row(&self, rules: &Rules) -> Decision {
        let tally = self.judged(rules);
        if tally.failures > 0 {
            Decision::Reopen
        } else if tally.calls >= u64::from(rules.successes) {
            Decision::Close
        } else {
            Decision::Undecided
        }
    }

    fn decide_by_rate(&self, rules: &Rules) -> Decision {
        let tally = self.judged(rules);
        let needed = rules.probes_needed();
        if tally.calls < u64::from(needed) {
            return Decision::Undecided;
        }
        match rules.rates.first() {
            Some(rate) if rate.is_reached_by(&tally, needed) => Decision::Reopen,
            _ => Decision::Close,
        }
    }
}
