//! The calls that a breaker is judged by: counted by how they ended, the last so many or those of the last so long, and the rates
//! among them.

use std::mem;
use std::time::Duration;

use super::clock::Now;
use super::state::{Outcome, WindowCounts};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Which calls a rate is about.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, FailurePolicy, Window};
/// use std::time::Duration;
///
/// let window = Window::Time { span: Duration::from_secs(10), buckets: 10 };
/// let policy = FailurePolicy::Rate { threshold: 0.5, window, minimum_calls: 20 };
/// let breaker = CircuitBreaker::builder().failure_policy(policy).build().unwrap();
/// # drop(breaker);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// The last so many calls: two to four bytes each, taken as calls come.
    Count(u32),
    /// The calls of the last `span`, kept in `buckets` that are aligned to the clock's origin: a call is forgotten with its
    /// whole bucket, so the calls of between `span - span / buckets` and `span` are looked at. 32 bytes a bucket.
    Time {
        /// How far back. At least a nanosecond a bucket.
        span: Duration,
        /// Into how many parts it is cut: more are more exact.
        buckets: u16,
    },
}

/// When a window's calls open the breaker.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateRule {
    pub(super) window: Window,
    pub(super) minimum: u32,
    pub(super) failures: Option<f64>,
    pub(super) slow: Option<f64>,
}

impl RateRule {
    /// Slow calls where no rate is configured: the window and the minimum that resilience4j takes by default.
    pub(super) const SLOW_ONLY: Self = Self { window: Window::Count(100), minimum: 100, failures: None, slow: None };

    /// So many calls make a rate. A count window that abandoned calls share with others cannot hold more.
    #[inline]
    pub(super) fn needed_in(&self, tally: &Tally) -> u32 {
        match self.window {
            Window::Count(size) => {
                self.minimum.min(size.saturating_sub(u32::try_from(tally.abandoned).unwrap_or(size)))
            }
            Window::Time { .. } => self.minimum,
        }
    }

    #[inline]
    pub(super) fn is_reached_by(&self, tally: &Tally, minimum: u32) -> bool {
        tally.calls >= u64::from(minimum)
            && (self.failures.is_some_and(|limit| tally.failures_reach(limit))
                || self.slow.is_some_and(|limit| tally.slow_reach(limit)))
    }
}

/// How a call came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Reported(Outcome),
    /// Its permit was dropped without a word.
    Abandoned,
}

impl Ending {
    /// Neither a success nor without meaning.
    #[inline]
    pub(super) fn may_count_against(self) -> bool {
        matches!(self, Self::Abandoned | Self::Reported(Outcome::Failure))
    }
}

/// A call as a window remembers it. An ignored one leaves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Success(Pace),
    Failure(Pace),
    /// Abandoned, where the policy looks at the share of such calls.
    Abandoned,
}

/// Whether a call took longer than `slow_calls` allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Fast,
    Slow,
}

impl Entry {
    #[inline]
    fn tally(self) -> Tally {
        match self {
            Self::Success(pace) => Tally { calls: 1, slow: u64::from(pace == Pace::Slow), ..Tally::default() },
            Self::Failure(pace) => Tally { failures: 1, ..Self::Success(pace).tally() },
            Self::Abandoned => Tally { abandoned: 1, ..Tally::default() },
        }
    }
}

/// Calls counted by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Calls with a result.
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
    /// Beside `calls`.
    pub(super) abandoned: u64,
}

impl Tally {
    /// Fast ones.
    fn of_successes(calls: u64) -> Self {
        Self { calls, ..Self::default() }
    }

    #[inline]
    pub(super) fn add(&mut self, entry: Entry) {
        *self = self.plus(&entry.tally());
    }

