//! A call's right to be made, from its admission to its end.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use super::shared::Shared;
use super::state::{Outcome, Recorded};
use super::step::{Ending, Ticket};

/// A call that was admitted, and has not ended.
///
/// It must end in one of three ways: its outcome is reported; it is dropped by a panic, which is a failure; or it is dropped
/// otherwise, and the [`AbandonedPolicy`](super::AbandonedPolicy) says what that counts as. It can be sent to another thread,
/// so it travels into a job of a pool, and is dropped with the job's closure if that never runs:
///
/// ```
/// use corepool::Pool;
/// use corepool::breaker::CircuitBreaker;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let (pool, breaker) = (Pool::new()?, CircuitBreaker::new());
/// let permit = breaker.try_acquire()?;
/// let job = pool.submit(move || permit.run(|| "42".parse::<u32>()))?;
/// assert_eq!(job.join()??, 42);
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping a permit without reporting an outcome abandons the call"]
pub struct Permit {
    shared: Arc<Shared>,
    ticket: Ticket,
    if_dropped: IfDropped,
}

/// What dropping a permit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfDropped {
    /// It is abandoned, but fails on a thread that unwinds: none was when it was acquired.
    AbandonsOrFails,
    /// It is abandoned on this thread, which was unwinding already when it was acquired, but fails on another that unwinds.
    AbandonsOn(ThreadId),
    /// It fails: something is running that can only be left by a report or a panic.
    Fails,
    /// It has ended.
    Nothing,
}

impl Permit {
    pub(super) fn new(shared: Arc<Shared>, ticket: Ticket) -> Self {
        let if_dropped = match thread::panicking() {
            true => IfDropped::AbandonsOn(thread::current().id()),
            false => IfDropped::AbandonsOrFails,
        };
        Self { shared, ticket, if_dropped }
    }

    /// Reports that the dependency did its part.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, Recorded};
    ///
    /// let permit = CircuitBreaker::new().try_acquire().unwrap();
    /// assert_eq!(permit.success(), Recorded::Counted);
    /// ```
    pub fn success(self) -> Recorded {
        self.record(Outcome::Success)
    }

    /// Reports that the dependency failed.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// breaker.try_acquire().unwrap().failure();
    /// assert_eq!(breaker.snapshot().consecutive_failures, 1);
    /// ```
    pub fn failure(self) -> Recorded {
        self.record(Outcome::Failure)
    }

    /// Reports that the call says nothing of the dependency: as if it had not been made.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// breaker.try_acquire().unwrap().failure();
    /// breaker.try_acquire().unwrap().ignore();
    /// assert_eq!(breaker.snapshot().consecutive_failures, 1);
    /// ```
    pub fn ignore(self) -> Recorded {
        self.record(Outcome::Ignored)
    }

    /// Reports how the call ended.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, Outcome, Recorded};
    ///
    /// let permit = CircuitBreaker::new().try_acquire().unwrap();
    /// assert_eq!(permit.record(Outcome::Success), Recorded::Counted);
    /// ```
    pub fn record(mut self, outcome: Outcome) -> Recorded {
        self.end(Ending::Reported(outcome))
    }

    /// Runs the call and reports how it ended: `Ok` is a success, `Err` a failure.
    ///
    /// # Errors
    ///
    /// What `f` returns.
    ///
    /// # Panics
    ///
    /// If `f` does: that is reported as a failure, and goes on.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// let permit = breaker.try_acquire().unwrap();
    /// permit.run(|| "forty-two".parse::<u32>()).unwrap_err();
    /// assert_eq!(breaker.snapshot().consecutive_failures, 1);
    /// ```
    pub fn run<T, E>(mut self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let result = self.watch(f);
        self.record(Outcome::of(&result));
        result
    }

    /// Starts the call's time anew, so that what came before, such as waiting in a queue, does not make it slow.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, FailurePolicy, ManualClock, Window};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let policy = FailurePolicy::Rate { threshold: 0.5, window: Window::Count(10), minimum_calls: 1 };
    /// let builder = CircuitBreaker::builder().clock(clock.clone()).failure_policy(policy);
    /// let breaker = builder.slow_calls(Duration::from_secs(1), 0.5).build().unwrap();
    ///
    /// let mut permit = breaker.try_acquire().unwrap();
    /// clock.advance(Duration::from_secs(60)); // in a queue
    /// permit.start();
    /// permit.success();
    /// assert_eq!(breaker.snapshot().window.unwrap().slow, 0);
    /// ```
    pub fn start(&mut self) {
        self.shared.restart(&mut self.ticket);
    }

    /// Runs a part of the call: what unwinds out of it fails the permit, even on a thread that was unwinding before.
    pub(super) fn watch<R>(&mut self, part: impl FnOnce() -> R) -> R {
        let before = mem::replace(&mut self.if_dropped, IfDropped::Fails);
        let result = part();
        self.if_dropped = before;
        result
    }

    fn end(&mut self, ending: Ending) -> Recorded {
        self.if_dropped = IfDropped::Nothing;
        self.shared.record(self.ticket, ending)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let ending = match self.if_dropped {
            IfDropped::Nothing => return,
            IfDropped::Fails => Ending::Reported(Outcome::Failure),
            IfDropped::AbandonsOn(here) if here == thread::current().id() => Ending::Abandoned,
            _ if thread::panicking() => Ending::Reported(Outcome::Failure),
            IfDropped::AbandonsOrFails | IfDropped::AbandonsOn(_) => Ending::Abandoned,
        };
        self.end(ending);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

/// A call that runs on its caller's stack: it ends with a report, or fails by a panic.
pub(super) struct Running<'a> {
    shared: &'a Shared,
    ticket: Ticket,
}

impl<'a> Running<'a> {
    #[inline]
    pub(super) fn new(shared: &'a Shared, ticket: Ticket) -> Self {
        Self { shared, ticket }
    }

    #[inline]
    pub(super) fn end(self, outcome: Outcome) {
        let (shared, ticket) = (self.shared, self.ticket);
        mem::forget(self);
        shared.record(ticket, Ending::Reported(outcome));
    }
}

impl Drop for Running<'_> {
    #[cold]
    fn drop(&mut self) {
        self.shared.record(self.ticket, Ending::Reported(Outcome::Failure));
    }
}
