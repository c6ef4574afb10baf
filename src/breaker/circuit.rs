//! The front door: how a breaker is made, called, looked at and moved by hand.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::builder::BreakerBuilder;
use super::events::Event;
use super::machine::Command;
use super::permit::Permit;
use super::shared::{CircuitBreaker, Shared};
use super::state::{BreakerConfigError, CallError, Outcome, Rejected, Snapshot, State};
use crate::base::panic::Contained;

impl BreakerBuilder {
    /// Makes the breaker.
    ///
    /// # Errors
    ///
    /// If a value makes no sense: which, and what would.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    ///
    /// let refused = CircuitBreaker::builder().half_open(1, 2).build().unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "half_open: 2 successes can never come from 1 permits: give at most as many",
    /// );
    /// ```
    pub fn build(self) -> Result<CircuitBreaker, BreakerConfigError> {
        Ok(CircuitBreaker(Arc::new(Shared::new(self)?)))
    }
}

/// How it is made.
impl CircuitBreaker {
    /// A breaker that opens after 5 consecutive failures, admits one probe 30 s later, and closes when that succeeds.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, State};
    ///
    /// assert_eq!(CircuitBreaker::new().state(), State::Closed);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build().unwrap_or_else(|error| unreachable!("the defaults are allowed: {error}"))
    }

    /// A breaker by rules of your own.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, FailurePolicy};
    /// use std::time::Duration;
    ///
    /// let builder = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(3));
    /// let breaker = builder.open_wait(Duration::from_secs(5)).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn builder() -> BreakerBuilder {
        BreakerBuilder::new()
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::new()
    }
}

