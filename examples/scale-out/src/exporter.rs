//! The numbers of this process, for Prometheus.

use std::time::Duration;

use anyhow::{Context, Result};
use corepool::Pool;
use corepool::breaker::CircuitBreaker;
use corepool::metrics::{BreakerMetrics, PoolMetrics};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::Mutex;
use tokio::time::interval;

pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4";
/// The exporter keeps each value until it is told to add them up.
const UPKEEP: Duration = Duration::from_secs(5);

/// What is published whenever somebody looks.
pub(crate) struct Exporter {
    handle: PrometheusHandle,
    published: Mutex<(PoolMetrics, BreakerMetrics)>,
}

impl Exporter {
    /// The one of this process, with its pool and the breaker before its Redis. `buckets` are the bounds for a histogram of
    /// seconds.
    pub(crate) fn install(pool: &Pool, redis: &CircuitBreaker, (histogram, buckets): (&str, &[f64])) -> Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(histogram.to_owned()), buckets)
            .and_then(PrometheusBuilder::install_recorder)
            .context("cannot set the metrics up")?;
        let upkeep = handle.clone();
        tokio::spawn(async move {
            let mut ticks = interval(UPKEEP);
            loop {
                ticks.tick().await;
                upkeep.run_upkeep();
            }
        });
        let published = (PoolMetrics::new(pool), BreakerMetrics::new("redis", redis).with_calls());
        Ok(Self { handle, published: Mutex::new(published) })
    }

    pub(crate) async fn render(&self) -> String {
        let mut published = self.published.lock().await;
        published.0.publish();
        published.1.publish();
        self.handle.render()
    }
}
