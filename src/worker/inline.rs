//! Running the jobs of an inline pool, which has no threads: whoever waits for such a job lends its own.
//!
//! | who waits | runs |
//! |---|---|
//! | code outside of any pool's jobs | what is queued, in the pool's order, until what it waits for has come about |
//! | a job of this pool or another, in a join | the job it joins, as on a worker |
//!
//! A thread that runs such a job is the pool's guest (see [`crate::worker::guest`]): the counts, `checkpoint()`, `on_panic`, and
//! what the job submits are those of any pool. Several threads may be at it at once.

use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::base::error::WaitError;
use crate::base::park::{is_ahead, with_parker};
use crate::base::sync::Woken;
use crate::job::header::Header;
use crate::queue::awaited::Awaited;
use crate::queue::watchers::WatchKey;
use crate::worker::shared::Shared;
use crate::worker::{guest, seat};

/// Runs what is queued until nothing is, or until `is_over` says so; for any but an inline pool nothing. Returns how many ran.
pub(crate) fn run_queued(pool: &Arc<Shared>, is_over: impl Fn() -> bool) -> usize {
    let mut ran = 0;
    while pool.id.is_inline() && !is_over() && run_next(pool) {
        ran += 1;
    }
    ran
}

/// Waits for the pool until `deadline`, and lends it this thread if it is an inline one.
///
/// What other threads run may submit more, and leave it queued. So this one looks for that whenever it may be woken last: jobs
/// that another thread runs are of an epoch that who waits has closed, or are guests that the pool's end waits for, so this
/// thread is woken when the last of them is retired.
pub(crate) fn wait_for(pool: &Arc<Shared>, mut awaited: Awaited, deadline: Option<Instant>) -> Result<(), WaitError> {
    if !pool.id.is_inline() {
        return pool.monitor.wait_for(awaited, deadline);
    }
    with_parker(|parker, waker| {
        let mut key = None;
        loop {
            run_queued(pool, || !is_ahead(deadline));
            if pool.monitor.poll_for(&mut awaited, &mut key, waker).is_ready() {
                return Ok(());
            }
            let must_look_again = is_ahead(deadline) && pool.monitor.has_queued();
            if !must_look_again && parker.park_until(deadline) == Woken::TimedOut {
                if let Some(key) = key {
                    pool.monitor.stop_watching(awaited, key);
                }
                return Err(WaitError::TimedOut);
            }
        }
    })
}

/// The same for a future, whose waker stands under `key` among those who watch the pool.
pub(crate) fn poll_for(
    pool: &Arc<Shared>,
    awaited: &mut Awaited,
    key: &mut Option<WatchKey>,
    waker: &Waker,
) -> Poll<()> {
    loop {
        run_queued(pool, || false);
        let polled = pool.monitor.poll_for(awaited, key, waker);
        if polled.is_ready() || !pool.id.is_inline() || !pool.monitor.has_queued() {
            return polled;
        }
    }
}

/// Whether there was one.
pub(crate) fn run_next(pool: &Arc<Shared>) -> bool {
    match pool.monitor.take_as_guest() {
        Some(job) => {
            guest::run(pool, job);
            true
        }
        None => false,
    }
}

/// For who waits for a job of an inline pool, until the job has resolved or `is_over` says so.
pub(crate) fn run_until_finished(pool: &Arc<Shared>, job: &Header, is_over: &dyn Fn() -> bool) {
    match seat::innermost_pool() {
        None => run_queued(pool, || job.is_finished() || is_over()) > 0,
        Some(_) => guest::run_as_guest(pool, job),
    };
}
