//! Runs a job, and tells Redis how it ended.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Error;
use corepool::breaker::Backoff;
use corepool::{CancelToken, Interrupted, RunError};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::kinds::Work;
use super::take::stopped;
use super::{Worker, metrics};
use crate::jobs::{Delivery, Job};
use crate::redis::Unavailable;
use crate::work::Refused;

/// Between two tries to tell Redis.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How it ended, for Redis.
enum End {
    Value(String),
    /// To try again would not help, or has been tried often enough.
    Dead(String),
    /// Another worker, or this one, has another try when the visibility time is over.
    Failed(String),
    /// It was not begun, or stopped: whoever has it now runs it, or else it is handed back.
    Stopped,
}

/// In a task of its own.
pub(super) fn start(worker: &Arc<Worker>, delivery: Delivery) {
    let token = worker.in_flight.add(&delivery.entry);
    let worker = Arc::clone(worker);
    tokio::spawn(async move { worker.attend(delivery, token).await });
}

/// When all others have ended: its delivery counts from then on. If this worker stops before, or another has it by then, it is
/// left as it is.
pub(super) fn start_alone(worker: &Arc<Worker>, delivery: Delivery, mut stop: watch::Receiver<bool>) {
    let token = worker.in_flight.add(&delivery.entry);
    let worker = Arc::clone(worker);
    tokio::spawn(async move {
        tokio::select! {
            () = worker.in_flight.at_most(1) => {}
            () = stopped(&mut stop) => {}
        }
        if worker.begin(&delivery, &stop).await {
            metrics::delivered(delivery.deliveries);
            worker.attend(delivery, token).await;
        } else {
            worker.in_flight.remove(&delivery.entry);
        }
    });
}

pub(super) fn bury_instead(worker: &Arc<Worker>, delivery: Delivery, reason: String) {
    worker.in_flight.add(&delivery.entry);
    let worker = Arc::clone(worker);
    tokio::spawn(async move { worker.end(&delivery, End::Dead(reason)).await });
}

impl Worker {
    async fn begin(&self, delivery: &Delivery, stop: &watch::Receiver<bool>) -> bool {
        let (entry, is_stopping) = (delivery.entry.as_str(), *stop.borrow());
        !is_stopping && self.in_flight.begin(entry) && persist(|| self.queue.begin(&self.name, entry)).await
    }

    async fn attend(&self, delivery: Delivery, token: CancelToken) {
        let end = match &delivery.job {
            Err(malformed) => End::Dead(format!("it is no job: {}", malformed.why)),
            Ok(job) => match self.kinds.work(job) {
                Err(error) => End::Dead(format!("{error:#}")),
                Ok(work) => self.compute(&delivery, work, &token).await,
            },
        };
        self.end(&delivery, end).await;
    }

    async fn compute(&self, delivery: &Delivery, work: Work, token: &CancelToken) -> End {
        // It has room, as no more are taken than the pool has places for.
        let (in_flight, entry) = (Arc::clone(&self.in_flight), delivery.entry.clone());
        let name = work.name();
        let job = move || {
            in_flight.runs(&entry);
            work.run()
        };
        let failed = |reason: String| match delivery.deliveries >= self.deliveries {
            true => End::Dead(format!("tried {} times: {reason}", delivery.deliveries)),
            false => End::Failed(reason),
        };
        match self.pool.job().name(name).token(token).run_async(job).await {
            Ok(Ok(value)) => End::Value(value),
            Ok(Err(error)) if error.is::<Interrupted>() => End::Stopped,
            Ok(Err(error)) if error.is::<Refused>() => End::Dead(format!("{error:#}")),
            Ok(Err(error)) => failed(format!("{error:#}")),
            Err(_) if token.is_cancelled() => End::Stopped,
            Err(error) => failed(in_words(error)),
        }
    }

    /// Until Redis knows, however long it is down.
    async fn end(&self, delivery: &Delivery, end: End) {
        let entry = delivery.entry.as_str();
        self.in_flight.ends(entry);
        match (&end, &delivery.job) {
            (End::Value(value), Ok(job)) => {
                let is_first = persist(|| self.queue.finish(&self.name, delivery, &job.id, value, self.keep)).await;
                metrics::finished(is_first);
                debug!(entry, id = %job.id, is_first, "done");
            }
            (End::Dead(reason), _) => {
                let is_buried = persist(|| self.queue.bury(&self.name, delivery, reason, self.keep)).await;
                warn!(entry, reason, is_buried, "given up");
                metrics::buried(is_buried);
            }
            (End::Failed(reason), _) => {
                warn!(entry, reason, deliveries = delivery.deliveries, "failed: to be tried again")
            }
            (End::Stopped, Ok(job)) => self.hand_back(delivery, job).await,
            (End::Value(_) | End::Stopped, Err(_)) => unreachable!("what is no job was not run"),
        }
        self.in_flight.remove(entry);
    }

    async fn hand_back(&self, delivery: &Delivery, job: &Job) {
        // This one does not count.
        let before = delivery.deliveries - 1;
        let is_back = persist(|| self.queue.hand_back(&self.name, &delivery.entry, job, before)).await;
        info!(entry = delivery.entry, is_back, "stopped");
    }
}

/// Tries until it succeeds: what has been computed is worth it, and the end of this worker ends it.
async fn persist<T, S>(step: impl Fn() -> S) -> T
where
    S: Future<Output = Result<T, Unavailable>>,
{
    let backoff = Backoff::exponential(FIRST_WAIT, 2.0).cap(LONGEST_WAIT).random_jitter(0.25);
    let mut tries = 0;
    loop {
        match step().await {
            Ok(done) => return done,
            Err(error) => {
                tries += 1;
                warn!(%error, tries, "cannot tell Redis of a job");
                sleep(backoff.wait(tries)).await;
            }
        }
    }
}

fn in_words(error: RunError) -> String {
    match error {
        RunError::Failed(corepool::JobError::Panicked(panic)) => format!("it panicked: {}", panic.message()),
        other => format!("{:#}", Error::new(other)),
    }
}
