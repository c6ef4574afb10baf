//! The jobs: they compute, block, or wait for jobs, and stop at checkpoints.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use corepool::{Interrupted, Pool, Priority, checkpoint, join_all};

pub type Outcome = Result<(), Interrupted>;

/// Parts that a report is made of.
const PARTS: u32 = 4;
/// As long as a job that computes or blocks goes without looking up.
const STEP: Duration = Duration::from_millis(1);

pub fn compute(time: Duration) -> Outcome {
    let end = Instant::now() + time;
    let mut sum = 0_u64;
    while Instant::now() < end {
        checkpoint()?;
        for n in 0..10_000_u64 {
            sum = black_box(sum.rotate_left(7) ^ n);
        }
    }
    Ok(())
}

/// As a job does that reads from a server: its worker can do nothing else.
pub fn block(time: Duration) -> Outcome {
    let end = Instant::now() + time;
    while Instant::now() < end {
        checkpoint()?;
        thread::sleep(STEP);
    }
    Ok(())
}

/// Joins jobs of its own.
pub fn report(part: Duration) -> Outcome {
    let Some(pool) = Pool::current() else { return Ok(()) };
    let submit = |_| pool.job().name("part").priority(Priority::High).try_submit(move || compute(part)).ok();
    let parts: Vec<_> = (0..PARTS).filter_map(submit).collect();
    for outcome in join_all(parts) {
        // A part that was cancelled is missing, and the report goes on without it.
        outcome.unwrap_or(Ok(()))?;
    }
    Ok(())
}
