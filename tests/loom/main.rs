//! The pool's own types, and the breaker's, under the model checker: each test runs a few steps of two to five threads in
//! every order that loom tells apart, with the source itself and loom's locks and atomics in it (see `src/sync.rs`).
//!
//! ```text
//! RUSTFLAGS="--cfg corepool_loom" cargo test --release --test loom
//! ```
//!
//! A lost wake-up shows as loom's `deadlock`, a wrong order as a failed assertion, and an order that was never tried as a
//! way of ending that is missing from the set which a model asserts. What a model observes must be loom's own or be
//! ordered by it: loom tries no orders for what it does not see. A job says what it saw with its value, as a failed
//! assertion inside would be the job's panic and end there.
//!
//! | mechanism in `src/` | models | what meets what | bound |
//! |---|---|---|---|
//! | cell: `cell`, `job` | `cell_models` | running, panicking, being given up, a dropped `Runnable`; with joining, polling, changing the waker, waiting again, dropping the handle | |
//! | `park` | `park_models` | rings before, while and after a thread parks; two ringers; a ring left by an earlier wait | 4 |
//! | lanes, lists, hint: `lanes`, `sides` | `lanes_models` | pushes and a cancel in several lanes; with pops at the back alone, at both sides, and moving over | |
//! | `sleep`, `supply` | `sleep_models` | pushes, cancels, handed places, false alarms; with one to four workers that look, search, fall asleep, sleep | 1 to 5 |
//! | room and line: `queue`, `line` | `line_models` | submitters that wait, try, give up, exceed the bound; with pops at either side, the hand-over, a close | 2 to 5 |
//! | `submit_async` | `async_models` | a poll with another waker, a poll on a worker, a drop; with the hand-over, a close, a token | 5 |
//! | claims: `worker`, `queue` | `claim_models` | a join in a job, nested twice; with a pop, an abort, the line | 2 |
//! | cancel: `handle`, `cancel_on_drop` | `cancel_models` | a cancel, a dropped guard; with a pop, a claim, another cancel, a deadline, an abort, the line | |
//! | `token`, the steps of `options` | `token_models` | a token's end; with submitting, standing in line, giving up, a start, a close, another end of the same job or place | 3, 4 |
//! | `keeper` | `keeper_models` | alarms, the stop; with a keeper that looks, falls asleep, sleeps; a due alarm with submitting, the line, a start, a run | 2 to 4 |
//! | giving up: `unrun` | `unrun_models` | resolving a withdrawn or ended job; with `wait_idle`, a drain, an abort, a destructor that waits | 3, 4 |
//! | `checkpoint` | `checkpoint_models` | a running job; with a cancel, its token, an abort | |
//! | hooks: `worker` | `worker_models` | a start hook that panics, the stop and panic hooks; with who waits for what follows them | 5 |
//! | epochs: `idle`, `watch` | `idle_models` | `wait_idle`; with jobs that retire, come later, nest, are aborted; a second wait; epochs that empty out of order, no epoch left | 2 to 5 |
//! | phases: `shutdown`, `queue`, `supply` | `shutdown_models` | drains, aborts, both; with idle, sleeping and busy workers, pushes, the line, jobs that submit and join | 3 |
//! | `stats` | `stats_models` | a look at the counts; with jobs that end each way, and with the line | 4 |
//! | the breaker's word, lock and machine: `breaker/{word, shared, machine, permit}` | `breaker_models` | results on the fast path and under the lock, dropped permits, a lease that runs out; with results, callers who race for a probe, changes by hand | |
//! | what it calls outside its lock: `breaker/{shared, event}` | `breaker_events_models` | subscribing, events of two callers, listeners that change breakers, panic or leave, a back-off function; with calls, changes by hand | |
//!
//! No bound: every order. A bound leaves out the orders with more preemptions (a thread stopped although it could go on),
//! and other choices after the last one it allows. It stands where the search in full takes too long; each such model
//! says how long. `LOOM_MAX_PREEMPTIONS=4` in the environment searches all models to that depth instead.
//!
//! | outside | why | who looks at it |
//! |---|---|---|
//! | time-outs | loom has no clock: what follows one is modelled by calling it, a deadline has passed when it is set or never does | `tests/back_pressure.rs`, `deadlines.rs`, `handle.rs`, `idle.rs`, `shutdown.rs` |
//! | spinning | it only decides when to look again; a model looks at once | all tests outside this folder, `benches/` |
//! | the locks, and which sleeper a notification wakes | loom has its own: first come, first woken, and none for nothing (but see the false alarms) | the same |
//! | counts of `std::sync::Arc` | loom's cannot hold a trait object; no model depends on their order | `tests/exactly_once.rs`, `memory.rs` |
//! | starting and joining threads: `builder` with crossbeam's `recv`, `Threads`, the keeper's start, the last `Pool` dropped | they are the system's; what they call of the monitor is modelled | `tests/build.rs`, `shutdown.rs`, `deadlines.rs` |
//! | `registry` | parking_lot's lock: a cancel finds the pool or learns that it is gone, with all its jobs resolved | `tests/cancel.rs` |
//! | thread-local destructors, a thread's own parker | a model's threads are not torn down as the system's are | `tests/thread_locals.rs`, `handle.rs` |
//! | the breaker's windows, rates, leases and waits one after the other; its futures, which use a permit as any call does | one thread at a time | `tests/breaker` |
//! | `fifo`, turns of lanes, epochs' numbers, `stack` | one thread at a time | unit tests, `tests/order.rs`, `priorities.rs`, `nested.rs` |
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
#[path = "../../src/breaker/mod.rs"]
mod breaker;
#[path = "../../src/panic.rs"]
mod panic;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/sync.rs"]
mod sync;

mod explore;
mod jobs;
mod pool;
mod breakers;

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
mod unrun_models;
mod checkpoint_models;
mod worker_models;
mod idle_models;
mod shutdown_models;
mod stats_models;
mod breaker_models;
mod breaker_events_models;

use std::collections::BTreeSet;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use loom::thread::{self, JoinHandle};

use crate::breaker::{
    Backoff, BreakerBuilder, CircuitBreaker, Clock, Event, Expired, FailurePolicy, Outcome, Permit, Reason, Recorded,
    Rejected, State, Subscription,
};
use crate::breakers::{
    Hand, Heard, WAIT, answer_to, elsewhere, fail, opens_after, probing, ready_to_probe, succeed, what_became_of,
    word_for,
};
use crate::cell::{JobCell, WaitEnd};
use crate::checkpoint::checkpoint;
use crate::error::{Interrupted, JobError, JobPanic, SubmitError, SubmitErrorKind, WaitError};
use crate::explore::{explore, explore_bounded};
use crate::handle::{Cancel, JobHandle};
use crate::idle::Epoch;
use crate::job::{Header, RunEnd, Runnable, Standing};
use crate::job_builder::JobBuilder;
use crate::jobs::{Log, Tally, Value, bell, end_of, end_of_submission, is_aborted, new_cell, new_job, poll, value_of};
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
