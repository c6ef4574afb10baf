//! [tour]: guide::tour
//! [questions]: guide::questions
//! [fork and join]: guide::fork_join
//! [slices]: guide::fork_join#slices
//! [scopes]: guide::fork_join#scopes
//! [migrating]: guide::migrating
//! [guarantees and limits]: guide::limits
//!
#![doc = include_str!("../README.md")]
// The README links to the pages of the guide as files. The first definition of a link counts: those above lead to modules.

// The floors, from the top down to the ground. A floor may use those below it, the breaker the ground alone, and the top floor
// the breaker, too: `tests/floors` sees to that.

mod adapters; // bridges to other crates, each behind a feature
mod pool; // the front door: building a pool, submitting, waiting for room, shutting down
mod handle; // the submitter's end of a job: waiting for its outcome
mod fork; // joins on borrowed data: the only unsafe code
mod worker; // the threads: their loop, what they do when idle, what runs on them
mod steal; // what joins expose, and others steal
mod observe; // which jobs run, and how long jobs take
mod monitor; // the pool's locks
mod queue; // what is behind the locks, as plain data
mod ending; // what ends a job from outside: cancels, tokens, deadlines
mod job; // one job: its closure, its outcome, the right to resolve it
mod base; // the ground: locks and atomics, parking, lists, panics, errors

pub mod breaker;
pub mod guide; // documentation only

#[cfg(feature = "metrics")]
pub use adapters::metrics;
#[cfg(feature = "tower")]
pub use adapters::tower;
pub use base::error::{BuildError, Interrupted, JobError, SubmitError, SubmitErrorKind, WaitError};
pub use base::job_panic::JobPanic;
pub use base::priority::Priority;
pub use base::run_error::RunError;
pub use base::try_map_error::TryMapError;
pub use ending::cancel::Cancel;
pub use ending::token::CancelToken;
pub use fork::scope::Scope;
pub use handle::as_completed::{AsCompleted, as_completed};
pub use handle::cancel_on_drop::CancelOnDrop;
pub use handle::job_handle::JobHandle;
pub use handle::join_all::join_all;
pub use handle::scoped_job_handle::ScopedJobHandle;
pub use observe::label::JobLabel;
pub use observe::running::{QueuedJob, Running, RunningJob};
pub use observe::times::{Times, TimesBucket};
pub use observe::timings::{JobTimes, Timings, WorkerTimes};
pub use pool::builder::Builder;
pub use pool::job_builder::JobBuilder;
pub use pool::job_set::{JobSet, JoinNext};
pub use pool::map::{Map, MapUnordered};
pub use pool::pool::Pool;
pub use pool::report::Report;
pub use pool::set_job_builder::SetJobBuilder;
pub use pool::shutdown::{Shutdown, ShutdownReport};
pub use pool::weak::WeakPool;
pub use queue::stats::{Stats, WorkerStats};
pub use worker::checkpoint::checkpoint;
pub use worker::seat::current_worker;
