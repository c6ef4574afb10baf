//! How a consumer of many jobs hears which of them have resolved: see [`super::completions`].

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::base::fifo::Key;
use crate::base::panic::contain;
use crate::base::sync::{AtomicBool, Mutex, Ordering};
use crate::handle::remains::{Left, let_go};

/// Wakers by key.
#[derive(Default)]
pub(super) struct Bells {
    wakers: Vec<Option<Waker>>,
    pub(super) rung: Arc<Rung>,
}

impl Bells {
    pub(super) fn are_many(&self, many: usize) -> bool {
        self.wakers.len() > many
    }

    pub(super) fn of(&mut self, key: Key) -> &Waker {
        let index = key as usize;
        if self.wakers.len() <= index {
            self.wakers.resize(index + 1, None);
        }
        self.wakers[index].get_or_insert_with(|| Waker::from(Arc::new(Bell { key, rung: Arc::clone(&self.rung) })))
    }
}

struct Bell {
    key: Key,
    rung: Arc<Rung>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.add(self.key);
    }
}

/// The keys whose bells were rung.
#[derive(Default)]
pub(super) struct Rung {
    /// Whether there are any, to who does not want the lock for nothing.
    hint: AtomicBool,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    keys: VecDeque<Key>,
    /// Whom to wake for the next key.
    consumer: Option<Waker>,
}

impl Rung {
    pub(super) fn is_likely(&self) -> bool {
        // ORDERING: Relaxed, as it only says whether it is worth taking the lock, under which it is written.
        self.hint.load(Ordering::Relaxed)
    }

    fn add(&self, key: Key) {
        let consumer = {
            let mut list = self.list.lock();
            list.keys.push_back(key);
            // ORDERING: Relaxed, see `is_likely`.
            self.hint.store(true, Ordering::Relaxed);
            list.consumer.take()
        };
        if let Some(consumer) = consumer {
            contain(|| consumer.wake());
        }
    }

    /// Exchanges all keys for an empty list.
    pub(super) fn take(&self, empty: &mut VecDeque<Key>) {
        let mut list = self.list.lock();
        mem::swap(&mut list.keys, empty);
        // ORDERING: Relaxed, see `is_likely`.
        self.hint.store(false, Ordering::Relaxed);
    }

    /// Leaves a waker for the next key, unless there is one already. Wakers are the executor's code: outside the lock.
    pub(super) fn leave(&self, waker: &Waker) -> bool {
        let mut spare = Some(waker.clone());
        let is_left = {
            let mut list = self.list.lock();
            let is_empty = list.keys.is_empty();
            if is_empty {
                mem::swap(&mut list.consumer, &mut spare);
            }
            is_empty
        };
        contain(|| drop(spare));
        is_left
    }

    /// Takes back what [`leave`](Self::leave) has promised.
    pub(super) fn forget_consumer(&self) {
        let consumer = self.list.lock().consumer.take();
        if let Some(consumer) = consumer {
            let_go(Left::Waker(consumer));
        }
    }
}
