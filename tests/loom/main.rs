//! The pool's own types under the model checker: each test runs a few steps of two to four threads in every order that
//! loom tells apart, with the source itself and loom's locks and atomics in it (see `src/sync.rs`).
//!
//! ```text
//! RUSTFLAGS="--cfg corepool_loom" cargo test --release --test loom
//! ```
//!
//! A lost wake-up shows as loom's `deadlock`. loom has no clock, so what follows a time-out is modelled by calling it.
//! Where a search is bounded, it leaves out the orders with more preemptions (a thread stopped although it could go on)
//! than it says; `LOOM_MAX_PREEMPTIONS=4` in the environment searches all tests to that depth instead.
//!
//! What the models say goes for the locks' users, not for the locks; std's `Arc` is not modelled. What a model observes
//! must be loom's own or be ordered by it: loom tries no orders for what it does not see.
#![cfg(corepool_loom)]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the source is included by path, as its items are private, and no model needs all of it"
)]

#[path = "../../src/job_builder.rs"]
mod job_builder;
#[path = "../../src/submit.rs"]
mod submit;
#[path = "../../src/submit_async.rs"]
mod submit_async;
#[path = "../../src/line.rs"]
mod line;
#[path = "../../src/queue.rs"]
mod queue;
#[path = "../../src/sides.rs"]
mod sides;
#[path = "../../src/lanes.rs"]
mod lanes;
#[path = "../../src/fifo.rs"]
mod fifo;
#[path = "../../src/supply.rs"]
mod supply;
#[path = "../../src/sleep.rs"]
mod sleep;
#[path = "../../src/worker.rs"]
mod worker;
#[path = "../../src/stack.rs"]
mod stack;
#[path = "../../src/job.rs"]
mod job;
#[path = "../../src/options.rs"]
mod options;
#[path = "../../src/cell.rs"]
mod cell;
#[path = "../../src/checkpoint.rs"]
mod checkpoint;
#[path = "../../src/unrun.rs"]
mod unrun;
#[path = "../../src/token.rs"]
mod token;
#[path = "../../src/keeper.rs"]
mod keeper;
#[path = "../../src/handle.rs"]
mod handle;
#[path = "../../src/cancel_on_drop.rs"]
mod cancel_on_drop;
#[path = "../../src/registry.rs"]
mod registry;
#[path = "../../src/park.rs"]
mod park;
#[path = "../../src/shutdown.rs"]
mod shutdown;
#[path = "../../src/watch.rs"]
mod watch;
#[path = "../../src/idle.rs"]
mod idle;
#[path = "../../src/stats.rs"]
mod stats;
#[path = "../../src/panic.rs"]
mod panic;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/sync.rs"]
mod sync;

mod explore;
mod jobs;
mod pool;

mod cell_models;
mod park_models;
mod lanes_models;
mod sleep_models;
mod line_models;
mod async_models;
mod claim_models;
mod cancel_models;
mod token_models;
mod keeper_models;
mod idle_models;
mod shutdown_models;
mod stats_models;

use std::collections::BTreeSet;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use loom::thread::{self, JoinHandle};

use crate::cell::{JobCell, WaitEnd};
use crate::checkpoint::checkpoint;
use crate::error::{Interrupted, JobError, JobPanic, SubmitError, SubmitErrorKind, WaitError};
use crate::explore::{explore, explore_bounded};
use crate::handle::{Cancel, JobHandle};
use crate::idle::Epoch;
use crate::job::{Header, RunEnd, Runnable, Standing};
use crate::job_builder::JobBuilder;
use crate::jobs::{Log, Tally, Value, bell, end_of, end_of_submission, is_aborted, new_cell, new_job, poll};
use crate::keeper::{Deadline, Keeper};
use crate::line::withdraw_if_ended;
use crate::options::{Extras, Options, Priority};
use crate::park::Parker;
use crate::pool::{Pool, Submitted};
use crate::queue::{LeftLine, Monitor, NoRoom};
use crate::shutdown::{Shutdown, ShutdownReport, Threads, shut_down};
use crate::sides::{Origin, Signals};
use crate::stats::{Meter, Stats};
use crate::submit::{Patience, submit};
use crate::sync::AtomicU32;
use crate::token::{CancelToken, Membership};
use crate::unrun::{Target, Unrun};
use crate::worker::{Hooks, PoolId, Shared, Worker};

const HOUR: Duration = Duration::from_secs(3_600);
