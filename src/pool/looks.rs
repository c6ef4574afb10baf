//! Looking into a pool while it runs.

use crate::observe::running::Running;
use crate::observe::timings::Timings;
use crate::pool::pool::Pool;
use crate::pool::report::Report;

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
        Report::running_in(self.shared())
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
        Report::of(self.shared())
    }
}
