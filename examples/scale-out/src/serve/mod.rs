//! `serve`: one instance, which answers requests over HTTP.
//!
//! The way of a request: `connections` → `router` (`body`) → `fib` (the pool) or `visit` (`sessions`, then `redis` behind its circuit
//! breaker). `drain` says when to stop; `metrics` counts.

mod body;
mod connections;
mod drain;
mod fib;
mod health;
mod instance;
mod jobs;
mod metrics;
mod refusal;
mod router;
mod sessions;
mod settings;
mod sockets;
mod trouble;
mod visit;
mod watchdog;

use anyhow::{Context, Result};
use corepool::{Pool, Shutdown};
use sd_notify::NotifyState;
use tracing::{info, warn};

use self::connections::Connections;
use self::drain::Drain;
use self::instance::Instance;
pub(crate) use self::settings::Settings;
use crate::redis::Redis;

pub(crate) async fn run(settings: Settings) -> Result<()> {
    let sessions = settings.session_rules()?;
    let redis = Redis::new(&settings.redis)?;
    let sockets = sockets::open(settings.listen)?;
    let drain = Drain::on_signals(settings.stop_at_eof)?;
    let pool = build_pool(&settings)?;

    let instance = Instance::new(&settings, &pool, &redis, drain.clone())?;
    let app = router::build(&instance, redis, &sessions, settings.test_endpoints);
    let connections = Connections::accept(sockets, app);
    notify(NotifyState::Ready);
    watchdog::feed();

    drain.begun().await;
    notify(NotifyState::Stopping);
    info!(grace = ?settings.grace, "draining: no longer ready, every answer closes its connection");
    let drained = connections.drain(settings.grace, settings.drain_timeout).await;
    // What is left there has lost its clients.
    pool.shutdown_async(Shutdown::Abort).await.context("cannot shut the pool down")?;
    if drained.is_ok() {
        info!("drained");
    }
    drained
}

fn build_pool(settings: &Settings) -> Result<Pool> {
    let capacity = settings.queue_capacity();
    let pool = Pool::builder()
        .workers(settings.workers())
        .queue_capacity(capacity)
        .thread_name("fib")
        .timings(true)
        .build()
        .context("cannot build the pool")?;
    info!(workers = pool.workers(), capacity, "the pool is up");
    Ok(pool)
}

/// Tells whoever started this process, if that wants to know: systemd, or `supervise`.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "cannot tell the supervisor");
    }
}
