//! Waiting for the pool's jobs, and what workers do when there are none.

#[path = "../common/mod.rs"]
mod common;

mod awaited;
mod flush;
mod moment;
mod sleep;
