//! nginx, Redis and instances as `deploy/up` brings them up, until the test ends.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};

use super::files::Folder;
use super::instances::pids;
use super::process::{self, Signal};
use super::program::{BINARY, without_settings};
use super::wait::until;

/// Flags for tests about other things than overload: however busy the machine is, no request waits for too long.
pub const PATIENT: [&str; 2] = ["--max-wait", "20s"];

pub const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

#[derive(Debug)]
pub struct Deployment {
    /// nginx.
    pub address: SocketAddr,
    pub redis_url: String,
    pub instances: Vec<SocketAddr>,
    /// What `deploy/up` has printed.
    pub said: String,
    folder: Option<Folder>,
    redis_conf: PathBuf,
}

impl Deployment {
    /// Three instances with these flags.
    pub fn up(flags: &[&str]) -> Result<Self> {
        Self::with_instances(3, flags)
    }

    pub fn with_instances(number: usize, flags: &[&str]) -> Result<Self> {
        Self::in_folder(Folder::new()?, number, flags)
    }

    fn in_folder(folder: Folder, number: usize, flags: &[&str]) -> Result<Self> {
        let output = up(folder.path()).env("INSTANCES", number.to_string()).args(flags).output()?;
        if !output.status.success() {
            bail!("deploy/up failed: {}", in_words(&output));
        }
        let said = String::from_utf8(output.stdout)?;
        let deployment = Self::found_in(folder, said)?;
        ensure!(deployment.instances.len() == number, "wanted {number} instances: {deployment:?}");
        Ok(deployment)
    }

    fn found_in(folder: Folder, said: String) -> Result<Self> {
        let text = fs::read_to_string(folder.join("deployment.env"))?;
        let settings: HashMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
        let setting = |name| -> Result<&str> {
            Ok(settings.get(name).with_context(|| format!("no {name} in deployment.env:\n{text}"))?.trim_matches('"'))
        };
        Ok(Self {
            address: setting("URL")?.strip_prefix("http://").context("not a URL")?.parse()?,
            redis_url: setting("REDIS_URL")?.to_owned(),
            instances: setting("INSTANCES")?.split(' ').map(str::parse).collect::<Result<_, _>>()?,
            redis_conf: setting("REDIS_CONF")?.into(),
            said,
            folder: Some(folder),
        })
    }

    pub fn folder(&self) -> &Path {
        self.folder.as_ref().expect("gone only when down").path()
    }

    /// Of `nginx`, `redis` or `supervise`.
    pub fn pid(&self, name: &str) -> Result<u32> {
        let path = self.folder().join(format!("{name}.pid"));
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.trim().parse()?)
    }

    /// The processes of the instances, in their order.
    pub fn pids(&self) -> Result<Vec<u32>> {
        pids(&self.instances)
    }

    pub fn signal(&self, name: &str, signal: Signal) -> Result<()> {
        process::signal(self.pid(name)?, signal)
    }

    pub fn kill_redis(&self) -> Result<()> {
        let pid = self.pid("redis")?;
        process::signal(pid, Signal::KILL)?;
        until("Redis is gone", || !process::runs(pid))?;
        Ok(())
    }

    pub fn start_redis(&self) -> Result<()> {
        let output = Command::new("redis-server").arg(&self.redis_conf).output()?;
        ensure!(output.status.success(), "Redis does not start: {}", in_words(&output));
        Ok(())
    }

    /// Takes it down. All of it has ended then.
    pub fn stop(&self) -> Result<()> {
        let mut processes = self.pids()?;
        for name in ["nginx", "redis", "supervise"] {
            processes.push(self.pid(name)?);
        }
        let output = down(self.folder()).output()?;
        ensure!(output.status.success(), "deploy/down failed: {}", in_words(&output));
        for pid in processes {
            ensure!(!process::runs(pid), "process {pid} runs on after deploy/down");
        }
        Ok(())
    }

    /// One that is down, in its folder.
    pub fn up_again(mut self) -> Result<Self> {
        let folder = self.folder.take().expect("gone only when down");
        Self::in_folder(folder, self.instances.len(), &[])
    }

    /// What a test ends with.
    pub fn down(self) -> Result<()> {
        self.stop()?;
        self.remove()
    }

    /// The files of one that is down.
    pub fn remove(mut self) -> Result<()> {
        self.folder.take().expect("gone only when down").remove()
    }
}

/// A test that fails leaves its files, but nothing that runs.
impl Drop for Deployment {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            match down(folder.path()).output() {
                Ok(output) if output.status.success() => {}
                end => eprintln!("deploy/down failed: {end:?}"),
            }
        }
    }
}

/// `deploy/up` with the binary under test.
pub fn up(folder: &Path) -> Command {
    let mut command = Command::new(format!("{DEPLOY}/up"));
    without_settings(command.arg(folder)).env("SCALE_OUT_BIN", BINARY);
    command
}

pub fn down(folder: &Path) -> Command {
    let mut command = Command::new(format!("{DEPLOY}/down"));
    command.arg(folder);
    command
}

pub fn in_words(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
