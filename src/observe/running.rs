//! What runs and what is queued, as the user reads it.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::base::priority::Priority;
use crate::observe::label::JobLabel;

/// What a pool does at one moment: what [`Pool::running`](crate::Pool::running) returns.
///
/// Its `Display` is a table for a log:
///
/// ```text
/// worker  priority  running  waited   job                          waits for
/// 0       normal    1.2s     3.1µs    report (src/main.rs:40:10)   page (src/report.rs:12:22)
/// 1       idle
/// queued  low       -        350.0ms  index (src/main.rs:52:10)
/// ```
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).timings(true).build().unwrap();
/// let job = pool.job().name("report").submit(|| corepool::Pool::current().unwrap().running().to_string());
/// let table = job.unwrap().join().unwrap();
/// assert!(table.contains("report ("), "{table}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// How many workers the pool has; the number of those in `jobs` that run one are busy.
    pub workers: usize,
    /// Whether the pool was built to record which jobs run. If not, `jobs` is empty.
    pub is_recorded: bool,
    /// By worker, for each the outermost first: a job that runs inside a join of another follows it. Jobs that are run
    /// by others than the pool's workers come last.
    pub jobs: Vec<RunningJob>,
    /// The job that was queued first in each priority, the most urgent first.
    pub queued: Vec<QueuedJob>,
}

/// A job that runs.
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).timings(true).build().unwrap();
/// let jobs = pool.run(|| corepool::Pool::current().unwrap().running().jobs).unwrap();
/// assert_eq!(jobs[0].worker, Some(0));
/// println!("{}", jobs[0]); // worker 0: src/main.rs:3:17, normal, running for 1.4µs, waited 12.0µs
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningJob {
    /// The index of the worker; `None` on a worker of another pool, or on a thread that runs the jobs of an
    /// [inline](crate::Builder::inline) pool.
    pub worker: Option<usize>,
    /// The name that the job was given.
    pub name: Option<Cow<'static, str>>,
    /// The place in the source that submitted it.
    pub submitted_at: &'static Location<'static>,
    /// Its priority.
    pub priority: Priority,
    /// How long it waited before it started.
    pub waited: Duration,
    /// How long it has been running.
    pub running_for: Duration,
    /// The job that it waits for in a join, or that it runs there.
    pub waits_for: Option<JobLabel>,
}

/// A job that is queued.
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).build().unwrap();
/// let queued = pool.run(|| {
///     let pool = corepool::Pool::current().unwrap();
///     pool.job().name("next").submit(|| ()).unwrap().detach();
///     pool.running().queued
/// });
/// assert_eq!(queued.unwrap()[0].name.as_deref(), Some("next"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuedJob {
    /// The name that the job was given.
    pub name: Option<Cow<'static, str>>,
    /// The place in the source that submitted it.
    pub submitted_at: &'static Location<'static>,
    /// Its priority.
    pub priority: Priority,
    /// How long it has been waiting; `None` unless the pool records that.
    pub waiting_for: Option<Duration>,
}

impl RunningJob {
    /// Its name and where it was submitted.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(1).timings(true).build().unwrap();
    /// let job = pool.job().name("thumbnail").run(|| corepool::Pool::current().unwrap().running().jobs.remove(0));
    /// assert!(job.unwrap().label().to_string().starts_with("thumbnail ("));
    /// ```
    #[must_use]
    pub fn label(&self) -> JobLabel {
        JobLabel::new(self.name.as_ref(), self.submitted_at)
    }
}

impl QueuedJob {
    /// Its name and where it was submitted.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().inline().build().unwrap();
    /// let job = pool.job().name("thumbnail").submit(|| ()).unwrap();
    /// assert!(pool.running().queued[0].label().to_string().starts_with("thumbnail ("));
    /// # job.join().unwrap();
    /// ```
    #[must_use]
    pub fn label(&self) -> JobLabel {
        JobLabel::new(self.name.as_ref(), self.submitted_at)
    }
}

impl fmt::Display for RunningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.worker {
            Some(worker) => write!(f, "worker {worker}: ")?,
            None => f.write_str("outside: ")?,
        }
        let (label, priority) = (self.label(), name_of(self.priority));
        write!(f, "{label}, {priority}, running for {:.1?}, waited {:.1?}", self.running_for, self.waited)?;
        match &self.waits_for {
            Some(label) => write!(f, ", waits for {label}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["worker", "priority", "running", "waited", "job", "waits for"].map(str::to_owned)];
        for worker in 0..self.workers {
            let before = rows.len();
            rows.extend(self.jobs.iter().filter(|job| job.worker == Some(worker)).map(row_of_running));
            if rows.len() == before {
                let state = if self.is_recorded { "idle" } else { "not recorded" };
                rows.push([&worker.to_string(), state, "", "", "", ""].map(str::to_owned));
            }
        }
        rows.extend(self.jobs.iter().filter(|job| job.worker.is_none()).map(row_of_running));
        rows.extend(self.queued.iter().map(row_of_queued));
        write_table(f, &rows)?;
        if self.is_recorded { Ok(()) } else { f.write_str("build the pool with `timings(true)` to see what runs\n") }
    }
}

type Row = [String; 6];

fn row_of_running(job: &RunningJob) -> Row {
    [
        job.worker.map_or_else(|| "outside".to_owned(), |worker| worker.to_string()),
        name_of(job.priority).to_owned(),
        format!("{:.1?}", job.running_for),
        format!("{:.1?}", job.waited),
        job.label().to_string(),
        job.waits_for.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}

fn row_of_queued(job: &QueuedJob) -> Row {
    let waited = job.waiting_for.map_or_else(|| "-".to_owned(), |waited| format!("{waited:.1?}"));
    let (priority, label) = (name_of(job.priority).to_owned(), job.label().to_string());
    ["queued".to_owned(), priority, "-".to_owned(), waited, label, String::new()]
}

fn name_of(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "high",
        Priority::Normal => "normal",
        Priority::Low => "low",
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
