//! Fork and join on borrowed data: a join whose second half nobody comes for costs two plain calls, and yet no worker stays idle while
//! there are halves to be had.
//!
//! ```text
//!   a thread in joins                                     a worker without a job
//!     depth < limit? no: call both halves
//!        | yes                                              | looks at all lanes, twice
//!        v                                                  v
//!     lane: [ half ][ half ][ half ] <---- raises the limit where it finds none
//!              |                 ^
//!              | steals          | exposes, takes back
//!              v                 |
//!     loot: the oldest ones ---> run there; their thread, if it comes to them before they are done, waits and helps
//! ```
//!
//! 1. **Exposing.** A thread exposes the second halves of its outermost few joins ([`crate::steal::lane`]): in a balanced recursion they
//!    are the largest, and too few to matter. All joins below are two plain calls ([`join`]). In a half that was stolen the depth
//!    starts anew.
//! 2. **Asking.** Who looks for a half and finds none raises the limit ([`crate::steal::limit`]), and so does who steals one. Then the
//!    thread exposes the halves of all its joins, until enough of them in a row have been taken back.
//! 3. **Stealing.** A worker without a job steals the oldest half that was there at two looks ([`crate::steal::lanes`]), several at once
//!    if they turn out to be short. What runs there is part of the job that called the join ([`inherit`]).
//! 4. **Waiting.** A thread whose half was stolen and is not done helps with that very half ([`wait`]).
//! 5. **Waking.** A worker that goes to sleep has every thread in joins call when it exposes a half next ([`crate::queue::sleep`]).
//!
//! While no worker looks for work no join takes a lock that anybody else wants.
//!
//! **Borrowed data stays.** A half lives on the stack of its join. That returns, or unwinds, only after the half is in nobody's
//! hands: a panic of the first half is caught and goes on after that, and one of the second is caught where it runs. There is no
//! guard that a user could forget, as all of this happens inside one function of ours.
//!
//! In go closures of the caller's, out come their values. For the pool, whose verb this is.

#![allow(unsafe_code, reason = "no safe type lends a borrow to a thread that may outlive it")]

pub(crate) mod join;
pub(crate) mod fill; // the same with each of many items
pub(crate) mod items;
pub(crate) mod each;
pub(crate) mod scope; // jobs that borrow
mod scoped;
mod made;
pub(crate) mod site;
mod wait;
mod inherit;
mod erased;
