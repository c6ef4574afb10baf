//! The half-open state: probes, their lease, and what they decide.

use std::time::Duration;

use super::policy::HalfOpenPolicy;
use super::rules::Rules;
use super::tally::{Entry, Tally};

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
