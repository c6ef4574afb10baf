//! The lanes of a pool: its workers', and those of other threads that are in its joins. Who has nothing to do looks here for a half
//! to steal.
//!
//! **What is stolen.** A half that was exposed just now may be taken back the next moment, as in a walk along a list whose items take
//! less time than stealing one. So who looks takes two readings of each lane, and steals what was there at both.

use std::mem;
use std::sync::Arc;

use crate::base::spin::Glances;
use crate::base::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::steal::lane::{Group, Lane, Pulse};
use crate::steal::loot::{Loot, Share};

pub(crate) struct Lanes {
    workers: Vec<Arc<Lane>>,
    others: Mutex<Vec<Arc<Lane>>>,
    /// Whether there has been any join. Until then nobody looks here.
    in_use: AtomicBool,
    /// Whether a worker was called since all threads were asked to, and found without halves.
    has_called: AtomicBool,
    stolen: AtomicU64,
}

/// What who looks has found.
#[must_use]
pub(crate) enum Found {
    /// A lane with a half that is worth stealing.
    Half(Arc<Lane>),
    /// Halves that come and go.
    Changes,
    /// Nothing is exposed.
    Nothing,
    /// There is something else to do.
    Over,
}

/// Looks before who looks takes a rest: some 50 microseconds.
const LOOKS: u32 = if cfg!(corepool_loom) { 1 } else { 40 };
/// Most of a microsecond each.
const GLANCES: Glances = Glances { spins: 32, spinning: 10 };
/// So many without a change say that there is nothing.
const QUIET_LOOKS: u32 = 16;

