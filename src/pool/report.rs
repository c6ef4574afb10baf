//! All that can be seen of a pool.

use std::fmt;
use std::time::Duration;

use crate::base::tick::Tick;
use crate::job::runnable::RunEnd;
use crate::observe::running::{QueuedJob, Running};
use crate::observe::times::Times;
use crate::observe::timings::{JobTimes, Timings};
use crate::queue::stats::{Stats, WorkerStats};
use crate::worker::shared::Shared;

/// All that can be seen of a pool at one moment: what [`Pool::report`](crate::Pool::report) returns. Its `Display` is a few
/// lines of text for a log.
///
/// ```
/// let pool = corepool::Pool::builder().thread_name("thumbs").workers(2).timings(true).build().unwrap();
/// pool.job().name("thumbnail").run(|| ()).unwrap();
/// let text = pool.report().to_string();
/// assert!(text.starts_with("thumbs: 2 workers, 0 busy; 0 queued of 65536"), "{text}");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// What its threads' names begin with.
    pub name: String,
    /// How many jobs may be queued; `None` if there is no bound.
    pub capacity: Option<u64>,
    /// Its counters.
    pub stats: Stats,
    /// The counters of each worker, in their order.
    pub workers: Vec<WorkerStats>,
    /// What runs and what is queued.
    pub running: Running,
    /// How long jobs took; `None` unless the pool was built with [`timings`](crate::Builder::timings).
    pub timings: Option<Timings>,
}

impl Report {
    pub(super) fn of(pool: &Shared) -> Self {
        let capacity = pool.monitor.capacity();
        Self {
            name: pool.name.clone(),
            capacity: (capacity < usize::MAX).then_some(capacity as u64),
            stats: pool.monitor.stats(),
            workers: pool.monitor.worker_stats(),
            running: Self::running_in(pool),
            timings: pool.board.as_ref().map(|board| board.timings()),
        }
    }

    pub(super) fn running_in(pool: &Shared) -> Running {
        let is_recorded = pool.board.is_some();
        let queued = pool.monitor.map_oldest(|job, since| queued(job, is_recorded.then_some(since)));
        let jobs = pool.board.as_ref().map(|board| board.running()).unwrap_or_default();
        Running { workers: if pool.id.is_inline() { 0 } else { pool.workers }, is_recorded, jobs, queued }
    }
}

fn queued(job: &dyn RunEnd, since: Option<Tick>) -> QueuedJob {
    let header = job.header();
    QueuedJob {
        name: job.name().cloned(),
        submitted_at: header.submitted_at(),
        priority: header.priority(),
        waiting_for: since.map(|since| Duration::from_nanos(Tick::now().since(since))),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = &self.stats;
        write!(
            f,
            "{}: {} workers, {} busy; {} queued",
            self.name.escape_debug(),
            stats.workers,
            stats.busy,
            stats.queued
        )?;
        if let Some(capacity) = self.capacity {
            write!(f, " of {capacity}")?;
        }
        writeln!(
            f,
            " ({} high, {} normal, {} low), {} waiting for room",
            stats.queued_high, stats.queued_normal, stats.queued_low, stats.waiting
        )?;
        writeln!(
            f,
            "submitted {}: completed {}, panicked {}, cancelled {}, expired {}, aborted {}; rejected {}",
            stats.submitted,
            stats.completed,
            stats.panicked,
            stats.cancelled,
            stats.expired,
            stats.aborted,
            stats.rejected
        )?;
        if let Some(timings) = &self.timings {
            write_times(f, "high", &timings.high)?;
            write_times(f, "normal", &timings.normal)?;
            write_times(f, "low", &timings.low)?;
            for (name, times) in &timings.named {
                write_times(f, &format!("job {}", name.escape_debug()), times)?;
            }
        }
        self.running.fmt(f)
    }
}

/// A line about jobs that have run, if there are any.
fn write_times(f: &mut fmt::Formatter<'_>, what: &str, times: &JobTimes) -> fmt::Result {
    let quantiles = |of: &Times| Some((of.quantile(0.5)?, of.quantile(0.99)?));
    let (Some(waited), Some(ran)) = (quantiles(&times.waited), quantiles(&times.ran)) else { return Ok(()) };
    write!(f, "{what}: {} ran", times.ran.count())?;
    write!(f, "; waited p50 {:.1?} p99 {:.1?}", waited.0, waited.1)?;
    write!(f, "; ran p50 {:.1?} p99 {:.1?}", ran.0, ran.1)?;
    match times.cpu_share() {
        Some(share) => writeln!(f, "; CPU {:.0} %", 100.0 * share),
        None => writeln!(f),
    }
}
