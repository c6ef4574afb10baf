//! How a handle finds its pool again, to cancel. A handle that held on to the pool would make every submit and every join
//! write to one counter; so it holds a number, and looks the pool up when it is asked to cancel.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::RwLock;

use crate::base::ids::PoolId;
use crate::job::job_pool::JobPool;

static POOLS: RwLock<BTreeMap<PoolId, Weak<dyn JobPool>>> = RwLock::new(BTreeMap::new());

pub(crate) fn add(id: PoolId, pool: Weak<dyn JobPool>) {
    POOLS.write().insert(id, pool);
}

pub(crate) fn remove(id: PoolId) {
    let gone = POOLS.write().remove(&id);
    drop(gone);
}

/// The pool, unless it is gone and with it everything that could be cancelled.
pub(crate) fn find(id: PoolId) -> Option<Arc<dyn JobPool>> {
    POOLS.read().get(&id).and_then(Weak::upgrade)
}
