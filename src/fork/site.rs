//! What a thread knows of the joins that it is in the middle of.
//!
//! Of those that have exposed their second halves, the youngest are `exposed`: the halves are this thread's alone. The older ones
//! were handed over, oldest first, so the last of them is the youngest. Joins end in the reverse order in which they begin: one
//! that ends is the youngest, so its half is the last one exposed or, if none is, the last one handed over.
//!
//! While a thread waits for a half, none is exposed: older ones were handed over before. So what it runs meanwhile finds
//! nothing exposed but what it exposes itself, and all of that descends from what it runs.

use std::cell::{Cell, RefCell};
use std::mem::{self, ManuallyDrop};
use std::sync::Arc;

use crate::base::ids::PoolId;
use crate::base::sync::thread_local;
use crate::fork::erased::Erased;
use crate::fork::inherit::Inherited;
use crate::queue::half::Half;
use crate::queue::limit::{Lease, Limit};
use crate::worker::seat;
use crate::worker::shared::Shared;

/// At least as many as the usual limit.
const ROOM: usize = 8;
const _: () = assert!(Limit::USUAL as usize <= ROOM);

struct Site {
    /// The pool that this thread's joins are of.
    pool: Cell<PoolId>,
    /// This thread's, in that pool.
    limit: Cell<&'static Limit>,
    /// How many halves are exposed and were not handed over.
    exposed: Cell<u32>,
    halves: ManuallyDrop<RefCell<Halves>>,
}

/// The halves themselves.
struct Halves {
    /// Those exposed, the oldest at `oldest`, in a ring.
    exposed: [Option<Exposed>; ROOM],
    oldest: usize,
    /// Those handed over, the oldest first.
    handed_over: Vec<Arc<Half>>,
    /// The half that this thread runs, if it took one: what it hands over descends from that.
    running: Option<Arc<Half>>,
}

/// A half that its thread has exposed.
struct Exposed {
    run: Erased,
    /// How many jobs its thread was in the middle of.
    jobs: usize,
}

impl Halves {
    const fn new() -> Self {
        Self { exposed: [const { None }; ROOM], oldest: 0, handed_over: Vec::new(), running: None }
    }
}

thread_local! {
    /// Has no destructor, so that it costs nothing to find out whether that has run. Between joins of a thread that is no
    /// worker, and once a thread has ended, nothing in it owns anything.
    static SITE: Site = const {
        Site {
            pool: Cell::new(PoolId::NONE),
            limit: Cell::new(Limit::nobodys()),
            exposed: Cell::new(0),
            halves: ManuallyDrop::new(RefCell::new(Halves::new())),
        }
    };
}

/// Whether this thread has as many halves of this pool's joins exposed as it was asked for.
#[inline(always)]
pub(crate) fn has_exposed_enough(pool: PoolId) -> bool {
    SITE.with(|site| site.exposed.get() >= site.limit.get().get() && site.pool.get() == pool)
}

/// A thread in joins of a pool that it does not belong to; dropping it makes it what it was.
#[must_use]
pub(super) struct Visit<'a> {
    pool: &'a Shared,
    lease: Lease,
    saved: Option<Saved>,
}

/// The site of a thread, while it is in joins of another pool.
struct Saved {
    pool: PoolId,
    limit: &'static Limit,
    exposed: u32,
    halves: Halves,
}

fn replace(new: Saved) -> Saved {
    SITE.with(|site| Saved {
        pool: site.pool.replace(new.pool),
        limit: site.limit.replace(new.limit),
        exposed: site.exposed.replace(new.exposed),
        halves: site.halves.replace(new.halves),
    })
}

/// Makes this thread's joins be of this pool, unless they are. A worker's stay its own pool's for good.
pub(super) fn enter(pool: &Arc<Shared>) -> Option<Visit<'_>> {
    let now = SITE.with(|site| site.pool.get());
    if now == pool.id {
        return None;
    }
    if now == PoolId::NONE
        && let Some(worker) = seat::worker_of(pool)
    {
        let limit = pool.monitor.limit_of(worker.index());
        SITE.with(|site| (site.limit.set(limit), site.pool.set(pool.id)));
        return None;
    }
    let lease = Lease::new();
    let limit = lease.limit();
    let saved = replace(Saved { pool: pool.id, limit, exposed: 0, halves: Halves::new() });
    pool.monitor.enter_fork(limit);
    Some(Visit { pool, lease, saved: Some(saved) })
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.pool.monitor.leave_fork(self.lease.limit());
        if let Some(saved) = self.saved.take() {
            drop(replace(saved));
        }
    }
}

/// This thread's limit.
pub(super) fn limit() -> &'static Limit {
    SITE.with(|site| site.limit.get())
}

/// Whether this thread has fewer halves exposed than it usually has.
pub(super) fn has_room() -> bool {
    SITE.with(|site| site.exposed.get() < Limit::USUAL)
}

pub(super) fn expose(run: Erased) {
    let jobs = seat::with_stack(|stack| stack.depth());
    SITE.with(|site| {
        let mut halves = site.halves.borrow_mut();
        let exposed = site.exposed.get();
        let place = (halves.oldest + exposed as usize) % ROOM;
        halves.exposed[place] = Some(Exposed { run, jobs });
        site.exposed.set(exposed + 1);
    });
}

/// Where the half of a join is that ends.
pub(super) enum Youngest {
    /// Here: it is this thread's to run.
    Exposed,
    HandedOver(Arc<Half>),
}

/// Takes back the half of the youngest join.
pub(super) fn take_back() -> Youngest {
    SITE.with(|site| {
        let mut halves = site.halves.borrow_mut();
        let Some(exposed) = site.exposed.get().checked_sub(1) else {
            let half = halves.handed_over.pop().expect("what is not exposed was handed over");
            if halves.handed_over.is_empty() {
                // Nobody would free it at the end of the thread.
                halves.handed_over = Vec::new();
            }
            return Youngest::HandedOver(half);
        };
        site.exposed.set(exposed);
        let place = (halves.oldest + exposed as usize) % ROOM;
        halves.exposed[place] = None;
        Youngest::Exposed
    })
}

/// Makes the oldest half that is exposed ready for others.
pub(super) fn hand_over(pool: &Arc<Shared>) -> Option<Arc<Half>> {
    SITE.with(|site| {
        let mut halves = site.halves.borrow_mut();
        let exposed = site.exposed.get().checked_sub(1)?;
        let place = halves.oldest;
        let Exposed { run, jobs } = halves.exposed[place].take()?;
        halves.oldest = (place + 1) % ROOM;
        site.exposed.set(exposed);
        let inherited = Inherited::from(pool, jobs);
        let task = move |half: &Arc<Half>| {
            let outer = running(Some(Arc::clone(half)));
            inherited.run(|| run.call());
            running(outer);
        };
        let half = Half::new(Box::new(task), halves.running.clone());
        halves.handed_over.push(Arc::clone(&half));
        Some(half)
    })
}

/// What this thread runs from now on; gives what it has run.
fn running(half: Option<Arc<Half>>) -> Option<Arc<Half>> {
    SITE.with(|site| mem::replace(&mut site.halves.borrow_mut().running, half))
}
