//! Jobs whose outcomes come out in the order in which the jobs went in.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::base::error::JobError;
use crate::handle::job_handle::JobHandle;
use crate::handle::outcomes::Outcomes;
use crate::job::cell::Outcome;
use crate::worker::join::{Claim, may_claim};

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
        let polled = match Pin::new(&mut *oldest).poll(&mut Context::from_waker(waker)) {
            Poll::Pending if oldest.is_on_own_stack() => Poll::Ready(Err(JobError::WouldDeadlock)),
            polled => polled,
        };
        if polled.is_ready() {
            drop(self.pop());
        }
        polled
    }

    fn run_oldest(&mut self) -> bool {
        if !may_claim() {
            return false;
        }
        while let Some(job) = self.jobs.get(self.tried) {
            self.tried += 1;
            if job.claim() == Claim::Ran {
                return true;
            }
        }
        false
    }
}

impl<T> Drop for InOrder<T> {
    fn drop(&mut self) {
        // Newest first: a worker that stops, as it is asked to, would go on with the next.
        while let Some(job) = self.jobs.pop_back() {
            drop(job.cancel_on_drop());
        }
    }
}
