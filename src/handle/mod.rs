//! The submitter's end of a job: waiting for its outcome, by blocking, by polling or by awaiting.
//!
//! In goes the waiter's end of a cell, out comes the job's value or the reason there is none. A join on a worker may run
//! the job there, so this floor stands on the workers'; the pool above it hands the handles out.

pub(crate) mod job_handle;
pub(crate) mod cancel_on_drop;
pub(crate) mod scoped_job_handle;
pub(crate) mod join_all;
pub(crate) mod as_completed;
pub(crate) mod outcomes;
pub(crate) mod in_order;
pub(crate) mod completions;
mod bells;
mod remains;
