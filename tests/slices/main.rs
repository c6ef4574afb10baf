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

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use common::{inside, repeats, wait_until};

/// Throws when it is dropped.
struct Throws;

impl Drop for Throws {
    fn drop(&mut self) {
        resume_unwind(Box::new("a destructor"));
    }
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
