//! A thread's seat: what this thread is to the pools, and which of their jobs it is in the middle of.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;

use crate::base::ids::PoolId;
use crate::base::sync::thread_local;
use crate::base::thread::stack_size;
use crate::job::header::Header;
use crate::job::runnable::RunEnd;
use crate::monitor::monitor::Monitor;
use crate::observe::board::{Board, Place};
use crate::observe::label::JobLabel;
use crate::queue::front::Origin;
use crate::worker::shared::Shared;
use crate::worker::stack::{Role, Stack};
use crate::worker::worker::Worker;

struct Seat {
    /// The pool whose thread this is, from its start to its very end.
    own_pool: Cell<Option<PoolId>>,
    /// The worker that runs here, from before the first hook until after the last one; so what thread-local destructors
    /// call sees an outsider.
    worker: ManuallyDrop<RefCell<Option<Rc<Worker>>>>,
    stack: ManuallyDrop<Stack>,
}

thread_local! {
    /// Has no destructor, so that other thread-local destructors can read it. Nothing is lost by that, as the [`Seated`]
    /// empties it, and so does who was never seated.
    static SEAT: Seat = const {
        Seat {
            own_pool: Cell::new(None),
            worker: ManuallyDrop::new(RefCell::new(None)),
            stack: ManuallyDrop::new(Stack::new()),
        }
    };
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
        with_stack(Stack::forget_frames);
    }
}

fn replace(worker: Option<Rc<Worker>>) -> Option<Rc<Worker>> {
    SEAT.with(|seat| seat.worker.replace(worker))
}

/// The worker beneath what runs here.
pub(crate) fn current() -> Option<Rc<Worker>> {
    SEAT.with(|seat| seat.worker.borrow().clone())
}

/// Whether this thread has as large a stack as those of the pool's jobs: any but a worker is taken to have the usual one.
pub(crate) fn has_stack_for(pool: &Shared) -> bool {
    let own = SEAT.with(|seat| seat.worker.borrow().as_ref().map(|worker| worker.stack_size));
    own.unwrap_or_else(|| stack_size(None)) >= pool.stack_size
}

/// The worker beneath what runs here, if it is one of this pool's.
pub(crate) fn worker_of(pool: &Arc<Shared>) -> Option<Rc<Worker>> {
    current().filter(|worker| Arc::ptr_eq(&worker.shared, pool))
}

/// The pool whose job runs here, the innermost one; in a worker's hook, the worker's own.
pub(crate) fn innermost_pool() -> Option<Arc<Shared>> {
    let guest_of = with_stack(|stack| {
        stack.innermost_running(|_, role| match role {
            Role::Guest(pool, _) | Role::Half(pool) => Some(Arc::clone(pool)),
            Role::Worker | Role::Aborter(_) => None,
        })
    });
    guest_of.flatten().or_else(|| current().map(|worker| Arc::clone(&worker.shared)))
}

/// Shows the innermost job that runs here among the outermost `depth`, and its pool.
pub(crate) fn running_among<R>(depth: usize, look: impl FnOnce(&Arc<dyn RunEnd>, &Arc<Shared>) -> R) -> Option<R> {
    SEAT.with(|seat| {
        let worker = seat.worker.borrow();
        let looked = seat.stack.running_among(depth, |job, role| match role {
            Role::Guest(pool, _) | Role::Half(pool) => Some(look(job, pool)),
            Role::Worker | Role::Aborter(_) => worker.as_ref().map(|worker| look(job, &worker.shared)),
        });
        looked.flatten()
    })
}

/// Lends the jobs that this thread is in the middle of.
#[inline]
pub(crate) fn with_stack<R>(use_it: impl FnOnce(&Stack) -> R) -> R {
    SEAT.with(|seat| use_it(&seat.stack))
}

/// While it is there, the board shows what a job waits for.
#[must_use]
pub(crate) struct ShownWait(Option<(Arc<Board>, Place)>);

/// Has the board of its pool show what the innermost job that runs on this thread waits for from now on.
pub(crate) fn show_wait(label: impl FnOnce() -> JobLabel) -> ShownWait {
    let on_board = SEAT.with(|seat| {
        let worker = seat.worker.borrow();
        let place = seat.stack.innermost_running(|_, role| match role {
            Role::Guest(pool, place) => pool.board.clone().zip(*place),
            Role::Half(_) => None,
            Role::Worker | Role::Aborter(_) => {
                worker.as_ref().and_then(|worker| worker.shared.board.clone().map(|board| (board, worker.place())))
            }
        });
        place.flatten()
    });
    if let Some((board, place)) = &on_board {
        board.set_waits_for(*place, Some(label()));
    }
    ShownWait(on_board)
}

/// The same for a job that the worker is about to run itself: that shows on its desk, below the job that joins it, unless the
/// latter is a guest.
#[inline]
pub(crate) fn show_wait_of_guest(label: impl FnOnce() -> JobLabel) -> Option<ShownWait> {
    with_stack(Stack::has_strangers).then(|| show_wait(label))
}

impl Drop for ShownWait {
    fn drop(&mut self) {
        if let Some((board, place)) = &self.0 {
            board.set_waits_for(*place, None);
        }
    }
}

/// Returns the index of the worker that this code runs on, counted from 0, or `None` outside of all pools.
///
/// The index belongs to the pool that started this thread. A job of another pool that a
/// [`join`](crate::JobHandle::join) runs here sees the same index as the job that joins it. So that index may be
/// larger than its own pool has workers, and another job of its pool may see the same one at the same time. In an
/// [inline](crate::Builder::inline) pool the index is 0.
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).build().unwrap();
/// let job = pool.submit(corepool::current_worker).unwrap();
/// assert_eq!(job.join().unwrap(), Some(0));
/// assert_eq!(corepool::current_worker(), None);
/// ```
#[must_use]
pub fn current_worker() -> Option<usize> {
    SEAT.with(|seat| seat.worker.borrow().as_ref().map(|worker| worker.index)).or_else(index_in_an_inline_pool)
}

/// Such a pool counts as one worker.
fn index_in_an_inline_pool() -> Option<usize> {
    innermost_pool().filter(|pool| pool.id.is_inline()).map(|_| 0)
}

/// Who this thread is to the pool.
pub(crate) fn origin(pool: PoolId) -> Origin {
    SEAT.with(|seat| match &*seat.worker.borrow() {
        Some(worker) if worker.shared.id == pool => Origin::Inside,
        _ if seat.stack.is_guest_of(pool) => Origin::Inside,
        _ => Origin::Outside,
    })
}

/// Whether this thread holds up the pool, so that waiting here for the pool would be for ever.
pub(crate) fn would_wait_for_itself(shared: &Arc<Shared>) -> bool {
    origin(shared.id) == Origin::Inside || with_stack(|stack| stack.aborts_for(shared.id))
}

/// Whether the job runs or is aborted on this thread, so that nobody else will finish it.
pub(crate) fn holds(header: &Header) -> bool {
    with_stack(|stack| stack.holds(header))
}

/// Shows the innermost job that runs on this thread, and its pool's monitor.
pub(crate) fn innermost_running<R>(look: impl FnOnce(&dyn RunEnd, &Monitor) -> R) -> Option<R> {
    SEAT.with(|seat| {
        let worker = seat.worker.borrow();
        let looked = seat.stack.innermost_running(|job, role| match role {
            Role::Guest(pool, _) | Role::Half(pool) => Some(look(job, &pool.monitor)),
            Role::Worker | Role::Aborter(_) => worker.as_ref().map(|worker| look(job, &worker.shared.monitor)),
        });
        looked.flatten()
    })
}
