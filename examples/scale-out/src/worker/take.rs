//! Takes jobs: those that nobody has had, as many as there is room for, and those of workers that fell silent.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use corepool::breaker::Backoff;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::{Worker, extend, metrics, run};
use crate::jobs::{Abandoned, Claimed, Delivery, Reader};

/// How long a read waits for jobs: so long a stop waits for the read. What it has taken is this worker's, so it is not given up.
const LONGEST_READ: Duration = Duration::from_millis(500);
/// Of the visibility time: how often to look for what others have left.
const LOOKS_PER_VISIBILITY: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

pub(super) struct Take {
    worker: Arc<Worker>,
    stop: watch::Receiver<bool>,
    reader: Option<Reader>,
    next_look: Instant,
}

impl Take {
    pub(super) fn new(worker: Arc<Worker>, stop: watch::Receiver<bool>) -> Self {
        Self { worker, stop, reader: None, next_look: Instant::now() }
    }

    /// Until a stop.
    pub(super) async fn keep(mut self) {
        let backoff = Backoff::exponential(FIRST_WAIT, 2.0).cap(LONGEST_WAIT).random_jitter(0.25);
        let mut failures = 0;
        while !*self.stop.borrow() {
            match self.round().await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    let wait = backoff.wait(failures);
                    warn!("cannot take jobs, trying again in {wait:?}: {error:#}");
                    self.reader = None;
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = stopped(&mut self.stop) => {}
                    }
                }
            }
        }
    }

    async fn round(&mut self) -> Result<()> {
        let worker = Arc::clone(&self.worker);
        let room = tokio::select! {
            room = worker.in_flight.room() => room,
            () = stopped(&mut self.stop) => return Ok(()),
        };
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                let reader = worker.queue.reader(&worker.name, LONGEST_READ).await?;
                // Redis may have been gone for long. All who still live have so long to tell it so.
                self.look_later();
                extend::all(&worker).await;
                self.reader.insert(reader)
            }
        };
        if self.next_look <= Instant::now() {
            return self.take_over(room).await;
        }
        for delivery in reader.take(room).await? {
            metrics::delivered(delivery.deliveries);
            run::start(&worker, delivery);
        }
        Ok(())
    }

    fn look_later(&mut self) {
        self.next_look = Instant::now() + self.worker.visibility / LOOKS_PER_VISIBILITY;
    }

    /// What has died with its worker, up to so many. As long as there is any, the next look is the next thing to do.
    async fn take_over(&mut self, room: usize) -> Result<()> {
        let worker = Arc::clone(&self.worker);
        let mut has_taken = false;
        for abandoned in worker.queue.abandoned(worker.visibility, room).await? {
            if *self.stop.borrow() {
                break;
            }
            // This worker has stood still itself, and has not told Redis yet that it goes on.
            if worker.in_flight.has(&abandoned.entry) {
                continue;
            }
            match worker.queue.claim(&worker.name, &abandoned, worker.visibility, worker.deliveries).await? {
                Claimed::Mine(delivery) => self.take_up(delivery, &abandoned),
                Claimed::Last(delivery) => self.take_up_alone(delivery, &abandoned).await,
                Claimed::Gone => continue,
            }
            has_taken = true;
        }
        if !has_taken {
            self.look_later();
        }
        Ok(())
    }

    fn take_up(&self, delivery: Delivery, from: &Abandoned) {
        let (entry, deliveries, tries) = (&delivery.entry, delivery.deliveries, self.worker.deliveries);
        info!(entry, from = from.worker, deliveries, "taken over");
        if deliveries > tries {
            let reason = format!("no worker has finished it in {tries} deliveries: the last was {}", from.worker);
            run::bury_instead(&self.worker, delivery, reason);
        } else {
            metrics::delivered(deliveries);
            run::start(&self.worker, delivery);
        }
    }

    /// Whoever had it before may have died of it, and all that ran beside it was tried in vain. This is its last chance: it has that
    /// alone, so that no other job can lose its own by it.
    async fn take_up_alone(&mut self, delivery: Delivery, from: &Abandoned) {
        let (entry, deliveries) = (&delivery.entry, delivery.deliveries);
        info!(entry, from = from.worker, deliveries, "taken over: it is the last try, and runs alone");
        run::start_alone(&self.worker, delivery, self.stop.clone());
        tokio::select! {
            () = self.worker.in_flight.at_most(0) => {}
            () = stopped(&mut self.stop) => {}
        }
    }
}

pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could tell has ended, and all ends with it.
    let _ = stop.wait_for(|&stop| stop).await;
}
