//! Seeded chaos for a pool: does every accepted job resolve exactly once, whatever happens?
//!
//! Clients submit by every verb to two pools at once: one with a queue of 64 that is always full, and one that is built
//! and shut down over and over under them. Jobs return, panic, burst in their destructors, nest, fork, open scopes, map, fill sets; they are
//! cancelled, expire, are awaited, dropped and forgotten. Books are kept outside the pools by closures, readers and
//! destructors. At the end they must agree with each other and with `Stats`.
//!
//! ```sh
//! cargo run --release --example soak
//! cargo run --release --example soak -- --jobs 20000000 --seed 42
//! cargo run --release --example soak -- --seconds 3600
//! ```
//!
//! The way of a job: `submitter` offers it -> `job` runs, some `fork` into `halves` -> `pending` sees to its handle.
//! Each of them draws what it does, and writes to the `ledger`, from which the `driver` of the pools makes the
//! `balance`.

#![allow(unreachable_pub, reason = "a program has no outside")]

use std::fmt::Display;
use std::io::{self, Write};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum, value_parser};
use fastrand::Rng;
use indicatif::{HumanCount, ProgressBar, ProgressFinish, ProgressStyle};
use parking_lot::RwLock;
use shared::{BAD_INPUT, DONE, FAILED, INTERRUPTED, complain, finish, interrupt, parse, quit};
use soak::balance::is_even;
use soak::driver::{CAPACITY, Client, Driver, Soak, open};
use soak::job::silence_expected_panics;
use soak::ledger::{ACCEPTED, Answer, Books, Fate};

mod shared;
mod soak {
    pub mod balance;
    pub mod driver;
    pub mod fork;
    pub mod halves;
    pub mod job;
    pub mod ledger;
    pub mod map;
    pub mod pending;
    pub mod scope;
    pub mod set;
    pub mod submitter;
}

/// No job takes a thousandth of that.
const STUCK: Duration = Duration::from_secs(60);

const DETAILS: &str = "\
Output:
  What became of the jobs, by the books of those who submitted, ran, read and dropped them. Then
  forked   recursions of joins on borrowed data, in jobs and outside: out of how many a panic was
           thrown, how many were told to stop, how many of their halves were handed over
  scopes   of jobs that borrow, in jobs and outside
  maps     iterators over items that are jobs, in jobs and outside, of which some results were taken
  sets     of jobs, in jobs and outside, filled and drained in turn
  lost     accepted, and never resolved
  doubled  run twice, or run and resolved as if it had not been
  leaked   closures, values and panics' payloads that were never dropped
  wrong    answers that cannot be, and counts in `Stats` that nobody else comes to
  and how many threads the process had before the first pool and after the last.

Replay:
  A seed draws the same jobs again. In which order the threads come to them is up to the system, so
  a rare fault may take several runs.

Ctrl-C stops submitting and prints the balance of what was submitted; once more ends at once.

Exit codes:
  0 all even   1 something is not, or no job got on for a minute   2 bad input   130 interrupted";

/// Submits chaos to a pool, keeps the books, and tells whether anything was lost, doubled or leaked
#[derive(Parser)]
#[command(name = "soak", version, after_help = DETAILS)]
struct Arguments {
    /// Stop after so many accepted jobs, give or take what is under way
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..))]
    jobs: u64,
    /// Stop after so long
    #[arg(long, value_name = "T", conflicts_with = "jobs", value_parser = value_parser!(u64).range(1..=31_536_000))]
    seconds: Option<u64>,
    /// What to draw the jobs from [default: another one each time]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Threads that submit
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..=1_000))]
    clients: u16,
    /// Workers of the pool whose queue is always full [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
    /// Cook the books: proof that it would be seen
    #[arg(long, value_enum, value_name = "HOW")]
    cheat: Option<Cheat>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cheat {
    Lost,
    Doubled,
    Leaked,
}

fn main() {
    finish(run(&parse()));
}

