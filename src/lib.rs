#![doc = include_str!("../README.md")]

pub mod breaker;

// From the top floor to the ground; a floor may use those below it.
mod pool;
mod handle;
mod worker;
mod monitor;
mod queue;
mod ending;
mod job;
mod base;

pub use base::error::{BuildError, Interrupted, JobError, SubmitError, SubmitErrorKind, WaitError};
pub use base::job_panic::JobPanic;
pub use base::priority::Priority;
pub use ending::cancel::Cancel;
pub use ending::token::CancelToken;
pub use handle::cancel_on_drop::CancelOnDrop;
pub use handle::job_handle::JobHandle;
pub use pool::builder::Builder;
pub use pool::job_builder::JobBuilder;
pub use pool::pool::Pool;
pub use pool::shutdown::{Shutdown, ShutdownReport};
pub use queue::stats::Stats;
pub use worker::checkpoint::checkpoint;
pub use worker::seat::current_worker;
