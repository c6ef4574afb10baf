//! The jobs, from arguments and from a file, one after the other: however many there are, one is in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::thread;
use std::vec;

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use super::settings::Settings;
use crate::jobs::{Id, Job};
use crate::program::{BadInput, quoted};

type Lines = Box<dyn Iterator<Item = (u64, io::Result<String>)> + Send>;

pub(super) struct Input {
    arguments: vec::IntoIter<String>,
    lines: Lines,
}

impl Input {
    pub(super) fn of(settings: &Settings) -> Result<Self> {
        let lines: Lines = match &settings.file {
            None => Box::new(std::iter::empty()),
            Some(path) if path.as_os_str() == "-" => Box::new((1..).zip(BufReader::new(io::stdin()).lines())),
            Some(path) => {
                let wrong = || BadInput(format!("cannot open --file '{}'", path.display()));
                Box::new((1..).zip(BufReader::new(File::open(path).with_context(wrong)?).lines()))
            }
        };
        // What is wrong there is said before anything is added.
        for job in &settings.jobs {
            parse(job).map_err(BadInput)?;
        }
        Ok(Self { arguments: settings.jobs.clone().into_iter(), lines })
    }

    /// Read on a thread of its own: who writes them may take any time, and meanwhile signals must be heard.
    pub(super) fn read(mut self) -> Result<mpsc::Receiver<Result<Job>>> {
        let (sender, jobs) = mpsc::channel(1);
        let send = move || {
            // It fails when nobody adds them any more.
            let _ = self.try_for_each(|job| sender.blocking_send(job));
        };
        thread::Builder::new().name("input".to_owned()).spawn(send).context("cannot start a thread")?;
        Ok(jobs)
    }

    fn next_line(&mut self) -> Option<Result<Job>> {
        loop {
            let (number, line) = self.lines.next()?;
            let line = match line {
                Ok(line) => line,
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    return Some(Err(BadInput(format!("line {number} is no text")).into()));
                }
                Err(error) => return Some(Err(error).with_context(|| format!("cannot read line {number}"))),
            };
            if !line.trim().is_empty() {
                return Some(parse(&line).map_err(|wrong| BadInput(format!("line {number}: {wrong}")).into()));
            }
        }
    }
}

impl Iterator for Input {
    type Item = Result<Job>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.arguments.next() {
            Some(text) => Some(parse(&text).map_err(|wrong| BadInput(wrong).into())),
            None => self.next_line(),
        }
    }
}

fn parse(text: &str) -> Result<Job, String> {
    match text.trim().split_once(':') {
        Some((kind, input)) if !kind.is_empty() => {
            Ok(Job { id: Id::random(), kind: kind.to_owned(), input: input.to_owned(), deliveries: 0 })
        }
        _ => Err(format!("{} is no job: give KIND:INPUT, as in fib:30", quoted(text))),
    }
}
