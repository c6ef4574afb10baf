//! `worker`: runs jobs from the queue on the pool of this machine.
//!
//! The way of a job: `take` (new ones, and those of workers that have died) → `run` (the pool, then Redis), with `in_flight` to
//! know what there is, and `extend` to keep it. `kinds` has what can be run.

mod extend;
mod in_flight;
mod kinds;
mod metrics;
mod run;
mod settings;
mod take;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use corepool::{Pool, Shutdown};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use self::in_flight::InFlight;
use self::kinds::Kinds;
pub(crate) use self::settings::Settings;
use self::take::Take;
use crate::jobs::Queue;
use crate::program::{BadInput, Stops};

/// What all parts of this worker share.
struct Worker {
    name: String,
    queue: Queue,
    pool: Pool,
    kinds: Kinds,
    in_flight: Arc<InFlight>,
    visibility: Duration,
    keep: Duration,
    /// How often a job is tried.
    deliveries: u64,
}

pub(crate) async fn run(settings: Settings) -> Result<()> {
    let worker = Arc::new(Worker::new(&settings)?);
    let mut stops = Stops::listen()?;
    if let Some(address) = settings.metrics {
        metrics::serve(&worker, address).await?;
    }
    info!(name = worker.name, workers = worker.pool.workers(), "taking jobs");
    let (stop, stopped) = watch::channel(false);
    let extending = tokio::spawn(extend::keep(Arc::clone(&worker)));
    let taking = tokio::spawn(Take::new(Arc::clone(&worker), stopped).keep());

    stops.next().await;
    info!("told to stop: finishing what runs");
    stop.send_replace(true);
    let drained = tokio::select! {
        code = stops.next() => {
            warn!("told to stop a second time: ending at once");
            std::process::exit(code);
        }
        drained = timeout(settings.drain_timeout, worker.drain(taking)) => drained,
    };
    extending.abort();
    if drained.is_err() {
        let left = worker.in_flight.entries().len();
        bail!("{left} jobs still ran after {:?}: others take them over", settings.drain_timeout);
    }
    match worker.queue.leave(&worker.name).await {
        Ok(left) => info!(left, "left"),
        Err(error) => warn!(%error, "cannot hand back what failed: others take it over"),
    }
    worker.pool.shutdown_async(Shutdown::Abort).await.context("cannot shut the pool down")?;
    info!("drained");
    Ok(())
}

impl Worker {
    fn new(settings: &Settings) -> Result<Self> {
        let queue = settings.place.queue()?;
        let (workers, ahead) = (settings.workers(), settings.ahead());
        let pool = Pool::builder().workers(workers).queue_capacity(ahead).thread_name("jobs").timings(true).build();
        Ok(Self {
            name: settings.name(),
            queue,
            pool: pool.context("cannot build the pool")?,
            kinds: Kinds::of(settings).map_err(|error| BadInput(format!("{error:#}")))?,
            // As many as the pool has room for.
            in_flight: Arc::new(InFlight::new(workers + ahead)),
            visibility: settings.visibility,
            keep: settings.keep,
            deliveries: settings.deliveries.get(),
        })
    }

    /// Until nothing is taken any more, and all that was has ended.
    async fn drain(&self, taking: tokio::task::JoinHandle<()>) {
        self.in_flight.stop_waiting();
        if let Err(error) = taking.await {
            warn!(%error, "taking jobs failed");
        }
        // What was taken meanwhile.
        self.in_flight.stop_waiting();
        self.in_flight.at_most(0).await;
    }
}
