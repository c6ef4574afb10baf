//! What a pool's handles and its workers share.

use std::sync::{Arc, Weak};

use crate::base::ids::PoolId;
use crate::base::thread::stack_size;
use crate::ending::keeper::{Keeper, ThreadOptions};
use crate::ending::registry;
use crate::job::job_pool::JobPool;
use crate::monitor::monitor::Monitor;
use crate::worker::hooks::Hooks;

/// What a pool's handles and its workers share.
pub(crate) struct Shared {
    pub(crate) id: PoolId,
    pub(crate) monitor: Monitor,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) hooks: Hooks,
    /// Of each of its threads, in bytes.
    pub(crate) stack_size: usize,
}

impl Shared {
    /// `keeper` says how the keeper's thread is made, which is one of the pool's.
    pub(crate) fn new(capacity: usize, hooks: Hooks, keeper: impl FnOnce(PoolId) -> ThreadOptions) -> Arc<Self> {
        let id = PoolId::new();
        let thread = keeper(id);
        let stack_size = stack_size(thread.stack_size);
        let keeper = Arc::new(Keeper::new(thread));
        let shared = Arc::new(Self { id, monitor: Monitor::new(capacity), keeper, hooks, stack_size });
        registry::add(id, shared.downgrade());
        shared
    }

    /// The pool, to those who may end its jobs.
    pub(crate) fn downgrade(self: &Arc<Self>) -> Weak<dyn JobPool> {
        let pool: Weak<Self> = Arc::downgrade(self);
        pool
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        registry::remove(self.id);
    }
}
