//! `/fib/{n}` on the pool, and `/inline/{n}`, which shows why.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use corepool::tower::{PoolService, PoolServiceError};
use corepool::{Interrupted, JobError, Pool};
use serde::Serialize;
use tower::ServiceExt;

use super::instance::Instance;
use super::refusal::Refusal;
use crate::work::fibonacci::fibonacci;

/// The work as a service: a number in, a number out. If the client leaves, its place in the queue is free again, and a running
/// job stops.
pub(super) type Fib = PoolService<Work>;
type Work = fn(u32) -> Result<u64, Interrupted>;

/// What waits for longer than `max_wait` is not begun.
pub(super) fn service(pool: &Pool, max_wait: Duration) -> Fib {
    PoolService::new(pool.clone(), fibonacci as Work).name("fib").timeout(max_wait)
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    n: u32,
    value: u64,
    instance: Box<str>,
}

pub(super) async fn on_pool(State(instance): State<Instance>, Path(n): Path<String>) -> Result<Json<Answer>, Refusal> {
    let n = parse(&n, instance.max_n)?;
    let later = |why: &str| Refusal::Unavailable { why: why.to_owned(), retry_after: instance.retry_after };
    match instance.fib.clone().oneshot(n).await {
        Ok(Ok(value)) => Ok(answer(&instance, n, value)),
        Ok(Err(stopped)) => Err(later(&format!("the work was given up: {stopped}"))),
        Err(PoolServiceError::Full(_)) => Err(later("all workers are busy and the queue is full")),
        Err(PoolServiceError::Failed(JobError::Expired)) => Err(later("the request waited for too long")),
        Err(PoolServiceError::ShutDown(_)) => Err(later("this instance is shutting down")),
        Err(other) => Err(Refusal::Failed(format!("{:#}", anyhow::Error::new(other)))),
    }
}

/// The bad example: it keeps a thread from all other requests meanwhile, `/healthz` among them.
pub(super) async fn inline(State(instance): State<Instance>, Path(n): Path<String>) -> Result<Json<Answer>, Refusal> {
    let n = parse(&n, instance.max_n)?;
    match fibonacci(n) {
        Ok(value) => Ok(answer(&instance, n, value)),
        Err(stopped) => unreachable!("it is no job: {stopped}"),
    }
}

fn parse(n: &str, max: u32) -> Result<u32, Refusal> {
    match n.parse() {
        Ok(n) if n <= max => Ok(n),
        _ => Err(Refusal::BadRequest(format!("n is '{n}': give a whole number from 0 to {max}"))),
    }
}

fn answer(instance: &Instance, n: u32, value: u64) -> Json<Answer> {
    Json(Answer { n, value, instance: (&*instance.name).into() })
}
