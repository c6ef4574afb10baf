//! A histogram of durations.
//!
//! The crate `histogram` keeps the counts: buckets that grow with what they hold and whose bounds are the same for all, so
//! that readings can be added up and subtracted; one array, and a nanosecond or so for each count. `hdrhistogram` would do
//! the same, with a resizable range that nothing here needs and no subtraction that fails instead of panicking.

use std::fmt;
use std::time::Duration;

use histogram::{Config, Histogram};

/// Sub-buckets for each power of two, as a power of two: none is wider than an eighth of what it holds.
pub(super) const GROUPING: u8 = 3;
/// Longer durations are counted as this long: 2^46 ns, some 19 hours.
pub(super) const LONGEST: u8 = 46;
/// How many there are.
pub(super) const BUCKETS: usize = CONFIG.total_buckets();

const CONFIG: Config = match Config::new(GROUPING, LONGEST) {
    Ok(config) => config,
    Err(_) => unreachable!(),
};
/// The first bound that [`Times::buckets`] tells, as a power of two: 256 ns.
const FIRST_BOUND: u8 = 8;

/// How long something took, each time it happened: a histogram of durations.
///
/// Its buckets are log-scaled, eight for each power of two, and its counts only ever grow. So an earlier reading can be
/// subtracted from a later one: see [`Timings`](crate::Timings).
///
/// ```
/// use std::time::Duration;
///
/// let pool = corepool::Pool::builder().timings(true).build().unwrap();
/// pool.run(|| std::thread::sleep(Duration::from_millis(2))).unwrap();
/// let ran = pool.timings().unwrap().normal.ran;
/// assert_eq!(ran.count(), 1);
/// assert!(ran.quantile(0.5) >= Some(Duration::from_millis(2)));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// Nothing was counted yet: there may be many of these, and few in use.
    counts: Option<Histogram>,
    total: u64,
}

/// One step of [`Times::buckets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimesBucket {
    /// The upper bound, exclusive.
    pub below: Duration,
    /// How many durations were below it, those of all lower buckets included.
    pub count: u64,
}

impl Times {
    /// As counted elsewhere, with the total in nanoseconds.
    pub(super) fn new(counts: Vec<u64>, total: u64) -> Self {
        // It fails for another number of buckets.
        Self { counts: Histogram::from_buckets(GROUPING, LONGEST, counts).ok(), total }
    }

    /// Counts one of so many nanoseconds.
    #[cfg(test)]
    pub(super) fn record(&mut self, nanos: u64) {
        let counts = self.counts.get_or_insert_with(empty);
        // It fails for what is larger than the largest.
        let _ = counts.increment(nanos.min((1 << LONGEST) - 1));
        self.total = self.total.saturating_add(nanos);
    }

