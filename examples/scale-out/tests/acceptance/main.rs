//! The acceptance tests: real nginx and Redis, brought up and taken down by `deploy`. `tests/run` runs them all.
//!
//! `gates` measures what the README promises in numbers; `promises` are the smaller things that a user would miss. `jobs` has both
//! for the queue.

#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a test prints is shown if it fails")]

mod gates;
mod jobs;
mod kit;
mod promises;

/// Shared with the bench.
#[path = "../../bench/load.rs"]
mod load;
