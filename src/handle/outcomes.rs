//! Many jobs that one consumer waits for: handles go in, outcomes come out.
//!
//! | | comes out next | in |
//! |---|---|---|
//! | [`InOrder`](super::in_order::InOrder) | the outcome of the oldest job | `Pool::map` |
//! | [`Completions`](super::completions::Completions) | that of any job that has resolved | `Pool::map_unordered`, `JobSet`, `as_completed` |
//!
//! Dropping one cancels the jobs in it: `as_completed` lets them go before.

use std::iter;
use std::panic::Location;
use std::task::{Poll, Waker};

use crate::base::ids::PoolId;
use crate::base::park::{Parker, with_parker};
use crate::base::spin::spin_until;
use crate::handle::job_handle::JobHandle;
use crate::observe::label::JobLabel;
use crate::queue::front::Origin;
use crate::worker::join::{Claim, may_claim};
use crate::worker::seat;

pub(crate) trait Outcomes<T> {
    /// What comes out.
    type Next;

    /// How many outcomes are still to come.
    fn len(&self) -> usize;

    fn push(&mut self, job: JobHandle<T>);

    /// The oldest job.
    fn front(&self) -> Option<&JobHandle<T>>;

    /// The next outcome, if it is there.
    fn take(&mut self) -> Option<Self::Next>;

    /// Whether [`take`](Self::take), which has returned `None`, is likely to return one now. For who spins before it waits.
    fn is_ready(&self) -> bool;

    /// The next outcome, or the promise to wake `waker` once it is there. Without any job there is no promise.
    fn poll(&mut self, waker: &Waker) -> Poll<Self::Next>;

    /// What has come of claiming the oldest job that this was not tried with; `None` once it was with all. A job that is once not
    /// queued never is again.
    fn claim_next(&mut self) -> Option<Claim>;

    /// On a worker, runs the oldest job that is still queued. Returns whether it has run one, so that it is worth looking
    /// again.
    fn run_oldest(&mut self) -> bool {
        may_claim() && iter::from_fn(|| self.claim_next()).any(|claim| claim == Claim::Ran)
    }

    /// Waits for the next outcome on this thread, which is shown to wait for what was made at `made_at`.
    ///
    /// `fill` is called before each look. It may push jobs, may leave the waker wherever else there is something to wait for, and
    /// says whether any outcome is to come.
    fn wait(
        &mut self,
        made_at: &'static Location<'static>,
        mut fill: impl FnMut(&mut Self, &Waker) -> bool,
    ) -> Option<Self::Next> {
        with_parker(|parker, waker| {
            while fill(self, waker) {
                if let Some(next) = self.take() {
                    return Some(next);
                }
                // A job that ran here may have waited, too, and have taken rings that were meant for this wait: look again.
                if !self.run_oldest()
                    && let Poll::Ready(next) = self.park(made_at, parker, waker)
                {
                    return Some(next);
                }
            }
            None
        })
    }

    /// Waits for something to look at; gives the outcome if it is found on the way.
    fn park(&mut self, made_at: &'static Location<'static>, parker: &Parker, waker: &Waker) -> Poll<Self::Next> {
        // A job of an inline pool runs where it is polled.
        if self.front().is_some_and(|oldest| !oldest.is_inline()) {
            spin_until(|| self.is_ready());
        }
        let polled = self.poll(waker);
        if polled.is_pending() {
            let _shown = seat::show_wait(|| JobLabel::new(None, made_at));
            parker.park_until(None);
        }
        polled
    }

    /// The next outcome, or the promise to wake `waker`. `fill` as in [`wait`](Self::wait).
    ///
    /// In a job of `pool` nobody else may be free to run the jobs, as whoever polls may wait there; so it runs them itself.
    fn poll_next(
        &mut self,
        pool: PoolId,
        waker: &Waker,
        mut fill: impl FnMut(&mut Self, &Waker) -> bool,
    ) -> Poll<Option<Self::Next>> {
        while fill(self, waker) {
            if let Some(next) = self.take() {
                return Poll::Ready(Some(next));
            }
            if seat::origin(pool) == Origin::Outside || !self.run_oldest() {
                return self.poll(waker).map(Some);
            }
        }
        Poll::Ready(None)
    }
}

/// Cancels all jobs, which come oldest first. None that is queued begins meanwhile, in a worker that comes free by what is dropped
/// with another.
pub(super) fn cancel_all<'a, T: 'a>(jobs: impl Iterator<Item = &'a JobHandle<T>>) {
    let jobs: Vec<_> = jobs.collect();
    // Newest first: a worker that stops, as it is asked to, would go on with the next.
    jobs.iter().rev().for_each(|job| job.request_stop());
    for job in jobs.into_iter().rev() {
        job.cancel();
    }
}
