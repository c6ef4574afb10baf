//! One worker's part of the board: which jobs run there, and how long those took that have ended.
//!
//! A job is put on the desk under its lock, which is the worker's unless somebody looks, and taken off it without: its worker
//! counts down how many run, and leaves what is above that to the next job. Somebody who looks takes the lock, and sees the
//! jobs that ran at one moment since.

use std::sync::atomic::AtomicU64 as StdAtomicU64;
use std::time::Duration;

use crate::base::priority::Priority;
use crate::base::sync::{AtomicU32, Mutex, Ordering};
use crate::base::tick::Tick;
use crate::job::runnable::RunEnd;
use crate::observe::busy::Busy;
use crate::observe::cpu::{self, Reading};
use crate::observe::label::JobLabel;
use crate::observe::ledger::{Cpu, Ledger, Ran};
use crate::observe::running::RunningJob;
use crate::observe::timings::WorkerTimes;

/// A job that has started, to who runs it.
#[derive(Clone, Copy)]
pub(crate) struct Started {
    submitted: Tick,
    at: Tick,
    /// In nanoseconds since the pool was built.
    at_nanos: u64,
    cpu: Reading,
    priority: Priority,
}

impl Started {
    /// On this thread, now.
    #[inline]
    pub(super) fn now(priority: Priority, submitted: Tick, built: Tick) -> Self {
        let at = Tick::now();
        Self { submitted, at, at_nanos: at.since(built), cpu: Reading::at_start(at), priority }
    }

    pub(super) fn priority(&self) -> Priority {
        self.priority
    }

    /// What it has taken, if it ends now, on this thread.
    #[inline]
    pub(super) fn ran(&self) -> Ran {
        let now = Tick::now();
        let ran = now.since(self.at);
        let cpu = match ran < cpu::STEP {
            true => Cpu::All,
            false => self.cpu.used(self.at, now).map_or(Cpu::Unknown, Cpu::Used),
        };
        Ran { waited: self.at.since(self.submitted), ran, cpu }
    }
}

/// A job that runs, to who looks.
pub(super) struct Entry {
    label: JobLabel,
    started: Started,
    waits_for: Option<Box<JobLabel>>,
    is_told_of: bool,
}

impl Entry {
    #[inline]
    pub(super) fn new(job: &dyn RunEnd, started: Started) -> Self {
        Self { label: JobLabel::of(job), started, waits_for: None, is_told_of: false }
    }

    pub(super) fn set_waits_for(&mut self, label: Option<JobLabel>) {
        self.waits_for = label.map(Box::new);
    }

    /// `inner` is the job that it runs in a join, if it does.
    pub(super) fn row(&self, worker: Option<usize>, inner: Option<&Self>, now: Tick) -> RunningJob {
        let Started { submitted, at, priority, .. } = self.started;
        RunningJob {
            worker,
            name: self.label.name.clone(),
            submitted_at: self.label.submitted_at,
            priority,
            waited: Duration::from_nanos(at.since(submitted)),
            running_for: Duration::from_nanos(now.since(at)),
            waits_for: self.waits_for.as_deref().or(inner.map(|inner| &inner.label)).cloned(),
        }
    }

    /// Its row, the first time that it has been running for so many nanoseconds; or how many are left.
    pub(super) fn take_if_slow(
        &mut self,
        worker: Option<usize>,
        inner: Option<&Self>,
        limit: u64,
    ) -> Option<Result<RunningJob, u64>> {
        if self.is_told_of {
            return None;
        }
        let now = Tick::now();
        match limit.saturating_sub(now.since(self.started.at)) {
            0 => {
                self.is_told_of = true;
                Some(Ok(self.row(worker, inner, now)))
            }
            left => Some(Err(left)),
        }
    }
}

/// On cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Desk {
    /// The outermost job first; those from `depth` on have ended.
    entries: Mutex<Vec<Entry>>,
    /// Written by the worker only.
    depth: AtomicU32,
    ledger: Ledger,
    busy: Busy,
    /// The most that anybody was told of that.
    busy_told: StdAtomicU64,
}

impl Desk {
    #[inline]
    pub(super) fn begin(&self, entry: Entry) {
        let begun = entry.started.at_nanos;
        let mut entries = self.entries.lock();
        // ORDERING: Relaxed, as this thread writes it; who looks takes the lock after.
        let depth = self.depth.load(Ordering::Relaxed);
        entries.truncate(depth as usize);
        entries.push(entry);
        if depth == 0 {
            self.busy.begin(begun);
        }
        // ORDERING: Relaxed, see above.
        self.depth.store(depth + 1, Ordering::Relaxed);
    }

    /// The innermost job is over, after it ran for so many nanoseconds.
    #[inline]
    pub(super) fn end(&self, started: &Started, ran: u64) {
        // ORDERING: Relaxed, as this thread writes it. Who looks may see the job for a moment longer.
        let depth = self.depth.load(Ordering::Relaxed) - 1;
        if depth == 0 {
            self.busy.end(started.at_nanos + ran);
        }
        // ORDERING: Relaxed, see above.
        self.depth.store(depth, Ordering::Relaxed);
    }

    /// Counts the innermost job, which has run.
    #[inline]
    pub(super) fn record(&self, job: Ran, priority: Priority) {
        self.ledger.record(job, priority);
        // ORDERING: Relaxed, as this thread writes it.
        if self.depth.load(Ordering::Relaxed) == 1 {
            self.ledger.record_outermost(job);
        }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Shows the jobs that run here, the outermost first.
    pub(super) fn look<R>(&self, look: impl FnOnce(&mut [Entry]) -> R) -> R {
        let mut entries = self.entries.lock();
        // ORDERING: Relaxed: it was not less since the lock was last free.
        let depth = self.depth.load(Ordering::Relaxed) as usize;
        look(&mut entries[..depth])
    }

    /// Rows of the jobs that run here: each but the last runs the next in a join.
    pub(super) fn rows(&self, worker: usize) -> Vec<RunningJob> {
        self.look(|entries| {
            let now = Tick::now();
            let row = |(index, entry): (usize, &Entry)| entry.row(Some(worker), entries.get(index + 1), now);
            entries.iter().enumerate().map(row).collect()
        })
    }

    pub(super) fn worker_times(&self, built: Tick) -> WorkerTimes {
        let busy = self.busy.read(|| Tick::now().since(built));
        // A job's end is written a little after the moment that it is taken for: who looked in between was told of more.
        // ORDERING: Relaxed, as it is all there is to see.
        let busy = self.busy_told.fetch_max(busy, Ordering::Relaxed).max(busy);
        WorkerTimes { busy: Duration::from_nanos(busy), cpu: self.ledger.worker_cpu() }
    }
}
