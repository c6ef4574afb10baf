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
//! | [`HalfOpen`](State::HalfOpen) | a probe while there are permits, else rejected | the probes decide ([`half_open`]), or one that is out has held its lease for too long ([`half_open_max_wait`]) |
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
//! - **No probe holds it half-open for ever**: each has a lease while it is out. When that is over they are taken to have failed,
//!   unless you say otherwise ([`Expired`]), and what they bring is late. While none is out it waits for the next call.
//! - **A call that hangs is seen**, where slow calls are: it counts as one when it has taken too long, not when it returns.
//! - **A panic is a failure**, and goes on. A call that is abandoned, without a result, counts as the [`AbandonedPolicy`] says.
//! - **Your code cannot wedge it.** Listeners, classifiers, back-off functions and clocks run outside its lock, no call waits for
//!   a listener that runs on another thread, and the time of listeners is part of no call. If one of them panics, the breaker
//!   works on.
//! - **No threads, no timers**: time only matters when somebody calls. Reading the state changes nothing.
//! - **It costs little.** While it is closed, counts consecutive failures or the last so many calls, has seen nothing but success
//!   for that long, and nobody listens, a [`call`](CircuitBreaker::call) costs two loads of one atomic: no lock, no write, no
//!   look at the clock. A rejected call reads the clock, and takes no lock either, nor does a healthy one with a window of time.
//!   With slow calls a call reads the clock and takes a lock for some nanoseconds, when it comes and when it goes.
//!
//! Boundaries: a rate opens the breaker when it is reached, a wait is over when it has passed in full, and a call is slow
//! when it takes strictly longer than the limit.
//!
//! # Limits
//!
//! - It stops no call that is under way: give your calls time-outs.
//! - It knows the calls of one process. Others find out for themselves.
//! - A permit that is leaked (`mem::forget`) holds its probe's place until the lease is over.
//! - A back-off function that never returns leaves the breaker open until somebody changes it by hand. So does a listener, when
//!   it is told of a probe on that probe's thread: neither the probe nor its lease has begun.
//! - Events wait in memory while listeners are slow: see [`subscribe`](CircuitBreaker::subscribe).
//! - A time-out around [`call_async`](CircuitBreaker::call_async) abandons the call, which is no failure by default: put it inside.
//!
//! [`open_wait`]: BreakerBuilder::open_wait
//! [`half_open`]: BreakerBuilder::half_open
//! [`half_open_max_wait`]: BreakerBuilder::half_open_max_wait

// This floor stands on `base` alone, and of the crate only the adapters stand on it: users call it. In go calls, their results, and
// changes by hand; out come permits or rejections, and events. A file refers to those below it only.

// The way of a call, from the front door down:
mod circuit; // the front door: calls, looks, changes by hand, listeners
mod permit; // a call's right to be made, from its admission to its end
mod shared; // what the clones share: past word and gate, or under the lock
mod machine; // the state machine: plain code, without locks or user code
mod in_flight; // the calls that are out: whose lease ends next, who becomes slow
mod word; // what calls need to know without the lock, in two atomics
mod pending; // successes that are counted without it
mod events; // what is told, and its way to the listeners
mod builder; // the choices of a user, each with a default
mod rules; // the policies, and the rules they come to

// What these stand on:
mod window; // the calls that a breaker is judged by, and their rates
mod backoff; // how long it stays open
mod clock; // where the time comes from
mod state; // states, outcomes, snapshots, errors

pub use backoff::Backoff;
pub use builder::BreakerBuilder;
pub use circuit::Subscription;
pub use clock::{Clock, ManualClock, MonotonicClock};
pub use events::Event;
pub use permit::Permit;
pub use rules::{AbandonedPolicy, Expired, FailurePolicy, HalfOpenPolicy};
pub use shared::CircuitBreaker;
pub use state::{BreakerConfigError, CallError, Outcome, Reason, Recorded, Rejected, Snapshot, State, WindowCounts};
pub use window::Window;
