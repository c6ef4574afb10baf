//! Keeps what this worker has its own: Redis must hear of it more often than the visibility time passes.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::Worker;

/// So two may be missed.
const TIMES_PER_VISIBILITY: u32 = 3;

pub(super) async fn keep(worker: Arc<Worker>) {
    let mut ticks = interval(worker.visibility / TIMES_PER_VISIBILITY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        all(&worker).await;
    }
}

pub(super) async fn all(worker: &Worker) {
    let entries = worker.in_flight.entries();
    if entries.is_empty() {
        return;
    }
    match worker.queue.extend(&worker.name, &entries).await {
        Ok(lost) => {
            for entry in lost.iter().filter(|entry| worker.in_flight.lose(entry)) {
                warn!(entry, "another worker has taken it over, as this one was silent for too long");
            }
        }
        // It tries again in time, or others take over.
        Err(error) => warn!(%error, jobs = entries.len(), "cannot tell that they are still running"),
    }
}
