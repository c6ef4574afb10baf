#![doc = include_str!("../README.md")]

mod pool;
mod builder;
mod line;
mod queue;
mod sides;
mod fifo;
mod supply;
mod sleep;
mod worker;
mod job;
mod cell;
mod unrun;
mod handle;
mod park;
mod shutdown;
mod watch;
mod idle;
mod stats;
mod panic;
mod error;
mod sync;

pub use builder::Builder;
pub use error::{BuildError, JobError, JobPanic, SubmitError, SubmitErrorKind, WaitError};
pub use handle::JobHandle;
pub use pool::Pool;
pub use shutdown::{Shutdown, ShutdownReport};
pub use stats::Stats;
pub use worker::current_worker;
