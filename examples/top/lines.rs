//! A line each half second, for logs and pipes.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use corepool::CancelToken;

use super::load::Load;
use super::reading::{INTERVAL, Reader};
use super::screen::Quit;
use super::units::{or_none, percent};
use super::view::View;

const PATIENCE: Duration = Duration::from_millis(50);

pub fn print(mut reader: Reader, _load: &Load, token: &CancelToken, length: Option<Duration>) -> Result<Quit> {
    let end = length.and_then(|length| Instant::now().checked_add(length));
    let mut next = Instant::now();
    let mut out = io::stdout();
    loop {
        next += INTERVAL;
        while Instant::now() < next {
            if token.is_cancelled() {
                return Ok(Quit::Interrupted);
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                return Ok(Quit::Done);
            }
            thread::sleep(next.saturating_duration_since(Instant::now()).min(PATIENCE));
        }
        writeln!(out, "{}", line(&reader.read()))?;
        out.flush()?;
    }
}

fn line(view: &View) -> String {
    let mut line = format!("{:>6.1} s  queued {:>3}", view.uptime.as_secs_f64(), view.queue.depth());
    if let Some(bound) = view.queue.bound {
        line += &format!("/{bound}");
    }
    let busy: f64 = view.workers.iter().map(|worker| worker.utilisation).sum();
    line += &format!("  busy {:>5}", percent(busy / view.workers.len().max(1) as f64));
    for rate in &view.rates {
        line += &format!("  {} {:.0}/s", rate.what, rate.per_second);
    }
    let waits = view.priorities.iter().map(|row| format!("{} {}", row.label, or_none(row.waited.p99)));
    line + "  waited p99: " + &waits.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::draw::tests::view;

    #[test]
    fn a_line_has_all_that_changes() {
        assert_eq!(
            line(&view(2)),
            "  12.5 s  queued  60/120  busy  75 %  completed 250/s  expired 2/s  waited p99: high 8.0 ms, normal 8.0 ms, low -",
        );
    }
}
