//! The pools and their users: clients keep them busy, the driver shuts them down under these and settles their books.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use corepool::{CancelToken, Pool, Shutdown};
use fastrand::Rng;
use parking_lot::RwLock;

use super::balance::{Rows, balance, compare};
use super::fork::fork_outside;
use super::ledger::{ACCEPTED, Books};
use super::map::map_outside;
use super::pending::Pending;
use super::scope::scope_outside;
use super::set::set_outside;
use super::submitter::{Subject, Submitter, Verb};

/// The bound of the queue that is always full.
pub const CAPACITY: usize = 64;
/// How long the last to hold on to a pool may take to let go of it, once nobody submits any more. Beyond, what is still
/// open is lost or leaked.
const GRACE: Duration = Duration::from_secs(5);
/// A client submits fewer than this at a time, and sees to as many.
const BURST: u8 = 64;
/// Jobs it has not seen to, at most.
const UNSEEN: usize = 1_024;
/// Submitters in line that make a long line.
const LINE: u64 = 128;

/// Where the clients find their pools, and when they go home.
pub struct Soak {
    /// There from the beginning to the end, and always full.
    pub steady: Subject,
    /// Replaced every few milliseconds, and shut down under its clients.
    pub passing: RwLock<Subject>,
    pub begin: Instant,
    /// In seconds or, if it is not timed, accepted jobs.
    pub goal: u64,
    pub is_timed: bool,
    pub interrupted: CancelToken,
}

/// Which pool a client goes to.
#[derive(Clone, Copy)]
pub enum Client {
    /// The steady one, by all verbs.
    Regular,
    /// The steady one, by futures that stand in line only. A thread that waits in line is behind it once it comes to
    /// submit again, so these are what keeps the queue full.
    InLine,
    /// The passing one.
    Passing,
}

impl Soak {
    pub fn progress(&self) -> u64 {
        if self.is_timed { self.begin.elapsed().as_secs() } else { ACCEPTED.get() }
    }

    pub fn is_over(&self) -> bool {
        self.progress() >= self.goal || self.interrupted.is_cancelled()
    }

    /// Submits until it is over.
    pub fn serve(&self, client: Client, mut rng: Rng) {
        let mut token = CancelToken::new();
        let verb = matches!(client, Client::InLine).then_some(Verb::StandInLine);
        let mut unseen = VecDeque::with_capacity(UNSEEN);
        while !self.is_over() {
            if rng.u8(..8) == 0 {
                mem::take(&mut token).cancel();
            }
            let token = token.clone();
            let submitter = Submitter { subject: self.steady.clone(), elsewhere: self.passing.read().clone(), token };
            let submitter = if matches!(client, Client::Passing) { submitter.turned() } else { submitter };
            if rng.u8(..8) == 0 {
                fork_outside(&submitter, &mut rng);
            }
            match rng.u8(..32) {
                0 => scope_outside(&submitter, &mut rng),
                1 => map_outside(&submitter, &mut rng),
                2 => set_outside(&submitter, &mut rng),
                _ => {}
            }
            unseen.extend((0..rng.u8(1..BURST)).filter_map(|_| submitter.submit(rng.fork(), 0, verb)));
            // Who sees to jobs does not submit meanwhile: so only once the line can fill the queue for a while.
            if unseen.len() >= UNSEEN || submitter.subject.pool.stats().waiting >= LINE {
                let some = rng.usize(..=unseen.len().min(BURST.into()));
                unseen.drain(..some).for_each(Pending::see_to);
            }
        }
        unseen.into_iter().for_each(Pending::see_to);
    }
}

#[derive(Default)]
pub struct Driver {
    pub rng: Rng,
    /// The pools that were shut down, `None` once the last handle was given away, and their books.
    pub closed: Vec<(Option<Pool>, Arc<Books>)>,
    pub rows: Rows,
    pub complaints: Vec<String>,
    /// How often somebody looked at the steady pool, and how often its queue was full.
    pub looks: u64,
    pub looks_at_full: u64,
}

