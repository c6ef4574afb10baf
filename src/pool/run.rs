//! Running a job to its end: submit and join in one.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use crate::base::run_error::RunError;
use crate::job::cell::{JobCell, WaitEnd};
use crate::job::runnable::Runnable;
use crate::pool::owner::Owner;
use crate::pool::submit::{Patience, Submittable, submit};
use crate::pool::submit_async::SubmitAsync;
use crate::queue::front::{Origin, Rejected};
use crate::worker::join::run_here;
use crate::worker::seat::{self, origin};
use crate::worker::shared::Shared;
use crate::worker::worker::Worker;

pub(crate) fn run<F, T, S>(
    pool: &Arc<Shared>,
    job: F,
    settings: S,
    submitted_at: &'static Location<'static>,
) -> Result<T, RunError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    S: Submittable,
{
    match seat::worker_of(pool) {
        Some(worker) => run_on(&worker, job, settings, submitted_at),
        None => Ok(submit(pool, job, settings, Patience::Forever, submitted_at)?.join()?),
    }
}

pub(crate) async fn run_async<F, T, S>(
    pool: Arc<Owner>,
    job: F,
    settings: S,
    submitted_at: &'static Location<'static>,
) -> Result<T, RunError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    S: Submittable + Send,
{
    // There nobody else may be free to run it, as whoever polls may wait for it.
    if origin(pool.shared().id) == Origin::Inside {
        return run(pool.shared(), job, settings, submitted_at);
    }
    let mut job = SubmitAsync::new(pool, job, settings, submitted_at).await?.cancel_on_drop();
    let outcome = poll_fn(|cx| {
        job.run_if_inside();
        Pin::new(&mut job).poll(cx)
    });
    Ok(outcome.await?)
}

/// On a worker of the pool. Its token and its deadline find it running, so nobody has to be told of it.
fn run_on<F, T, S>(
    worker: &Worker,
    job: F,
    settings: S,
    submitted_at: &'static Location<'static>,
) -> Result<T, RunError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    S: Submittable,
{
    let extras = settings.submitted(&worker.pool().keeper);
    let cell = Arc::new(JobCell::new(job, extras, submitted_at));
    let job = Runnable::of(&cell);
    run_here(worker, job).map_err(Rejected::into_kind)?;
    match cell.take() {
        Some(outcome) => Ok(outcome?),
        None => unreachable!("it has run, and nobody else holds its cell"),
    }
}
