//! Jobs whose outcomes come out as the jobs resolve, each found in O(1).
//!
//! Mostly the oldest job is among those that have resolved, so it is looked at first. Only a consumer that is about to wait
//! listens for others:
//!
//! ```text
//!   pushed --> silent: [ job ][ job ][ job ]      listened: [ job, bell ][ job, bell ]
//!                        |                          ^    |
//!                        |  before a wait           |    | oldest, or its bell was rung
//!                        +--------------------------+    v
//!                        | oldest of all               outcome
//!                        +----------------------------------^
//! ```
//!
//! 1. A job that is listened for has a key, and each key a bell, which is a waker: see [`super::bells`]. It is left with the job as
//!    its waiter, once. The oldest jobs come first, so those that are listened for are older than those that are not.
//! 2. When the job resolves, however it does, its bell is rung: it puts its key on the list of those that were rung, and
//!    wakes the consumer.
//! 3. The consumer takes the key from the list, and polls the job. If that is pending, then the bell was rung for nothing (by
//!    the job that had the key before, or by somebody who wants the consumer to end the job), and is left with the job again.
//!
//! No ring is lost: a consumer puts its waker on the list under the lock under which it has found no key there. Bells are
//! used again with their keys, so a job costs no allocation. The list stays short: bells are left only once it is empty. And who
//! leaves bells looks after each whether that was for nothing.

use std::collections::VecDeque;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, Waker};

use crate::base::fifo::{Fifo, Key};
use crate::base::ids::PoolId;
use crate::handle::bells::Bells;
use crate::handle::job_handle::JobHandle;
use crate::handle::outcomes::{Outcomes, cancel_all};
use crate::job::cell::Outcome;
use crate::worker::join::Claim;

/// How many jobs were pushed before a job.
type Number = u64;

/// A job's number and outcome.
pub(crate) type Completed<T> = (Number, Outcome<T>);

/// Small enough for an allocator's quick bins.
const CHUNK: usize = 16;
/// So many places are kept for good.
const KEPT: usize = 1_024;

struct Listened<T> {
    number: Number,
    job: JobHandle<T>,
}

pub(crate) struct Completions<T> {
    /// Oldest first, as are the others.
    listened: Fifo<Listened<T>, CHUNK>,
    /// The first of them that was not tried to be claimed; nor were those after it. One that is once not queued never is again.
    untried: Option<Key>,
    silent: VecDeque<JobHandle<T>>,
    /// The number of the first of these.
    first_silent: Number,
    /// How many of these were tried to be claimed.
    tried: usize,
    bells: Bells,
    /// Keys taken from the list.
    heard: VecDeque<Key>,
}

