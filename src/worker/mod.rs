//! The worker threads: their loop, the jobs that run on each, the user's hooks; and what code that runs there finds out
//! about the worker beneath it, through the thread's [`seat`].
//!
//! In go jobs taken from the monitor, they come out resolved. For handles, which may run a job where they would wait for
//! it, and for the pool, which starts the threads.

pub(crate) mod hooks;
pub(crate) mod seat;
pub(crate) mod threads;
pub(crate) mod shared;
pub(crate) mod stack;
#[allow(clippy::module_inception, reason = "the floor is named for the one type at its middle")]
pub(crate) mod worker;
pub(crate) mod idle;
pub(crate) mod life;
pub(crate) mod join;
pub(crate) mod guest;
pub(crate) mod inline;
pub(crate) mod abort;
mod outside;
pub(crate) mod checkpoint;
