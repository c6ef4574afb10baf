//! What a pool's handles and its workers share.

use std::any::Any;
use std::sync::{Arc, OnceLock, Weak};

use crate::base::ids::PoolId;
use crate::base::sync::{AtomicBool, Ordering};
use crate::base::thread::stack_size;
use crate::ending::keeper::{Keeper, ThreadOptions};
use crate::ending::registry;
use crate::ending::rounds::Rounds;
use crate::job::job_pool::JobPool;
use crate::monitor::monitor::Monitor;
use crate::observe::board::{Board, Call};
use crate::observe::slow::SlowOptions;
use crate::steal::lanes::Lanes;
use crate::worker::hooks::Hooks;
use crate::worker::threads::Threads;

/// What a pool's handles and its workers share.
pub(crate) struct Shared {
    pub(crate) id: PoolId,
    /// What the names of its threads begin with, unless the user names the workers.
    pub(crate) name: String,
    pub(crate) monitor: Monitor,
    /// Held by the worker that spins for longer than others.
    pub(crate) spinning: parking_lot::Mutex<()>,
    /// Halves of joins that may be stolen.
    pub(crate) lanes: Lanes,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) hooks: Hooks,
    /// What runs and how long it took, if somebody wants to know.
    pub(crate) board: Option<Arc<Board>>,
    /// Of each of its threads, in bytes.
    pub(crate) stack_size: usize,
    /// How many it is built with.
    pub(crate) workers: usize,
    pub(crate) threads: Threads,
    /// What all clones of the pool hold, for who has none of them. The pool's floor knows its type.
    pub(crate) owner: OnceLock<Weak<dyn Any + Send + Sync>>,
    /// Nobody waits for the pool's end who has not asked to.
    let_go: AtomicBool,
}

/// What a pool is made of.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) workers: usize,
    pub(crate) capacity: usize,
    pub(crate) hooks: Hooks,
    /// Whether it records what runs and how long it took.
    pub(crate) timings: bool,
    /// Does so, too.
    pub(crate) slow: Option<SlowOptions>,
    /// Without threads: see [`crate::worker::inline`].
    pub(crate) is_inline: bool,
}

impl Shared {
    /// `keeper` says how the keeper's thread is made, which is one of the pool's.
    pub(crate) fn new(plan: Plan, keeper: impl FnOnce(PoolId) -> ThreadOptions) -> Arc<Self> {
        let id = PoolId::new(plan.is_inline);
        let thread = keeper(id);
        let desks = if plan.is_inline { 0 } else { plan.workers };
        let board = (plan.timings || plan.slow.is_some()).then(|| Arc::new(Board::new(desks, plan.slow)));
        let rounds = board.clone().map(|board| -> Arc<dyn Rounds> { board });
        let shared = Arc::new(Self {
            id,
            monitor: Monitor::new(plan.capacity, board.is_some()),
            spinning: parking_lot::Mutex::new(()),
            lanes: Lanes::new(desks),
            hooks: plan.hooks,
            stack_size: stack_size(thread.stack_size),
            keeper: Arc::new(if plan.is_inline { Keeper::without_thread(thread) } else { Keeper::new(thread, rounds) }),
            board,
            workers: plan.workers,
            threads: Threads::new(&plan.name),
            name: plan.name,
            owner: OnceLock::new(),
            let_go: AtomicBool::new(false),
        });
        registry::add(id, shared.downgrade());
        shared
    }

    /// The pool, to those who may end its jobs.
    pub(crate) fn downgrade(self: &Arc<Self>) -> Weak<dyn JobPool> {
        let pool: Weak<Self> = Arc::downgrade(self);
        pool
    }

    pub(crate) fn call_keeper(&self, call: Call) {
        if call == Call::Keeper {
            self.keeper.call_for_rounds();
        }
    }

    /// From now on the last clone of the pool does not wait for its end.
    pub(crate) fn let_go(&self) {
        // ORDERING: Relaxed, as the drop that reads it comes after, if it is to know.
        self.let_go.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_let_go(&self) -> bool {
        // ORDERING: Relaxed, see `let_go`.
        self.let_go.load(Ordering::Relaxed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        registry::remove(self.id);
        // An inline pool's whose last clone was dropped by a panic. Dropping them aborts them.
        while let Some(job) = self.monitor.take_to_abort() {
            drop(job);
        }
    }
}
