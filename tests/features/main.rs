//! The bridges to other crates, each with its feature only: `cargo test --all-features --test features`.
#![cfg(not(corepool_loom))]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../common/mod.rs"]
mod common;

#[cfg(feature = "tracing")]
mod grumpy;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "stream")]
mod stream;
#[cfg(feature = "stream")]
mod stream_of_jobs;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "tracing")]
mod tracing;
