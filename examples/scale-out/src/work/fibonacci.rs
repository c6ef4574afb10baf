//! The work: naive recursion, as a stand-in for what keeps a processor busy.

use corepool::{Interrupted, checkpoint};

/// `fibonacci(93)` is the last that fits.
pub(crate) const MAX_N: u32 = 93;

/// Some tens of microseconds of work: more often there is no need to look.
const N_BETWEEN_LOOKS: u32 = 20;

/// The `n`th Fibonacci number, unless it runs as a job that nobody waits for any more.
pub(crate) fn fibonacci(n: u32) -> Result<u64, Interrupted> {
    if n < N_BETWEEN_LOOKS {
        return Ok(recursive(n));
    }
    match checkpoint() {
        // The deadline of a job is for its wait in the queue. It has left that, so what it has begun is worth finishing.
        Ok(()) | Err(Interrupted::DeadlineExceeded) => Ok(fibonacci(n - 1)? + fibonacci(n - 2)?),
        Err(other) => Err(other),
    }
}

fn recursive(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { recursive(n - 1) + recursive(n - 2) }
}
