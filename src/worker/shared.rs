//! What a pool's handles and its workers share.

use std::sync::{Arc, Weak};

use crate::base::ids::PoolId;
use crate::ending::keeper::Keeper;
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
}

impl Shared {
    /// `name` is the prefix of the threads' names; the keeper's thread begins with `on_keeper_start`.
    pub(crate) fn new(capacity: usize, hooks: Hooks, name: &str, on_keeper_start: fn(PoolId)) -> Arc<Self> {
        let id = PoolId::new();
        let keeper = Arc::new(Keeper::new(format!("{name}-keeper"), Box::new(move || on_keeper_start(id))));
        let shared = Arc::new(Self { id, monitor: Monitor::new(capacity), keeper, hooks });
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
