//! What a circuit breaker buys: the same requests to the same flaky server, behind one and without.
//!
//! A TCP server on this machine is up, then answers that it is down, then hangs, then is up again. Requests come at a steady
//! pace and are made by the jobs of a pool. Behind a breaker those that would fail are rejected at once while the server is
//! down, so that no worker waits for it; without one the workers wait for time-outs, and the queue fills up behind them.
//!
//! ```sh
//! cargo run --release --example breaker
//! cargo run --release --example breaker -- --phase 3s --rate 1000 --timeout 500ms
//! ```
//!
//! The way of a request: `traffic` paces it -> the breaker admits it -> a job of the pool asks the `server` -> the permit
//! records the end -> `report` adds it up.

#![allow(unreachable_pub, reason = "a program has no outside")]

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, value_parser};
use corepool::breaker::{Backoff, CircuitBreaker, FailurePolicy};
use corepool::{CancelToken, Pool};
use indicatif::{ProgressBar, ProgressStyle};
use report::compare;
use server::Server;
use shared::{BAD_INPUT, DONE, INTERRUPTED, finish, interrupt, parse, quit};
use traffic::{Guard, Traffic};

#[path = "breaker/report.rs"]
mod report;
#[path = "breaker/server.rs"]
mod server;
mod shared;
#[path = "breaker/traffic.rs"]
mod traffic;

/// Requests that may wait for a worker: what has no room is dropped, as an overloaded service would.
const QUEUE: usize = 100;

const DETAILS: &str = "\
Script:
  The server is up for one phase, answers \"down\" for one, hangs for one, and is up again for two.

Output:
  When the server and the breaker changed, then what became of the requests behind the breaker and
  without one. `worker time lost` is what workers spent on requests that failed or timed out;
  `up again after` counts from the server's recovery to the first answer.

Exit codes:
  0 done   1 the server or the output failed   2 bad input   130 interrupted";

/// Sends requests to a flaky server, behind a circuit breaker and without one
#[derive(Parser)]
#[command(name = "breaker", version, after_help = DETAILS)]
struct Arguments {
    /// How long the server stays in each mood (500ms, 2s; at most 1h)
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    phase: Duration,
    /// Requests in a second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Time after which a request is given up
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = duration)]
    timeout: Duration,
    /// Failures in a row that open the breaker
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..))]
    failures: u32,
    /// How long it stays open at first; then half as long again, then twice as long
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = duration)]
    wait: Duration,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
}

fn duration(text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text)?;
    ensure!(!time.is_zero() && time <= Duration::from_secs(3_600), "must be more than none and at most an hour");
    Ok(time)
}

fn main() {
    let arguments: Arguments = parse();
    // Before anything runs: a bad number of workers is bad input.
    drop(pool(&arguments).unwrap_or_else(|error| quit(BAD_INPUT, error)));
    let outcome = interrupt().and_then(|stop| run(&arguments, &stop));
    finish(outcome)
}

fn pool(arguments: &Arguments) -> Result<Pool> {
    let mut builder = Pool::builder().queue_capacity(QUEUE).thread_name("client");
    if let Some(workers) = arguments.workers {
        builder = builder.workers(workers);
    }
    builder.build().context("cannot build the pool")
}

fn breaker(arguments: &Arguments) -> Result<CircuitBreaker> {
    let backoff = Backoff::exponential(arguments.wait, 1.5).cap(arguments.wait * 2);
    let builder = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(arguments.failures));
    Ok(builder.open_backoff(backoff).build()?)
}

fn run(arguments: &Arguments, stop: &CancelToken) -> Result<i32> {
    let (bar, mut out) = (progress_bar(arguments)?, io::stdout());
    let guarded = traffic(arguments, Guard::Breaker(breaker(arguments)?), &bar)?.run(stop, &bar, &mut out)?;
    let bare = match stop.is_cancelled() {
        true => None,
        false => Some(traffic(arguments, Guard::None, &bar)?.run(stop, &bar, &mut io::sink())?),
    };
    bar.finish_and_clear();
    compare(&mut out, &guarded, bare.as_ref())?;
    out.flush()?;
    Ok(if stop.is_cancelled() { INTERRUPTED } else { DONE })
}

fn traffic(arguments: &Arguments, guard: Guard, bar: &ProgressBar) -> Result<Traffic> {
    bar.set_message(guard.name());
    Ok(Traffic {
        pool: pool(arguments)?,
        guard,
        server: Server::start().context("cannot start the server")?,
        phase: arguments.phase,
        pace: Duration::from_secs(1) / arguments.rate,
        timeout: arguments.timeout,
    })
}

/// Shows nothing unless stderr is a terminal.
fn progress_bar(arguments: &Arguments) -> Result<ProgressBar> {
    let both = 2 * traffic::SCRIPT.len() as u64 * arguments.phase.as_millis() as u64;
    let style = ProgressStyle::with_template("{wide_bar} {percent} %, {msg}, {eta} to go")?;
    Ok(ProgressBar::new(both).with_style(style))
}
