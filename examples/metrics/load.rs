//! What there is to see: jobs of all kinds, and calls behind a breaker that fail for some seconds out of ten.

use std::collections::VecDeque;
use std::thread;

use anyhow::{Context, Result};
use corepool::Pool;
use corepool::breaker::CircuitBreaker;

use crate::generator::Generator;

/// In ticks of 10 ms. For the last of them the calls fail.
const CYCLE: u64 = 1_000;
const UP: u64 = 700;
/// Every so many ticks a job is cancelled, one of the last so many.
const CANCEL_EVERY: u64 = 16;
const KEPT: usize = 50;

/// Goes on until the process ends.
pub fn begin(pool: &Pool, breaker: &CircuitBreaker) -> Result<()> {
    let (mut generator, breaker) = (Generator::new(pool.clone()), breaker.clone());
    let run = move || {
        let mut jobs = VecDeque::new();
        for tick in (0..CYCLE).cycle() {
            jobs.extend(generator.tick());
            while jobs.len() > KEPT {
                jobs.pop_front();
            }
            if tick.is_multiple_of(CANCEL_EVERY)
                && let Some((_, job)) = jobs.pop_back()
            {
                job.cancel();
            }
            // Only the breaker wants to know what becomes of it.
            let _ = breaker.call(|| if tick < UP { Ok(()) } else { Err("down") });
        }
    };
    thread::Builder::new().name("load".to_owned()).spawn(run).context("cannot start the thread that submits")?;
    Ok(())
}
