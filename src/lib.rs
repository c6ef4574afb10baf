#![doc = include_str!("../README.md")]

pub mod breaker;

mod pool;
mod builder;
mod job_builder;
mod submit;
mod submit_async;
mod line;
mod queue;
mod sides;
mod lanes;
mod fifo;
mod supply;
mod sleep;
mod worker;
mod stack;
mod job;
mod options;
mod cell;
mod checkpoint;
mod unrun;
mod token;
mod keeper;
mod handle;
mod cancel_on_drop;
mod registry;
mod park;
mod shutdown;
mod watch;
mod idle;
mod stats;
mod panic;
mod error;
mod sync;

pub use builder::Builder;
pub use cancel_on_drop::CancelOnDrop;
pub use checkpoint::checkpoint;
pub use error::{BuildError, Interrupted, JobError, JobPanic, SubmitError, SubmitErrorKind, WaitError};
pub use handle::{Cancel, JobHandle};
pub use job_builder::JobBuilder;
pub use options::Priority;
pub use pool::Pool;
pub use shutdown::{Shutdown, ShutdownReport};
pub use stats::Stats;
pub use token::CancelToken;
pub use worker::current_worker;
