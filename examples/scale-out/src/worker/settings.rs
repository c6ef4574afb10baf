//! What a worker is told.

use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::process;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use crate::jobs::Place;
use crate::program::{duration, number};
use crate::work::fibonacci::MAX_N;

/// A third of it passes between two messages to Redis, which take their time.
const SHORTEST_VISIBILITY: Duration = Duration::from_millis(100);
/// Whoever waits for a result asks for it some times a second.
const SHORTEST_KEEP: Duration = Duration::from_secs(1);

/// Runs jobs from a queue in Redis on the cores of this machine: as many workers as there are machines.
///
/// It takes as many as its pool has room for. A job runs at least once, and one result is stored; what a worker has held that
/// died is taken over by another. On SIGTERM it takes nothing new, finishes what runs, hands back the rest, and exits with 0.
#[derive(Args, Clone, Debug)]
pub(crate) struct Settings {
    #[command(flatten)]
    pub(super) place: Place,

    /// The name of this worker, which no other may have [default: from the process id and chance]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// How many threads compute [default: one for each core]
    #[arg(long, env = "WORKERS", value_name = "NUMBER", value_parser = number)]
    workers: Option<NonZeroUsize>,

    /// How many jobs to take ahead of those that run: more for short jobs, so that no core waits for Redis; fewer for long ones,
    /// which another worker may begin sooner [default: 4 for each thread]
    #[arg(long, value_name = "NUMBER")]
    ahead: Option<NonZeroUsize>,

    /// For how long a worker may fall silent: then its jobs are taken over
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = visibility)]
    pub(super) visibility: Duration,

    /// How often a job is tried: then it is a dead letter
    #[arg(long, value_name = "NUMBER", default_value = "3")]
    pub(super) deliveries: NonZeroU64,

    /// How long the result of a job can be asked for
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = keep)]
    pub(super) keep: Duration,

    /// The largest n of fib
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_N)))]
    pub(super) max_n: u32,

    /// The folder whose files checksum may read [default: none]
    #[arg(long, value_name = "DIR")]
    pub(super) files: Option<PathBuf>,

    /// Where to show metrics and health over HTTP [default: nowhere]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) metrics: Option<SocketAddr>,

    /// How long to wait for what runs, when told to stop; then the exit code is 1, and others take it over
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(super) drain_timeout: Duration,

    /// Adds the kinds panic, abort and spin (for so many milliseconds)
    #[arg(long)]
    pub(super) test_jobs: bool,
}

impl Settings {
    pub(super) fn workers(&self) -> usize {
        self.workers.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }

    pub(super) fn ahead(&self) -> usize {
        self.ahead.map_or(4 * self.workers(), NonZeroUsize::get)
    }

    /// Unique among all machines: who is called like one that has died would take its jobs for its own.
    pub(super) fn name(&self) -> String {
        let own = || format!("{}-{}", process::id(), &uuid::Uuid::new_v4().simple().to_string()[..8]);
        self.name.clone().unwrap_or_else(own)
    }
}

fn visibility(text: &str) -> Result<Duration> {
    at_least(SHORTEST_VISIBILITY, text)
}

fn keep(text: &str) -> Result<Duration> {
    at_least(SHORTEST_KEEP, text)
}

fn at_least(shortest: Duration, text: &str) -> Result<Duration> {
    let time = duration(text)?;
    ensure!(time >= shortest, "must be at least {shortest:?}");
    Ok(time)
}
