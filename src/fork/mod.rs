//! Fork and join on borrowed data: a join that nobody needs help with costs two plain calls, and yet no worker stays idle while
//! there are halves to be had.
//!
//! ```text
//!  a thread in joins                              the pool                      a worker without a job
//!    limit  <------------------ 2. raises ----------- limits <------------------- looks, finds nothing
//!    exposed halves, oldest first
//!      [ ... ][ ... ][ ... ]
//!         `---- 3. hands over the oldest -----------> offers ------ 4. takes ---> runs it
//!    5. takes it back, or waits for it and helps <------ done ------------------'
//! ```
//!
//! 1. **Exposing.** A thread keeps the second halves of its oldest few joins exposed: where it finds them itself, on its stack,
//!    at a cost of some nanoseconds. All further joins see that the limit is reached, and call both halves ([`site`]). A half that
//!    is handed over makes room for another.
//! 2. **Asking.** A worker that finds nothing to run raises the limits of all threads in joins ([`crate::queue::forks`]).
//! 3. **Answering.** Such a thread notices at its next join. It puts its oldest half, which is the largest in a balanced
//!    recursion, on offer, and lowers its limit ([`join`]).
//! 4. **Taking.** Offers go before queued jobs, as somebody is in the middle of what they belong to. What runs on the worker is
//!    part of the job that called the join ([`inherit`]).
//! 5. **Joining.** Once the first half has ended its thread takes the second one back if it can, from its own stack or from the
//!    offers. Else it waits, and meanwhile runs what descends from that very half ([`wait`], [`crate::queue::half`]).
//!
//! No thread polls, no clock is read, and while no worker is idle no join takes a lock.
//!
//! **Borrowed data stays.** A half lives on the stack of its join. That returns, or unwinds, only after the half is in nobody's
//! hands: the first half's panic is caught and goes on after that, and a panic of the second is caught where it runs. There is no
//! guard that the user could forget, as all of this happens inside one function of ours.
//!
//! In go closures of the caller's, out come their values. For the pool, whose verb this is.

#![allow(unsafe_code, reason = "no safe type lends a borrow to a thread that may outlive it")]

pub(crate) mod join;
pub(crate) mod site;
mod wait;
mod inherit;
mod erased;
