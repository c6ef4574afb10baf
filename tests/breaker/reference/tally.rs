//! Calls that are over, and what a list of them adds up to: counted anew each time.

use corepool::breaker::{AbandonedPolicy, FailurePolicy, Window, WindowCounts};

use super::rules::{Rules, Time};

/// A call that ended in its own generation.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    pub generation: usize,
    pub at: Time,
    pub what: What,
    pub is_slow: bool,
}

/// What a call is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Success,
    Failure,
    /// Given up, where the policy looks at the share of such calls.
    Abandoned,
    Nothing,
    /// It has become slow, and has not ended, or without a word.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub struct Tally {
    pub calls: usize,
    pub failures: usize,
    pub slow: usize,
    /// Given up, and none of `calls`.
    pub unjudged: usize,
}

/// When the calls in a window open the breaker.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub window: Window,
    pub minimum: usize,
    threshold: Option<f64>,
    slow: Option<f64>,
}

impl Rules {
    /// The first is the one that others use.
    pub fn rates(&self) -> Vec<Rate> {
        let mut rates: Vec<_> = self.policies.iter().filter_map(Rate::of).collect();
        if let Some((_, rate)) = self.slow {
            if rates.is_empty() {
                rates.push(Rate { window: Window::Count(100), minimum: 100, threshold: None, slow: None });
            }
            rates[0].slow = Some(rate);
        }
        rates
    }

    /// With the abandoned calls as failures, where they have reached their share.
    pub fn tally(&self, calls: &[Past]) -> Tally {
        let count = |what| calls.iter().filter(|call| call.what == what).count();
        let (failures, abandoned) = (count(What::Failure), count(What::Abandoned));
        let reported = count(What::Success) + count(What::Unknown) + failures;
        let counts = match self.abandoned {
            Some(AbandonedPolicy::Rate(limit)) => share(abandoned, reported + abandoned) >= limit,
            _ => false,
        };
        let (abandoned, unjudged) = if counts { (abandoned, 0) } else { (0, abandoned) };
        let is_slow = |call: &&Past| call.is_slow && !matches!(call.what, What::Abandoned | What::Nothing);
        let slow = calls.iter().filter(is_slow).count();
        Tally { calls: reported + abandoned, failures: failures + abandoned, slow, unjudged }
    }
}

impl Rate {
    fn of(policy: &FailurePolicy) -> Option<Self> {
        let FailurePolicy::Rate { threshold, window, minimum_calls } = *policy else { return None };
        let minimum = match window {
            Window::Count(size) => minimum_calls.min(size),
            Window::Time { .. } => minimum_calls,
        };
        Some(Self { window, minimum: minimum as usize, threshold: Some(threshold), slow: None })
    }

    /// Those of these calls, oldest first, that are in the window.
    pub fn window_of(&self, calls: &[Past], now: Time) -> Vec<Past> {
        match self.window {
            Window::Count(size) => calls[calls.len().saturating_sub(size as usize)..].to_vec(),
            Window::Time { span, buckets } => {
                let bucket = |time: Time| u128::from(time) * u128::from(buckets) / span.as_nanos();
                let is_in = |call: &&Past| bucket(call.at) + u128::from(buckets) > bucket(now);
                calls.iter().filter(is_in).copied().collect()
            }
        }
    }

    /// So many calls make a rate: at most what the window can hold beside those that were abandoned.
    pub fn needed_in(&self, tally: Tally) -> usize {
        match self.window {
            Window::Count(size) => self.minimum.min(size as usize - tally.unjudged),
            Window::Time { .. } => self.minimum,
        }
    }

    pub fn is_reached_by(&self, tally: Tally) -> bool {
        self.threshold.is_some_and(|limit| share(tally.failures, tally.calls) >= limit)
            || self.slow.is_some_and(|limit| share(tally.slow, tally.calls) >= limit)
    }
}

impl Tally {
    pub fn counts(self) -> WindowCounts {
        let [calls, failures, slow] = [self.calls, self.failures, self.slow].map(|n| u32::try_from(n).expect("few"));
        WindowCounts { calls, failures, slow }
    }
}

pub fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}
