//! What `enqueue` is told.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::jobs::Place;
use crate::program::duration;

/// Adds jobs to the queue of the workers, and prints their ids.
///
/// A job is KIND:INPUT, as in fib:30 or checksum:src/main.rs. If the queue is full, it waits for room.
#[derive(Args, Clone, Debug)]
pub(crate) struct Settings {
    /// The jobs
    #[arg(value_name = "KIND:INPUT", required_unless_present = "file")]
    pub(super) jobs: Vec<String>,

    /// Jobs from a file, one a line; - is the standard input
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,

    #[command(flatten)]
    pub(super) place: Place,

    /// Waits until all jobs have ended, and prints what has become of each: id, status, and the value or the reason, with tabs
    /// between them. If one is a dead letter, the exit code is 1
    #[arg(long)]
    pub(super) wait: bool,

    /// How many jobs the queue may have
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    pub(super) most: u64,

    /// How long to wait for a Redis that does not answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(super) patience: Duration,
}
