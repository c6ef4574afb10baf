//! Sends requests at a constant rate, whatever the server answers, and tells what became of them.
//!
//! ```sh
//! cargo run --release --example open-loop -- http://127.0.0.1:8080/fib/28 --rate 500 --duration 10s
//! ```
//!
//! `load` sends and counts; `open_loop/outcome` has the numbers that are printed.

#![allow(unreachable_pub, reason = "a program has no outside")]

use std::io::{self, Write};
use std::process;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum, value_parser};
use hdrhistogram::Histogram;
use hyper::{Method, Uri};
use load::{Plan, Summary};
use outcome::{Outcome, Times};

mod load;
#[path = "open_loop/outcome.rs"]
mod outcome;

const FAILED: i32 = 1;

const DETAILS: &str = "\
Output:
  Counts of the answers by status, with the times of those with 200 and 503; of the 503s without
  Retry-After; of the requests without an answer, by the reason; and of those that were not sent
  because as many as --in-flight allows were waiting. A time counts from when the request should
  have left, so that it includes what the sender itself was late.

Exit codes:
  0 done, whatever was answered   1 nothing was answered, or the output failed   2 bad input";

/// Sends requests at a constant rate, without waiting for answers before sending the next
#[derive(Debug, Parser)]
#[command(name = "open-loop", version, after_help = DETAILS)]
struct Arguments {
    /// Where to send them, such as http://127.0.0.1:8080/fib/28
    #[arg(value_parser = address)]
    url: Uri,
    /// Requests in a second
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// For how long (500ms, 10s; at most 1h)
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    duration: Duration,
    #[arg(long, value_enum, ignore_case = true, default_value_t = Verb::Get)]
    method: Verb,
    /// Time after which a request is given up (at most 1h)
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    timeout: Duration,
    /// Most requests that wait for their answers, each on a connection; more are not sent, but counted
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = value_parser!(u32).range(1..=60_000))]
    in_flight: u32,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Verb {
    Get,
    Post,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn address(text: &str) -> Result<Uri> {
    let uri: Uri = text.parse()?;
    ensure!(uri.scheme_str() == Some("http"), "must begin with http://");
    ensure!(uri.host().is_some_and(|host| !host.is_empty()), "must name a host");
    Ok(uri)
}

fn duration(text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text)?;
    ensure!(!time.is_zero() && time <= Duration::from_secs(3_600), "must be more than none and at most an hour");
    Ok(time)
}

fn main() {
    if let Err(error) = run(&Arguments::parse()) {
        // The reader has seen enough (`| head`).
        if error.downcast_ref().map(io::Error::kind) == Some(io::ErrorKind::BrokenPipe) {
            return;
        }
        // `eprintln!` would panic on a closed stderr, and there is nowhere left to report it.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        process::exit(FAILED);
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let plan = plan(arguments);
    let outcome = outcome(&plan, send(plan.clone())?);
    let mut out = io::stdout();
    match arguments.format {
        Format::Text => write(&mut out, &outcome),
        Format::Json => {
            serde_json::to_string(&outcome).map_err(io::Error::from).and_then(|line| writeln!(out, "{line}"))
        }
    }
    .context("cannot write the output")?;
    if outcome.statuses.is_empty() {
        let reason = outcome.errors.keys().next().map_or("nothing was sent", String::as_str);
        bail!("no answer from {}: {reason}", outcome.url);
    }
    Ok(())
}

fn plan(arguments: &Arguments) -> Plan {
    Plan {
        uri: arguments.url.clone(),
        method: match arguments.method {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
        },
        rate: arguments.rate,
        duration: arguments.duration,
        timeout: arguments.timeout,
        in_flight: arguments.in_flight as usize,
    }
}

/// On one thread: it shares the machine with the server.
fn send(plan: Plan) -> Result<Summary> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.context("cannot start the async runtime")?.block_on(load::open_loop(plan)))
}

fn outcome(plan: &Plan, summary: Summary) -> Outcome {
    Outcome {
        url: plan.uri.to_string(),
        method: plan.method.to_string(),
        rate: plan.rate,
        seconds: plan.duration.as_secs_f64(),
        sent: summary.statuses.values().sum::<u64>() + summary.unanswered(),
        dropped: summary.dropped,
        without_retry_after: summary.without_retry_after,
        goodput: summary.goodput(),
        served: times(&summary.served),
        rejected: times(&summary.rejected),
        statuses: summary.statuses,
        errors: summary.errors,
    }
}

fn times(microseconds: &Histogram<u64>) -> Option<Times> {
    let at = |quantile| microseconds.value_at_quantile(quantile) as f64 / 1_000.0;
    (!microseconds.is_empty()).then(|| Times { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) })
}

fn write(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let Outcome { sent, rate, seconds, goodput, dropped, .. } = outcome;
    writeln!(out, "{sent:>8} sent, {rate} a second for {seconds} s; {goodput:.1} a second were served")?;
    for (status, number) in &outcome.statuses {
        let times = match status {
            200 => in_words(outcome.served),
            503 => format!("{}; {} without Retry-After", in_words(outcome.rejected), outcome.without_retry_after),
            _ => String::new(),
        };
        writeln!(out, "{number:>8} answered with {status}{times}")?;
    }
    for (reason, number) in &outcome.errors {
        writeln!(out, "{number:>8} not answered: {reason}")?;
    }
    if *dropped > 0 {
        writeln!(out, "{dropped:>8} not sent: too many in flight")?;
    }
    out.flush()
}

fn in_words(times: Option<Times>) -> String {
    times.map_or(String::new(), |Times { p50, p90, p99, max }| {
        format!(": p50 {p50:.1} ms, p90 {p90:.1} ms, p99 {p99:.1} ms, max {max:.1} ms")
    })
}