/// How it is called.
impl CircuitBreaker {
    /// Makes a call if it is admitted: `Ok` is a success, `Err` a failure.
    ///
    /// # Errors
    ///
    /// [`CallError::Rejected`] if it was not admitted, [`CallError::Inner`] with what `f` returned.
    ///
    /// # Panics
    ///
    /// If `f` does: that is recorded as a failure, and goes on.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::new();
    /// assert_eq!(breaker.call(|| "42".parse::<u32>()).unwrap(), 42);
    /// ```
    #[inline]
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        self.call_with(Outcome::of, f)
    }

    /// The same, where `classify` says what a result is.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); whatever it is taken for, an `Err` comes back as an `Err`.
    ///
    /// # Panics
    ///
    /// If `f` or `classify` does: that is recorded as a failure, and goes on.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, Outcome};
    /// use std::io::{Error, ErrorKind};
    ///
    /// let breaker = CircuitBreaker::new();
    /// let classify = |read: &Result<String, Error>| match read {
    ///     Err(error) if error.kind() == ErrorKind::NotFound => Outcome::Success, // the disk works
    ///     Err(_) => Outcome::Failure,
    ///     Ok(_) => Outcome::Success,
    /// };
    /// breaker.call_with(classify, || std::fs::read_to_string("no such file")).unwrap_err();
    /// assert_eq!(breaker.snapshot().consecutive_failures, 0);
    /// ```
    #[inline]
    pub fn call_with<T, E>(
        &self,
        classify: impl FnOnce(&Result<T, E>) -> Outcome,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        let mut permit = self.try_acquire_ref()?;
        let (result, outcome) = permit.watch(|| {
            let result = f();
            let outcome = classify(&result);
            (result, outcome)
        });
        permit.record(outcome);
        result.map_err(CallError::Inner)
    }

    /// The future of a call, which is admitted when it is first polled. It holds the breaker, and is `Send` if `f` and what `f`
    /// returns are.
    ///
    /// Dropped before it is ready, it abandons the call, which counts as the [`AbandonedPolicy`](super::AbandonedPolicy) says: by
    /// default not at all, as nothing tells a call that hangs from a caller who has left. So a time-out belongs inside the call,
    /// where it is a failure. One around it, `timeout(limit, breaker.call_async(..))`, gives up call after call that hangs, and
    /// the breaker stays closed.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, State};
    /// use std::time::Duration;
    /// use tokio::time::timeout;
    ///
    /// async fn ask() -> u32 {
    ///     std::future::pending().await // the server hangs
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let breaker = CircuitBreaker::new();
    /// while breaker.state() == State::Closed {
    ///     let call = breaker.call_async(|| timeout(Duration::from_millis(10), ask()));
    ///     let _gave_up: Result<u32, _> = call.await;
    /// }
    /// # });
    /// ```
    ///
    /// Where the time-out must be outside, let [`abandoned`](super::BreakerBuilder::abandoned) calls be failures, or those that
    /// took longer than [`slow_calls`](super::BreakerBuilder::slow_calls).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// When polled, if `f` or its future does: that is recorded as a failure before `poll` is left, and goes on.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::new();
    /// let call = breaker.call_async(|| async { "42".parse::<u32>() });
    /// assert_eq!(pollster::block_on(call).unwrap(), 42);
    /// ```
    pub fn call_async<T, E, Fut, F>(&self, f: F) -> impl Future<Output = Result<T, CallError<E>>> + use<T, E, Fut, F>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.call_async_with(Outcome::of, f)
    }

    /// The same, where `classify` says what a result is.
    ///
    /// # Errors
    ///
    /// As [`call_with`](Self::call_with).
    ///
    /// # Panics
    ///
    /// When polled, if `f`, its future or `classify` does: that is recorded as a failure before `poll` is left, and goes on.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, Outcome};
    ///
    /// let breaker = CircuitBreaker::new();
    /// let call = breaker.call_async_with(|_| Outcome::Ignored, || async { Err::<(), _>("the request was wrong") });
    /// pollster::block_on(call).unwrap_err();
    /// assert_eq!(breaker.snapshot().consecutive_failures, 0);
    /// ```
    pub fn call_async_with<T, E, Fut, F, C>(
        &self,
        classify: C,
        f: F,
    ) -> impl Future<Output = Result<T, CallError<E>>> + use<T, E, Fut, F, C>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        C: FnOnce(&Result<T, E>) -> Outcome,
    {
        let breaker = self.clone();
        async move {
            let ticket = breaker.0.admit()?;
            let mut permit = Permit::new(breaker, ticket);
            let mut call = pin!(permit.watch(f));
            let result = poll_fn(|context| permit.watch(|| call.as_mut().poll(context))).await;
            let outcome = permit.watch(|| classify(&result));
            permit.record(outcome);
            result.map_err(CallError::Inner)
        }
    }

    /// Asks to make a call whose end is reported later, or elsewhere: see [`Permit`].
    ///
    /// A permit costs the breaker's reference count, two writes to memory that all its users share: see
    /// [`try_acquire_ref`](Self::try_acquire_ref).
    ///
    /// # Errors
    ///
    /// [`Rejected`], with how long to wait.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::new();
    /// let permit = breaker.try_acquire().unwrap();
    /// let answer = "42".parse::<u32>();
    /// match answer {
    ///     Ok(_) => permit.success(),
    ///     Err(_) => permit.failure(),
    /// };
    /// ```
    pub fn try_acquire(&self) -> Result<Permit, Rejected> {
        let ticket = self.0.admit()?;
        Ok(Permit::new(self.clone(), ticket))
    }

    /// The same by a permit that borrows the breaker, for a call that ends before this does: it costs no more than
    /// [`call`](Self::call).
    ///
    /// # Errors
    ///
    /// [`Rejected`], with how long to wait.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    ///
    /// fn answer(breaker: &CircuitBreaker) -> Result<u32, Box<dyn std::error::Error>> {
    ///     let permit = breaker.try_acquire_ref()?;
    ///     Ok(permit.run(|| "42".parse())?)
    /// }
    /// assert_eq!(answer(&CircuitBreaker::new()).unwrap(), 42);
    /// ```
    #[inline]
    pub fn try_acquire_ref(&self) -> Result<Permit<&Self>, Rejected> {
        let ticket = self.0.admit()?;
        Ok(Permit::new(self, ticket))
    }

    /// Whether a call would be admitted now. Takes no place and counts nothing: another call may be faster.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// assert!(breaker.is_call_permitted());
    /// breaker.force_open();
    /// assert!(!breaker.is_call_permitted());
    /// ```
    #[must_use]
    pub fn is_call_permitted(&self) -> bool {
        self.0.is_call_permitted()
    }

    /// The state, as if all that is due had happened. An open breaker whose wait is over is open until it admits a probe.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, ManualClock, State};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let breaker = CircuitBreaker::builder().clock(clock.clone()).build().unwrap();
    /// breaker.open_for(Duration::from_secs(1));
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(breaker.state(), State::Open);
    /// let probe = breaker.try_acquire().unwrap();
    /// assert_eq!(breaker.state(), State::HalfOpen);
    /// # drop(probe);
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        self.0.state()
    }

    /// What it has seen and how it stands. Looks at each bucket of a time window at most once, and holds up calls as long.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// breaker.force_open();
    /// breaker.try_acquire().unwrap_err();
    /// assert_eq!(breaker.snapshot().rejected, 1);
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }

    /// Rejects all calls from now on, however long.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// breaker.force_open();
    /// assert_eq!(breaker.try_acquire().unwrap_err().retry_after, None);
    /// ```
    pub fn force_open(&self) {
        self.0.command(Command::ForceOpen);
    }

    /// Opens for `wait`, after which a probe is admitted as usual. Not an attempt that makes later waits longer.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// breaker.open_for(Duration::from_secs(120)); // as the server's `Retry-After` said
    /// assert!(breaker.try_acquire().is_err());
    /// ```
    pub fn open_for(&self, wait: Duration) {
        self.0.command(Command::OpenFor(wait));
    }

    /// Admits all calls from now on and records nothing, as if there were no breaker.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// breaker.disable();
    /// for _ in 0..100 {
    ///     breaker.call(|| Err::<(), _>("down")).ok();
    /// }
    /// assert!(breaker.is_call_permitted());
    /// ```
    pub fn disable(&self) {
        self.0.command(Command::Disable);
    }

    /// Admits all calls from now on and records them, so that one sees what the rules would have done.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// breaker.metrics_only();
    /// for _ in 0..100 {
    ///     breaker.call(|| Err::<(), _>("down")).ok();
    /// }
    /// assert_eq!(breaker.snapshot().consecutive_failures, 100);
    /// assert!(breaker.is_call_permitted());
    /// ```
    pub fn metrics_only(&self) {
        self.0.command(Command::MetricsOnly);
    }

    /// Closes it from whatever state, with empty windows. The totals of [`Snapshot`] stay. If the clock was ahead once, that is
    /// forgotten, as it is by any change by hand.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, State};
    ///
    /// let breaker = CircuitBreaker::new();
    /// breaker.force_open();
    /// breaker.reset();
    /// assert_eq!(breaker.state(), State::Closed);
    /// ```
    pub fn reset(&self) {
        self.0.command(Command::Reset);
    }

    /// Calls `listener` with each event from now on, until the [`Subscription`] is dropped.
    ///
    /// Events come in the order in which they happened, each once and one at a time. A call tells those that it causes before it
    /// returns, unless another thread is telling events just then: that one tells them too. So no call waits for a listener that
    /// runs on another thread. What a listener throws is contained.
    ///
    /// A listener may call any method of the breaker; what such a call causes is told when the listener has returned. The time
    /// that listeners take is part of no call's own: a call begins when its admission has been told.
    ///
    /// A thread that tells goes on as long as others cause events, and events that are not told yet are kept: listeners that
    /// take longer than the calls do hold one caller up, and take memory. So a listener should be short; one that answers every
    /// event with a call never comes to an end, as each call is an event. While anybody listens, each call takes the breaker's
    /// lock.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, Event};
    ///
    /// let breaker = CircuitBreaker::new();
    /// let subscription = breaker.subscribe(|event| {
    ///     if let Event::StateChanged { from, to, .. } = event {
    ///         eprintln!("billing: {from} -> {to}");
    ///     }
    /// });
    /// breaker.force_open();
    /// # drop(subscription);
    /// ```
    pub fn subscribe(&self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
        let id = self.0.subscribe(Arc::new(Contained::new(Box::new(listener))));
        Subscription { shared: Arc::downgrade(&self.0), id }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// A listener's place. Dropping it unsubscribes: what happens from then on is not told. It waits for nobody: an event that
/// is being told meanwhile may still reach the listener, even after the drop.
///
/// ```
/// use corepool::breaker::CircuitBreaker;
///
/// let breaker = CircuitBreaker::new();
/// let subscription = breaker.subscribe(|event| println!("{event:?}"));
/// breaker.force_open(); // is told
/// drop(subscription);
/// breaker.reset(); // is not
/// ```
#[must_use = "dropping a subscription unsubscribes"]
pub struct Subscription {
    shared: Weak<Shared>,
    id: u64,
}

impl Subscription {
    /// Listens for as long as the breaker lives.
    ///
    /// A listener that holds the breaker keeps it alive for ever then: let it hold what it needs instead.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::new();
    /// breaker.subscribe(|event| println!("{event:?}")).detach();
    /// breaker.force_open(); // is told
    /// ```
    pub fn detach(mut self) {
        self.shared = Weak::new();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.unsubscribe(self.id);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}