    /// Takes back what was added.
    fn forget(&mut self, entry: Entry) {
        self.subtract(&entry.tally());
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            failures: self.failures + other.failures,
            slow: self.slow + other.slow,
            abandoned: self.abandoned + other.abandoned,
        }
    }

    fn subtract(&mut self, other: &Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
        self.abandoned -= other.abandoned;
    }

    /// With the abandoned calls as failures, if they are at least this share of all calls.
    #[inline]
    pub(super) fn judged(self, abandoned_share: Option<f64>) -> Self {
        let all = self.calls + self.abandoned;
        match abandoned_share {
            Some(limit) if self.abandoned > 0 && share(self.abandoned, all) >= limit => {
                Self { calls: all, failures: self.failures + self.abandoned, abandoned: 0, ..self }
            }
            _ => self,
        }
    }

    #[inline]
    pub(super) fn failures_reach(&self, limit: f64) -> bool {
        self.failures > 0 && share(self.failures, self.calls) >= limit
    }

    #[inline]
    pub(super) fn slow_reach(&self, limit: f64) -> bool {
        self.slow > 0 && share(self.slow, self.calls) >= limit
    }

    /// `None` until enough calls are in.
    pub(super) fn failure_rate(&self, minimum: u32) -> Option<f64> {
        (self.calls >= u64::from(minimum)).then(|| share(self.failures, self.calls))
    }

    /// `None` until enough calls are in.
    pub(super) fn slow_rate(&self, minimum: u32) -> Option<f64> {
        (self.calls >= u64::from(minimum)).then(|| share(self.slow, self.calls))
    }

    pub(super) fn counts(&self) -> WindowCounts {
        let clamp = |n| u32::try_from(n).unwrap_or(u32::MAX);
        WindowCounts { calls: clamp(self.calls), failures: clamp(self.failures), slow: clamp(self.slow) }
    }
}

/// A division, not a product with the threshold: it rounds as a literal does, so one call in ten is 0.1 exactly.
fn share(part: u64, of: u64) -> f64 {
    part as f64 / of as f64
}

/// The windows that a closed breaker is judged by.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    windows: Vec<RateWindow>,
    /// Calls added since they were cleared.
    added: u64,
}

/// One rate and the calls it is about.
#[derive(Clone, Debug)]
struct RateWindow {
    rule: RateRule,
    calls: Calls,
}

/// Where a call stands in all windows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// So many were added before it.
    nth: u64,
    at: Duration,
}

impl Windows {
    pub(super) fn new(rules: &[RateRule]) -> Self {
        let window = |rule: &RateRule| RateWindow { rule: *rule, calls: Calls::new(rule.window) };
        Self { windows: rules.iter().map(window).collect(), added: 0 }
    }

    /// Adds a call to each window; returns whether one of the rates is reached.
    #[inline]
    pub(super) fn add(&mut self, entry: Entry, now: &mut Now, abandoned_share: Option<f64>) -> bool {
        self.added += 1;
        let mut is_over = false;
        for window in &mut self.windows {
            window.calls.add(entry, now);
            is_over |= window.is_over(abandoned_share);
        }
        is_over
    }

    /// Where the next call will stand that is added at this time.
    pub(super) fn next(&self, at: Duration) -> Mark {
        Mark { nth: self.added, at }
    }

    /// A call has come to its end that was added as a slow success; returns whether one of the rates is reached.
    pub(super) fn revise(&mut self, mark: Mark, entry: Entry, now: &mut Now, abandoned_share: Option<f64>) -> bool {
        let age = self.added - mark.nth;
        let mut is_over = false;
        for window in &mut self.windows {
            window.calls.revise(age, mark.at, matches!(entry, Entry::Failure(_)), now);
            is_over |= window.is_over(abandoned_share);
        }
        is_over
    }

    pub(super) fn clear(&mut self, now: &mut Now) {
        self.added = 0;
        for window in &mut self.windows {
            window.calls.clear(now);
        }
    }

    /// Whether a fast success more would leave them as they are: full of such already, whatever the time.
    pub(super) fn are_unmoved_by_success(&self) -> bool {
        self.windows.iter().all(|window| match &window.calls {
            Calls::Last(calls) => calls.is_full_of_successes(),
            Calls::Recent(_) => false,
        })
    }

