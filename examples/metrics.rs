//! What a pool and a circuit breaker do, as Prometheus scrapes it.
//!
//! The mixed load of `top` runs, and now and then the breaker's calls fail. A small server tells what comes of it, in one
//! of two ways:
//!
//! - by the facade: `corepool::metrics` publishes to the recorder of the crate `metrics`, at each scrape;
//! - by a collector: the crate `prometheus-client` reads `WeakPool::report` at each scrape. Its histograms have exact sums, and
//!   a job costs nothing, however many there are.
//!
//! ```sh
//! cargo run --release -p corepool-views --bin metrics
//! cargo run --release -p corepool-views --bin metrics -- --by collector --once
//! curl http://127.0.0.1:9184/metrics
//! ```
//!
//! The way of a number: `load` keeps pool and breaker busy -> `facade` or `collector` reads them and writes a text -> `server`
//! gives it to who asks.

#![allow(unreachable_pub, reason = "a program has no outside")]

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use corepool::breaker::{CircuitBreaker, FailurePolicy, Window};
use corepool::{CancelToken, Pool};
use metrics::collector::Collected;
use metrics::facade::Facade;
use metrics::load;
use metrics::server::Server;
use shared::{DONE, INTERRUPTED, build, duration, finish, interrupt, parse};

#[path = "top/generator.rs"]
mod generator;
mod metrics {
    pub mod collector;
    pub mod encode;
    pub mod facade;
    pub mod load;
    pub mod server;
}
mod shared;
#[path = "top/work.rs"]
mod work;

/// So few that a burst of the load does not fit.
const QUEUE: usize = 120;
/// How long the load runs before `--once` looks at it.
const ONCE_AFTER: Duration = Duration::from_secs(1);
/// How soon it sees that it is to end.
const STEP: Duration = Duration::from_millis(50);

const DETAILS: &str = "\
Output:
  The address to scrape, in the first line; with --once the text instead.

Exit codes:
  0 done   1 the port or the output failed   2 bad input   130 interrupted";

/// Serves what a pool and a circuit breaker do, for Prometheus
#[derive(Parser)]
#[command(name = "metrics", version, after_help = DETAILS)]
struct Arguments {
    /// How the text is made: by the facade `metrics`, or by a collector of `prometheus-client`
    #[arg(long, value_name = "WAY", value_enum, default_value_t = Way::Facade)]
    by: Way,
    /// Port to listen on, on this machine only; 0 for any that is free
    #[arg(long, value_name = "N", default_value_t = 9_184)]
    port: u16,
    /// Quit after so long (10s, 1m) [default: never]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    length: Option<Duration>,
    /// Run the load for a second, or as long as --for says, print the text, and quit
    #[arg(long)]
    once: bool,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    Facade,
    Collector,
}

/// Makes the text.
pub(crate) trait Scrape {
    /// Its format.
    const CONTENT_TYPE: &'static str;

    /// Of this moment.
    fn text(&mut self) -> Result<String>;
}

fn main() {
    let arguments: Arguments = parse();
    let options = Pool::builder().queue_capacity(QUEUE).thread_name("demo").timings(true);
    finish(run(&arguments, &build(options, arguments.workers)))
}

fn run(arguments: &Arguments, pool: &Pool) -> Result<i32> {
    let token = interrupt()?;
    let policy = FailurePolicy::Rate { threshold: 0.5, window: Window::Count(50), minimum_calls: 10 };
    let breaker = CircuitBreaker::builder().failure_policy(policy).open_wait(Duration::from_secs(1)).build()?;
    load::begin(pool, &breaker)?;
    match arguments.by {
        Way::Facade => show(arguments, &token, Facade::new(pool, &breaker)?),
        Way::Collector => show(arguments, &token, Collected::new(pool, &breaker)),
    }
}

fn show<S: Scrape>(arguments: &Arguments, token: &CancelToken, mut scrape: S) -> Result<i32> {
    let length = arguments.length.or(arguments.once.then_some(ONCE_AFTER));
    let end = length.and_then(|length| Instant::now().checked_add(length));
    let goes_on = || !token.is_cancelled() && end.is_none_or(|end| Instant::now() < end);
    if arguments.once {
        while goes_on() {
            thread::sleep(STEP);
        }
        io::stdout().write_all(scrape.text()?.as_bytes())?;
    } else {
        let server = Server::listen(arguments.port)?;
        writeln!(io::stdout(), "http://{}/metrics", server.address())?;
        while goes_on() {
            server.answer(STEP, &mut scrape)?;
        }
    }
    Ok(if token.is_cancelled() { INTERRUPTED } else { DONE })
}
