//! What a closed breaker is judged by: the last so many calls, or those of the last so long, and the rates among them.

use std::mem;
use std::time::Duration;

use super::rules::{RateRule, Rules, Window};
use super::tally::{Entry, Pace, Tally};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// The windows that a closed breaker is judged by.
#[derive(Clone, Debug)]
pub(super) struct Windows(Vec<RateWindow>);

/// One rate and the calls it is about.
#[derive(Clone, Debug)]
struct RateWindow {
    rule: RateRule,
    calls: Calls,
}

impl Windows {
    pub(super) fn new(rules: &Rules) -> Self {
        let window = |rule: &RateRule| RateWindow { rule: *rule, calls: Calls::new(rule.window) };
        Self(rules.rates.iter().map(window).collect())
    }

    /// Adds a call to each window; returns whether one of the rates is reached.
    #[inline]
    pub(super) fn add(&mut self, entry: Entry, now: Duration, rules: &Rules) -> bool {
        let share = rules.abandoned_share();
        self.0.iter_mut().fold(false, |is_over, window| is_over | window.add(entry, now, share))
    }

    /// Adds a fast success, if nothing else is in any window: then no rate is above zero.
    #[inline]
    pub(super) fn add_good_call(&mut self, now: Duration) -> bool {
        let are_good = self.0.iter().all(|window| window.calls.are_good());
        if are_good {
            for window in &mut self.0 {
                window.calls.add(Entry::Success(Pace::Fast), now);
            }
        }
        are_good
    }

    pub(super) fn clear(&mut self) {
        for window in &mut self.0 {
            window.calls.clear();
        }
    }

    /// Whether one call more may be what a rate waits for. The windows must be timeless.
    pub(super) fn next_call_makes_a_rate(&self) -> bool {
        self.0.iter().any(|window| {
            let sum = window.calls.sum(Duration::ZERO);
            sum.abandoned > 0 || sum.calls + 1 == u64::from(window.rule.minimum)
        })
    }

    /// What is in the first window.
    pub(super) fn first(&self, now: Duration) -> Option<Tally> {
        self.0.first().map(|window| window.calls.sum(now))
    }
}

impl RateWindow {
    #[inline]
    fn add(&mut self, entry: Entry, now: Duration, abandoned_share: Option<f64>) -> bool {
        let tally = self.calls.add(entry, now);
        match abandoned_share {
            // Where it lies: copying what was written just now would wait for it.
            None => self.rule.is_reached_by(tally, self.rule.minimum),
            share => {
                let tally = tally.judged(share);
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

    /// Adds a call; returns what is in the window then. `now` is never before that of an earlier call.
    #[inline]
    fn add(&mut self, entry: Entry, now: Duration) -> &Tally {
        match self {
            Self::Last(calls) => calls.add(entry),
            Self::Recent(calls) => calls.add(entry, now),
        }
    }

    /// Whether it holds nothing but fast successes, those included that are too old.
    #[inline]
    fn are_good(&self) -> bool {
        let (Self::Last(LastCalls { sum, .. }) | Self::Recent(RecentCalls { sum, .. })) = self;
        *sum == Tally { calls: sum.calls, ..Tally::default() }
    }

    /// What is in the window at a time that is not before that of the last `add`.
    fn sum(&self, now: Duration) -> Tally {
        match self {
            Self::Last(calls) => calls.sum,
            Self::Recent(calls) => calls.sum_at(now),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Last(calls) => calls.clear(),
            Self::Recent(calls) => calls.clear(),
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
