//! Conditions with a deadline: no test sleeps for what it hopes has happened then.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// For what takes as long as the machine lets it: only a test that fails waits for so long.
pub const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// Asks until there is a value, and says how long that took.
pub fn until_some<T>(what: &str, deadline: Duration, mut ask: impl FnMut() -> Option<T>) -> Result<(T, Duration)> {
    let begin = Instant::now();
    loop {
        if let Some(value) = ask() {
            return Ok((value, begin.elapsed()));
        }
        if begin.elapsed() > deadline {
            bail!("not within {deadline:?}: {what}");
        }
        thread::sleep(PAUSE);
    }
}

/// Asks until it is so, and says how long that took.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<Duration> {
    let ((), took) = until_some(what, PATIENCE, || holds().then_some(()))?;
    Ok(took)
}
