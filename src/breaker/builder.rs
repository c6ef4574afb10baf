//! How a breaker is made: the rules, each with a default, and what is wrong with them.

use std::fmt;
use std::time::Duration;

use super::backoff::Backoff;
use super::clock::{Clock, MonotonicClock, TimeSource};
use super::rules::{
    AbandonedPolicy, DEFAULT_WAIT, Expired, FailurePolicy, HalfOpenPolicy, Rules, check_share, check_time,
};
use super::state::BreakerConfigError;
use super::window::RateRule;

const DEFAULT_FAILURES: u32 = 5;

/// The rules for a breaker, each with a default.
///
/// ```
/// use corepool::breaker::{Backoff, CircuitBreaker, FailurePolicy, Window};
/// use std::time::Duration;
///
/// let window = Window::Time { span: Duration::from_secs(60), buckets: 60 };
/// let breaker = CircuitBreaker::builder()
///     .failure_policy(FailurePolicy::Rate { threshold: 0.5, window, minimum_calls: 20 })
///     .slow_calls(Duration::from_secs(2), 0.8)
///     .open_backoff(Backoff::exponential(Duration::from_secs(5), 2.0).cap(Duration::from_secs(300)).random_jitter(0.2))
///     .half_open(3, 3)
///     .half_open_max_wait(Duration::from_secs(10), corepool::breaker::Expired::Reopen)
///     .build()
///     .unwrap();
/// # drop(breaker);
/// ```
#[must_use = "a builder does nothing until `build()`"]
pub struct BreakerBuilder {
    failure_policy: FailurePolicy,
    slow_calls: Option<(Duration, f64)>,
    open_wait: Duration,
    open_backoff: Option<Backoff>,
    permits: u32,
    successes: u32,
    half_open_policy: HalfOpenPolicy,
    max_wait: Option<Duration>,
    expired: Expired,
    abandoned: Option<AbandonedPolicy>,
    clock: TimeSource,
}

impl BreakerBuilder {
    pub(super) fn new() -> Self {
        Self {
            failure_policy: FailurePolicy::Consecutive(DEFAULT_FAILURES),
            slow_calls: None,
            open_wait: DEFAULT_WAIT,
            open_backoff: None,
            permits: 1,
            successes: 1,
            half_open_policy: HalfOpenPolicy::default(),
            max_wait: None,
            expired: Expired::default(),
            abandoned: None,
            clock: TimeSource::System(MonotonicClock::new()),
        }
    }