    /// How many durations were counted.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// assert_eq!(pool.timings().unwrap().all().waited.count(), 1);
    /// ```
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// All durations added up, exactly.
    ///
    /// ```
    /// assert_eq!(corepool::Times::default().total(), std::time::Duration::ZERO);
    /// ```
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.total)
    }

    /// The arithmetic mean; `None` if nothing was counted.
    ///
    /// ```
    /// assert_eq!(corepool::Times::default().mean(), None);
    /// ```
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.total.checked_div(self.count()).map(Duration::from_nanos)
    }

    /// A duration that the fraction `q` of all was at most, 0.5 for the median: at most an eighth more than the smallest
    /// such. `None` if nothing was counted. A `q` outside of 0 to 1 is taken as the nearer of the two, NaN as 0.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// let waited = pool.timings().unwrap().all().waited;
    /// println!("half of the jobs waited for at most {:?}, all but one in 100 for {:?}",
    ///     waited.quantile(0.5).unwrap(), waited.quantile(0.99).unwrap());
    /// ```
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let q = if q.is_nan() { 0.0 } else { q.clamp(0.0, 1.0) };
        let bucket = self.counts.as_ref()?.quantile_bucket(q).ok()??;
        Some(Duration::from_nanos(bucket.end()))
    }

    /// The counts as a scraper wants them: cumulative, below bounds that are the same for every `Times`, the powers of two
    /// from 256 ns to 19 hours. The last counts all.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// let ran = pool.timings().unwrap().all().ran;
    /// let quick = ran.buckets().find(|bucket| bucket.below > Duration::from_secs(1)).unwrap();
    /// assert_eq!(quick.count, 1);
    /// ```
    pub fn buckets(&self) -> impl Iterator<Item = TimesBucket> + '_ {
        (FIRST_BOUND..=LONGEST).map(|power| {
            let below = 1_u64 << power;
            let lower = self.counts.iter().flat_map(Histogram::iter).take_while(|bucket| bucket.end() < below);
            TimesBucket { below: Duration::from_nanos(below), count: lower.map(|bucket| bucket.count()).sum() }
        })
    }

    /// What was counted, and how often: in seconds, the middle of each bucket, which is a sixteenth from the truth at most.
    #[cfg(feature = "metrics")]
    pub(crate) fn middles(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let counted = self.counts.iter().flat_map(Histogram::iter).filter(|bucket| bucket.count() > 0);
        counted.map(|bucket| ((bucket.start() as f64 + bucket.end() as f64) / 2.0 * 1e-9, bucket.count()))
    }

    fn counts(&self) -> &[u64] {
        self.counts.as_ref().map_or(&[], Histogram::as_slice)
    }

    /// Adds what another has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        let Some(others) = &other.counts else { return };
        // It fails where the bounds differ, which they never do, or a count overflows.
        let _ = self.counts.get_or_insert_with(empty).checked_add_assign(others);
        self.total = self.total.saturating_add(other.total);
    }

    /// What was counted since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let counts = match (&self.counts, &earlier.counts) {
            // It fails where `earlier` is no earlier reading of the same.
            (Some(counts), Some(before)) => counts.checked_sub(before).ok(),
            (counts, _) => counts.clone(),
        };
        Self { counts, total: self.total.saturating_sub(earlier.total) }
    }
}

fn empty() -> Histogram {
    Histogram::with_config(&CONFIG)
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times")
            .field("count", &self.count())
            .field("total", &self.total())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .finish()
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_below_exact_bounds() {
        let mut times = Times::default();
        [255, 256, 511, 512, u64::MAX].into_iter().for_each(|nanos| times.record(nanos));
        let counts: Vec<_> = times.buckets().map(|bucket| (bucket.below.as_nanos(), bucket.count)).collect();
        assert_eq!(counts[..3], [(256, 1), (512, 3), (1024, 4)]);
        assert_eq!(counts.last(), Some(&(1 << LONGEST, 5)));
    }

    #[cfg(feature = "metrics")]
    #[test]
    fn the_middle_of_a_bucket_is_a_sixteenth_from_the_truth_at_most() {
        for nanos in [0, 1, 7, 15, 16, 17, 100, 127, 128, 12_345, 999_999_999, 86_400_000_000, (1 << LONGEST) - 1] {
            let mut times = Times::default();
            times.record(nanos);
            let told: Vec<_> = times.middles().collect();
            let [(seconds, 1)] = told[..] else { panic!("{nanos} is told as {told:?}") };
            let (nanos, told) = (nanos as f64, seconds * 1e9);
            assert!((told - nanos).abs() <= nanos / 16.0 + 1e-6, "{nanos} is told as {told}");
        }
    }

    #[test]
    fn a_quantile_is_at_most_an_eighth_too_large() {
        for nanos in [1, 7, 100, 12_345, 999_999_999, 86_400_000_000] {
            let mut times = Times::default();
            times.record(nanos);
            let told = times.quantile(0.5).expect("one was counted").as_nanos() as u64;
            assert!((nanos..=nanos + nanos / 8).contains(&told), "{nanos} is told as {told}");
        }
    }
}
