//! Futures that watch the pool.

use std::mem;
use std::task::Waker;

use crate::base::fifo::{Fifo, Key};

/// The wakers of those futures. A key is good for as long as its future has not been woken.
pub(crate) struct Watchers(Fifo<Waker>);

impl Watchers {
    pub(crate) fn new() -> Self {
        Self(Fifo::new())
    }

    /// Has a waker woken when there is progress, in place of the one under `key`, if there is one; that is to be dropped.
    pub(crate) fn watch(&mut self, key: &mut Option<Key>, waker: Waker) -> Option<Waker> {
        match key.and_then(|key| self.0.get_mut(key)) {
            Some(old) => Some(mem::replace(old, waker)),
            None => {
                *key = Some(self.0.push_back(waker));
                None
            }
        }
    }

    pub(crate) fn forget(&mut self, key: Key) -> Option<Waker> {
        self.0.remove(key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everybody, to be woken.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        mem::replace(&mut self.0, Fifo::new()).into_values()
    }
}
