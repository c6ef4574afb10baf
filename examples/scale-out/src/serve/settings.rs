//! What an instance is told: arguments, the environment, and what follows from them.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tower_sessions::cookie::Key;
use tracing::warn;

use super::sessions::Rules;
use crate::program::{BadInput, duration, number};
use crate::work::fibonacci::MAX_N;

/// Runs one instance: answers requests over HTTP, with a pool for the work and sessions in Redis.
///
/// On SIGTERM it drains: it is no longer ready, each answer closes its connection, what runs is finished, and it exits with 0.
/// A second SIGTERM ends it at once.
#[derive(Args, Clone, Debug)]
pub(crate) struct Settings {
    /// Where to listen, unless sockets are handed over (LISTEN_FDS, as by systemd and `supervise`)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,

    /// How many threads compute [default: one for each core]
    #[arg(long, env = "WORKERS", value_name = "NUMBER", value_parser = number)]
    workers: Option<NonZeroUsize>,

    /// How long a client will wait for its turn: a request that would wait longer is answered 503
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = duration)]
    pub(super) max_wait: Duration,

    /// How long a request computes, on average: the queue has room for workers x max-wait / service-time requests
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = duration)]
    service_time: Duration,

    /// The largest N of /fib/N and /inline/N
    #[arg(long, value_name = "N", default_value_t = 45, value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_N)))]
    pub(super) max_n: u32,

    /// Where the sessions are kept
    #[arg(
        long,
        env = "REDIS_URL",
        value_name = "URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true
    )]
    pub(super) redis: String,

    /// The queue of /jobs, for the workers of that name
    #[arg(long, value_name = "NAME", default_value = "jobs")]
    pub(super) queue: String,

    /// How many jobs may be in that queue: more are answered 503
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    pub(super) most_jobs: u64,

    /// Demands a secret for the sessions (SESSION_SECRET, at least 32 bytes), and sends their cookie over HTTPS only
    #[arg(long)]
    production: bool,

    /// How long a drain waits for clients to notice: for half of it new connections are still accepted
    ///
    /// Half of it must be longer than a load balancer keeps an idle connection: then none is closed under a request.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub(super) grace: Duration,

    /// How long a drain waits for what still runs after the grace; then that is cut off, and the exit code is 1
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(super) drain_timeout: Duration,

    /// The name of this instance, in its answers
    #[arg(long, env = "INSTANCE", value_name = "NAME", default_value = "1")]
    pub(super) instance: String,

    /// Adds /panic, whose job panics, and /crash, which ends the process
    #[arg(long)]
    pub(super) test_endpoints: bool,

    /// Drains when the standard input ends, as it does when the parent that holds it dies
    #[arg(long)]
    pub(super) stop_at_eof: bool,
}

/// In the environment, as everybody on the machine can read a process's arguments.
const SECRET: &str = "SESSION_SECRET";
const SHORTEST_SECRET: usize = 32;
const DEVELOPMENT_SECRET: &str = "for development only, known to all who read this";

impl Settings {
    pub(super) fn workers(&self) -> usize {
        self.workers.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }

    /// As many as the workers get through while the last one of them waits.
    pub(super) fn queue_capacity(&self) -> usize {
        let each = self.max_wait.as_secs_f64() / self.service_time.as_secs_f64();
        // A float that is too large becomes the largest number there is.
        ((self.workers() as f64 * each) as usize).max(1)
    }

    /// What a client that was refused should wait, in whole seconds, as the header has no smaller unit.
    pub(super) fn retry_after(&self) -> Duration {
        Duration::from_secs(self.max_wait.as_secs_f64().ceil() as u64)
    }

    pub(super) fn session_rules(&self) -> Result<Rules> {
        let secret = std::env::var(SECRET).ok().filter(|secret| !secret.is_empty());
        let secret = match secret {
            Some(secret) if secret.len() < SHORTEST_SECRET => {
                let length = secret.len();
                let wrong = format!("{SECRET} has {length} bytes: give at least {SHORTEST_SECRET}, of random data");
                return Err(BadInput(wrong).into());
            }
            Some(secret) => secret,
            None if self.production => {
                let wrong =
                    format!("{SECRET} is not set: in production it must be, with at least {SHORTEST_SECRET} bytes");
                return Err(BadInput(wrong).into());
            }
            None => {
                warn!("{SECRET} is not set: the sessions are signed with a secret that everybody knows");
                DEVELOPMENT_SECRET.to_owned()
            }
        };
        if self.production && secret == DEVELOPMENT_SECRET {
            return Err(BadInput(format!("{SECRET} is the one for development: give one of your own")).into());
        }
        Ok(Rules { key: Key::derive_from(secret.as_bytes()), https_only: self.production })
    }
}
