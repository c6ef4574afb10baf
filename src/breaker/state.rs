//! The words of the breaker: its states, how a call can end and what became of it, what the breaker shows of itself, and what
//! can go wrong: a call that was not admitted, and rules that make no sense.

use std::error::Error;
use std::fmt;
use std::time::Duration;

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

/// What a breaker has seen and how it stands, at one moment and as if everything due by then had happened.
///
/// The totals are for the breaker's life; all else belongs to the present state, which for an open breaker includes what
/// opened it.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, FailurePolicy, State, Window, WindowCounts};
///
/// let policy = FailurePolicy::Rate { threshold: 0.5, window: Window::Count(10), minimum_calls: 4 };
/// let breaker = CircuitBreaker::builder().failure_policy(policy).build().unwrap();
/// for answer in [Ok(1), Ok(2), Err("down"), Ok(3)] {
///     breaker.call(|| answer).ok();
/// }
/// let snapshot = breaker.snapshot();
/// assert_eq!(snapshot.state, State::Closed);
/// assert_eq!(snapshot.window, Some(WindowCounts { calls: 4, failures: 1, slow: 0 }));
/// assert_eq!(snapshot.failure_rate, Some(0.25));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The state.
    pub state: State,
    /// Which state of the breaker's life this is, from 0: each transition and each change by hand begins the next.
    pub generation: u64,
    /// The calls in the rate window; of a half-open breaker, and of one that its probes have opened again, the probes'
    /// results. `None` where only consecutive failures are counted. A window of time goes on forgetting while it is open.
    pub window: Option<WindowCounts>,
    /// The share of failures in `window`, in [0, 1]. `None` until enough calls are in.
    pub failure_rate: Option<f64>,
    /// The share of slow calls in `window`, in [0, 1]. `None` until enough calls are in.
    pub slow_rate: Option<f64>,
    /// Failures since the last success, or since the state began that they belong to.
    pub consecutive_failures: u32,
    /// How often it has opened by itself since it was last closed: the attempt that the back-off goes by.
    pub attempt: u32,
    /// How long an open breaker still rejects calls. `None` in other states, and in the moment in which a
    /// [`Backoff::from_fn`](super::Backoff::from_fn) is asked for the wait.
    pub retry_after: Option<Duration>,
    /// Calls that were not admitted, in the breaker's life.
    pub rejected: u64,
    /// Results of calls that an earlier generation had admitted, in the breaker's life. None is counted while it is disabled.
    pub late_results: u64,
}

/// The calls in a window.
///
/// ```
/// let counts = corepool::breaker::WindowCounts { calls: 10, failures: 3, slow: 1 };
/// assert!(counts.failures < counts.calls);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WindowCounts {
    /// Calls that succeeded or failed.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that took longer than `slow_calls` allows, failed or not.
    pub slow: u32,
}

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

impl<E: Into<Box<dyn Error + Send + Sync>>> CallError<E> {
    /// The error without its wrapping, as `Box<dyn Error>`: it is a [`Rejected`], or the call's own error.
    ///
    /// For calls whose own error is a `Box<dyn Error + Send + Sync>`, which is itself no [`Error`], so that `?` converts no
    /// `CallError` of it.
    ///
    /// ```
    /// use corepool::breaker::{CallError, CircuitBreaker, Rejected};
    /// use std::error::Error;
    ///
    /// type Answer = Result<u32, Box<dyn Error + Send + Sync>>;
    ///
    /// fn ask() -> Answer {
    ///     Err("no answer".into())
    /// }
    /// fn ask_by(breaker: &CircuitBreaker) -> Answer {
    ///     breaker.call(ask).map_err(CallError::into_boxed)
    /// }
    /// let breaker = CircuitBreaker::new();
    /// assert_eq!(ask_by(&breaker).unwrap_err().to_string(), "no answer");
    /// breaker.force_open();
    /// assert!(ask_by(&breaker).unwrap_err().is::<Rejected>());
    /// ```
    #[must_use]
    pub fn into_boxed(self) -> Box<dyn Error + Send + Sync> {
        match self {
            Self::Rejected(rejected) => rejected.into(),
            Self::Inner(error) => error.into(),
        }
    }
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