    /// When failures open it. Default: `Consecutive(5)`.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, FailurePolicy};
    ///
    /// let breaker = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(3)).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.failure_policy = policy;
        self
    }

    /// A call that takes strictly longer is slow, and it opens when slow calls reach this share, in (0, 1], of the rate window.
    /// Default: no call is slow. Without a rate in the failure policy it is the last 100 calls, once all are in.
    ///
    /// A call counts as slow as soon as it has taken longer, not when it returns, and once only: calls that hang are seen when
    /// others come, or somebody asks for the state. What it returns is counted in its place then, a failure as a failure. Probes
    /// are slow when they return; until then their lease bounds them. A call's time is that from its admission until its outcome
    /// is reported, what a classifier takes included; see [`Permit::pause`] for calls that wait in a queue first.
    ///
    /// Every call is timed then: the clock is read and the breaker's lock taken before and after it.
    ///
    /// [`Permit::pause`]: super::Permit::pause
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::builder().slow_calls(Duration::from_millis(500), 0.5).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn slow_calls(mut self, longer_than: Duration, rate: f64) -> Self {
        self.slow_calls = Some((longer_than, rate));
        self
    }

    /// How long it stays open before it admits a probe. Default: 30 s. Zero is allowed: the next call is a probe.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::builder().open_wait(Duration::from_secs(5)).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn open_wait(mut self, wait: Duration) -> Self {
        self.open_wait = wait;
        self
    }

    /// Waits that grow from attempt to attempt, instead of `open_wait`, which then only stands in for a function that panics.
    ///
    /// ```
    /// use corepool::breaker::{Backoff, CircuitBreaker};
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1), 2.0).cap(Duration::from_secs(60));
    /// let breaker = CircuitBreaker::builder().open_backoff(backoff).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn open_backoff(mut self, backoff: Backoff) -> Self {
        self.open_backoff = Some(backoff);
        self
    }

    /// How many calls a half-open breaker admits in all, and how many of them must succeed for it to close. Default: 1 and 1.
    ///
    /// ```
    /// let breaker = corepool::breaker::CircuitBreaker::builder().half_open(5, 3).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn half_open(mut self, permits: u32, successes: u32) -> Self {
        (self.permits, self.successes) = (permits, successes);
        self
    }

    /// What probes must show. Default: `Consecutive`. `Rate` needs a rate in the failure policy.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, FailurePolicy, HalfOpenPolicy, Window};
    ///
    /// let rate = FailurePolicy::Rate { threshold: 0.5, window: Window::Count(100), minimum_calls: 20 };
    /// let builder = CircuitBreaker::builder().failure_policy(rate).half_open(10, 1);
    /// let breaker = builder.half_open_policy(HalfOpenPolicy::Rate).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn half_open_policy(mut self, policy: HalfOpenPolicy) -> Self {
        self.half_open_policy = policy;
        self
    }

    /// The lease: how long a probe may be out, and what happens when one has been out for longer. Default: as long as the open
    /// wait before it, but at least 30 s, and `Reopen`.
    ///
    /// Make it longer than a call may take: what a probe brings after it is late. While no probe is out, no lease runs: a
    /// half-open breaker waits for the next call.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, Expired};
    /// use std::time::Duration;
    ///
    /// let builder = CircuitBreaker::builder().open_wait(Duration::from_millis(100));
    /// let breaker = builder.half_open_max_wait(Duration::from_secs(5), Expired::Reopen).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn half_open_max_wait(mut self, wait: Duration, then: Expired) -> Self {
        (self.max_wait, self.expired) = (Some(wait), then);
        self
    }

    /// What permits count as that are dropped without a result. Default: `FailureIfSlow` where `slow_calls` is configured, else
    /// `Ignore`.
    ///
    /// ```
    /// use corepool::breaker::{AbandonedPolicy, CircuitBreaker};
    ///
    /// let breaker = CircuitBreaker::builder().abandoned(AbandonedPolicy::Failure).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn abandoned(mut self, policy: AbandonedPolicy) -> Self {
        self.abandoned = Some(policy);
        self
    }

    /// Where it has the time from. Default: [`MonotonicClock`].
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let breaker = CircuitBreaker::builder().clock(clock.clone()).build().unwrap();
    /// # drop(breaker);
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = TimeSource::custom(clock);
        self
    }

    /// What [`build`](Self::build) makes a breaker of.
    pub(super) fn check(self) -> Result<(Rules, TimeSource), BreakerConfigError> {
        Ok((self.rules()?, self.clock))
    }

    fn rules(&self) -> Result<Rules, BreakerConfigError> {
        let mut rules = Rules {
            consecutive: None,
            rates: Vec::new(),
            slow: self.slow_calls.map(|(longer_than, _)| longer_than),
            backoff: self.open_backoff.clone().unwrap_or_else(|| Backoff::exponential(self.open_wait, 1.0)).seeded(),
            fallback_wait: self.open_wait,
            permits: self.permits,
            successes: self.successes,
            half_open: self.half_open_policy,
            lease: self.max_wait,
            expired: self.expired,
            abandoned: self.abandoned.unwrap_or(match self.slow_calls {
                Some(_) => AbandonedPolicy::FailureIfSlow,
                None => AbandonedPolicy::Ignore,
            }),
        };
        self.failure_policy.write(&mut rules)?;
        self.check_the_rest(&rules)?;
        if let Some((_, rate)) = self.slow_calls {
            check_share("slow_calls", "rate", rate)?;
            if rules.rates.is_empty() {
                rules.rates.push(RateRule::SLOW_ONLY);
            }
            rules.rates[0].slow = Some(rate);
        }
        Ok(rules)
    }

    /// All but the failure policy and the rate of slow calls.
    fn check_the_rest(&self, rules: &Rules) -> Result<(), BreakerConfigError> {
        rules.backoff.check()?;
        match (self.permits, self.successes) {
            (0, _) => return Err(BreakerConfigError::ZeroCount { field: "half_open", part: "permits" }),
            (_, 0) => return Err(BreakerConfigError::ZeroCount { field: "half_open", part: "successes" }),
            (permits, successes) if successes > permits => {
                return Err(BreakerConfigError::MoreSuccessesThanPermits { permits, successes });
            }
            _ => {}
        }
        if self.half_open_policy == HalfOpenPolicy::Rate && rules.rates.is_empty() {
            return Err(BreakerConfigError::NeedsRate { field: "half_open_policy" });
        }
        if let Some(wait) = self.max_wait {
            check_time("half_open_max_wait", "wait", wait, Duration::from_nanos(1))?;
        }
        match rules.abandoned {
            AbandonedPolicy::Rate(_) if rules.rates.is_empty() => {
                Err(BreakerConfigError::NeedsRate { field: "abandoned" })
            }
            AbandonedPolicy::Rate(share) => check_share("abandoned", "rate", share),
            AbandonedPolicy::FailureIfSlow if self.slow_calls.is_none() => Err(BreakerConfigError::NeedsSlowCalls),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for BreakerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerBuilder")
            .field("failure_policy", &self.failure_policy)
            .field("slow_calls", &self.slow_calls)
            .field("open_wait", &self.open_wait)
            .field("open_backoff", &self.open_backoff)
            .field("permits", &self.permits)
            .field("successes", &self.successes)
            .field("half_open_policy", &self.half_open_policy)
            .field("max_wait", &self.max_wait)
            .field("expired", &self.expired)
            .field("abandoned", &self.abandoned)
            .finish_non_exhaustive()
    }
}
