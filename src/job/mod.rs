//! A job by itself: its closure, its outcome, and who may do what with it. Built on the base alone.
//!
//! In goes a closure with its options, out come two ends of one cell: the [`Runnable`](runnable::Runnable), which the
//! floors above queue and run, and the [`WaitEnd`](cell::WaitEnd), which a handle waits at. What a job needs of those
//! floors it calls through traits that they implement: [`Ending`](options::Ending) (what may end it before it runs),
//! [`Runner`](runnable::Runner) (who runs it and counts how it ends), [`JobPool`](job_pool::JobPool) (who takes it out of
//! its queue). Every floor above may use it.

pub(crate) mod header;
pub(crate) mod options;
pub(crate) mod runnable;
mod trace;
pub(crate) mod cell;
pub(crate) mod job_pool;