    /// Until when fast successes can be counted at once, some time later: the windows of time hold nothing else, those of counts
    /// are full of them. `None` where there are none of time, too.
    pub(super) fn count_later_until(&self) -> Option<Duration> {
        let mut until = None;
        for window in &self.windows {
            match &window.calls {
                Calls::Recent(calls) if calls.sum == Tally::of_successes(calls.sum.calls) => {
                    until = Some(until.unwrap_or(Duration::MAX).min(calls.head_ends));
                }
                Calls::Last(calls) if calls.is_full_of_successes() => {}
                _ => return None,
            }
        }
        until
    }

    /// Adds fast successes that came before that time.
    pub(super) fn add_successes(&mut self, successes: u64) {
        for window in &mut self.windows {
            if let Calls::Recent(calls) = &mut window.calls {
                calls.ring[calls.place].calls += successes;
                calls.sum.calls += successes;
            }
        }
    }

    /// What is in the first window.
    pub(super) fn first(&self, now: Duration) -> Option<Tally> {
        self.windows.first().map(|window| window.calls.sum(now))
    }
}

impl RateWindow {
    /// Right after a call was added.
    #[inline]
    fn is_over(&self, abandoned_share: Option<f64>) -> bool {
        // Where it lies: copying what was written just now would wait for it.
        let (Calls::Last(LastCalls { sum, .. }) | Calls::Recent(RecentCalls { sum, .. })) = &self.calls;
        match abandoned_share {
            None => self.rule.is_reached_by(sum, self.rule.minimum),
            share => {
                let tally = sum.judged(share);
                self.rule.is_reached_by(&tally, self.rule.needed_in(&tally))
            }
        }
    }
}

/// A window with the calls in it.
#[derive(Clone, Debug)]
enum Calls {
    Last(LastCalls),
    Recent(RecentCalls),
}

impl Calls {
    fn new(window: Window) -> Self {
        match window {
            Window::Count(size) => Self::Last(LastCalls::new(size)),
            Window::Time { span, buckets } => Self::Recent(RecentCalls::new(span, buckets)),
        }
    }

    /// Adds a call. The time is never before that of an earlier one.
    #[inline]
    fn add(&mut self, entry: Entry, now: &mut Now) {
        match self {
            Self::Last(calls) => calls.add(entry),
            Self::Recent(calls) => calls.add(entry, now.get()),
        }
    }

    /// A slow success that was added so many calls ago, and when, may be a slow failure, if it is in the window still.
    fn revise(&mut self, age: u64, at: Duration, has_failed: bool, now: &mut Now) {
        match self {
            Self::Last(calls) if has_failed => calls.fail(age),
            Self::Last(_) => {}
            Self::Recent(calls) => calls.revise(at, has_failed, now.get()),
        }
    }

    /// What is in the window at a time that is not before that of the last `add`.
    fn sum(&self, now: Duration) -> Tally {
        match self {
            Self::Last(calls) => calls.sum,
            Self::Recent(calls) => calls.sum_at(now),
        }
    }

    fn clear(&mut self, now: &mut Now) {
        match self {
            Self::Last(calls) => calls.clear(),
            Self::Recent(calls) => calls.clear(now.get()),
        }
    }
}

/// A ring that grows with what comes in, up to `size`.
#[derive(Clone, Debug)]
struct LastCalls {
    size: usize,
    ring: Vec<Entry>,
    /// Where the next one goes; in a full ring the oldest is there.
    next: usize,
    /// What the ring adds up to.
    sum: Tally,
}

impl LastCalls {
    fn new(size: u32) -> Self {
        Self { size: size as usize, ring: Vec::new(), next: 0, sum: Tally::default() }
    }

    fn add(&mut self, entry: Entry) {
        match self.ring.get_mut(self.next) {
            Some(oldest) => self.sum.forget(mem::replace(oldest, entry)),
            None => self.ring.push(entry),
        }
        self.sum.add(entry);
        self.next += 1;
        if self.next == self.size {
            self.next = 0;
        }
    }

