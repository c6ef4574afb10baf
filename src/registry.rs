//! How a handle finds its pool again, to cancel. A handle that held on to the pool would make every submit and every join
//! write to one counter; so it holds a number, and looks the pool up when it is asked to cancel.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::RwLock;

use crate::worker::Shared;

/// A pool's number: no two pools of a process have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PoolId(u64);

static POOLS: RwLock<BTreeMap<PoolId, Weak<Shared>>> = RwLock::new(BTreeMap::new());

impl PoolId {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // ORDERING: Relaxed, as only the number matters.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The pool, unless it is gone and with it everything that could be cancelled.
    pub(crate) fn find(self) -> Option<Arc<Shared>> {
        POOLS.read().get(&self).and_then(Weak::upgrade)
    }
}

pub(crate) fn enlist(pool: &Arc<Shared>) {
    POOLS.write().insert(pool.id, Arc::downgrade(pool));
}

pub(crate) fn strike_off(pool: PoolId) {
    let gone = POOLS.write().remove(&pool);
    drop(gone);
}
