//! The clients: threads that keep the pools busy, each with some jobs it has not seen to yet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use corepool::CancelToken;
use fastrand::Rng;
use parking_lot::RwLock;

use crate::ledger::Count;
use crate::plan::{Plan, Verb};
use crate::submitter::{Pending, Subject, Submitter};

/// A client submits fewer than this at a time, and sees to as many.
const BURST: u8 = 64;
/// Jobs it has not seen to, at most.
const UNSEEN: usize = 1_024;
/// Submitters in line that make a long line.
const LINE: u64 = 128;

/// Where the clients find their pools, and when they go home.
pub(crate) struct Soak {
    /// There from the beginning to the end, and always full.
    pub(crate) steady: Subject,
    /// Replaced every few milliseconds, and shut down under its clients.
    pub(crate) passing: RwLock<Subject>,
    pub(crate) accepted: Arc<Count>,
    pub(crate) begin: Instant,
    pub(crate) closing: Closing,
    pub(crate) interrupted: CancelToken,
}

/// When enough has been submitted.
pub(crate) enum Closing {
    Jobs(u64),
    After(Duration),
}

/// Which pool a client goes to.
#[derive(Clone, Copy)]
pub(crate) enum Client {
    /// The steady one, by all verbs.
    Regular,
    /// The steady one, by futures that stand in line only. A thread that waits in line is behind it once it comes to
    /// submit again, so these are what keeps the queue full.
    InLine,
    /// The passing one.
    Passing,
}

impl Client {
    /// Who goes to the other pool.
    fn other(self) -> Self {
        match self {
            Self::Regular | Self::InLine => Self::Passing,
            Self::Passing => Self::Regular,
        }
    }

    fn draw(self, rng: &mut Rng) -> Plan {
        let plan = Plan::draw(rng, 0);
        match self {
            Self::Regular | Self::Passing => plan,
            Self::InLine => Plan { verb: Verb::StandInLine, ..plan },
        }
    }
}

impl Soak {
    pub(crate) fn is_over(&self) -> bool {
        let enough = match self.closing {
            Closing::Jobs(jobs) => self.accepted.get() >= jobs,
            Closing::After(time) => self.begin.elapsed() >= time,
        };
        enough || self.interrupted.is_cancelled()
    }

    fn choose(&self, client: Client) -> Subject {
        match client {
            Client::Regular | Client::InLine => self.steady.clone(),
            Client::Passing => self.passing.read().clone(),
        }
    }

    /// Submits until it is over; `elsewhere` takes what another thread should join.
    pub(crate) fn serve(&self, client: Client, mut rng: Rng, elsewhere: &SyncSender<Pending>) {
        let mut token = CancelToken::new();
        let mut unseen = VecDeque::with_capacity(UNSEEN);
        let see_to = |pending: Pending, rng: &mut Rng| {
            if let Some(to_join) = pending.see_to(rng) {
                // The reader stays until every client has gone.
                let _ = elsewhere.send(to_join);
            }
        };
        while !self.is_over() {
            let subject = self.choose(client);
            let elsewhere = self.choose(client.other());
            for _ in 0..rng.u8(1..BURST) {
                if rng.u8(..) == 0 {
                    token.cancel();
                    token = CancelToken::new();
                }
                let submitter = Submitter { subject: &subject, elsewhere: &elsewhere, token: &token };
                unseen.extend(submitter.submit(&client.draw(&mut rng)));
            }
            // Who sees to jobs does not submit meanwhile: only once the line is long enough to fill the queue for a while.
            if unseen.len() >= UNSEEN || subject.pool.stats().waiting >= LINE {
                let some = rng.usize(..=unseen.len().min(BURST.into()));
                unseen.drain(..some).for_each(|pending| see_to(pending, &mut rng));
            }
        }
        for pending in unseen {
            see_to(pending, &mut rng);
        }
    }
}

/// Joins what it is given, until every client has gone.
pub(crate) fn read_elsewhere(inbox: Receiver<Pending>) {
    for pending in inbox {
        pending.see_to_inside();
    }
}
