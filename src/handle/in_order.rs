//! Jobs whose outcomes come out in the order in which the jobs went in.

use std::collections::VecDeque;
use std::task::{Poll, Waker};

use crate::handle::job_handle::JobHandle;
use crate::handle::outcomes::{Outcomes, cancel_all};
use crate::job::cell::Outcome;
use crate::worker::join::Claim;

pub(crate) struct InOrder<T> {
    /// Oldest first.
    jobs: VecDeque<JobHandle<T>>,
    /// So many of the oldest need not be claimed again: a job that is once not queued never is again.
    tried: usize,
}

impl<T> InOrder<T> {
    pub(crate) fn new() -> Self {
        Self { jobs: VecDeque::new(), tried: 0 }
    }

    fn pop(&mut self) -> Option<JobHandle<T>> {
        self.tried = self.tried.saturating_sub(1);
        self.jobs.pop_front()
    }
}

impl<T> Outcomes<T> for InOrder<T> {
    type Next = Outcome<T>;

    fn len(&self) -> usize {
        self.jobs.len()
    }

    fn push(&mut self, job: JobHandle<T>) {
        self.jobs.push_back(job);
    }

    fn front(&self) -> Option<&JobHandle<T>> {
        self.jobs.front()
    }

    fn is_ready(&self) -> bool {
        self.front().is_some_and(JobHandle::has_resolved)
    }

    fn take(&mut self) -> Option<Outcome<T>> {
        if !self.is_ready() {
            return None;
        }
        self.pop().map(JobHandle::join)
    }

    fn poll(&mut self, waker: &Waker) -> Poll<Outcome<T>> {
        let Some(oldest) = self.jobs.front_mut() else { return Poll::Pending };
        let polled = oldest.poll_to_wait(waker);
        if polled.is_ready() {
            drop(self.pop());
        }
        polled
    }

    fn claim_next(&mut self) -> Option<Claim> {
        let claim = self.jobs.get(self.tried)?.claim();
        self.tried += 1;
        Some(claim)
    }
}

impl<T> Drop for InOrder<T> {
    /// Cancels the jobs.
    fn drop(&mut self) {
        // First, as cancelling would wake the very task that lets go of it.
        self.jobs.iter_mut().for_each(JobHandle::forget_waker);
        cancel_all(self.jobs.iter());
    }
}