impl Lanes {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: (0..workers).map(|_| Lane::new()).collect(),
            others: Mutex::default(),
            in_use: AtomicBool::new(false),
            has_called: AtomicBool::new(false),
            stolen: AtomicU64::new(0),
        }
    }

    pub(crate) fn of_worker(&self, index: usize) -> &Arc<Lane> {
        &self.workers[index]
    }

    pub(crate) fn use_them(&self) {
        if !self.in_use() {
            // ORDERING: Relaxed: a worker that misses it looks for the next.
            self.in_use.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn in_use(&self) -> bool {
        // ORDERING: Relaxed, see `use_them`.
        self.in_use.load(Ordering::Relaxed)
    }

    /// A thread that is no worker is in joins from now on.
    pub(crate) fn enter(&self, lane: Arc<Lane>) {
        self.others.lock().push(lane);
    }

    pub(crate) fn leave(&self, lane: &Arc<Lane>) {
        let mut others = self.others.lock();
        let left = others.iter().position(|other| Arc::ptr_eq(other, lane)).map(|at| others.swap_remove(at));
        drop(others);
        drop(left);
    }

    fn find(&self, own: &Arc<Lane>, mut is_it: impl FnMut(&Arc<Lane>) -> bool) -> Option<Arc<Lane>> {
        let mut others_than_own = self.workers.iter().filter(|lane| !Arc::ptr_eq(lane, own));
        if let Some(lane) = others_than_own.find(|lane| is_it(lane)) {
            return Some(Arc::clone(lane));
        }
        self.others.lock().iter().find(|lane| is_it(lane)).cloned()
    }

    /// Looks for a half to steal, for the worker with the lane `own`, until `is_over` says so.
    pub(crate) fn look(&self, own: &Arc<Lane>, is_over: impl Fn() -> bool) -> Found {
        let (mut last, mut now) = (Vec::new(), Vec::new());
        for look in 0..LOOKS {
            let lane = self.find(own, |lane| {
                let reading = (Arc::as_ptr(lane), lane.pulse(), lane.spoils());
                let has_some = reading.1.is_exposing() || reading.2 > 0;
                let is_worth_it = has_some && (last.get(now.len()) == Some(&reading) || cfg!(corepool_loom));
                if !has_some {
                    lane.ask();
                }
                now.push(reading);
                is_worth_it
            });
            if let Some(lane) = lane {
                return Found::Half(lane);
            }
            if last == now && look > QUIET_LOOKS {
                return Found::Nothing;
            }
            mem::swap(&mut last, &mut now);
            now.clear();
            if GLANCES.pause(look, &is_over) {
                return Found::Over;
            }
        }
        if last.iter().any(|(_, pulse, spoils): &(_, Pulse, u64)| pulse.is_exposing() || *spoils > 0) {
            Found::Changes
        } else {
            Found::Nothing
        }
    }

    /// Has every thread in joins call a worker when it exposes a half. `false`: there is one to run now.
    ///
    /// A half that was exposed as its lane was looked at is seen there. One that had been stolen by then, with others, is among
    /// the spoils, which are looked at afterwards.
    pub(crate) fn watch(&self) -> bool {
        // ORDERING: Relaxed, see `note_call`.
        self.has_called.store(false, Ordering::Relaxed);
        let of_workers = self.workers.iter().fold(false, |any, lane| lane.watch() | any);
        let of_others = self.others.lock().iter().fold(false, |any, lane| lane.watch() | any);
        let has_some = of_workers || of_others || self.workers.iter().any(|lane| lane.spoils() > 0);
        if has_some {
            self.note_call();
        }
        !has_some
    }

    /// A worker is called, or has to look again: whoever is counted on to find the halves there are may get a job instead.
    pub(crate) fn note_call(&self) {
        // ORDERING: Relaxed: who is called is ordered after it by the locks of the call.
        self.has_called.store(true, Ordering::Relaxed);
    }

    /// Whether some thread may have halves exposed for which nobody will be called.
    pub(crate) fn may_miss_halves(&self) -> bool {
        // ORDERING: Relaxed, see `note_call`.
        self.has_called.load(Ordering::Relaxed)
    }

    /// Steals the oldest halves, at most so many, and runs them on the thread with the lane `own`, which has nothing else to do; or
    /// helps with those that were stolen by the thread with that lane. Tells how many it has run; `begin` is called before.
    pub(crate) fn run_oldest(&self, from: &Lane, most: usize, own: &Arc<Lane>, begin: impl FnOnce()) -> Option<usize> {
        match from.steal(most, |_group| true, |left| own.tell_spoils(left)) {
            Some(loot) => {
                if own.spoils() > 0 {
                    own.share(&loot);
                }
                self.count_stolen(loot.left());
                begin();
                Some(run_shared(&loot, own, own))
            }
            None => {
                let loot = from.shared()?;
                begin();
                Some(run_shared(&loot, from, own))
            }
        }
    }

    /// Runs the oldest half of a part, for who waits for what it is a part of, and has the lane `own`. `false`: there is none.
    pub(crate) fn run_part(&self, part: &Part, own: &Arc<Lane>) -> bool {
        let loot = part.lane.steal(1, |_group| !part.of.is_done(), |_none_left| ());
        loot.is_some_and(|loot| self.run_one(&loot, own))
    }

    /// The same with the oldest half of a lane, if that is one of this group, for who waits for another one of it.
    pub(crate) fn run_one_of(&self, group: Group, own: &Arc<Lane>) -> bool {
        let mut stolen = None;
        self.find(own, |lane| {
            if lane.pulse().is_exposing() {
                stolen = lane.steal(1, |of| of == group, |_none_left| ());
            }
            stolen.is_some()
        });
        stolen.is_some_and(|loot| self.run_one(&loot, own))
    }

    fn run_one(&self, loot: &Arc<Loot>, own: &Arc<Lane>) -> bool {
        self.count_stolen(1);
        let _run = own.begin_run();
        loot.run(own, |_none_left| ());
        true
    }

    fn count_stolen(&self, halves: usize) {
        // ORDERING: Relaxed, as only the number matters.
        self.stolen.fetch_add(halves as u64, Ordering::Relaxed);
    }

    pub(crate) fn stolen(&self) -> u64 {
        // ORDERING: Relaxed, see `count_stolen`.
        self.stolen.load(Ordering::Relaxed)
    }
}

/// Runs what is left of what the thread with the lane `of` has stolen, on the thread with the lane `own`.
fn run_shared(loot: &Arc<Loot>, of: &Lane, own: &Arc<Lane>) -> usize {
    let run = own.begin_run();
    let ran = loot.run(own, |left| of.tell_spoils(left));
    drop(run);
    // The thread of their joins may have taken the last ones back.
    of.stop_sharing(loot);
    ran
}

/// So many threads are looked at for who waits.
const PARTS: usize = 64;

/// A lane whose halves are parts of what somebody waits for, while the thread with that lane runs `of`.
pub(crate) struct Part {
    lane: Arc<Lane>,
    of: Share,
}

impl Part {
    pub(crate) fn pulse(&self) -> Pulse {
        self.lane.pulse()
    }

    /// Whether the same thread has it.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.lane, &other.lane)
    }

    /// For who waits for this half, which is running: the thread that runs it, if it has a half exposed. Otherwise one that runs a
    /// part of it, and so on.
    ///
    /// A thread that runs what is not done is in the middle of it. So what others run of what it runs is a part of that, if that is
    /// not done even after it was asked; and what it has exposed is, if that is not done while its lane is locked.
    pub(crate) fn of(awaited: &Share, own: &Arc<Lane>) -> Option<Self> {
        let mut open = vec![awaited.clone()];
        for _ in 0..PARTS {
            let of = open.pop()?;
            let Some(lane) = of.runner().filter(|lane| !Arc::ptr_eq(lane, own)) else { continue };
            if lane.pulse().is_exposing() {
                return Some(Self { lane, of });
            }
            let parts = lane.parts();
            if !of.is_done() {
                lane.ask();
                open.extend(parts);
            }
        }
        None
    }
}
