//! What the supervisor is told.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser};

use crate::program::{BadInput, duration, number};
use crate::serve;

/// Runs several instances of `serve`, and keeps them running: for a machine without systemd.
///
/// It holds the sockets and hands them over, restarts an instance that dies, ever later if it goes on dying, and on SIGHUP
/// replaces the instances one after the other, each by one that is ready before the old one drains. On SIGTERM all drain; a
/// second one ends them at once. If it dies itself, they drain.
#[derive(Args, Clone, Debug)]
pub(crate) struct Settings {
    /// How many instances [default: as many as there are addresses]
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    instances: Option<NonZeroUsize>,

    /// Where to listen: one address for all instances, or one for each, in turn. Port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: Vec<SocketAddr>,

    /// How long an instance may take from its start until it is ready
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(super) ready_timeout: Duration,

    /// How long an instance may take to drain: then it is killed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(super) kill_after: Duration,

    /// The arguments of each `serve`
    #[arg(last = true, value_name = "SERVE")]
    pub(super) serve: Vec<OsString>,
}

/// What each instance is told
#[derive(Parser)]
#[command(name = "scale-out serve")]
struct Check {
    #[command(flatten)]
    _serve: serve::Settings,
}

impl Settings {
    pub(super) fn check(&self) -> Result<()> {
        let (instances, addresses) = (self.instances(), self.listen.len());
        if addresses != 1 && addresses != instances {
            let wrong = format!(
                "{addresses} times --listen for {instances} instances: give one address for all, or one for each"
            );
            return Err(BadInput(wrong).into());
        }
        let arguments = [OsString::from("scale-out serve")].into_iter().chain(self.serve.iter().cloned());
        Check::try_parse_from(arguments).map_err(|error| {
            if !error.use_stderr() {
                error.exit(); // it is the help that was asked for
            }
            let error = error.to_string();
            let first = error.lines().next().unwrap_or_default().trim_start_matches("error: ");
            BadInput(format!("after '--': {first}: see scale-out serve --help"))
        })?;
        Ok(())
    }

    pub(super) fn instances(&self) -> usize {
        self.instances.map_or(self.listen.len(), NonZeroUsize::get)
    }

    /// The address of each instance; or one, for all.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.listen
    }

    /// The workers of an instance, unless it is told: together they have the cores of this machine.
    pub(super) fn workers(&self) -> usize {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        (cores / self.instances()).max(1)
    }
}
