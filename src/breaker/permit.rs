//! A call's right to be made, from its admission to its end.

use std::borrow::Borrow;
use std::fmt;
use std::mem;
use std::thread;

use super::machine::Ticket;
use super::shared::CircuitBreaker;
use super::state::{Outcome, Recorded};
use super::window::Ending;

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
///
/// A permit holds the breaker, `CircuitBreaker`, or borrows it, `&CircuitBreaker`: that one stays on its thread's stack and is
/// cheaper by two writes to memory which all callers share.
///
/// # Dropped by a panic
///
/// A permit is a failure if the thread that drops it is unwinding. The standard library tells that a thread unwinds, but not since
/// when, nor how many panics it is in; so the rule takes a permit for a failure too
///
/// - that a destructor acquired while its thread was unwinding, and dropped without a report before the unwinding was over;
/// - that was acquired elsewhere, after the thread that drops it began to unwind.
///
/// Report an outcome, [`ignore`](Self::ignore) say, where that is not meant.
#[must_use = "dropping a permit without reporting an outcome abandons the call"]
pub struct Permit<B: Borrow<CircuitBreaker> = CircuitBreaker> {
    breaker: B,
    ticket: Ticket,
    if_dropped: IfDropped,
}

/// What dropping a permit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfDropped {
    /// It is abandoned, but has failed where the thread unwinds.
    Abandons,
    /// It has failed: something is running that can only be left by a report or a panic.
    Fails,
    /// It has ended.
    Nothing,
}

impl<B: Borrow<CircuitBreaker>> Permit<B> {
    #[inline]
    pub(super) fn new(breaker: B, ticket: Ticket) -> Self {
        Self { breaker, ticket, if_dropped: IfDropped::Abandons }
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

    /// Starts the call's time anew, so that what came before, such as waiting in a queue, does not make it slow. What has been
    /// counted as slow meanwhile stays so: see [`pause`](Self::pause). The lease of a probe goes on.
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
        self.breaker.borrow().0.restart(&mut self.ticket);
    }

    /// Stops the call's time until [`start`](Self::start): however long it waits until then, it does not become slow. The lease of
    /// a probe goes on.
    ///
    /// ```
    /// use corepool::Pool;
    /// use corepool::breaker::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// let (pool, one_second) = (Pool::new().unwrap(), Duration::from_secs(1));
    /// let breaker = CircuitBreaker::builder().slow_calls(one_second, 0.5).build().unwrap();
    /// let mut permit = breaker.try_acquire().unwrap();
    /// permit.pause();
    /// let job = pool.submit(move || {
    ///     permit.start(); // the queue may have been long
    ///     permit.run(|| "42".parse::<u32>())
    /// });
    /// assert_eq!(job.unwrap().join().unwrap(), Ok(42));
    /// ```
    pub fn pause(&mut self) {
        self.breaker.borrow().0.pause(&mut self.ticket);
    }

    /// Runs a part of the call: what unwinds out of it fails the permit.
    #[inline]
    pub(super) fn watch<R>(&mut self, part: impl FnOnce() -> R) -> R {
        let before = mem::replace(&mut self.if_dropped, IfDropped::Fails);
        let result = part();
        self.if_dropped = before;
        result
    }

    #[inline]
    fn end(&mut self, ending: Ending) -> Recorded {
        self.if_dropped = IfDropped::Nothing;
        self.breaker.borrow().0.record(self.ticket, ending)
    }
}

impl<B: Borrow<CircuitBreaker>> Drop for Permit<B> {
    #[inline]
    fn drop(&mut self) {
        if self.if_dropped != IfDropped::Nothing {
            end_unreported(self.breaker.borrow(), self.ticket, self.if_dropped == IfDropped::Fails);
        }
    }
}

/// Takes what it needs by value: a permit that nobody points at is kept in registers.
#[cold]
fn end_unreported(breaker: &CircuitBreaker, ticket: Ticket, fails: bool) {
    let ending = match fails || thread::panicking() {
        true => Ending::Reported(Outcome::Failure),
        false => Ending::Abandoned,
    };
    breaker.0.record(ticket, ending);
}

impl<B: Borrow<CircuitBreaker>> fmt::Debug for Permit<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}
