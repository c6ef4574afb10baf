//! The pool's own types, and the breaker's, under the model checker: each test runs a few steps of two to five threads in
//! every order that loom tells apart, with the source itself and loom's locks and atomics in it (see `src/base/sync.rs`).
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
//! | cell: `job/{cell, runnable}` | `cell_models` | running, panicking, being aborted, a dropped `Runnable`; with joining, polling, changing the waker, waiting again, dropping the handle and its waker | |
//! | `base/park` | `park_models` | rings before, while and after a thread parks; two ringers; a ring left by an earlier wait | 4 |
//! | lanes, lists, hint: `queue/{lanes, sides, hint}` | `lanes_models` | pushes and a cancel in several lanes; with pops at the back alone, at both sides, and moving over | |
//! | `queue/sleep`, `monitor`, `worker/idle` | `sleep_models` | pushes, cancels, handed places, false alarms; with one to four workers that look, search, fall asleep, sleep | 1 to 5 |
//! | `queue/{room, line}`, `pool/wait_for_room` | `line_models` | submitters that wait, try, stop waiting, exceed the bound; with pops at either side, the hand-over, a close; a waker that joins the job about to be taken, cancelled, aborted | 2 to 5 |
//! | `pool/submit_async` | `async_models` | a poll with another waker, a poll on a worker, a drop; with the hand-over, a close, a token | 5 |
//! | claims: `worker/join`, `monitor` | `claim_models` | a join in a job, nested twice; with a pop, an abort, the line | 2 |
//! | guests: `worker/{guest, join}`, `queue/guests` | `guest_models` | a join of another pool's job; with its pool's worker, a drain, an abort, a flush; two pools that wait for each other | 2, 3 |
//! | joins of halves: `fork`, `steal`, `worker/idle`, `queue/sleep` | `fork_models` | a half that is exposed, taken back, stolen, waited for, unwound past; with a worker that falls asleep, sleeps, was woken for nothing, a second one, a queued job, a cancel, a drain, an abort; halves stolen together; items of a slice | 1 to 4 |
//! | `fork/{scope, scoped}`, `job/cell` | `scope_models` | the end of a scope, in a job and elsewhere; with jobs that run, are aborted, spawn others, leave values to nobody; a handle that is dropped or joined | 2 to 4 |
//! | `handle/{completions, bells}` | `completions_models` | who waits for whichever of two jobs resolves first; with two that resolve, one that takes the key of another, a drop | 3 |
//! | cancel: `ending/cancel`, `handle` | `cancel_models` | a cancel, a dropped guard; with a pop, a claim, another cancel, a deadline, an abort, the line | 6 |
//! | `ending/{token, registration}` | `token_models` | a token's end; with submitting, standing in line, leaving it, a start, a close, another end of the same job or place | 3 to 6 |
//! | `ending/keeper` | `keeper_models` | alarms, the stop; with a keeper that looks, falls asleep, sleeps; a due alarm with submitting, the line, a start, a run | 2 to 4 |
//! | `observe/{slow, board, desk}` | `slow_models` | a job that starts, two that do; with a keeper that looks, dozes off, dozes | |
//! | aborting jobs: `queue/aborts`, `monitor` | `abort_models` | resolving a dequeued or ended job; with a flush, a drain, an abort, a destructor that waits or joins | 3 to 6 |
//! | `worker/checkpoint` | `checkpoint_models` | a running job; with a cancel, its token, an abort, and what was written before | |
//! | `queue/mailboxes`, `monitor` | `broadcast_models` | a job for one worker alone; with that worker awake, searching and asleep, another one, a push, a close | 2 to 4 |
//! | `worker/inline` | `inline_models` | two threads that join jobs of a pool without threads; one that joins, one that waits for the pool | 3, 4 |
//! | hooks: `worker/{hooks, life}` | `worker_models` | a start hook that panics, the stop and panic hooks; with who waits for what follows them | 5 |
//! | `queue/{epochs, awaited, watchers}`, `monitor` | `idle_models` | a flush, a wait for an idle moment; with jobs that retire, come later, nest, are aborted; a second wait; epochs that empty out of order, no epoch left | 2 to 5 |
//! | phases: `queue/{front, sides}`, `pool/shutdown` | `shutdown_models` | drains, aborts, both; with idle, sleeping and busy workers, pushes, the line, jobs that submit and join, who watches the end | 3 to 6 |
//! | `queue/stats` | `stats_models` | a look at the counts; with jobs that end each way, and with the line | 4 |
//! | the breaker's word, gate, lock and machine: `breaker/{word, pending, shared, machine, permit}` | `breaker_models` | results on the fast path, counted apart and under the lock, rejections at the gate, dropped permits, changes by hand, a lease that runs out; with results, callers who race for a probe, changes by hand, a listener that comes, the end of a wait or a bucket | |
//! | what it calls outside its lock: `breaker/{shared, events}` | `breaker_events_models` | subscribing, events of two callers, listeners that change breakers, panic or leave, a back-off function; with calls, changes by hand | |
//!
//! No bound: every order. A bound leaves out the orders with more preemptions (a thread stopped although it could go on),
//! and other choices after the last one it allows. It stands where the search in full takes too long; each such model
//! says how long. `LOOM_MAX_PREEMPTIONS=4` in the environment searches all models to that depth instead.
//!
//! | outside | why | who looks at it |
//! |---|---|---|
//! | time-outs | loom has no clock: what follows one is modelled by calling it, a deadline has passed when it is set or never does | `tests/back_pressure.rs`, `deadlines.rs`, `handle.rs`, `idle`, `shutdown.rs` |
//! | spinning | it only decides when to look again; a model looks at once | all tests outside this folder, `benches/` |
//! | which halves are worth stealing, dozing, and who waits looking for parts later on | a model steals what it finds, a doze is over at once, and who waits looks once | `tests/join`, `benches/fork_join` |
//! | the locks, and which sleeper a notification wakes | loom has its own: first come, first woken, and none for nothing (but see the false alarms) | the same |
//! | counts of `std::sync::Arc` | loom's cannot hold a trait object; no model depends on their order | `tests/exactly_once.rs`, `memory.rs` |
//! | starting and joining threads: `pool/builder` with crossbeam's `recv`, `worker/threads`, the keeper's start, `pool/owner` | they are the system's; what they call of the monitor is modelled | `tests/build`, `shutdown.rs`, `deadlines.rs` |
//! | `ending/registry` | parking_lot's lock: a cancel finds the pool or learns that it is gone, with all its jobs resolved | `tests/cancel.rs` |
//! | thread-local destructors, a thread's own parker | a model's threads are not torn down as the system's are | `tests/thread_locals.rs`, `handle.rs` |
//! | the breaker's windows, rates, leases and waits one after the other; its futures, which use a permit as any call does | one thread at a time | `tests/breaker` |
//! | `base/fifo`, `queue/turn`, epochs' numbers, `worker/stack` | one thread at a time | unit tests, `tests/order.rs`, `priorities.rs`, `nested.rs` |
#![cfg(corepool_loom)]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the source is included by path, as its items are private, and no model needs all of it"
)]

