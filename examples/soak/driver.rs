//! The driver: opens the pools, shuts them down under their clients, and settles their books.

use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use corepool::{CancelToken, Pool, Shutdown, ShutdownReport, Stats};
use fastrand::Rng;

use crate::balance::Balance;
use crate::client::Soak;
use crate::ledger::{Books, Count};
use crate::plan::Plan;
use crate::submitter::{Subject, Submitter};

/// The bound of the queue that is always full.
pub(crate) const CAPACITY: usize = 64;

/// How long the last to hold on to a pool may take to let go of it, once nobody submits any more. Beyond, what is still open
/// is lost or leaked.
const GRACE: Duration = Duration::from_secs(5);

pub(crate) struct Driver {
    rng: Rng,
    accepted: Arc<Count>,
    closed: Vec<Closed>,
    pub(crate) balance: Balance,
    /// How often somebody looked at the steady pool, and how often its queue was full.
    pub(crate) looks: u64,
    pub(crate) looks_at_full: u64,
}

/// A pool that was shut down; `None` once its last handle was given away.
struct Closed {
    pool: Option<Pool>,
    books: Arc<Books>,
}

impl Driver {
    pub(crate) fn new(rng: Rng, accepted: &Arc<Count>) -> Self {
        let (accepted, closed) = (Arc::clone(accepted), Vec::new());
        Self { rng, accepted, closed, balance: Balance::default(), looks: 0, looks_at_full: 0 }
    }

    /// A pool of so many workers.
    pub(crate) fn open(&self, workers: usize, capacity: usize) -> Result<Subject> {
        let pool = Pool::builder().workers(workers).queue_capacity(capacity).thread_name("soak").build();
        Ok(Subject { pool: pool.context("cannot build a pool")?, books: Books::new(&self.accepted) })
    }

    /// A pool of one to four workers and little room.
    pub(crate) fn open_small(&mut self) -> Result<Subject> {
        let (workers, capacity) = (self.rng.usize(1..=4), self.rng.usize(1..=16));
        self.open(workers, capacity)
    }

    /// Until it is over: looks at the steady pool, and puts another one in the passing pool's place.
    pub(crate) fn attend(&mut self, soak: &Soak, mut tick: impl FnMut()) -> Result<()> {
        while !soak.is_over() {
            self.look_at(&soak.steady);
            if self.rng.u8(..8) == 0 {
                self.wait_for(&soak.steady);
            }
            let next = self.open_small()?;
            let subject = mem::replace(&mut *soak.passing.write(), next);
            self.close(subject);
            self.settle();
            tick();
            thread::sleep(Duration::from_millis(self.rng.u64(1..20)));
        }
        Ok(())
    }

    fn look_at(&mut self, Subject { pool, books }: &Subject) {
        let stats = pool.stats();
        self.looks += 1;
        self.looks_at_full += u64::from(stats.queued >= CAPACITY as u64);
        if !adds_up(&stats) {
            books.wrong.add_one();
        }
    }

    /// Whatever was accepted before must have resolved after.
    fn wait_for(&mut self, subject: &Subject) {
        let submitter = Submitter { subject, elsewhere: subject, token: &CancelToken::new() };
        let probe = submitter.submit(&Plan::probe());
        if subject.pool.wait_idle(None).is_err() {
            subject.books.wrong.add_one();
        }
        if let Some(probe) = probe {
            probe.must_be_finished();
            probe.see_to(&mut self.rng);
        }
    }

    /// In one of the ways in which a pool ends.
    pub(crate) fn close(&mut self, Subject { pool, books }: Subject) {
        let drain = |pool: &Pool, timeout| pool.shutdown(Shutdown::Drain, timeout);
        let abort = |pool: &Pool, timeout| {
            books.note_abort();
            pool.shutdown(Shutdown::Abort, timeout)
        };
        let soon = Some(Duration::from_micros(self.rng.u64(..500)));
        let report = match self.rng.u8(..5) {
            0 => drain(&pool, None),
            1 => abort(&pool, None),
            2 => drain(&pool, soon).and_then(|_| abort(&pool, None)),
            3 => abort(&pool, soon).and_then(|_| abort(&pool, None)),
            _ => {
                drop(pool);
                return self.closed.push(Closed { pool: None, books });
            }
        };
        if !report.is_ok_and(|report| agrees(&report, &pool.stats())) {
            books.wrong.add_one();
        }
        self.closed.push(Closed { pool: Some(pool), books });
    }

    /// Draws the balance of each closed pool that nobody holds on to any more.
    fn settle(&mut self) {
        let settled = self.closed.extract_if(.., |closed| Arc::get_mut(&mut closed.books).is_some());
        for closed in settled {
            self.balance += closed.balance();
        }
    }

    /// All books, those too that somebody still holds on to after a while.
    pub(crate) fn settle_all(&mut self) {
        let begin = Instant::now();
        self.settle();
        while !self.closed.is_empty() && begin.elapsed() < GRACE {
            thread::sleep(Duration::from_millis(1));
            self.settle();
        }
        for closed in mem::take(&mut self.closed) {
            self.balance += closed.balance();
        }
    }
}

impl Closed {
    fn balance(&self) -> Balance {
        Balance::of(&self.books, self.pool.as_ref().map(Pool::stats))
    }
}

/// At any moment, whatever the workers do meanwhile.
fn adds_up(stats: &Stats) -> bool {
    let resolved = stats.completed + stats.panicked + stats.cancelled + stats.expired + stats.aborted;
    stats.submitted == resolved.wrapping_add(stats.queued).wrapping_add(stats.busy) && stats.busy <= stats.submitted
}

fn agrees(report: &ShutdownReport, stats: &Stats) -> bool {
    report.completed == stats.completed
        && report.panicked == stats.panicked
        && report.aborted == stats.aborted
        && (report.still_running, report.still_queued) == (0, 0)
}
