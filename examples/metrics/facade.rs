//! By the facade: what is published to its recorder, as the Prometheus exporter writes it.

use anyhow::{Context, Result};
use corepool::Pool;
use corepool::breaker::CircuitBreaker;
use corepool::metrics::{BreakerMetrics, PoolMetrics};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::Scrape;

/// Upper bounds in seconds. Without any the exporter makes summaries, which cannot be added up over machines.
const BOUNDS: [f64; 8] = [0.000_01, 0.000_1, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0];

pub struct Facade {
    exporter: PrometheusHandle,
    pool: PoolMetrics,
    breaker: BreakerMetrics,
}

impl Facade {
    pub fn new(pool: &Pool, breaker: &CircuitBreaker) -> Result<Self> {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BOUNDS)?;
        let exporter = builder.install_recorder().context("cannot install the recorder")?;
        Ok(Self { exporter, pool: PoolMetrics::new(pool), breaker: BreakerMetrics::new("demo", breaker) })
    }
}

impl Scrape for Facade {
    const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    fn text(&mut self) -> Result<String> {
        self.pool.publish();
        self.breaker.publish();
        Ok(self.exporter.render())
    }
}
