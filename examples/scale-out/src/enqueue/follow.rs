//! Follows jobs to their ends, with a progress bar on a terminal.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::sleep;
use tracing::warn;

use crate::jobs::{Id, Queue, Record};
use crate::program::on_one_line;

/// How often to ask. Each time, so many are asked for at once.
const EVERY: Duration = Duration::from_millis(100);
const BATCH: usize = 500;

pub(super) struct Follow(ProgressBar);

impl Follow {
    /// It is not drawn where nobody looks.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} done, {per_sec}, {eta} left");
        Self(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)))
    }

    pub(super) fn added(&self) {
        self.0.inc_length(1);
    }

    /// Prints the ends in the order of the jobs, each as soon as all before it have ended.
    pub(super) async fn until_all_have_ended(self, queue: &Queue, ids: &[Id]) -> Result<()> {
        let (mut next, mut dead) = (0, 0_u64);
        while next < ids.len() {
            let batch = &ids[next..ids.len().min(next + BATCH)];
            let records = match queue.records(batch).await {
                Ok(records) => records,
                Err(error) => {
                    warn!(%error, "trying again");
                    Vec::new()
                }
            };
            let ended = batch.iter().zip(records).map_while(|(id, record)| line(id, record));
            let lines: Vec<_> = ended.collect();
            for line in &lines {
                dead += u64::from(line.is_dead);
                self.print(&line.text)?;
            }
            self.0.inc(lines.len() as u64);
            next += lines.len();
            if lines.len() < batch.len() {
                sleep(EVERY).await;
            }
        }
        self.0.finish_and_clear();
        if dead > 0 {
            bail!("{dead} of {} jobs are dead letters", ids.len());
        }
        Ok(())
    }

    fn print(&self, line: &str) -> Result<()> {
        self.0.suspend(|| writeln!(io::stdout(), "{line}")).context("cannot write the results")
    }
}

struct Line {
    text: String,
    is_dead: bool,
}

/// `None`: it has not ended.
fn line(id: &Id, record: Option<Record>) -> Option<Line> {
    let (text, is_dead) = match record {
        Some(Record::Queued) => return None,
        Some(Record::Done { value, .. }) => (format!("{id}\tdone\t{}", on_one_line(&value)), false),
        Some(Record::Dead { reason, .. }) => (format!("{id}\tdead\t{}", on_one_line(&reason)), true),
        None => {
            (format!("{id}\tdead\tits record is gone: Redis has lost it, or it was kept for too short a time"), true)
        }
    };
    Some(Line { text, is_dead })
}