impl<T> Completions<T> {
    pub(crate) fn new() -> Self {
        Self {
            listened: Fifo::new(),
            untried: None,
            silent: VecDeque::new(),
            first_silent: 0,
            tried: 0,
            bells: Bells::default(),
            heard: VecDeque::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.listened.is_empty() && self.silent.is_empty()
    }

    /// Waits on this thread for the next outcome; `None` if there is no job.
    pub(crate) fn next(&mut self, made_at: &'static Location<'static>) -> Option<Completed<T>> {
        // Mostly it is there, if many jobs are joined.
        self.take().or_else(|| self.wait(made_at, |jobs, _| !jobs.is_empty()))
    }

    /// The same for a future, which runs jobs only in a job of `pool`.
    pub(crate) fn poll_completed(&mut self, pool: PoolId, cx: &Context<'_>) -> Poll<Option<Completed<T>>> {
        self.poll_next(pool, cx.waker(), |jobs, _| !jobs.is_empty())
    }

    /// The next outcome, if it is there, found by looking at each job once: later on they are listened for.
    pub(crate) fn try_next(&mut self) -> Option<Completed<T>> {
        self.take().or_else(|| self.leave_bells())
    }

    /// Takes back the promise of a poll.
    pub(crate) fn forget_waker(&self) {
        self.bells.rung.forget_consumer();
    }

    /// Cancels all jobs.
    pub(crate) fn cancel_all(&self) {
        cancel_all(self.listened.iter().map(|listened| &listened.job).chain(&self.silent));
    }

    /// Lets go of all jobs, which run on.
    pub(crate) fn detach_all(&mut self) {
        // Nobody waits for them any more.
        self.forget_waker();
        self.untried = None;
        while self.listened.pop_front().is_some() {}
        while self.pop_silent().is_some() {}
        self.begin_anew_after_many();
    }

    fn take_oldest(&mut self) -> Option<Completed<T>> {
        let has_resolved = Outcomes::front(self).is_some_and(JobHandle::has_resolved);
        if !has_resolved {
            return None;
        }
        let oldest = match self.listened.front_key() {
            Some(key) => self.remove(key),
            None => self.pop_silent().inspect(|_| self.begin_anew_after_many()),
        };
        oldest.map(|Listened { number, job }| (number, job.join()))
    }

    fn take_rung(&mut self) -> Option<Completed<T>> {
        loop {
            if self.heard.is_empty() && self.bells.rung.is_likely() {
                self.bells.rung.take(&mut self.heard);
            }
            let key = self.heard.pop_front()?;
            if let Poll::Ready(completed) = self.poll_job(key) {
                return Some(completed);
            }
        }
    }

    /// Leaves bells with all jobs, unless one has resolved. Looks for that after each bell: it costs less than leaving the next,
    /// and mostly spares those of jobs that are far from their turn.
    fn leave_bells(&mut self) -> Option<Completed<T>> {
        loop {
            let was_tried = self.tried > 0;
            let silent = self.pop_silent()?;
            let key = self.listened.push_back(silent);
            if !was_tried {
                self.untried.get_or_insert(key);
            }
            let found = match self.poll_job(key) {
                Poll::Ready(completed) => Some(completed),
                Poll::Pending => self.take(),
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// Polls a job with its bell.
    fn poll_job(&mut self, key: Key) -> Poll<Completed<T>> {
        let Some(Listened { number, job }) = self.listened.get_mut(key) else { return Poll::Pending };
        let polled = job.poll_outcome(self.bells.of(key)).map(|outcome| (*number, outcome));
        if polled.is_ready() {
            drop(self.remove(key));
        }
        polled
    }

    /// For who is about to wait, and listens for all: the oldest job, if that would be for ever. In a forked child no bell will be
    /// rung, and a job that this thread is in the middle of goes on only once it has been told.
    fn take_hopeless(&mut self) -> Poll<Completed<T>> {
        let Some(key) = self.listened.front_key() else { return Poll::Pending };
        let Some(Listened { number, job }) = self.listened.get_mut(key) else { unreachable!("the key of a job") };
        let polled = job.poll_to_wait(self.bells.of(key)).map(|outcome| (*number, outcome));
        if polled.is_ready() {
            drop(self.remove(key));
        }
        polled
    }

    fn pop_silent(&mut self) -> Option<Listened<T>> {
        let job = self.silent.pop_front()?;
        let number = self.first_silent;
        self.first_silent += 1;
        self.tried = self.tried.saturating_sub(1);
        Some(Listened { number, job })
    }

    fn remove(&mut self, key: Key) -> Option<Listened<T>> {
        if self.untried == Some(key) {
            self.untried = self.listened.after(key);
        }
        self.listened.remove(key).inspect(|_| self.begin_anew_after_many())
    }

    /// Once there are no jobs, gives back what many have needed. An old bell that is rung late is nobody's.
    fn begin_anew_after_many(&mut self) {
        if self.is_empty() && (self.bells.are_many(KEPT) || self.silent.capacity() > KEPT) {
            self.forget_waker();
            (self.listened, self.silent, self.heard) = (Fifo::new(), VecDeque::new(), VecDeque::new());
            self.bells = Bells::default();
        }
    }
}

impl<T> Outcomes<T> for Completions<T> {
    type Next = Completed<T>;

    fn len(&self) -> usize {
        self.listened.len() + self.silent.len()
    }

    fn push(&mut self, job: JobHandle<T>) {
        self.silent.push_back(job);
    }

    fn front(&self) -> Option<&JobHandle<T>> {
        self.listened.front().map(|listened| &listened.job).or_else(|| self.silent.front())
    }

    fn take(&mut self) -> Option<Completed<T>> {
        self.take_oldest().or_else(|| self.take_rung())
    }

    fn is_ready(&self) -> bool {
        self.front().is_some_and(JobHandle::has_resolved) || self.bells.rung.is_likely()
    }

    fn poll(&mut self, waker: &Waker) -> Poll<Completed<T>> {
        loop {
            if let Some(completed) = self.try_next() {
                return Poll::Ready(completed);
            }
            if self.bells.rung.leave(waker) {
                return self.take_hopeless();
            }
        }
    }

    fn claim_next(&mut self) -> Option<Claim> {
        if let Some(key) = self.untried {
            self.untried = self.listened.after(key);
            return self.listened.get(key).map(|listened| listened.job.claim());
        }
        let claim = self.silent.get(self.tried)?.claim();
        self.tried += 1;
        Some(claim)
    }
}

impl<T> Drop for Completions<T> {
    /// Cancels the jobs.
    fn drop(&mut self) {
        // First, as cancelling rings the bells, which would wake the very task that lets go of it.
        self.forget_waker();
        self.cancel_all();
    }
}

/// As for the handles in it.
impl<T> UnwindSafe for Completions<T> {}
impl<T> RefUnwindSafe for Completions<T> {}
