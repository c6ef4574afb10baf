//! A join that does more than call both halves.

use std::panic::{self, AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::thread;

use crate::base::panic::{AbortOnUnwind, contain};
use crate::fork::erased::lend;
use crate::fork::inherit::context_of;
use crate::fork::site::{self, Depth, Entered};
use crate::fork::wait::wait_for;
use crate::steal::lane::{Call, Group, Settled};
use crate::steal::loot::{Lent, Reclaimed};
use crate::worker::seat;
use crate::worker::shared::Shared;

/// Calls both; another thread may call `b`, if one has nothing to do. While this one waits for that, it may run others of the group.
#[inline(never)]
pub(crate) fn join<A, B, RA, RB>(pool: &Arc<Shared>, group: Group, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    if site::is_in(pool.id) { join_exposed(pool, group, a, b) } else { join_outermost(pool, group, a, b) }
}

#[cold]
#[inline(never)]
fn join_outermost<A, B, RA, RB>(pool: &Arc<Shared>, group: Group, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let visit = match site::enter(pool) {
        Entered::Alone => return (a(), b()),
        Entered::AtHome => None,
        Entered::Visiting(visit) => Some(visit),
    };
    let joined = panic::catch_unwind(AssertUnwindSafe(|| join_exposed(pool, group, a, b)));
    drop(visit);
    joined.unwrap_or_else(|payload| resume_unwind(payload))
}

fn join_exposed<A, B, RA, RB>(pool: &Arc<Shared>, group: Group, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let mut b = Some(b);
    let mut ended: Option<thread::Result<RB>> = None;
    let mut run_b = || ended = b.take().map(|b| panic::catch_unwind(AssertUnwindSafe(b)));
    // SAFETY: it goes to this thread's lane, and from there nowhere but to loot. `settle` returns once it is gone from both: it was
    // taken back, or has been called by who stole it, who said so afterwards. Until then `run_b`, and what it borrows, stays as it
    // is: nothing in between unwinds out of here.
    let is_exposed = expose(pool, group, unsafe { lend(&mut run_b) });
    let _depth = Depth::next();
    let first = panic::catch_unwind(AssertUnwindSafe(a));
    if is_exposed {
        settle(pool, group);
    }
    match (first, ended, b) {
        (Ok(first), None, Some(b)) => (first, b()),
        (Ok(first), Some(Ok(second)), _) => (first, second),
        (Ok(first), Some(Err(payload)), _) => {
            contain(|| drop(first));
            resume_unwind(payload)
        }
        (Err(payload), second, b) => {
            contain(|| drop((second, b)));
            resume_unwind(payload)
        }
        (Ok(_), None, None) => unreachable!("the second half has run, or is there to be run"),
    }
}

/// `false` where the thread has no lane any more.
fn expose(pool: &Arc<Shared>, group: Group, half: Lent) -> bool {
    let guard = AbortOnUnwind;
    let place = seat::with_stack(|stack| stack.place());
    let call = site::with_lane(|lane| lane.expose(half, group, place, || context_of(pool, place)));
    if call == Some(Call::Worker) {
        pool.lanes.note_call();
        pool.monitor.call_worker();
    }
    guard.disarm();
    call.is_some()
}

/// Sees to it that the youngest join's half is in nobody's hands any more.
fn settle(pool: &Shared, group: Group) {
    let guard = AbortOnUnwind;
    match site::with_lane(|lane| lane.settle()) {
        Some(Settled::TakenBack | Settled::Done) => {}
        Some(Settled::Stolen(half)) => match half.reclaim() {
            Reclaimed::TakenBack | Reclaimed::Done => {}
            Reclaimed::Running => wait_for(pool, &half, group),
        },
        None => unreachable!("a thread that is in a join has its lane"),
    }
    guard.disarm();
}