#[path = "../../src/breaker/mod.rs"]
mod breaker;
mod pool;
#[path = "../../src/handle/mod.rs"]
mod handle;
#[path = "../../src/fork/mod.rs"]
mod fork;
#[path = "../../src/worker/mod.rs"]
mod worker;
#[path = "../../src/steal/mod.rs"]
mod steal;
#[path = "../../src/observe/mod.rs"]
mod observe;
#[path = "../../src/monitor/mod.rs"]
mod monitor;
#[path = "../../src/queue/mod.rs"]
mod queue;
#[path = "../../src/ending/mod.rs"]
mod ending;
#[path = "../../src/job/mod.rs"]
mod job;
#[path = "../../src/base/mod.rs"]
mod base;

mod explore;
mod jobs;
mod breakers;

mod broadcast_models;
mod cell_models;
mod park_models;
mod lanes_models;
mod sleep_models;
mod line_models;
mod async_models;
mod claim_models;
mod guest_models;
mod fork_models;
mod scope_models;
mod completions_models;
mod cancel_models;
mod token_models;
mod keeper_models;
mod slow_models;
mod abort_models;
mod checkpoint_models;
mod worker_models;
mod idle_models;
mod inline_models;
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
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use loom::thread::{self, JoinHandle};

use crate::base::error::{Interrupted, JobError, SubmitError, SubmitErrorKind, WaitError};
use crate::base::ids::{Epoch, PoolId};
use crate::base::job_panic::JobPanic;
use crate::base::panic::Contained;
use crate::base::park::Parker;
use crate::base::priority::Priority;
use crate::base::spin::AdaptiveSpin;
use crate::base::sync::AtomicU32;
use crate::base::tick::Tick;
use crate::base::unrun::Unrun;
use crate::breaker::{
    Backoff, BreakerBuilder, CircuitBreaker, Clock, Event, Expired, FailurePolicy, Outcome, Permit, Reason, Recorded,
    Rejected, State, Subscription, Window,
};
use crate::breakers::{
    Hand, Heard, WAIT, answer_to, elsewhere, fail, opens_after, probing, ready_to_probe, succeed, what_became_of,
    word_for,
};
use crate::ending::cancel::{Cancel, cancel};
use crate::ending::keeper::{Deadline, Keeper, ThreadOptions};
use crate::ending::registration::{Registrable, Registration};
use crate::ending::rounds::Rounds;
use crate::ending::target::Target;
use crate::ending::token::{CancelToken, Membership};
use crate::explore::{explore, explore_bounded};
use crate::handle::completions::Completions;
use crate::handle::job_handle::JobHandle;
use crate::handle::outcomes::Outcomes;
use crate::job::cell::{JobCell, WaitEnd};
use crate::job::header::{Header, Standing};
use crate::job::job_pool::JobPool;
use crate::job::options::{Extras, Options};
use crate::job::runnable::{Begun, RunEnd, Runnable};
use crate::jobs::{
    Log, Tally, Value, begun, bell, end_of, end_of_submission, is_aborted, new_cell, new_job, poll, value_of,
};
use crate::monitor::monitor::{Monitor, NoRoom, Taken, WaitStopped};
use crate::observe::board::{Board, Call, Done};
use crate::observe::slow::SlowOptions;
use crate::pool::shutdown::{Shutdown, ShutdownReport, close, shut_down};
use crate::pool::submit::{Patience, submit};
use crate::pool::wait_for_room::dequeue_if_ended;
use crate::pool::{Pool, Submitted};
use crate::queue::awaited::Awaited;
use crate::queue::front::{Origin, Phase};
use crate::queue::stats::{Meter, Stats};
use crate::worker::checkpoint::checkpoint;
use crate::worker::hooks::{Hooks, WorkerHook};
use crate::worker::idle::next_job;
use crate::worker::life::live;
use crate::worker::seat::{self, Seated, current_worker};
use crate::worker::shared::{Plan, Shared};
use crate::worker::worker::Worker;

const HOUR: Duration = Duration::from_secs(3_600);
