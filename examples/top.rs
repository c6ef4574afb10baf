//! A pool at work, live: its queue, its workers, and how long jobs wait and run.
//!
//! A mixed load runs: jobs of three priorities, jobs that expire when they wait too long, jobs that block on I/O instead
//! of computing, jobs that wait for jobs, and now and then a burst that fills the queue, so that some are rejected.
//!
//! ```sh
//! cargo run --release -p corepool-views --bin top
//! ```
//!
//! The way of a number: `load` keeps the pool busy -> `reading` makes a `view` of two reports -> `screen` shows it, as
//! `draw` draws it, or `lines` prints it where there is no terminal.

#![allow(unreachable_pub, reason = "a program has no outside")]

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use corepool::Pool;
use shared::{DONE, INTERRUPTED, build, duration, finish, interrupt, parse};
use top::load::Load;
use top::reading::Reader;
use top::screen::Quit;
use top::{lines, screen};

mod shared;
mod top {
    pub mod chart;
    pub mod draw;
    pub mod generator;
    pub mod lines;
    pub mod load;
    pub mod reading;
    pub mod screen;
    pub mod table;
    pub mod units;
    pub mod view;
    pub mod work;
    pub mod workers;
}

/// So few that a burst does not fit.
const QUEUE: usize = 120;

const DETAILS: &str = "\
Keys:
  c          cancel the oldest job
  p          pause the load, or go on
  q, Esc     quit

Output:
  All rates, times and shares are those of the last half second. A job's CPU share is how much of
  the time it ran its thread had a CPU: what blocks on I/O has little.
  Without a terminal a line each half second.

Exit codes:
  0 done   1 the output failed   2 bad input   130 interrupted";

/// Shows what a pool does while a mixed load runs
#[derive(Parser)]
#[command(name = "top", version, after_help = DETAILS)]
struct Arguments {
    /// Quit after so long (10s, 1m) [default: never]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    length: Option<Duration>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
}

fn main() {
    let arguments: Arguments = parse();
    let options = Pool::builder().queue_capacity(QUEUE).thread_name("demo").timings(true);
    finish(run(&arguments, &build(options, arguments.workers)))
}

fn run(arguments: &Arguments, pool: &Pool) -> Result<i32> {
    let token = interrupt()?;
    let load = Load::begin(pool)?;
    let reader = Reader::new(pool.clone());
    let show = if io::stdout().is_terminal() { screen::show } else { lines::print };
    Ok(match show(reader, &load, &token, arguments.length)? {
        Quit::Done => DONE,
        Quit::Interrupted => INTERRUPTED,
    })
}