/// A pool of so many workers.
pub fn open(workers: usize, capacity: usize) -> Result<Subject> {
    let pool = Pool::builder().workers(workers).queue_capacity(capacity).thread_name("soak").build();
    Ok(Subject { pool: pool.context("cannot build a pool")?, books: Arc::default() })
}

impl Driver {
    /// A pool of one to four workers and little room.
    pub fn open_small(&mut self) -> Result<Subject> {
        open(self.rng.usize(1..=4), self.rng.usize(1..=16))
    }

    /// Until it is over: looks at the steady pool, and puts another one in the passing pool's place.
    pub fn attend(&mut self, soak: &Soak, tick: impl Fn()) -> Result<()> {
        while !soak.is_over() {
            self.look_at(&soak.steady);
            if self.rng.u8(..8) == 0 {
                self.wait_for(&soak.steady);
            }
            let next = self.open_small()?;
            let subject = mem::replace(&mut *soak.passing.write(), next);
            self.close(subject);
            self.settle(false);
            tick();
            thread::sleep(Duration::from_millis(self.rng.u64(1..20)));
        }
        Ok(())
    }

    /// The counts must add up at any moment, whatever the workers do meanwhile.
    fn look_at(&mut self, Subject { pool, books }: &Subject) {
        let stats = pool.stats();
        self.looks += 1;
        self.looks_at_full += u64::from(stats.queued >= CAPACITY as u64);
        let resolved = stats.completed + stats.panicked + stats.cancelled + stats.expired + stats.aborted;
        let unresolved = stats.queued.wrapping_add(stats.busy);
        books.check(stats.submitted == resolved.wrapping_add(unresolved) && stats.busy <= stats.submitted);
    }

    /// In one of the ways in which a pool ends.
    pub fn close(&mut self, Subject { pool, books }: Subject) {
        let shut_down = |mode, timeout| {
            if mode == Shutdown::Abort {
                books.aborts.add_one();
            }
            pool.shutdown(mode, timeout)
        };
        let soon = Some(Duration::from_micros(self.rng.u64(..500)));
        let mode = if self.rng.bool() { Shutdown::Drain } else { Shutdown::Abort };
        let report = match self.rng.u8(..5) {
            0..2 => shut_down(mode, None),
            2..4 => shut_down(mode, soon).and_then(|_| shut_down(Shutdown::Abort, None)),
            _ => {
                drop(pool);
                return self.closed.push((None, books));
            }
        };
        books.halves_handed_over.add(pool.halves_handed_over());
        let stats = pool.stats();
        books.check(report.is_ok_and(|report| {
            (report.completed, report.panicked, report.aborted) == (stats.completed, stats.panicked, stats.aborted)
                && (report.still_running, report.still_queued) == (0, 0)
        }));
        self.closed.push((Some(pool), books));
    }

    /// Draws the balance of each closed pool that nobody holds on to any more, or of all.
    fn settle(&mut self, all: bool) {
        let settled = self.closed.extract_if(.., |(_, books)| all || Arc::get_mut(books).is_some());
        for (pool, books) in settled {
            // There are no counts of a pool whose last handle was dropped elsewhere.
            let complaints = pool.map_or_else(Vec::new, |pool| compare(&books, &pool.stats()));
            complaints.iter().for_each(|_| books.check(false));
            self.complaints.extend(complaints);
            for (sum, (name, count)) in self.rows.iter_mut().zip(balance(&books)) {
                *sum = (name, sum.1 + count);
            }
        }
    }

    /// All books, those too that somebody still holds on to after a while.
    pub fn settle_all(&mut self) {
        let begin = Instant::now();
        while !self.closed.is_empty() {
            self.settle(begin.elapsed() > GRACE);
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whatever was accepted before must have resolved after.
    fn wait_for(&mut self, subject: &Subject) {
        let submitter = Submitter { subject: subject.clone(), elsewhere: subject.clone(), token: CancelToken::new() };
        let probe = submitter.submit(self.rng.fork(), 0, Some(Verb::Submit));
        subject.books.check(subject.pool.flush(None).is_ok());
        subject.books.check(probe.as_ref().is_none_or(Pending::is_finished));
        probe.into_iter().for_each(Pending::see_to_inside);
    }
}
