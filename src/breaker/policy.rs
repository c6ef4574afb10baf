//! The choices a user has: when to open, what probes must show, what to make of calls that never report.

use super::window::Window;

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
    /// Not at all: a probe gives its place back. The default, unless slow calls are configured.
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
