//! How many calls ended how, and the shares that follow from it.

use super::state::WindowCounts;

/// A call as a window remembers it. An ignored one leaves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Success(Pace),
    Failure(Pace),
    /// Abandoned, where the policy looks at the share of such calls.
    Abandoned,
}

/// Whether a call took longer than `slow_calls` allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Fast,
    Slow,
}

impl Entry {
    #[inline]
    fn tally(self) -> Tally {
        match self {
            Self::Success(pace) => Tally { calls: 1, slow: u64::from(pace == Pace::Slow), ..Tally::default() },
            Self::Failure(pace) => Tally { failures: 1, ..Self::Success(pace).tally() },
            Self::Abandoned => Tally { abandoned: 1, ..Tally::default() },
        }
    }
}

/// Calls counted by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Calls with a result.
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
    /// Beside `calls`.
    pub(super) abandoned: u64,
}

impl Tally {
    #[inline]
    pub(super) fn add(&mut self, entry: Entry) {
        *self = self.plus(&entry.tally());
    }

    /// Takes back what was added.
    pub(super) fn forget(&mut self, entry: Entry) {
        self.subtract(&entry.tally());
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            failures: self.failures + other.failures,
            slow: self.slow + other.slow,
            abandoned: self.abandoned + other.abandoned,
        }
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
        self.abandoned -= other.abandoned;
    }

    /// With the abandoned calls as failures, if they are at least this share of all calls.
    #[inline]
    pub(super) fn judged(self, abandoned_share: Option<f64>) -> Self {
        let all = self.calls + self.abandoned;
        match abandoned_share {
            Some(limit) if self.abandoned > 0 && share(self.abandoned, all) >= limit => {
                Self { calls: all, failures: self.failures + self.abandoned, abandoned: 0, ..self }
            }
            _ => self,
        }
    }

    #[inline]
    pub(super) fn failures_reach(&self, limit: f64) -> bool {
        self.failures > 0 && share(self.failures, self.calls) >= limit
    }

    #[inline]
    pub(super) fn slow_reach(&self, limit: f64) -> bool {
        self.slow > 0 && share(self.slow, self.calls) >= limit
    }

    /// `None` until enough calls are in.
    pub(super) fn failure_rate(&self, minimum: u32) -> Option<f64> {
        (self.calls >= u64::from(minimum)).then(|| share(self.failures, self.calls))
    }

    /// `None` until enough calls are in.
    pub(super) fn slow_rate(&self, minimum: u32) -> Option<f64> {
        (self.calls >= u64::from(minimum)).then(|| share(self.slow, self.calls))
    }

    pub(super) fn counts(&self) -> WindowCounts {
        let clamp = |n| u32::try_from(n).unwrap_or(u32::MAX);
        WindowCounts { calls: clamp(self.calls), failures: clamp(self.failures), slow: clamp(self.slow) }
    }
}

/// A division, not a product with the threshold: it rounds as a literal does, so one call in ten is 0.1 exactly.
fn share(part: u64, of: u64) -> f64 {
    part as f64 / of as f64
}
