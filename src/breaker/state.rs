//! The words of the breaker: its states, how a call can end, what became of a result.

use std::fmt;

/// Where a breaker stands.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, State};
///
/// let breaker = CircuitBreaker::new();
/// assert_eq!(breaker.state(), State::Closed);
/// breaker.force_open();
/// assert_eq!(breaker.state().to_string(), "forced open");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls go through, and their results are judged.
    Closed,
    /// Calls are rejected until the wait is over. Still `Open` after it, until a probe is admitted.
    Open,
    /// Some calls are admitted as probes; their results decide what comes next.
    HalfOpen,
    /// Calls are rejected until somebody says otherwise.
    ForcedOpen,
    /// Calls go through, and nothing is recorded.
    Disabled,
    /// Calls go through and are recorded, but nothing opens the breaker.
    MetricsOnly,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
            Self::ForcedOpen => "forced open",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics only",
        })
    }
}

/// How a call ended, as far as the breaker is concerned.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, Outcome};
///
/// let breaker = CircuitBreaker::new();
/// let classify = |answer: &Result<u16, std::io::Error>| match answer {
///     Ok(404) => Outcome::Ignored, // our question was wrong: says nothing of the server
///     Ok(status) if *status < 500 => Outcome::Success,
///     _ => Outcome::Failure,
/// };
/// assert_eq!(breaker.call_with(classify, || Ok(503)).unwrap(), 503);
/// assert_eq!(breaker.snapshot().consecutive_failures, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The dependency did its part.
    Success,
    /// The dependency failed.
    Failure,
    /// Says nothing of the dependency: as if the call had not been made. A probe gives its place back.
    Ignored,
}

impl Outcome {
    /// What a result is unless a classifier says otherwise.
    pub(super) fn of<T, E>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(_) => Self::Failure,
        }
    }
}

/// What became of a result that was handed in.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, Recorded};
///
/// let breaker = CircuitBreaker::new();
/// let permit = breaker.try_acquire().unwrap();
/// breaker.reset();
/// assert_eq!(permit.failure(), Recorded::Stale);
/// assert_eq!(breaker.try_acquire().unwrap().failure(), Recorded::Counted);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// No generation has begun since the permit was given: the result was taken into account, unless the breaker is disabled.
    Counted,
    /// The breaker has moved on since, or was reset. The result changed nothing but the count of late results, and that not
    /// while the breaker is disabled.
    Stale,
}
