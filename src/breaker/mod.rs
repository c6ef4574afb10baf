//! A circuit breaker: stops calling what is down, and finds out when it is up again.
//!
//! A call to something that may fail, another service, a database, a disk, costs most when it is down: each caller waits for
//! its time-out, holds a thread or a connection meanwhile, and adds to the load of a server that is trying to come back. A
//! breaker stands between the two. While all is well it only watches. After enough failures it *opens*: calls are rejected at
//! once, by an error that says when to try again. When it has waited long enough, it lets a single call through, a *probe*,
//! and *closes* if that succeeds.
//!
//! ```text
//!              enough failures                       the wait is over: one call is the probe
//!   Closed ---------------------> Open --------------------------------------------> HalfOpen
//!     ^                            ^                                                   |  |
//!     |                            |          the probe fails, or never reports        |  |
//!     |                            +---------------------------------------------------+  |
//!     |                                       the probe succeeds                          |
//!     +-----------------------------------------------------------------------------------+
//! ```
//!
//! | state | a call is | it ends when |
//! |---|---|---|
//! | [`Closed`](State::Closed) | made and judged | the [`FailurePolicy`] says so: then it opens |
//! | [`Open`](State::Open) | rejected | its wait is over ([`open_wait`] or a [`Backoff`]) and a call asks: that is admitted as a probe |
//! | [`HalfOpen`](State::HalfOpen) | a probe while there are permits, else rejected | the probes decide ([`half_open`]), or their lease is over ([`half_open_max_wait`]) |
//! | [`ForcedOpen`](State::ForcedOpen), [`Disabled`](State::Disabled), [`MetricsOnly`](State::MetricsOnly) | rejected; made; made and counted | somebody says so |
//!
//! ```
//! use corepool::breaker::{CallError, CircuitBreaker, FailurePolicy, ManualClock, State};
//! use std::time::Duration;
//!
//! let clock = ManualClock::new(); // for this example: the default is the system's
//! let breaker = CircuitBreaker::builder()
//!     .failure_policy(FailurePolicy::Consecutive(2))
//!     .open_wait(Duration::from_secs(10))
//!     .clock(clock.clone())
//!     .build()
//!     .unwrap();
//!
//! let ask = |up: bool| breaker.call(|| if up { Ok("answer") } else { Err("time-out") });
//! assert_eq!(ask(true), Ok("answer"));
//! assert_eq!(ask(false), Err(CallError::Inner("time-out")));
//! assert_eq!(ask(false), Err(CallError::Inner("time-out"))); // the second in a row
//! assert_eq!(breaker.state(), State::Open);
//!
//! let Err(CallError::Rejected(rejected)) = ask(true) else { unreachable!() };
//! assert_eq!(rejected.retry_after, Some(Duration::from_secs(10)));
//!
//! clock.advance(Duration::from_secs(10));
//! assert_eq!(ask(true), Ok("answer")); // the probe
//! assert_eq!(breaker.state(), State::Closed);
//! ```
//!
//! # How to call
//!
//! [`call`](CircuitBreaker::call) runs a closure, [`call_async`](CircuitBreaker::call_async) a future in any runtime;
//! [`try_acquire`](CircuitBreaker::try_acquire) gives a [`Permit`] that can be taken elsewhere, into a job of a pool say. An
//! `Err` is a failure and an `Ok` a success, unless a classifier tells an [`Outcome`] of its own: the answer "no such user"
//! does not mean that the server is down.
//!
//! # What you can rely on
//!
//! - **A result decides only about the state in which its call was admitted.** What comes later is counted
//!   ([`late_results`](Snapshot::late_results)) and changes nothing: a call from before the breaker opened cannot close it.
//! - **A probe is reserved when it is admitted**, in the step that makes the breaker half-open: of any number of threads that
//!   race for one probe, one gets it.
//! - **No breaker stays half-open for ever**: probes hold a lease. When it is over they are taken to have failed, unless you
//!   say otherwise ([`Expired`]), and what they bring is late.
//! - **A panic is a failure**, and goes on. A call that is abandoned, without a result, counts as the [`AbandonedPolicy`] says.
//! - **Your code cannot wedge it.** Listeners, classifiers, back-off functions and clocks run outside its lock. If one of
//!   them panics, the breaker works on.
//! - **No threads, no timers**: time only matters when somebody calls. Reading the state changes nothing.
//! - **It costs little.** While it is closed, counts consecutive failures, has just seen a success, and nobody listens, a
//!   [`call`](CircuitBreaker::call) costs two loads of one atomic: no lock, no write, no look at the clock. With a rate, a
//!   healthy call takes a lock for as long as it takes to count; with a window of time, or slow calls, it reads the clock
//!   too, which is the larger part of the cost.
//!
//! Boundaries: a rate opens the breaker when it is reached, a wait is over when it has passed in full, and a call is slow
//! when it takes strictly longer than the limit.
//!
//! # Limits
//!
//! - It stops no call that is under way: give your calls time-outs.
//! - It knows the calls of one process. Others find out for themselves.
//! - A permit that is leaked (`mem::forget`) holds its probe's place until the lease is over.
//! - A back-off function that never returns leaves the breaker open until somebody changes it by hand.
//! - Listeners make calls wait for each other: see [`subscribe`](CircuitBreaker::subscribe).
//!
//! [`open_wait`]: BreakerBuilder::open_wait
//! [`half_open`]: BreakerBuilder::half_open
//! [`half_open_max_wait`]: BreakerBuilder::half_open_max_wait

// This floor stands on `base` alone, and nothing in the crate stands on it: users call it. In go calls, their results, and
// changes by hand; out come permits or rejections, and events. A file refers to those below it only.

// The way of a call, from the front door down:
mod builder; // rules in, a breaker out
mod circuit; // the front door: calls, looks, changes by hand, listeners
mod permit; // a call's right to be made, from its admission to its end
mod shared; // what the clones share: past the word, or under the lock
mod core; // what the lock guards: the machine, and the events of its steps
mod word; // what a healthy call needs to know of it, in one atomic
mod event; // what is told, and its way to the listeners
mod machine; // the state machine: plain code, without locks, clocks or user code
mod phase; // the states with what each knows: waits, probes
mod window; // the calls that a closed breaker is judged by

// The words in which these speak:
mod rules; // what a user chose, and what it comes to
mod step; // what goes into the machine and what comes out
mod tally; // calls counted by how they ended
mod backoff; // how long it stays open
mod clock; // where the time comes from
mod state; // states, outcomes, snapshots
mod error; // rejections, and rules that make no sense

pub use backoff::Backoff;
pub use builder::BreakerBuilder;
pub use circuit::{CircuitBreaker, Subscription};
pub use clock::{Clock, ManualClock, MonotonicClock};
pub use error::{BreakerConfigError, CallError, Reason, Rejected};
pub use event::Event;
pub use permit::Permit;
pub use rules::{AbandonedPolicy, Expired, FailurePolicy, HalfOpenPolicy, Window};
pub use state::{Outcome, Recorded, Snapshot, State, WindowCounts};
