//! What two runs came to, side by side.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::traffic::{Fate, Run};

/// A run, added up.
struct Sum {
    requests: usize,
    answered: usize,
    failed: usize,
    rejected: usize,
    dropped: usize,
    lost: Duration,
    rejections: Histogram<u64>,
    answers: Histogram<u64>,
    up_again: Option<Duration>,
}

impl Sum {
    fn of(run: &Run) -> Result<Self> {
        let mut sum = Self {
            requests: run.fates.len(),
            answered: 0,
            failed: 0,
            rejected: 0,
            dropped: 0,
            lost: Duration::ZERO,
            rejections: Histogram::new(3)?,
            answers: Histogram::new(3)?,
            up_again: None,
        };
        for fate in &run.fates {
            sum.add(fate, run.recovery)?;
        }
        Ok(sum)
    }

    fn add(&mut self, fate: &Fate, recovery: Option<Duration>) -> Result<()> {
        match *fate {
            Fate::Answered { after, at } => {
                self.answered += 1;
                self.answers.record(nanos(after))?;
                if let Some(waited) = recovery.and_then(|recovery| at.checked_sub(recovery)) {
                    self.up_again = Some(self.up_again.map_or(waited, |best| best.min(waited)));
                }
            }
            Fate::Failed { spent } => {
                self.failed += 1;
                self.lost += spent;
            }
            Fate::Rejected { after } => {
                self.rejected += 1;
                self.rejections.record(nanos(after))?;
            }
            Fate::Dropped => self.dropped += 1,
        }
        Ok(())
    }

    fn rows(&self) -> [(&'static str, String); 9] {
        [
            ("requests", self.requests.to_string()),
            ("answered", self.answered.to_string()),
            ("  slowest answer", or_none(&self.answers, |answers| answers.max())),
            ("failed or timed out", self.failed.to_string()),
            ("  worker time lost", format!("{:.2?}", self.lost)),
            ("dropped, queue full", self.dropped.to_string()),
            ("rejected", self.rejected.to_string()),
            ("  median rejection", or_none(&self.rejections, |rejections| rejections.value_at_quantile(0.5))),
            ("up again after", self.up_again.map_or("-".into(), |time| format!("{time:.2?}"))),
        ]
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn or_none(times: &Histogram<u64>, read: impl Fn(&Histogram<u64>) -> u64) -> String {
    match times.is_empty() {
        true => "-".into(),
        false => format!("{:.2?}", Duration::from_nanos(read(times))),
    }
}

pub fn compare(out: &mut impl Write, guarded: &Run, bare: Option<&Run>) -> Result<()> {
    let guarded = Sum::of(guarded)?.rows();
    let bare = bare.map(Sum::of).transpose()?.map(|sum| sum.rows());
    writeln!(out, "\n{:<20}  {:>16}  {:>12}", "", "behind a breaker", "without")?;
    for (row, (name, value)) in guarded.iter().enumerate() {
        let other = bare.as_ref().map_or("-", |rows| &rows[row].1);
        writeln!(out, "{name:<20}  {value:>16}  {other:>12}")?;
    }
    Ok(())
}
