//! What a breaker was told to do: the choices a user has, and the rules they come to once they are checked.

use std::time::Duration;

use super::backoff::Backoff;
use super::state::{BreakerConfigError, Outcome};
use super::window::{Ending, Entry, Pace, RateRule, Window};

/// The open wait, and the shortest lease of probes unless another is asked for.
pub(super) const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// When failures open a closed breaker.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, FailurePolicy, Window};
///
/// // Half of the last 100 calls, once 20 are in, or 10 in a row.
/// let rate = FailurePolicy::Rate { threshold: 0.5, window: Window::Count(100), minimum_calls: 20 };
/// let policy = FailurePolicy::Any(vec![rate, FailurePolicy::Consecutive(10)]);
/// let breaker = CircuitBreaker::builder().failure_policy(policy).build().unwrap();
/// # drop(breaker);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum FailurePolicy {
    /// So many failures in a row. Costs least: a healthy call takes no lock.
    Consecutive(u32),
    /// A share of failures among the calls of a window, looked at after every result, a success included.
    Rate {
        /// In (0, 1]: it opens when the share is this or more.
        threshold: f64,
        /// Which calls are looked at.
        window: Window,
        /// No rate until so many are in. Of a count window no more is asked than it can hold: its size, less the abandoned
        /// calls that [`AbandonedPolicy::Rate`] keeps in it and does not count.
        minimum_calls: u32,
    },
    /// Whichever comes first. Where a rate window is spoken of elsewhere, it is that of the first rate in it.
    Any(Vec<FailurePolicy>),
}

/// What probes must show.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, FailurePolicy, HalfOpenPolicy, Window};
///
/// let rate = FailurePolicy::Rate { threshold: 0.5, window: Window::Count(100), minimum_calls: 20 };
/// let builder = CircuitBreaker::builder().failure_policy(rate);
/// let breaker = builder.half_open(10, 1).half_open_policy(HalfOpenPolicy::Rate).build().unwrap();
/// # drop(breaker);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HalfOpenPolicy {
    /// So many successes close it, the first failure opens it. A slow success is a success.
    #[default]
    Consecutive,
    /// As soon as the failure policy's `minimum_calls`, or all permits if they are fewer, have brought a result, its rates
    /// decide: that of failures, and that of slow calls.
    Rate,
}

/// What happens when the lease of the probes runs out and they have not decided.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, Expired, ManualClock, State};
/// use std::time::Duration;
///
/// let (clock, second) = (ManualClock::new(), Duration::from_secs(1));
/// let builder = CircuitBreaker::builder().clock(clock.clone()).half_open_max_wait(second, Expired::Close);
/// let breaker = builder.build().unwrap();
/// breaker.open_for(second);
/// clock.advance(second);
/// let probe = breaker.try_acquire().unwrap(); // never reports
/// clock.advance(second);
/// assert_eq!(breaker.state(), State::Closed);
/// # drop(probe);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expired {
    /// As if a probe had failed. The open wait counts from the end of the lease.
    #[default]
    Reopen,
    /// As if the probes had succeeded.
    Close,
    /// New probes are admitted; what the old ones bring is late.
    Reprobe,
}

/// How a permit counts that is dropped without a result: a job that was cancelled, a future that was dropped.
///
/// A permit that is dropped by a panic is a failure in any case.
///
/// ```
/// use corepool::breaker::{AbandonedPolicy, CircuitBreaker};
///
/// let breaker = CircuitBreaker::builder().abandoned(AbandonedPolicy::Failure).build().unwrap();
/// drop(breaker.try_acquire().unwrap());
/// assert_eq!(breaker.snapshot().consecutive_failures, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AbandonedPolicy {
    /// Not at all: a probe gives its place back. The default, unless slow calls are configured: without them nothing tells a call
    /// that was given up because it hung from one whose caller had lost interest.
    Ignore,
    /// As a failure.
    Failure,
    /// As a failure if it had run for longer than `slow_calls` allows, else not at all. The default if slow calls are
    /// configured.
    FailureIfSlow,
    /// In the rate window, as failures once they are this share of all calls in it, abandoned ones included; until then not
    /// at all. The share is in (0, 1]. Probes are looked at by themselves: where the first is abandoned, that is all of them.
    Rate(f64),
}

