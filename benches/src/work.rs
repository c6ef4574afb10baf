//! Work that keeps a processor busy, measured in rounds of a loop: by the clock a thread that waits for its turn would be
//! thought to work.

use std::hint::black_box;
use std::time::{Duration, Instant};

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
