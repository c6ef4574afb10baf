//! Fork and join on borrowed data: `Pool::join` gives what the two plain calls would, whoever runs its second half, and lets go
//! of nothing that is borrowed before that half has ended.
//!
//! A half runs on another thread when the machine happens to take it so. Where a test is about that, its first half goes on
//! joining until another thread has begun the second: see [`with_second_elsewhere`].
//!
//! `.ci/run` runs these under AddressSanitizer and valgrind, too, which see what a thread reads of a frame that is gone.
#![cfg(not(corepool_loom))]

#[path = "../common/mod.rs"]
mod common;

mod borrows;
mod checkpoints;
mod inside;
mod limits;
mod memory;
mod nesting;
mod outside;
mod panics;
mod several;
mod threads;
mod values;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use common::{inside, repeats, wait_until};
use corepool::Pool;

/// A flag that one half shows another, on the stack of the join.
#[derive(Default)]
struct Flag(AtomicBool);

impl Flag {
    fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn wait(&self, what: &str) {
        wait_until(what, || self.is_raised());
    }
}

/// A join whose first half begins once another thread has begun the second. There must be one that has nothing else to do, or
/// that waits for what this one runs.
fn with_second_elsewhere<A, B, RA, RB>(pool: &Pool, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let here = thread::current().id();
    let begun = Flag::default();
    let first = || {
        // Who asks is answered at the next join, with the oldest half there is.
        wait_until("another thread to begin the second half", || {
            pool.join(|| (), || ());
            begun.is_raised()
        });
        a()
    };
    let second = || {
        assert_ne!(thread::current().id(), here);
        begun.raise();
        b()
    };
    pool.join(first, second)
}

/// Where the halves of a join have run.
fn threads_of_halves(pool: &Pool) -> (ThreadId, ThreadId) {
    pool.join(|| thread::current().id(), || thread::current().id())
}
