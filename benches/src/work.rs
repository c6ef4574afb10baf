//! Work that keeps a processor busy, measured in rounds of a loop: by the clock a thread that waits for its turn would be
//! thought to work.

use std::hint::black_box;
use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::Peer;

const MICROSECOND: Duration = Duration::from_micros(1);

/// Keeps a processor busy for so many rounds. Never inlined: the same loop would be faster in one place than in another.
#[inline(never)]
#[must_use]
pub fn spin(rounds: u64) -> u64 {
    (0..rounds).fold(1, |x, round| black_box(x).wrapping_mul(0x2545_f491_4f6c_dd1d) ^ round)
}

/// How many rounds take a microsecond here: the fastest of many tries, as the others were disturbed.
#[must_use]
pub fn rounds_per_microsecond() -> u64 {
    const ROUNDS: u64 = 100_000;
    let time = |()| {
        let start = Instant::now();
        black_box(spin(ROUNDS));
        start.elapsed()
    };
    let fastest = [(); 200].map(time).into_iter().min().unwrap_or(MICROSECOND);
    (u128::from(ROUNDS) * MICROSECOND.as_nanos() / fastest.as_nanos().max(1)).max(1) as u64
}

/// Rounds of each job, in the order in which they are submitted.
#[derive(Clone)]
pub struct Jobs(pub Vec<u64>);

impl Jobs {
    /// As many of so many microseconds, of `unit` rounds each, as make up that time.
    #[must_use]
    pub fn of(microseconds: u64, unit: u64, time: Duration) -> Self {
        let count = time.as_micros() as u64 / microseconds;
        Self(vec![microseconds * unit; count as usize])
    }

    pub fn run_on<P: Peer>(&self, pool: &P) -> u64 {
        let handles: Vec<_> = self.0.iter().map(|&rounds| pool.submit(move || spin(rounds))).collect();
        handles.into_iter().fold(0, |sum, handle| sum ^ P::join(handle))
    }

    /// The ideal: no queue, no handles, and each thread takes the next job as soon as it has done one.
    ///
    /// # Panics
    ///
    /// Never: the work does not.
    #[must_use]
    pub fn run_on_threads(&self, threads: usize) -> u64 {
        let next = AtomicUsize::new(0);
        let share = || {
            // ORDERING: Relaxed, the jobs were there before the threads were.
            iter::from_fn(|| self.0.get(next.fetch_add(1, Ordering::Relaxed)))
                .fold(0, |sum, &rounds| sum ^ spin(rounds))
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
            others.into_iter().fold(share(), |sum, other| sum ^ other.join().expect("it does not panic"))
        })
    }
}
