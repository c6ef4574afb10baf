//! How long a worker has been running jobs, in one word, so that who reads it never finds a job both over and running.

use std::sync::atomic::AtomicU64 as StdAtomicU64;

use crate::base::sync::Ordering;

/// The lowest bit says whether a job runs. The others are nanoseconds: what jobs took that have ended; less, while one runs,
/// the moment it began, so that the present moment has only to be added. Has one writer at a time.
#[derive(Debug, Default)]
pub(super) struct Busy(StdAtomicU64);

const RUNS: u64 = 1;

impl Busy {
    /// Moments are told in nanoseconds, from any one on.
    #[inline]
    pub(super) fn begin(&self, now: u64) {
        self.write((self.load() >> 1).wrapping_sub(now), RUNS);
    }

    #[inline]
    pub(super) fn end(&self, now: u64) {
        self.write((self.load() >> 1).wrapping_add(now), 0);
    }

    /// In nanoseconds, up to `now()` for a job that runs.
    pub(super) fn read(&self, now: impl Fn() -> u64) -> u64 {
        let mut word = self.load();
        loop {
            let since = if word & RUNS == 0 { 0 } else { now() };
            // Else the job may have been over by then.
            let again = self.load();
            if again == word {
                // Without the bit that the shift has lost.
                return (word >> 1).wrapping_add(since) & (u64::MAX >> 1);
            }
            word = again;
        }
    }

    fn load(&self) -> u64 {
        // ORDERING: Relaxed, as it is all there is to see.
        self.0.load(Ordering::Relaxed)
    }

    fn write(&self, nanos: u64, runs: u64) {
        // ORDERING: Relaxed, see `load`.
        self.0.store(nanos << 1 | runs, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_job_counts_while_it_runs_and_as_much_once_it_is_over() {
        let busy = Busy::default();
        assert_eq!(busy.read(|| unreachable!("none runs")), 0);
        busy.begin(100);
        assert_eq!((busy.read(|| 100), busy.read(|| 130)), (0, 30));
        busy.end(150);
        assert_eq!(busy.read(|| unreachable!("none runs")), 50);
        busy.begin(1 << 40);
        assert_eq!(busy.read(|| (1 << 40) + 5), 55);
    }
}
