//! What a worker does between two jobs. Without a next one it *searches*: it looks for a half of a join to steal or, where there
//! are no joins, spins for a moment; then it takes another look for a job; only then does it sleep. The protocol with those who push,
//! and why no wakeup is lost, is in [`crate::queue::sleep`].

use std::mem;
use std::time::Duration;

use crate::base::ids::Epoch;
use crate::base::spin::{AdaptiveSpin, spin_until};
use crate::base::tick::Tick;
use crate::job::runnable::Begun;
use crate::monitor::monitor::Taken;
use crate::queue::sleep::{Calls, Rest};
use crate::steal::lane::Lane;
use crate::steal::lanes::Found;
use crate::steal::loot::Loot;
use crate::worker::shared::Shared;

/// The next job for a worker that has run the one `done`; waits for one, and runs halves of joins meanwhile. `None`: exit. `spin` is
/// the worker's, from its first job to its last.
pub(crate) fn next_job(pool: &Shared, worker: usize, spin: &AdaptiveSpin, done: Option<Epoch>) -> Option<Begun> {
    let mut taken = pool.monitor.take(worker, done);
    let mut idle = None;
    loop {
        match taken {
            Taken::Job(job) => {
                if idle.is_some() {
                    tell_others(pool);
                }
                return Some(job);
            }
            Taken::Exit => return None,
            Taken::Nothing => taken = search(pool, worker, idle.get_or_insert_with(|| Idle::new(spin))),
        }
    }
}

fn search(pool: &Shared, worker: usize, idle: &mut Idle<'_>) -> Taken {
    if pool.lanes.in_use() {
        return search_halves(pool, worker, idle);
    }
    spin_until(|| pool.monitor.may_have_work());
    // One at a time: several would keep processors from who submits. A broadcast or a shutdown waits for it.
    if idle.spin.is_due()
        && let Some(_turn) = pool.spinning.try_lock()
    {
        idle.spin.until(|| pool.monitor.may_have_work());
    }
    pool.monitor.take_or_sleep(worker, Rest::SleepUnlessCalled(Calls::NONE), idle.spin)
}

/// A worker that was idle has got a job: others that sleep may have counted on it. Step 7 of [`crate::queue::sleep`].
fn tell_others(pool: &Shared) {
    if pool.lanes.may_miss_halves() && !pool.lanes.watch() {
        pool.monitor.call_worker();
    }
}

/// For a worker that searches, where there are joins.
#[cold]
fn search_halves(pool: &Shared, worker: usize, idle: &mut Idle<'_>) -> Taken {
    let own = pool.lanes.of_worker(worker);
    match pool.lanes.look(own, || pool.monitor.may_have_work()) {
        Found::Half(lane) => run_halves(pool, worker, &lane, idle),
        Found::Over => pool.monitor.take_or_sleep(worker, Rest::None, idle.spin),
        Found::Changes => pool.monitor.take_or_sleep(worker, idle.doze(), idle.spin),
        Found::Nothing => {
            let calls = pool.monitor.calls();
            let rest = if pool.lanes.watch() { Rest::SleepUnlessCalled(calls) } else { idle.doze() };
            pool.monitor.take_or_sleep(worker, rest, idle.spin)
        }
    }
}

/// A job goes before halves.
fn run_halves(pool: &Shared, worker: usize, from: &Lane, idle: &mut Idle<'_>) -> Taken {
    if let Some(taken) = pool.monitor.take_instead(worker) {
        return taken;
    }
    idle.dozed = None;
    let own = pool.lanes.of_worker(worker);
    let (pulse, begin) = (from.pulse(), Tick::now());
    let (mut last, mut has_called) = (begin, false);
    loop {
        let call = || {
            if !mem::replace(&mut has_called, true) {
                // There may be more where it came from, and there will be where it goes.
                pool.lanes.note_call();
                pool.monitor.call_worker();
            }
        };
        let Some(halves) = pool.lanes.run_oldest(from, idle.appetite, own, call) else { break };
        let now = Tick::now();
        if idle.is_not_worth_it(halves, now.since(last)) {
            return rest(pool, worker, idle);
        }
        last = now;
        // What has been there all the time is worth stealing, too.
        if from.pulse() != pulse || pool.monitor.may_have_work() || now.since(begin) > Idle::WITHOUT_A_LOOK {
            break;
        }
    }
    pool.monitor.take(worker, None)
}

/// Instead of stealing on.
fn rest(pool: &Shared, worker: usize, idle: &mut Idle<'_>) -> Taken {
    match pool.monitor.take(worker, None) {
        Taken::Nothing => pool.monitor.take_or_sleep(worker, idle.doze(), idle.spin),
        taken => taken,
    }
}

/// What a worker has found out while it is idle.
struct Idle<'a> {
    spin: &'a AdaptiveSpin,
    /// How long it has dozed last.
    dozed: Option<Duration>,
    /// How many halves it steals at once.
    appetite: usize,
    /// How many it has stolen in a row, and how many nanoseconds they have taken.
    sample: (usize, u64),
}

impl<'a> Idle<'a> {
    const FIRST_DOZE: Duration = Duration::from_micros(50);
    const LONGEST_DOZE: Duration = Duration::from_millis(1);
    const LARGEST_APPETITE: usize = Loot::MOST;
    /// How many nanoseconds it steals on before it looks what else the pool wants.
    const WITHOUT_A_LOOK: u64 = 50_000;
    /// A half that takes less, in nanoseconds, may be stolen with others.
    const SHORT: u64 = 1_000;
    /// Stealing a half costs both threads as much, in nanoseconds.
    const TOO_SHORT: u64 = 200;
    /// So many tell whether halves are too short on average: a few may be long among many that are not.
    const SAMPLE: usize = 256;

    const fn new(spin: &'a AdaptiveSpin) -> Self {
        Self { spin, dozed: None, appetite: 1, sample: (0, 0) }
    }

    /// Longer each time.
    fn doze(&mut self) -> Rest {
        let time = self.dozed.map_or(Self::FIRST_DOZE, |last| Self::LONGEST_DOZE.min(2 * last));
        self.dozed = Some(time);
        Rest::Doze(time)
    }

    /// So many halves have taken so many nanoseconds: whether to leave the others alone.
    fn is_not_worth_it(&mut self, halves: usize, nanos: u64) -> bool {
        let is_short = |(halves, nanos): (usize, u64), limit| nanos < halves as u64 * limit;
        let is_hungrier = is_short((halves, nanos), Self::SHORT);
        self.appetite = if is_hungrier { Self::LARGEST_APPETITE.min(2 * self.appetite) } else { 1 };
        self.sample = (self.sample.0 + halves, self.sample.1 + nanos);
        if self.sample.0 < Self::SAMPLE {
            return false;
        }
        is_short(mem::take(&mut self.sample), Self::TOO_SHORT)
    }
}
