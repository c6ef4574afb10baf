//! What it costs to fork and join, and how well the halves spread over the cores, beside the crates that have a `join`, all
//! with two workers, and with a worker for each processor where those are not two, if the group does not say otherwise.
//!
//! `cargo bench --bench fork_join`; a time is one iteration's, the whole computation, and the line of elements per second
//! below it counts joins. forte needs Rust 1.96, which is newer than what the benches are otherwise built with: it takes part
//! with `--features corepool-benches/forte`.
//!
//! What makes the rows comparable:
//!
//! - The computation is the same code for all ([`task`]), compiled for each peer's own `join`.
//! - Each peer has exactly the stated number of threads ([`peers`]): corepool and rayon run the computation in a job, and
//!   the thread that waits for it does nothing else; with chili and forte the caller is one of the threads.
//! - The same half is offered to the other threads, and the same one runs at once: chili and forte, which offer the first
//!   of two closures instead of the second, get them the other way round.
//! - `serial` runs it without a pool, on one thread: each fork is two calls.
//! - Every row's result is checked before it is measured.

mod task;
mod peers;
mod fib;
mod queens;
mod merge;
mod sort;
mod deep;
mod halves;

use std::process::ExitCode;

use corepool_benches::rows::Bench;
use corepool_benches::run;

fn fork_join(bench: &mut dyn Bench) {
    fib::fib(bench);
    queens::queens(bench);
    sort::sort(bench);
    deep::deep(bench);
    halves::halves(bench);
}

fn main() -> ExitCode {
    run(fork_join)
}
