//! The same for each item of a slice: `map_slice` and the others give what a loop would, whoever does which items, and touch
//! nothing that is borrowed once they have returned.
//!
//! `.ci/run` runs these under AddressSanitizer and valgrind, too, which see what a thread reads or leaves behind.
#![cfg(not(corepool_loom))]

#[path = "../common/mod.rs"]
mod common;

mod panics;
mod sharing;
mod states;
mod stops;
mod values;

use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use common::{finish, rounds, wait_until};
use corepool::Pool;

/// Runs `job` on a worker of the pool and gives what it returned.
fn inside<T: Send + 'static>(pool: &Pool, job: impl FnOnce(&Pool) -> T + Send + 'static) -> T {
    let inner = pool.clone();
    finish(pool.submit(move || job(&inner)).unwrap())
}

/// As [`rounds`], and fewer where the environment says so, as under valgrind.
fn repeats(most: usize) -> impl Iterator<Item = usize> {
    let limit = env::var("COREPOOL_TEST_REPEATS").ok().and_then(|limit| limit.parse().ok());
    rounds(most).take(limit.unwrap_or(usize::MAX))
}

/// For a call whose items are shared for certain: the first one takes long enough for a call to be worth it, and ends
/// once another thread has begun one.
struct Shared {
    here: ThreadId,
    elsewhere: AtomicUsize,
}

impl Shared {
    fn new() -> Self {
        Self { here: thread::current().id(), elsewhere: AtomicUsize::new(0) }
    }

    /// What the item with this index is to do before all else.
    fn begin(&self, index: usize) {
        if thread::current().id() != self.here {
            self.elsewhere.fetch_add(1, Ordering::SeqCst);
        } else if index == 0 {
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_micros(100) {
                thread::yield_now();
            }
        } else {
            wait_until("another thread to begin an item", || self.elsewhere() > 0);
        }
    }

    fn elsewhere(&self) -> usize {
        self.elsewhere.load(Ordering::SeqCst)
    }
}
