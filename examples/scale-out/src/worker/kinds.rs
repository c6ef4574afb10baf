//! The kinds of jobs that this worker knows.

use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use corepool::checkpoint;

use super::settings::Settings;
use crate::jobs::Job;
use crate::program::quoted;
use crate::work::checksum::checksum;
use crate::work::fibonacci::fibonacci;

/// What may be run here.
#[derive(Clone, Debug)]
pub(super) struct Kinds {
    max_n: u32,
    files: Option<PathBuf>,
    test_jobs: bool,
}

/// A job that can be run.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Fibonacci(u32),
    Checksum { root: PathBuf, path: PathBuf },
    Panic,
    Abort,
    Spin(Duration),
}

impl Kinds {
    pub(super) fn of(settings: &Settings) -> Result<Self> {
        let canonical = |files: &PathBuf| {
            files.canonicalize().with_context(|| format!("cannot find --files '{}'", files.display()))
        };
        let files = settings.files.as_ref().map(canonical).transpose()?;
        Ok(Self { max_n: settings.max_n, files, test_jobs: settings.test_jobs })
    }

    /// # Errors
    ///
    /// There is no such work: to try again would not help.
    pub(super) fn work(&self, job: &Job) -> Result<Work> {
        let input = job.input.as_str();
        Ok(match job.kind.as_str() {
            "fib" => match input.parse() {
                Ok(n) if n <= self.max_n => Work::Fibonacci(n),
                _ => bail!("the input of fib is {}: it must be a whole number from 0 to {}", quoted(input), self.max_n),
            },
            "checksum" => match &self.files {
                Some(root) => Work::Checksum { root: root.clone(), path: Path::new(input).to_owned() },
                None => bail!("no worker reads files without --files"),
            },
            "panic" if self.test_jobs => Work::Panic,
            "abort" if self.test_jobs => Work::Abort,
            "spin" if self.test_jobs => match input.parse() {
                Ok(time) => Work::Spin(Duration::from_millis(time)),
                Err(_) => bail!("the input of spin is {}: it must be milliseconds", quoted(input)),
            },
            other => bail!("there is no kind {}", quoted(other)),
        })
    }
}

impl Work {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Fibonacci(_) => "fib",
            Self::Checksum { .. } => "checksum",
            Self::Panic => "panic",
            Self::Abort => "abort",
            Self::Spin(_) => "spin",
        }
    }

    /// # Errors
    ///
    /// It was stopped, or could not be done just now.
    pub(super) fn run(self) -> Result<String> {
        match self {
            Self::Fibonacci(n) => Ok(fibonacci(n)?.to_string()),
            Self::Checksum { root, path } => checksum(&root, &path),
            Self::Panic => panic!("a job of the kind panic"),
            Self::Abort => process::abort(),
            Self::Spin(time) => {
                let start = Instant::now();
                while start.elapsed() < time {
                    checkpoint()?;
                }
                Ok(String::new())
            }
        }
    }
}
