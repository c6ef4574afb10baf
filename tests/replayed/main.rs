//! What the test suites of other pools pin, as tests of this one: each test names its origin, and each file says at
//! its top which suite it stands for. A behaviour that a test of this crate pins word for word is named there instead
//! of tested twice; last comes what has no meaning here, and why.

#[path = "../common/mod.rs"]
mod common;

mod jsr166_executor;
mod jsr166_service;
mod threadpool;
mod rusty_pool;
mod rayon;
mod tokio;
mod field_bugs;
mod shims;
