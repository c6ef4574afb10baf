//! Many jobs that one consumer waits for: handles go in, outcomes come out.
//!
//! | | comes out next | in |
//! |---|---|---|
//! | [`InOrder`](super::in_order::InOrder) | the outcome of the oldest job | `Pool::map` |
//! | [`Completions`](super::completions::Completions) | that of any job that has resolved | `Pool::map_unordered` |
//!
//! Dropping one cancels the jobs in it.

use std::task::{Poll, Waker};

use crate::handle::job_handle::JobHandle;
use crate::job::cell::Outcome;

pub(crate) trait Outcomes<T> {
    /// How many outcomes are still to come.
    fn len(&self) -> usize;

    fn push(&mut self, job: JobHandle<T>);

    /// The next outcome, if it is there.
    fn take(&mut self) -> Option<Outcome<T>>;

    /// Whether [`take`](Self::take), which has returned `None`, is likely to return one now. For who spins before it waits.
    fn is_ready(&self) -> bool;

    /// The next outcome, or the promise to wake `waker` once it is there. Without any job there is no promise.
    fn poll(&mut self, waker: &Waker) -> Poll<Outcome<T>>;

    /// On a worker, runs the oldest job that is still queued. Returns whether anything has changed, so that it is worth
    /// looking again.
    fn run_oldest(&mut self) -> bool;
}
