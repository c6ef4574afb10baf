//! A thread's seat: what this thread is to the pools.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;

use crate::base::ids::PoolId;
use crate::base::sync::thread_local;
use crate::queue::front::Origin;
use crate::worker::shared::Shared;
use crate::worker::worker::Worker;

struct Seat {
    /// The pool whose thread this is, from its start to its very end.
    own_pool: Cell<Option<PoolId>>,
    /// The worker that runs here, from before the first hook until after the last one; so what thread-local destructors
    /// call sees an outsider.
    worker: ManuallyDrop<RefCell<Option<Rc<Worker>>>>,
}

thread_local! {
    /// Has no destructor, so that other thread-local destructors can read it. Nothing is lost by that, as the [`Seated`]
    /// empties it.
    static SEAT: Seat = const { Seat { own_pool: Cell::new(None), worker: ManuallyDrop::new(RefCell::new(None)) } };
}

/// Notes that this thread is one of the pool's.
pub(crate) fn reserve(pool: PoolId) {
    SEAT.with(|seat| seat.own_pool.set(Some(pool)));
}

/// Whether this thread is one of the pool's, so that it must not be joined here.
pub(crate) fn is_own_thread(pool: PoolId) -> bool {
    SEAT.with(|seat| seat.own_pool.get()) == Some(pool)
}

/// A worker on its thread; dropping it leaves the seat empty.
#[must_use]
pub(crate) struct Seated(());

/// Makes this thread a worker, to what runs on it.
pub(crate) fn enter(worker: Rc<Worker>) -> Seated {
    drop(replace(Some(worker)));
    Seated(())
}

impl Drop for Seated {
    fn drop(&mut self) {
        drop(replace(None));
    }
}

fn replace(worker: Option<Rc<Worker>>) -> Option<Rc<Worker>> {
    SEAT.with(|seat| seat.worker.replace(worker))
}

/// The worker beneath what runs here.
pub(crate) fn current() -> Option<Rc<Worker>> {
    SEAT.with(|seat| seat.worker.borrow().clone())
}

/// Index of the worker this code runs on, from 0; `None` outside of any pool.
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).build().unwrap();
/// let job = pool.submit(corepool::current_worker).unwrap();
/// assert_eq!(job.join().unwrap(), Some(0));
/// assert_eq!(corepool::current_worker(), None);
/// ```
#[must_use]
pub fn current_worker() -> Option<usize> {
    SEAT.with(|seat| seat.worker.borrow().as_ref().map(|worker| worker.index))
}

/// Who this thread is to the pool.
pub(crate) fn origin(shared: &Arc<Shared>) -> Origin {
    SEAT.with(|seat| match &*seat.worker.borrow() {
        Some(worker) if Arc::ptr_eq(&worker.shared, shared) => Origin::Inside,
        _ => Origin::Outside,
    })
}

/// Whether this thread holds up the pool, so that waiting here for the pool would be for ever.
pub(crate) fn would_wait_for_itself(shared: &Arc<Shared>) -> bool {
    origin(shared) == Origin::Inside || shared.monitor.is_aborting_here()
}