fn run(arguments: &Arguments) -> Result<i32> {
    let interrupted = interrupt()?;
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    silence_expected_panics();
    thread::spawn(move || watch(seed));
    let threads = || num_threads::num_threads().map_or("unknown".into(), |count| count.to_string());
    let threads_before = threads();

    let mut driver = Driver { rng: Rng::with_seed(seed), ..Driver::default() };
    let workers = arguments.workers.unwrap_or_else(num_cpus::get);
    let steady = open(workers, CAPACITY).unwrap_or_else(|error| quit(BAD_INPUT, error));
    // At once, for the case that this is all that is ever printed.
    print("seed", seed)?;
    driver.closed.extend(arguments.cheat.map(|cheat| (None, cook(cheat))));
    let begin = Instant::now();
    let soak = Soak {
        steady,
        passing: RwLock::new(driver.open_small()?),
        begin,
        goal: arguments.seconds.unwrap_or(arguments.jobs),
        is_timed: arguments.seconds.is_some(),
        interrupted: interrupted.clone(),
    };
    hold(soak, &mut driver, arguments.clients)?;
    // The system counts a thread for a moment after it was joined.
    let joined = Instant::now();
    while threads() != threads_before && joined.elapsed() < STUCK {
        thread::yield_now();
    }
    let threads_after = threads();
    print("time", format!("{:.1?}", begin.elapsed()))?;
    driver.rows.iter().try_for_each(|(name, count)| print(name, count))?;
    print(&format!("queue of {CAPACITY} full"), format!("{} of {} looks", driver.looks_at_full, driver.looks))?;
    print("threads at the end", &threads_after)?;
    print("threads before", &threads_before)?;
    if is_even(&driver.rows) && threads_before == threads_after {
        return Ok(if interrupted.is_cancelled() { INTERRUPTED } else { DONE });
    }
    driver.complaints.iter().for_each(|complaint| complain("error", complaint));
    complain("error", format_args!("the books do not balance; to draw the same jobs again: --seed {seed}"));
    Ok(FAILED)
}

fn print(name: &str, value: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{name:<20}{value:>22}")
}

/// From the first job to the last settled book.
fn hold(soak: Soak, driver: &mut Driver, clients: u16) -> Result<()> {
    // Only drawn if stderr is a terminal.
    let bar = ProgressBar::new(soak.goal)
        .with_style(ProgressStyle::with_template("{wide_bar} {percent} %, {msg} jobs in {elapsed}")?)
        .with_finish(ProgressFinish::AndClear);
    let tick = || {
        bar.set_position(soak.progress());
        bar.set_message(HumanCount(ACCEPTED.get()).to_string());
    };
    thread::scope(|scope| {
        for client in [Client::Regular, Client::InLine, Client::Passing].into_iter().cycle().take(clients.into()) {
            let (rng, soak) = (driver.rng.fork(), &soak);
            // Clients contain what they make burst themselves: what gets through to them is the pool's.
            let serve = AssertUnwindSafe(move || soak.serve(client, rng));
            scope.spawn(|| catch_unwind(serve).unwrap_or_else(|_| quit(FAILED, "a panic got through to a client")));
        }
        driver.attend(&soak, tick).inspect_err(|_| soak.interrupted.cancel())
    })?;
    driver.close(soak.passing.into_inner());
    driver.close(soak.steady);
    driver.settle_all();
    Ok(())
}

/// Ends the process when no job gets on any more: a lost wake-up would keep it for ever.
fn watch(seed: u64) {
    loop {
        let jobs = ACCEPTED.get();
        thread::sleep(STUCK);
        if jobs == ACCEPTED.get() {
            quit(FAILED, format_args!("stuck after {jobs} jobs; to draw the same jobs again: --seed {seed}"));
        }
    }
}

/// The books of one job that never was.
fn cook(cheat: Cheat) -> Arc<Books> {
    let books = Arc::<Books>::default();
    let record = books.open();
    record.accepted();
    match cheat {
        Cheat::Lost => return books,
        Cheat::Doubled => record.ran(Fate::Returned),
        Cheat::Leaked => mem::forget(Arc::clone(&record)),
    }
    record.ran(Fate::Returned);
    record.heard(Answer::Completed);
    books
}