    fn fail(&mut self, age: u64) {
        if let Some(back) = usize::try_from(age).ok().filter(|age| *age <= self.ring.len()) {
            // Of a ring that is not full yet `next` is the length.
            let place = (self.next + self.ring.len() - back) % self.ring.len();
            let before = mem::replace(&mut self.ring[place], Entry::Failure(Pace::Slow));
            self.sum.forget(before);
            self.sum.add(Entry::Failure(Pace::Slow));
        }
    }

    fn is_full_of_successes(&self) -> bool {
        self.sum == Tally::of_successes(self.size as u64)
    }

    fn clear(&mut self) {
        self.ring.clear();
        self.next = 0;
        self.sum = Tally::default();
    }
}

/// A ring of buckets. Bucket `n` of time holds the calls from `n * span / buckets` on.
#[derive(Clone, Debug)]
struct RecentCalls {
    span: Duration,
    ring: Box<[Tally]>,
    /// The bucket of the last call. Those after it are empty.
    head: u128,
    /// Its place in the ring; the next place holds the oldest bucket.
    place: usize,
    /// When the next bucket begins: until then a call takes no division.
    head_ends: Duration,
    /// What the ring adds up to.
    sum: Tally,
}

impl RecentCalls {
    fn new(span: Duration, buckets: u16) -> Self {
        let ring = vec![Tally::default(); usize::from(buckets)].into_boxed_slice();
        let mut calls = Self { span, ring, head: 0, place: 0, head_ends: Duration::ZERO, sum: Tally::default() };
        calls.head_ends = calls.start_of(1);
        calls
    }

    #[inline]
    fn add(&mut self, entry: Entry, now: Duration) {
        if now >= self.head_ends {
            self.advance(now);
        }
        self.ring[self.place].add(entry);
        self.sum.add(entry);
    }

    fn revise(&mut self, at: Duration, has_failed: bool, now: Duration) {
        self.advance(now);
        let (buckets, age) = (self.ring.len(), self.head - self.bucket_at(at));
        if has_failed && age < buckets as u128 {
            let place = (self.place + buckets - age as usize) % buckets;
            self.ring[place].failures += 1;
            self.sum.failures += 1;
        }
    }

    fn advance(&mut self, now: Duration) {
        for place in self.outdated(now) {
            self.sum.subtract(&self.ring[place]);
            self.ring[place] = Tally::default();
            self.place = place;
        }
        self.head = self.bucket_at(now);
        self.head_ends = self.start_of(self.head + 1);
    }

    fn sum_at(&self, now: Duration) -> Tally {
        let mut sum = self.sum;
        if now >= self.head_ends {
            for place in self.outdated(now) {
                sum.subtract(&self.ring[place]);
            }
        }
        sum
    }

    /// Begins anew at any time, an earlier one too.
    fn clear(&mut self, now: Duration) {
        self.ring.fill(Tally::default());
        self.sum = Tally::default();
        self.head = self.bucket_at(now);
        self.head_ends = self.start_of(self.head + 1);
    }

    /// The places whose calls are too old at `now`, oldest first; the last of them is where those of `now` go.
    fn outdated(&self, now: Duration) -> impl Iterator<Item = usize> + use<> {
        let (buckets, place) = (self.ring.len(), self.place);
        let passed = (self.bucket_at(now) - self.head).min(buckets as u128) as usize;
        (1..=passed).map(move |step| (place + step) % buckets)
    }

    /// 94 bits of nanoseconds times 16 bits of buckets: this cannot overflow.
    fn bucket_at(&self, time: Duration) -> u128 {
        time.as_nanos() * self.ring.len() as u128 / self.span.as_nanos()
    }

    /// At most `Duration::MAX`.
    fn start_of(&self, bucket: u128) -> Duration {
        let nanos = (bucket * self.span.as_nanos()).div_ceil(self.ring.len() as u128);
        match u64::try_from(nanos / NANOS_PER_SECOND) {
            Ok(seconds) => Duration::new(seconds, (nanos % NANOS_PER_SECOND) as u32),
            Err(_) => Duration::MAX,
        }
    }
}
