//! What can go wrong: a call that was not admitted, and rules that make no sense.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why a call was not admitted.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, Reason};
///
/// let breaker = CircuitBreaker::new();
/// breaker.force_open();
/// assert_eq!(breaker.try_acquire().unwrap_err().reason, Reason::ForcedOpen);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The breaker is open and its wait is not over.
    Open,
    /// The breaker is half-open and all its probes are out.
    HalfOpenSaturated,
    /// The breaker was opened by hand.
    ForcedOpen,
}

/// A call that was not admitted: nothing was run.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, Reason, Rejected};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new();
/// breaker.open_for(Duration::from_secs(60));
/// let rejected: Rejected = breaker.try_acquire().unwrap_err();
/// assert_eq!(rejected.reason, Reason::Open);
/// assert!(rejected.retry_after.unwrap() <= Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rejected {
    /// Why.
    pub reason: Reason,
    /// How long until it is time to ask again: the rest of the open wait, or of the probes' lease, though they may decide or
    /// give a place back before.
    ///
    /// `None` while forced open, which only `reset` and its like end, and in the moment in which a
    /// [`Backoff::from_fn`](super::Backoff::from_fn) is asked for the wait.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Open => "the circuit breaker is open",
            Reason::HalfOpenSaturated => "the circuit breaker is half-open and all its probes are out",
            Reason::ForcedOpen => "the circuit breaker is forced open: reset it to let calls through",
        })?;
        match self.retry_after {
            Some(wait) => write!(f, ": try again in {wait:?}"),
            None => Ok(()),
        }
    }
}

impl Error for Rejected {}

/// Why a call has no value: it was not admitted, or it failed by itself.
///
/// ```
/// use corepool::breaker::{CallError, CircuitBreaker};
///
/// let breaker = CircuitBreaker::new();
/// match breaker.call(|| "12".parse::<u8>()) {
///     Ok(number) => assert_eq!(number, 12),
///     Err(CallError::Rejected(rejected)) => eprintln!("not asked: {rejected}"),
///     Err(CallError::Inner(error)) => eprintln!("asked, but: {error}"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallError<E> {
    /// The breaker did not admit it: nothing was run.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// It ran, and this is its own error.
    #[error(transparent)]
    Inner(E),
}

/// Why a breaker could not be built: which part of the rules makes no sense, and with which value.
///
/// ```
/// use corepool::breaker::{BreakerConfigError, CircuitBreaker, FailurePolicy};
///
/// let refused = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(0)).build();
/// let error: BreakerConfigError = refused.unwrap_err();
/// assert_eq!(error.to_string(), "failure_policy: consecutive failures is 0: give at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BreakerConfigError {
    /// A count that must be at least 1.
    #[error("{field}: {part} is 0: give at least 1")]
    ZeroCount {
        /// The builder's method.
        field: &'static str,
        /// Which of its values.
        part: &'static str,
    },
    /// A time that must be longer than zero.
    #[error("{field}: {part} is {value:?}: give at least {least:?}")]
    TooShort {
        /// The builder's method.
        field: &'static str,
        /// Which of its values.
        part: &'static str,
        /// The time as given.
        value: Duration,
        /// The shortest that works.
        least: Duration,
    },
    /// A number outside its range, or not a number.
    #[error("{field}: {part} is {value}: give a number {range}")]
    OutOfRange {
        /// The builder's method.
        field: &'static str,
        /// Which of its values.
        part: &'static str,
        /// The number as given.
        value: f64,
        /// What is allowed, in words.
        range: &'static str,
    },
    /// `FailurePolicy::Any` without a policy in it.
    #[error("failure_policy: Any holds no policy: give at least one")]
    EmptyPolicy,
    /// More successes than probes that could bring them.
    #[error("half_open: {successes} successes can never come from {permits} permits: give at most as many")]
    MoreSuccessesThanPermits {
        /// How many calls are admitted.
        permits: u32,
        /// How many of them were to succeed.
        successes: u32,
    },
    /// A policy that uses the failure policy's rate window, where there is none.
    #[error("{field}: Rate uses the window of a rate: give `failure_policy` a FailurePolicy::Rate")]
    NeedsRate {
        /// The builder's method.
        field: &'static str,
    },
    /// `AbandonedPolicy::FailureIfSlow` where nothing says what slow is.
    #[error("abandoned: FailureIfSlow needs to know what slow is: call `slow_calls`")]
    NeedsSlowCalls,
}

impl BreakerConfigError {
    /// The builder's method whose value was refused.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// let refused = CircuitBreaker::builder().slow_calls(Duration::from_secs(1), 1.5).build();
    /// assert_eq!(refused.unwrap_err().field(), "slow_calls");
    /// ```
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::ZeroCount { field, .. }
            | Self::TooShort { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::NeedsRate { field } => field,
            Self::EmptyPolicy => "failure_policy",
            Self::MoreSuccessesThanPermits { .. } => "half_open",
            Self::NeedsSlowCalls => "abandoned",
        }
    }
}
