//! Programs that are the test's own children. They end with it, and what they print is shown if it fails.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use super::process::{self, children};
use super::wait::{PATIENCE, until_some};

pub const BINARY: &str = env!("CARGO_BIN_EXE_scale-out");

#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// In a process group of its own, so that all of it can be ended.
    pub fn start(command: &mut Command) -> Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        let lines = Arc::default();
        collect(child.stdout.take(), &lines);
        collect(child.stderr.take(), &lines);
        Ok(Self { child, lines })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn output(&self) -> String {
        self.lines.lock().expect("no panic under this lock").join("\n")
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        process::signal(self.pid(), signal)
    }

    /// To all processes of its group, as a terminal does.
    pub fn signal_all(&self, signal: Signal) -> Result<()> {
        Ok(kill_process_group(self.group()?, signal)?)
    }

    fn group(&self) -> Result<Pid> {
        i32::try_from(self.pid()).ok().and_then(Pid::from_raw).context("not the id of a process")
    }

    /// Waits for its end.
    pub fn end(&mut self) -> Result<ExitStatus> {
        let ended = || self.child.try_wait().transpose();
        let (status, _) = until_some("the program ends", PATIENCE, ended)?;
        Ok(status?)
    }

    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>, lines: &Arc<Mutex<Vec<String>>>) {
    let (pipe, lines) = (pipe.expect("a pipe was asked for"), Arc::clone(lines));
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lines.lock().expect("no panic under this lock").push(line);
        }
    });
}

impl Drop for Program {
    fn drop(&mut self) {
        // A supervisor's instances have groups of their own, and would drain. Any of them may have ended before.
        let children = children(self.pid());
        let _ = self.signal_all(Signal::KILL);
        for child in children {
            let _ = process::signal(child, Signal::KILL);
        }
        let _ = self.child.wait();
        eprintln!("--- {} printed:\n{}", self.pid(), self.output());
    }
}

/// `scale-out` with these arguments.
pub fn scale_out(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    without_settings(command.args(arguments));
    command
}

/// What is set where the tests are run is not for them.
pub fn without_settings(command: &mut Command) -> &mut Command {
    for name in ["INSTANCE", "INSTANCES", "REDIS_URL", "SESSION_SECRET", "WORKERS"] {
        command.env_remove(name);
    }
    command
}
