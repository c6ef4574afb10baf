//! The clients: threads that keep the pools busy, each with some jobs it has not seen to yet.

use std::collections::VecDeque;
use std::mem;
use std::time::Instant;

use corepool::CancelToken;
use fastrand::Rng;
use parking_lot::RwLock;

use super::ledger::ACCEPTED;
use super::pending::Pending;
use super::submitter::{Subject, Submitter, Verb};

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
            unseen.extend((0..rng.u8(1..BURST)).filter_map(|_| submitter.submit(rng.fork(), 0, verb)));
            // Who sees to jobs does not submit meanwhile: only once the line is long enough to fill the queue for a while.
            if unseen.len() >= UNSEEN || submitter.subject.pool.stats().waiting >= LINE {
                let some = rng.usize(..=unseen.len().min(BURST.into()));
                unseen.drain(..some).for_each(Pending::see_to);
            }
        }
        unseen.into_iter().for_each(Pending::see_to);
    }
}
