//! A worker, as the test's own child.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use super::metrics::{Metrics, Sample};
use super::process::Signal;
use super::program::{Program, scale_out};
use super::wait::{PATIENCE, until, until_some};

#[derive(Debug)]
pub struct Worker {
    pub name: String,
    pub program: Program,
    pub address: SocketAddr,
    redis: String,
    flags: Vec<String>,
    deaths: u32,
}

impl Worker {
    /// Of the queue `jobs` on this Redis, with the kinds for tests.
    pub fn start(redis: &str, name: &str, flags: &[&str]) -> Result<Self> {
        let arguments = ["worker", "--redis", redis, "--name", name, "--metrics", "127.0.0.1:0", "--test-jobs"];
        let mut program = Program::start(&mut scale_out(&[&arguments[..], flags].concat()))?;
        let found = || program.output().lines().find_map(address_in).map(Ok).or_else(|| has_ended(&mut program));
        let (address, _) = until_some("the worker says where its metrics are", PATIENCE, found)?;
        let (redis, flags) = (redis.to_owned(), flags.iter().map(|&flag| flag.to_owned()).collect());
        Ok(Self { name: name.to_owned(), address: address?, program, redis, flags, deaths: 0 })
    }

    pub fn metrics(&self) -> Result<Metrics> {
        Metrics::of(self.address)
    }

    pub fn tells(&self, expected: &[Sample<'_>]) -> Result<Metrics> {
        Metrics::that_tell(self.address, expected)
    }

    /// How many jobs it runs now.
    pub fn running(&self) -> f64 {
        self.metrics().map_or(0.0, |metrics| metrics.sum("corepool_jobs_running", &[]))
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.program.signal(signal)
    }

    pub fn kill(mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.program.end()?;
        Ok(())
    }

    /// SIGTERM, and an exit code that says all is well.
    pub fn stop(mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let status = self.program.end()?;
        ensure!(status.code() == Some(0), "{} was told to stop: {status}", self.name);
        Ok(())
    }

    pub fn says(&self, text: &str) -> Result<()> {
        until(&format!("{} says: {text}", self.name), || self.program.output().contains(text))?;
        Ok(())
    }

    /// Starts another in its place if it has died, as a supervisor would.
    pub fn keep_up(&mut self) -> Result<()> {
        if !self.program.runs() {
            let deaths = self.deaths + 1;
            let name = format!("{}-{deaths}", self.name.split('-').next().unwrap_or_default());
            let flags: Vec<_> = self.flags.iter().map(String::as_str).collect();
            *self = Self { deaths, ..Self::start(&self.redis, &name, &flags)? };
        }
        Ok(())
    }
}

/// `... INFO showing metrics address=127.0.0.1:41001`
fn address_in(line: &str) -> Option<SocketAddr> {
    line.split_once("showing metrics address=")?.1.parse().ok()
}

fn has_ended(program: &mut Program) -> Option<Result<SocketAddr>> {
    (!program.runs()).then(|| Err(anyhow::anyhow!("the worker has ended: {}", program.output())))
}
