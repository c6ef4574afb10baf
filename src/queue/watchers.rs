//! Futures that watch the pool.

use std::collections::BTreeMap;
use std::mem;
use std::task::Waker;

/// Which waker is a future's own. Never used again: a future may be woken, or dropped, when the waker has left and others have
/// come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WatchKey(u64);

/// The wakers of those futures.
#[derive(Default)]
pub(crate) struct Watchers {
    wakers: BTreeMap<WatchKey, Waker>,
    last: u64,
}

impl Watchers {
    /// Has a waker woken when there is progress, in place of the one under `key`, if that is still there; it is to be dropped.
    pub(crate) fn watch(&mut self, key: &mut Option<WatchKey>, waker: Waker) -> Option<Waker> {
        match key.and_then(|key| self.wakers.get_mut(&key)) {
            Some(old) => Some(mem::replace(old, waker)),
            None => {
                self.last += 1;
                let new = *key.insert(WatchKey(self.last));
                self.wakers.insert(new, waker)
            }
        }
    }

    pub(crate) fn forget(&mut self, key: WatchKey) -> Option<Waker> {
        self.wakers.remove(&key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// Everybody, to be woken.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        mem::take(&mut self.wakers).into_values()
    }
}
