//! Looking into a pool while it runs.

use std::time::Duration;

use crate::base::tick::Tick;
use crate::job::runnable::RunEnd;
use crate::observe::running::{QueuedJob, Running};
use crate::observe::timings::Timings;
use crate::pool::pool::Pool;
use crate::pool::report::Report;
use crate::worker::shared::Shared;

impl Pool {
    /// What its threads' names begin with: see [`Builder::thread_name`](crate::Builder::thread_name).
    ///
    /// ```
    /// let pool = corepool::Pool::builder().thread_name("thumbs").build().unwrap();
    /// assert_eq!(pool.name(), "thumbs");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared().name
    }

    /// Returns which jobs run, for how long and what they wait for, and the oldest queued job of each priority. Its `Display`
    /// is a table for a log.
    ///
    /// Running jobs show only in a pool that was built with [`timings`](crate::Builder::timings). What different workers
    /// do is read one after the other, so a job may show on two or on none as it moves.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(2).timings(true).build().unwrap();
    /// println!("{}", pool.running());
    /// assert!(pool.running().jobs.is_empty());
    /// ```
    #[must_use]
    pub fn running(&self) -> Running {
        running(self.shared())
    }

    /// Returns how long jobs have waited and run since the pool was built; `None` unless it was built with
    /// [`timings`](crate::Builder::timings).
    ///
    /// ```
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// assert_eq!(pool.timings().unwrap().normal.ran.count(), 1);
    /// assert!(corepool::Pool::new().unwrap().timings().is_none());
    /// ```
    #[must_use]
    pub fn timings(&self) -> Option<Timings> {
        self.shared().board.as_ref().map(|board| board.timings())
    }

    /// Returns all that can be seen of the pool, as one value. Its parts are read one after the other.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// let report = pool.report();
    /// assert_eq!(report.stats.completed, 1);
    /// println!("{report}");
    /// ```
    #[must_use]
    pub fn report(&self) -> Report {
        let shared = self.shared();
        let capacity = shared.monitor.capacity();
        Report {
            name: shared.name.clone(),
            capacity: (capacity < usize::MAX).then_some(capacity as u64),
            stats: self.stats(),
            workers: self.worker_stats(),
            running: self.running(),
            timings: self.timings(),
        }
    }
}

fn running(pool: &Shared) -> Running {
    let is_recorded = pool.board.is_some();
    let queued = pool.monitor.map_oldest(|job, since| queued(job, is_recorded.then_some(since)));
    let jobs = pool.board.as_ref().map(|board| board.running()).unwrap_or_default();
    Running { workers: if pool.id.is_inline() { 0 } else { pool.workers }, is_recorded, jobs, queued }
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
