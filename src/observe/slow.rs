//! Telling of jobs that run for too long, while they still run.
//!
//! The keeper's thread goes round the desks. Between two rounds it sleeps until the first of those jobs that it has seen
//! will have run for too long, or for one limit where none of these is left to tell of: a job that starts after a round has
//! not run for too long before that. A round tells of one job: while the user's code takes its time with that, another thread
//! goes the next round. Where nothing runs it *dozes*, so that an idle pool uses no CPU:
//!
//! 1. The keeper has found all desks empty. It notes that it dozes, and looks at all desks once more, each under its lock.
//! 2. If it finds a job, it takes the note back, and sleeps for one limit. If none, it sleeps until it is called.
//! 3. A worker puts a job on its desk, under the desk's lock, then reads the note; if it takes it back, it calls the keeper.
//!
//! No job is missed: the desk's lock orders its entry in step 3 with the look in step 2. If the entry comes first the keeper
//! sees it. If the look comes first, so does the note, and the worker sees that.

use std::time::Duration;

use crate::base::panic::{Shareable, contain};
use crate::base::sync::{AtomicBool, Ordering};
use crate::base::tick::nanos;
use crate::observe::running::RunningJob;

/// Called with each such job.
pub(crate) type SlowHook = Shareable<dyn Fn(&RunningJob) + Send + Sync>;

/// Shorter limits are taken as this.
const SHORTEST: Duration = Duration::from_millis(1);

/// What the user has asked for.
#[derive(Clone)]
pub(crate) struct SlowOptions {
    pub(crate) limit: Duration,
    pub(crate) hook: SlowHook,
}

/// What is too long, and who is told of it.
pub(crate) struct Slow {
    limit: u64,
    hook: SlowHook,
    /// The note of step 1.
    dozes: AtomicBool,
}

impl Slow {
    pub(crate) fn new(options: SlowOptions) -> Self {
        // The first job calls the keeper.
        Self { limit: nanos(options.limit.max(SHORTEST)), hook: options.hook, dozes: AtomicBool::new(true) }
    }

    /// In nanoseconds.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn tell(&self, job: &RunningJob) {
        contain(|| (self.hook)(job));
    }

    pub(crate) fn doze(&self) {
        // ORDERING: Relaxed, as the desks' locks, which the look that follows takes, order it: see step 3.
        self.dozes.store(true, Ordering::Relaxed);
    }

    /// Whether the keeper dozed, and is to be called by who asks, and nobody else.
    pub(crate) fn wake(&self) -> bool {
        // ORDERING: Relaxed, see `doze`. Read first, as it is seldom so.
        self.dozes.load(Ordering::Relaxed) && self.dozes.swap(false, Ordering::Relaxed)
    }
}
