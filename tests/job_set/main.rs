//! Jobs whose outcomes are taken as the jobs resolve: `JobSet`, and `as_completed` for a fixed list.

#![cfg(not(corepool_loom))]

#[path = "../common/mod.rs"]
mod common;

mod completed; // as_completed
mod order; // what comes out, when
mod ends; // cancelled, dropped, detached, shut down
mod inside; // on workers
mod awaited; // polled and awaited
mod room; // full queues and the ways to submit
