//! Which calls a rate is about: the last so many, or those of the last so long.

use std::mem;
use std::time::Duration;

use super::tally::{Entry, Tally};

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

/// A window with the calls in it.
#[derive(Clone, Debug)]
pub(super) enum Calls {
    Last(LastCalls),
    Recent(RecentCalls),
}

impl Calls {
    pub(super) fn new(window: Window) -> Self {
        match window {
            Window::Count(size) => Self::Last(LastCalls::new(size)),
            Window::Time { span, buckets } => Self::Recent(RecentCalls::new(span, buckets)),
        }
    }

    /// Adds a call; returns what is in the window then. `now` is never before that of an earlier call.
    #[inline]
    pub(super) fn add(&mut self, entry: Entry, now: Duration) -> &Tally {
        match self {
            Self::Last(calls) => calls.add(entry),
            Self::Recent(calls) => calls.add(entry, now),
        }
    }

    /// Whether it holds nothing but fast successes, those included that are too old.
    #[inline]
    pub(super) fn are_good(&self) -> bool {
        let (Self::Last(LastCalls { sum, .. }) | Self::Recent(RecentCalls { sum, .. })) = self;
        *sum == Tally { calls: sum.calls, ..Tally::default() }
    }

    /// What is in the window at a time that is not before that of the last `add`.
    pub(super) fn sum(&self, now: Duration) -> Tally {
        match self {
            Self::Last(calls) => calls.sum,
            Self::Recent(calls) => calls.sum_at(now),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Last(calls) => calls.clear(),
            Self::Recent(calls) => calls.clear(),
        }
    }
}

/// A ring that grows with what comes in, up to `size`.
#[derive(Clone, Debug)]
pub(super) struct LastCalls {
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

    fn add(&mut self, entry: Entry) -> &Tally {
        match self.ring.get_mut(self.next) {
            Some(oldest) => self.sum.forget(mem::replace(oldest, entry)),
            None => self.ring.push(entry),
        }
        self.sum.add(entry);
        self.next += 1;
        if self.next == self.size {
            self.next = 0;
        }
        &self.sum
    }

    fn clear(&mut self) {
        self.ring.clear();
        self.next = 0;
        self.sum = Tally::default();
    }
}

/// A ring of buckets. Bucket `n` of time holds the calls from `n * span / buckets` on.
#[derive(Clone, Debug)]
pub(super) struct RecentCalls {
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
    fn add(&mut self, entry: Entry, now: Duration) -> &Tally {
        if now >= self.head_ends {
            self.advance(now);
        }
        self.ring[self.place].add(entry);
        self.sum.add(entry);
        &self.sum
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

    fn clear(&mut self) {
        self.ring.fill(Tally::default());
        self.sum = Tally::default();
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
