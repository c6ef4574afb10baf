//! Which jobs come when: a mix at random, and now and then a burst.

use std::thread;
use std::time::{Duration, Instant};

use corepool::{JobBuilder, JobHandle, Pool, Priority};
use fastrand::Rng;

use super::work::{Outcome, block, compute, report};

pub const TICK: Duration = Duration::from_millis(10);
const BURST_EVERY: u64 = 800;
/// More than the queue has room for.
const BURST: u64 = 150;

#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    priority: Priority,
    /// Jobs a tick for each worker: all together keep it busy for two thirds of the time.
    rate: f64,
    /// From, to.
    millis: (u64, u64),
    work: fn(Duration) -> Outcome,
    /// How long it may wait.
    timeout: Option<Duration>,
}

const PARSE: Kind = Kind {
    name: "parse",
    priority: Priority::High,
    rate: 1.2,
    millis: (1, 2),
    work: compute,
    timeout: Some(Duration::from_millis(40)),
};
const THUMBNAIL: Kind =
    Kind { name: "thumbnail", priority: Priority::Normal, rate: 0.2, millis: (5, 15), work: compute, timeout: None };
const FETCH: Kind =
    Kind { name: "fetch", priority: Priority::Normal, rate: 0.04, millis: (20, 60), work: block, timeout: None };
const REPORT: Kind =
    Kind { name: "report", priority: Priority::Normal, rate: 0.01, millis: (5, 15), work: report, timeout: None };
const INDEX: Kind =
    Kind { name: "index", priority: Priority::Low, rate: 0.01, millis: (50, 150), work: compute, timeout: None };
const MIX: [Kind; 5] = [PARSE, THUMBNAIL, FETCH, REPORT, INDEX];

pub struct Generator {
    pool: Pool,
    random: Rng,
    ticks: u64,
    next: Instant,
}

impl Generator {
    pub fn new(pool: Pool) -> Generator {
        Generator { pool, random: Rng::new(), ticks: 0, next: Instant::now() }
    }

    /// Waits for the next tick and submits what is due then: the jobs that were accepted, with their names.
    pub fn tick(&mut self) -> Vec<(&'static str, JobHandle<Outcome>)> {
        self.next = Instant::now().max(self.next + TICK);
        thread::sleep(self.next.saturating_duration_since(Instant::now()));
        self.ticks += 1;
        let mut accepted = Vec::new();
        for kind in MIX {
            let expected = kind.rate * self.pool.workers() as f64;
            // So many on average.
            let count = expected as u64 + u64::from(self.random.f64() < expected.fract());
            accepted.extend((0..count).filter_map(|_| self.submit(kind)));
        }
        if self.ticks.is_multiple_of(BURST_EVERY) {
            accepted.extend((0..BURST).filter_map(|_| self.submit(THUMBNAIL)));
        }
        accepted
    }

    /// Nothing comes back if the queue is full.
    fn submit(&mut self, kind: Kind) -> Option<(&'static str, JobHandle<Outcome>)> {
        let Kind { name, priority, millis: (from, to), work, timeout, .. } = kind;
        let time = Duration::from_micros(self.random.u64(1_000 * from..1_000 * to));
        let job = self.pool.job().name(name).priority(priority);
        let job = timeout.into_iter().fold(job, JobBuilder::timeout);
        Some((name, job.try_submit(move || work(time)).ok()?))
    }
}
