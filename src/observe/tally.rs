//! Counting durations on one thread while others read.
//!
//! The counts are those of a `histogram::Histogram`, written without a lock and without a read-modify-write, which would each
//! cost as much as all the rest. So its way to number buckets, which it does not tell, is here once more.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64 as StdAtomicU64;

use crate::base::sync::Ordering;
use crate::observe::times::{BUCKETS, GROUPING, LONGEST, Times};

/// Has one writer at a time, each of whom sees what the one before has written. Not the model's atomics: a tally takes part
/// in no protocol.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Nothing was counted yet: most tallies are never used.
    counts: OnceLock<Box<[StdAtomicU64; BUCKETS]>>,
    total: StdAtomicU64,
}

impl Tally {
    #[inline]
    pub(super) fn record(&self, nanos: u64) {
        let counts = self.counts.get_or_init(|| Box::new([const { StdAtomicU64::new(0) }; BUCKETS]));
        bump(&counts[bucket_of(nanos)], 1);
        bump(&self.total, nanos);
    }

    /// What was counted, and perhaps half of what is being counted.
    pub(super) fn read(&self) -> Times {
        match self.counts.get() {
            None => Times::default(),
            Some(counts) => Times::new(counts.iter().map(read).collect(), read(&self.total)),
        }
    }
}

/// Below twice the divisions of a power of two each value has its own bucket; above, each power of two has that many.
#[inline]
fn bucket_of(nanos: u64) -> usize {
    let nanos = nanos.min((1 << LONGEST) - 1);
    let grouping = u32::from(GROUPING);
    let dropped = u64::BITS.saturating_sub(nanos.leading_zeros() + grouping + 1);
    ((u64::from(dropped) << grouping) + (nanos >> dropped)) as usize
}

#[inline]
pub(super) fn bump(counter: &StdAtomicU64, by: u64) {
    // ORDERING: Relaxed, and no read-modify-write: there is one writer. The handle's resolution, which follows, releases
    // the count to whoever sees the job finished.
    counter.store(counter.load(Ordering::Relaxed).saturating_add(by), Ordering::Relaxed);
}

pub(super) fn read(counter: &StdAtomicU64) -> u64 {
    // ORDERING: Relaxed, see `bump`: a reader that must see a job counted has acquired its resolution before.
    counter.load(Ordering::Relaxed)
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_numbered_as_the_histogram_does() {
        let edges =
            (0..64).flat_map(|power| [(1_u64 << power) - 1, 1 << power, (1 << power) + 1, 3 << (power.max(1) - 1)]);
        for nanos in edges.chain([u64::MAX]) {
            let tally = Tally::default();
            tally.record(nanos);
            let mut times = Times::default();
            times.record(nanos);
            assert_eq!(tally.read(), times, "{nanos}");
        }
    }
}
