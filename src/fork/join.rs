//! A join that does more than call both halves.

use std::mem;
use std::panic::{self, AssertUnwindSafe, resume_unwind};
use std::process;
use std::sync::Arc;
use std::thread;

use crate::base::panic::contain;
use crate::fork::erased::Erased;
use crate::fork::site::{self, Youngest};
use crate::fork::wait::wait_for;
use crate::worker::shared::Shared;

/// Calls both, `b` on another thread if one has nothing to do.
#[inline(never)]
pub(crate) fn join<A, B, RA, RB>(pool: &Arc<Shared>, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let _visit = site::enter(pool);
    if site::has_room() {
        return join_exposed(pool, a, b);
    }
    answer_if_asked(pool);
    (a(), b())
}

fn answer_if_asked(pool: &Arc<Shared>) {
    let limit = site::limit();
    if limit.is_raised() {
        pool.monitor.answer(limit, || site::hand_over(pool));
    }
}

fn join_exposed<A, B, RA, RB>(pool: &Arc<Shared>, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let mut b = Some(b);
    let mut ended: Option<thread::Result<RB>> = None;
    let mut run_b = || ended = b.take().map(|b| panic::catch_unwind(AssertUnwindSafe(b)));
    // SAFETY: it goes to this thread's site, and from there nowhere but to a half that was handed over. `settle` returns once it
    // is gone from both: it was taken back, or withdrawn, or called by who took it, who said so afterwards. Until then `run_b`,
    // and what it borrows, stays as it is: nothing in between unwinds out of here.
    site::expose(unsafe { Erased::new(&mut run_b) });
    let guard = AbortOnUnwind;
    answer_if_asked(pool);
    let first = panic::catch_unwind(AssertUnwindSafe(a));
    settle(pool);
    mem::forget(guard);
    match (first, ended, b) {
        (Ok(first), None, Some(b)) => (first, b()),
        (Ok(first), Some(Ok(second)), _) => (first, second),
        (Ok(_), Some(Err(payload)), _) => resume_unwind(payload),
        (Err(payload), second, b) => {
            contain(|| drop((second, b)));
            resume_unwind(payload)
        }
        (Ok(_), None, None) => unreachable!("the second half has run, or is there to be run"),
    }
}

/// Sees to it that the youngest join's half is in nobody's hands any more.
fn settle(pool: &Shared) {
    let Youngest::HandedOver(half) = site::take_back() else { return };
    if half.is_done() {
        return;
    }
    if pool.monitor.withdraw(&half) {
        half.withdrawn();
        return;
    }
    wait_for(pool, &half);
}

/// Ends the process rather than let a frame go that another thread may be using.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        process::abort();
    }
}
