//! Seeded chaos for a pool: does every accepted job resolve exactly once, whatever happens?
//!
//! Clients submit by every verb to two pools at once: one with a queue of 64 that is always full, and one that is built and
//! shut down over and over under them. Jobs return, panic, burst in their destructors, nest; they are cancelled, expire, are
//! awaited, dropped and forgotten. Books are kept outside the pools by closures, readers and destructors. At the end they
//! must agree with each other and with `Stats`.
//!
//! ```sh
//! cargo run --release --example soak
//! cargo run --release --example soak -- --jobs 20000000 --seed 42
//! cargo run --release --example soak -- --seconds 3600
//! ```
//!
//! The way of a job: `plan` draws it -> `submitter` offers it -> `job` runs -> `submitter` sees to its handle. Each of
//! them writes to the `ledger`, from which the `driver` of the pools draws the `balance`.

use std::io::{self, Write};
use std::mem;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum, value_parser};
use client::{Client, Closing, Soak, read_elsewhere};
use driver::{CAPACITY, Driver};
use fastrand::Rng;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use ledger::{Answer, Books, Count, Fate};
use parking_lot::RwLock;
use shared::{BAD_INPUT, DONE, FAILED, INTERRUPTED, complain, finish, interrupt, parse, quit};

#[path = "soak/balance.rs"]
mod balance;
#[path = "soak/client.rs"]
mod client;
#[path = "soak/driver.rs"]
mod driver;
#[path = "soak/inline.rs"]
mod inline;
#[path = "soak/job.rs"]
mod job;
#[path = "soak/joined.rs"]
mod joined;
#[path = "soak/ledger.rs"]
mod ledger;
#[path = "soak/plan.rs"]
mod plan;
mod shared;
#[path = "soak/submitter.rs"]
mod submitter;

/// No job takes a thousandth of that.
const STUCK: Duration = Duration::from_secs(60);

const DETAILS: &str = "\
Output:
  What became of the jobs, by the books of those who submitted, ran, read and dropped them. Then
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
    #[arg(long, value_name = "N", default_value_t = 1_000_000, conflicts_with = "seconds", value_parser = value_parser!(u64).range(1..))]
    jobs: u64,
    /// Stop after so long
    #[arg(long, value_name = "T", value_parser = value_parser!(u64).range(1..=31_536_000))]
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
    let arguments: Arguments = parse();
    finish(run(&arguments));
}

fn run(arguments: &Arguments) -> Result<i32> {
    let interrupted = interrupt()?;
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    job::silence_expected_panics();
    let accepted = Arc::new(Count::default());
    watch(&accepted, seed);
    let threads = num_threads::num_threads();

    let mut rng = Rng::with_seed(seed);
    let mut driver = Driver::new(rng.fork(), &accepted);
    let workers = arguments.workers.unwrap_or_else(num_cpus::get);
    let steady = driver.open(workers, CAPACITY).unwrap_or_else(|error| quit(BAD_INPUT, error));
    // At once, for the case that this is all that is ever printed.
    writeln!(io::stdout(), "{:<20}{seed:>22}", "seed")?;
    if let Some(cheat) = arguments.cheat {
        cook(&steady.books, cheat);
    }
    let begin = Instant::now();
    let soak = Soak {
        steady,
        passing: RwLock::new(driver.open_small()?),
        accepted,
        begin,
        closing: match arguments.seconds {
            Some(seconds) => Closing::After(Duration::from_secs(seconds)),
            None => Closing::Jobs(arguments.jobs),
        },
        interrupted,
    };
    let bar = progress_bar(&soak)?;
    let held = hold(soak, &mut driver, arguments.clients, &mut rng, &bar);
    bar.finish_and_clear();
    let interrupted = held?;
    let threads_left = num_threads::num_threads();
    print(&driver, begin.elapsed(), [threads, threads_left])?;
    let is_even = driver.balance.is_even() && threads == threads_left;
    if !is_even {
        driver.balance.complaints.iter().for_each(|complaint| complain("error", complaint));
        complain("error", format_args!("the books do not balance; to draw the same jobs again: --seed {seed}"));
    }
    Ok(match (is_even, interrupted) {
        (false, _) => FAILED,
        (true, true) => INTERRUPTED,
        (true, false) => DONE,
    })
}

