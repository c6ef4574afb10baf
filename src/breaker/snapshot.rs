//! What a breaker shows of itself.

use std::time::Duration;

use super::machine::Machine;
use super::state::State;

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

impl Snapshot {
    pub(super) fn of(machine: &Machine, now: Duration) -> Self {
        let tally = machine.tally(now);
        Self {
            state: machine.state(),
            generation: machine.generation(),
            window: tally.map(|(tally, _)| tally.counts()),
            failure_rate: tally.and_then(|(tally, minimum)| tally.failure_rate(minimum)),
            slow_rate: tally.and_then(|(tally, minimum)| tally.slow_rate(minimum)),
            consecutive_failures: machine.consecutive_failures(),
            attempt: machine.attempt(),
            retry_after: machine.wait_left(now),
            rejected: machine.rejected(),
            late_results: machine.late_results(),
        }
    }
}
