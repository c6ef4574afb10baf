//! What a thread knows of the joins that it is in the middle of: of which pool, and how many expose their halves.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::thread;

use crate::base::ids::PoolId;
use crate::base::sync::thread_local;
use crate::steal::lane::Lane;
use crate::steal::limit::Limit;
use crate::worker::seat;
use crate::worker::shared::Shared;

/// What every join reads.
struct Site {
    /// The pool that this thread's joins are of.
    pool: Cell<PoolId>,
    /// This thread's, in that pool.
    limit: Cell<&'static Limit>,
    /// How many joins that expose their halves it is in, in the first half or the second.
    depth: Cell<u32>,
}

thread_local! {
    /// Has no destructor, so that it costs nothing to find out whether that has run.
    static SITE: Site = const {
        Site { pool: Cell::new(PoolId::NONE), limit: Cell::new(Limit::nobodys()), depth: Cell::new(0) }
    };
}

struct Lanes {
    /// Of the joins that this thread is in.
    current: Option<Arc<Lane>>,
    /// One that was of others, for the next.
    spare: Option<Arc<Lane>>,
}

thread_local! {
    static LANES: RefCell<Lanes> = const { RefCell::new(Lanes { current: None, spare: None }) };
}

/// Whether this thread is in as many joins of this pool that expose their halves as it is to be.
#[inline(always)]
pub(crate) fn exposes_enough(pool: PoolId) -> bool {
    SITE.with(|site| site.depth.get() >= site.limit.get().get() && site.pool.get() == pool)
}

/// Whether somebody has asked this thread for halves of its joins of this pool.
#[inline]
pub(super) fn is_asked(pool: PoolId) -> bool {
    SITE.with(|site| site.limit.get().is_raised() && site.pool.get() == pool)
}

/// Whether this thread is in joins of this pool, or one of its workers that has been.
#[inline]
pub(super) fn is_in(pool: PoolId) -> bool {
    SITE.with(|site| site.pool.get() == pool)
}

/// Another depth, until this is dropped.
#[must_use]
pub(super) struct Depth(u32);

impl Depth {
    /// One deeper.
    pub(super) fn next() -> Self {
        Self::replace(|depth| depth + 1)
    }

    /// That of a half which was stolen: it is divided anew.
    pub(super) fn outermost() -> Self {
        Self::replace(|_| 0)
    }

    fn replace(change: impl FnOnce(u32) -> u32) -> Self {
        SITE.with(|site| Self(site.depth.replace(change(site.depth.get()))))
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        SITE.with(|site| site.depth.set(self.0));
        // The model checker's locks must not be let go of by a panic.
        if self.0 == 0 && !(cfg!(corepool_loom) && thread::panicking()) {
            with_lane(|lane| lane.forget_places());
        }
    }
}

/// This thread's lane. `None` once its thread-locals are gone.
pub(super) fn with_lane<R>(use_it: impl FnOnce(&Arc<Lane>) -> R) -> Option<R> {
    LANES.try_with(|lanes| lanes.borrow().current.as_ref().map(use_it)).ok().flatten()
}

/// Where a join is called.
pub(super) enum Entered<'a> {
    /// In another of this pool, or on one of its workers.
    AtHome,
    /// Anywhere else.
    Visiting(Visit<'a>),
    /// Where nobody could help.
    Alone,
}

/// A thread in joins of a pool that it does not belong to; dropping it makes it what it was.
pub(super) struct Visit<'a> {
    pool: &'a Shared,
    lane: Arc<Lane>,
    outer: Outer,
}

/// What a thread is in the middle of, while it is in joins of another pool.
struct Outer {
    pool: PoolId,
    limit: &'static Limit,
    depth: u32,
    lane: Option<Arc<Lane>>,
}

impl Outer {
    fn replace(self) -> Option<Self> {
        let lane = LANES.try_with(|lanes| std::mem::replace(&mut lanes.borrow_mut().current, self.lane)).ok()?;
        Some(SITE.with(|site| Self {
            pool: site.pool.replace(self.pool),
            limit: site.limit.replace(self.limit),
            depth: site.depth.replace(self.depth),
            lane,
        }))
    }
}

/// Makes this thread's joins be of this pool, unless they are. A worker's stay its own pool's for good.
pub(super) fn enter(pool: &Arc<Shared>) -> Entered<'_> {
    let now = SITE.with(|site| site.pool.get());
    if now == pool.id {
        return Entered::AtHome;
    }
    // A forked child has none of its threads.
    if pool.id.is_inline() || pool.id.is_of_parent() {
        return Entered::Alone;
    }
    pool.lanes.use_them();
    match seat::worker_of(pool) {
        Some(worker) if now == PoolId::NONE => settle_in(pool, pool.lanes.of_worker(worker.index())),
        _ => visit(pool),
    }
}

fn settle_in(pool: &Shared, lane: &Arc<Lane>) -> Entered<'static> {
    let outer = Outer { pool: pool.id, limit: lane.limit(), depth: 0, lane: Some(Arc::clone(lane)) }.replace();
    if outer.is_some() { Entered::AtHome } else { Entered::Alone }
}

fn visit(pool: &Shared) -> Entered<'_> {
    let spare = LANES.try_with(|lanes| lanes.borrow_mut().spare.take());
    // Whoever has looked at it last may still hold it.
    let spare = spare.ok().flatten().filter(|lane| Arc::strong_count(lane) == 1);
    let lane = spare.unwrap_or_else(Lane::new);
    // Workers that sleep do not know of it.
    let _nothing_is_exposed = lane.watch();
    let inner = Outer { pool: pool.id, limit: lane.limit(), depth: 0, lane: Some(Arc::clone(&lane)) };
    let Some(outer) = inner.replace() else { return Entered::Alone };
    pool.lanes.enter(Arc::clone(&lane));
    Entered::Visiting(Visit { pool, lane, outer })
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.pool.lanes.leave(&self.lane);
        let Outer { pool, limit, depth, ref mut lane } = self.outer;
        let inner = Outer { pool, limit, depth, lane: lane.take() }.replace();
        let spare = inner.and_then(|inner| inner.lane);
        let old = LANES.try_with(|lanes| std::mem::replace(&mut lanes.borrow_mut().spare, spare));
        drop(old);
    }
}