/// From the first job to the last settled book. Tells whether it was interrupted.
fn hold(soak: Soak, driver: &mut Driver, clients: u16, rng: &mut Rng, bar: &ProgressBar) -> Result<bool> {
    let (elsewhere, inbox) = sync_channel(1_024);
    thread::scope(|scope| {
        scope.spawn(|| must_not_panic(|| read_elsewhere(inbox)));
        for client in [Client::Regular, Client::InLine, Client::Passing].into_iter().cycle().take(clients.into()) {
            let (rng, elsewhere, soak) = (rng.fork(), elsewhere.clone(), &soak);
            scope.spawn(move || must_not_panic(|| soak.serve(client, rng, &elsewhere)));
        }
        drop(elsewhere);
        driver.attend(&soak, || show(bar, &soak)).inspect_err(|_| soak.interrupted.cancel())
    })?;
    let interrupted = soak.interrupted.is_cancelled();
    driver.close(soak.passing.into_inner());
    driver.close(soak.steady);
    driver.settle_all();
    Ok(interrupted)
}

/// Clients contain what they make burst themselves: what gets through to them is the pool's.
fn must_not_panic(f: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(f)).is_err() {
        quit(FAILED, "a panic got through to a client");
    }
}

/// Ends the process when no job gets on any more: a lost wake-up would keep it for ever.
fn watch(accepted: &Arc<Count>, seed: u64) {
    let accepted = Arc::clone(accepted);
    thread::spawn(move || {
        let mut last = (accepted.get(), Instant::now());
        loop {
            thread::sleep(Duration::from_millis(500));
            let now = accepted.get();
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() > STUCK {
                let jobs = HumanCount(now);
                quit(FAILED, format_args!("stuck after {jobs} jobs; to draw the same jobs again: --seed {seed}"));
            }
        }
    });
}

/// Writes down what did not happen.
fn cook(books: &Arc<Books>, cheat: Cheat) {
    let (stub, ticket) = books.open();
    match cheat {
        Cheat::Lost => stub.accepted(),
        Cheat::Doubled => {
            ticket.begin();
            ticket.begin();
            ticket.end(Fate::Returned);
            stub.heard(Answer::NotAccepted);
        }
        Cheat::Leaked => {
            mem::forget(ticket.receipt());
            stub.heard(Answer::NotAccepted);
        }
    }
}

fn progress_bar(soak: &Soak) -> Result<ProgressBar> {
    // Only drawn if stderr is a terminal.
    let bar = ProgressBar::new(match soak.closing {
        Closing::Jobs(jobs) => jobs,
        Closing::After(seconds) => seconds.as_secs(),
    });
    bar.set_style(ProgressStyle::with_template("{wide_bar} {percent} %, {msg} jobs in {elapsed}")?);
    Ok(bar)
}

fn show(bar: &ProgressBar, soak: &Soak) {
    let accepted = soak.accepted.get();
    bar.set_position(match soak.closing {
        Closing::Jobs(_) => accepted,
        Closing::After(_) => soak.begin.elapsed().as_secs(),
    });
    bar.set_message(HumanCount(accepted).to_string());
}

fn print(driver: &Driver, time: Duration, threads: [Option<NonZero<usize>>; 2]) -> Result<()> {
    let balance = &driver.balance;
    let [completed, panicked, cancelled, expired, aborted] = balance.answers;
    let [full, timed_out, cancelled_in_line, shut_down] = balance.rejected;
    let resolved = balance.answers.iter().sum::<u64>() + balance.unasked;
    let mut out = io::stdout();
    writeln!(out, "{:<20}{:>22}", "time", format!("{time:.1?}"))?;
    for (name, count) in [
        ("pools", balance.pools),
        ("accepted", balance.accepted),
        ("ran", balance.ran),
        ("resolved", resolved),
        ("  completed", completed),
        ("  panicked", panicked),
        ("  cancelled", cancelled),
        ("  expired", expired),
        ("  aborted", aborted),
        ("  nobody asked", balance.unasked),
        ("rejected", balance.rejected.iter().sum()),
        ("  full", full),
        ("  timed out", timed_out),
        ("  cancelled in line", cancelled_in_line),
        ("  shut down", shut_down),
        ("given up in line", balance.abandoned),
        ("lost", balance.lost),
        ("doubled", balance.doubled),
        ("leaked", balance.leaked),
        ("wrong", balance.wrong),
    ] {
        writeln!(out, "{name:<20}{count:>22}")?;
    }
    let full = format!("{} of {} looks", driver.looks_at_full, driver.looks);
    writeln!(out, "{:<20}{full:>22}", format!("queue of {CAPACITY} full"))?;
    let [before, after] = threads.map(|count| count.map_or("unknown".into(), |count| count.to_string()));
    writeln!(out, "{:<20}{after:>22}", "threads at the end")?;
    writeln!(out, "{:<20}{before:>22}", "threads before")?;
    Ok(())
}
