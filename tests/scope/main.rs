//! Jobs that borrow: a scope ends only once nothing is left of its jobs, whatever became of them, and of their values.
//!
//! `.ci/run` runs these under AddressSanitizer and valgrind, too, which see what a job touches of a frame that is gone.
#![cfg(not(corepool_loom))]

#[path = "../common/mod.rs"]
mod common;

mod checkpoints;
mod ends;
mod handles;
mod inside;
mod memory;
mod panics;
mod remains;
mod values;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Live, inside, repeats};

/// How many live now.
fn count(live: &AtomicUsize) -> usize {
    live.load(Ordering::SeqCst)
}
