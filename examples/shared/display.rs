//! What a computation shows: rows of what came out, and before that how far it is.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// A row of the output.
pub(crate) fn print(name: &str, value: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{name:<22}{value}")
}

/// Shows how far it is in this form. Only drawn if stderr is a terminal; by a thread of its own, so that no worker waits.
pub(crate) fn progress_bar(length: u64, done: &str) -> Result<ProgressBar> {
    let bar = ProgressBar::new(length);
    bar.set_style(ProgressStyle::with_template(&format!("{{wide_bar}} {done}, {{elapsed}}, {{eta}} to go"))?);
    bar.enable_steady_tick(Duration::from_millis(100));
    Ok(bar)
}