/// The rules of one breaker.
#[derive(Debug)]
pub(super) struct Rules {
    /// So many failures in a row open it.
    pub(super) consecutive: Option<u32>,
    /// The first is the one that others use.
    pub(super) rates: Vec<RateRule>,
    /// A call that takes longer is slow.
    pub(super) slow: Option<Duration>,
    pub(super) backoff: Backoff,
    /// Instead of what a back-off function that panicked would have said.
    pub(super) fallback_wait: Duration,
    pub(super) permits: u32,
    pub(super) successes: u32,
    pub(super) half_open: HalfOpenPolicy,
    /// `None`: as long as the open wait before it, and no shorter than [`DEFAULT_WAIT`].
    pub(super) lease: Option<Duration>,
    pub(super) expired: Expired,
    pub(super) abandoned: AbandonedPolicy,
}

impl Rules {
    /// So many results of probes are needed to judge them by their rates.
    pub(super) fn probes_needed(&self) -> u32 {
        self.rates.first().map_or(self.permits, |rate| rate.minimum.min(self.permits))
    }

    /// What an ending is taken for, and what of it is counted.
    #[inline]
    pub(super) fn classify(&self, ending: Ending, pace: Pace) -> (Outcome, Option<Entry>) {
        let abandoned = match (self.abandoned, pace) {
            (AbandonedPolicy::Rate(_), _) => Some(Entry::Abandoned),
            (AbandonedPolicy::Failure, _) | (AbandonedPolicy::FailureIfSlow, Pace::Slow) => Some(Entry::Failure(pace)),
            (AbandonedPolicy::Ignore, _) | (AbandonedPolicy::FailureIfSlow, Pace::Fast) => None,
        };
        let entry = match ending {
            Ending::Reported(Outcome::Success) => Some(Entry::Success(pace)),
            Ending::Reported(Outcome::Failure) => Some(Entry::Failure(pace)),
            Ending::Reported(Outcome::Ignored) => None,
            Ending::Abandoned => abandoned,
        };
        let outcome = match entry {
            Some(Entry::Success(_)) => Outcome::Success,
            Some(Entry::Failure(_)) => Outcome::Failure,
            Some(Entry::Abandoned) | None => Outcome::Ignored,
        };
        (outcome, entry)
    }

    /// From this share on, abandoned calls are failures.
    pub(super) fn abandoned_share(&self) -> Option<f64> {
        match self.abandoned {
            AbandonedPolicy::Rate(share) => Some(share),
            _ => None,
        }
    }

    /// Whether most steps need the time.
    pub(super) fn need_time(&self) -> bool {
        self.slow.is_some() || self.rates.iter().any(|rate| matches!(rate.window, Window::Time { .. }))
    }
}

impl FailurePolicy {
    /// Adds what it says to the rules.
    pub(super) fn write(&self, rules: &mut Rules) -> Result<(), BreakerConfigError> {
        match self {
            Self::Consecutive(0) => Err(zero_count("consecutive failures")),
            Self::Consecutive(n) => {
                rules.consecutive = Some(rules.consecutive.map_or(*n, |other| other.min(*n)));
                Ok(())
            }
            Self::Rate { threshold, window, minimum_calls } => {
                rules.rates.push(rate_rule(*threshold, *window, *minimum_calls)?);
                Ok(())
            }
            Self::Any(policies) if policies.is_empty() => Err(BreakerConfigError::EmptyPolicy),
            Self::Any(policies) => policies.iter().try_for_each(|policy| policy.write(rules)),
        }
    }
}

fn rate_rule(threshold: f64, window: Window, minimum_calls: u32) -> Result<RateRule, BreakerConfigError> {
    check_share("failure_policy", "threshold", threshold)?;
    let minimum = match window {
        _ if minimum_calls == 0 => return Err(zero_count("minimum_calls")),
        Window::Count(0) => return Err(zero_count("window size")),
        Window::Time { buckets: 0, .. } => return Err(zero_count("window buckets")),
        Window::Count(size) => minimum_calls.min(size),
        Window::Time { span, buckets } => {
            check_time("failure_policy", "window span", span, Duration::from_nanos(buckets.into()))?;
            minimum_calls
        }
    };
    Ok(RateRule { window, minimum, failures: Some(threshold), slow: None })
}

fn zero_count(part: &'static str) -> BreakerConfigError {
    BreakerConfigError::ZeroCount { field: "failure_policy", part }
}

pub(super) fn check_share(field: &'static str, part: &'static str, value: f64) -> Result<(), BreakerConfigError> {
    match value > 0.0 && value <= 1.0 {
        true => Ok(()),
        false => Err(BreakerConfigError::OutOfRange { field, part, value, range: "above 0, at most 1" }),
    }
}

pub(super) fn check_time(
    field: &'static str,
    part: &'static str,
    value: Duration,
    least: Duration,
) -> Result<(), BreakerConfigError> {
    match value >= least {
        true => Ok(()),
        false => Err(BreakerConfigError::TooShort { field, part, value, least }),
    }
}
