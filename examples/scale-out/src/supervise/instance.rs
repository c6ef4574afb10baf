//! One process of `serve`: starting it, hearing from it, ending it.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;
use tracing::{info, warn};

use super::notices::{Notice, Notices};

/// Where the convention has the first socket.
const FIRST_SOCKET: i32 = 3;
/// The convention wants the process's own id, which only it knows before it runs.
const TAKE_OVER: &str = r#"LISTEN_PID=$$ exec "$0" "$@""#;

/// What to start.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) executable: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) workers: usize,
}

#[derive(Debug)]
pub(super) struct Instance {
    name: String,
    child: Child,
    notices: Notices,
    started: Instant,
    /// The child drains when this ends: when it is dropped, or with this process, however that ends.
    lifeline: Option<ChildStdin>,
}

impl Program {
    pub(super) fn start(&self, name: &str, socket: OwnedFd) -> Result<Instance> {
        let notices = Notices::open().context("cannot make a socket for its notices")?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(TAKE_OVER).arg(&self.executable).args(["serve", "--stop-at-eof"]).args(&self.arguments);
        command.env("LISTEN_FDS", "1").env("NOTIFY_SOCKET", &*notices.path()).env("INSTANCE", name);
        command.env_remove("LISTEN_FDNAMES").env_remove("WATCHDOG_USEC");
        if std::env::var_os("WORKERS").is_none() {
            command.env("WORKERS", self.workers.to_string());
        }
        // In a group of its own: Ctrl-C is for this process, which then tells each instance once.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0).kill_on_drop(true);
        command
            .fd_mappings(vec![FdMapping { parent_fd: socket, child_fd: FIRST_SOCKET }])
            .context("cannot hand its socket over")?;
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.executable.display()))?;
        let lifeline = child.stdin.take();
        let instance = Instance { name: name.to_owned(), child, notices, started: Instant::now(), lifeline };
        info!(instance = name, pid = instance.child.id(), "started");
        Ok(instance)
    }
}

/// How a start ended otherwise than with an instance that is ready.
#[derive(Debug)]
pub(super) enum NotReady {
    Exited(ExitStatus),
    Failed(anyhow::Error),
}

impl Instance {
    /// Until it says that it is ready.
    pub(super) async fn ready(&mut self, limit: Duration) -> Result<(), NotReady> {
        let failed = |error: anyhow::Error| Err(NotReady::Failed(error));
        tokio::select! {
            status = self.child.wait() => match status {
                Ok(status) => Err(NotReady::Exited(status)),
                Err(error) => failed(error.into()),
            },
            notice = timeout(limit, self.notices.next()) => match notice {
                Ok(Ok(Notice::Ready)) => {
                    info!(instance = self.name, pid = self.child.id(), took = ?self.started.elapsed(), "ready");
                    Ok(())
                }
                Ok(Ok(Notice::Stopping)) => failed(anyhow!("it was told to stop before it was ready")),
                Ok(Err(error)) => failed(error.into()),
                Err(_) => failed(anyhow!("it was not ready within {limit:?}")),
            },
        }
    }

    /// Until it ends, or begins to.
    pub(super) async fn leaves(&mut self) -> Leaving {
        loop {
            tokio::select! {
                status = self.child.wait() => return Leaving::Gone(status),
                notice = self.notices.next() => match notice {
                    Ok(Notice::Ready) => {}
                    Ok(Notice::Stopping) => return Leaving::Draining,
                    // Its end is still heard of.
                    Err(error) => return Leaving::Gone(self.child.wait().await.map_err(|_| error)),
                },
            }
        }
    }

    pub(super) fn lived(&self) -> Duration {
        self.started.elapsed()
    }

    /// It has not been ready, so there is nothing to drain: what does not listen to anything yet ends at once.
    pub(super) fn terminate(&self) {
        if let Err(error) = terminate(&self.child) {
            warn!(instance = self.name, %error, "cannot tell it to stop");
        }
    }

    /// Until it has drained, or else is killed.
    pub(super) async fn retire(mut self, limit: Duration) {
        // No signal: where somebody else sends it one, too, as systemd does to all processes of a service, the second one would
        // cut it off.
        self.lifeline = None;
        let name = &self.name;
        match timeout(limit, self.child.wait()).await {
            Ok(Ok(status)) => info!(instance = name, %status, "drained"),
            Ok(Err(error)) => warn!(instance = name, %error, "cannot wait for it"),
            Err(_) => {
                warn!(instance = name, "it has not drained within {limit:?}: killing it");
                // Then it has ended already.
                let _ = self.child.kill().await;
            }
        }
    }
}

#[derive(Debug)]
pub(super) enum Leaving {
    Gone(io::Result<ExitStatus>),
    Draining,
}

fn terminate(child: &Child) -> io::Result<()> {
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    match pid {
        Some(pid) => Ok(kill_process(pid, Signal::TERM)?),
        // It has ended, and was waited for: its id may be another process's by now.
        None => Ok(()),
    }
}
