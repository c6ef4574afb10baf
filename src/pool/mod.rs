//! The front door: building a pool, submitting to it, waiting for room in it, watching it and shutting it down.
//!
//! In go the user's closures, out come their handles. Only the adapters and the crate's root stand above this floor.

pub(crate) mod builder;
#[allow(clippy::module_inception, reason = "the floor is named for its front door")]
pub(crate) mod pool;
mod global; // the pool of the process
mod verbs; // what a pool is asked: the ways to submit a job
mod waits; // the ways to wait for its jobs
mod ends; // the ways to end it
mod looks; // what is seen of it while it runs
pub(crate) mod report;
mod join; // fork and join
mod slices; // the same for each item of a slice
mod scope; // jobs that borrow
mod broadcast; // a job for every worker
pub(crate) mod map; // a job for every item of an iterator
pub(crate) mod pipeline;
pub(crate) mod job_set; // jobs whose outcomes are taken as they come
pub(crate) mod set_job_builder;
pub(crate) mod weak;
pub(crate) mod owner;
pub(crate) mod job_builder;
pub(crate) mod run;
pub(crate) mod submit;
pub(crate) mod submit_async;
pub(crate) mod wait_for_room;
pub(crate) mod watch;
pub(crate) mod shutdown;
pub(crate) mod shutdown_async;
