//! The numbers of pools and breakers, as the text that the Prometheus exporter makes of them.

mod breaker;
mod counters;
mod gauges;
mod pools;
mod scrape;
mod table;
mod times;

use ::metrics::with_local_recorder;
use corepool::Pool;
use corepool::metrics::PoolMetrics;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use scrape::Scrape;

/// A recorder of the test's own, with the exporter behind it.
struct Exporter(PrometheusRecorder);

impl Exporter {
    fn new() -> Self {
        Self(PrometheusBuilder::new().build_recorder())
    }

    /// Runs what records something.
    fn record<R>(&self, f: impl FnOnce() -> R) -> R {
        with_local_recorder(&self.0, f)
    }

    fn scrape(&self) -> Scrape {
        Scrape::parse(&self.0.handle().render())
    }

    /// What a publisher of the pool's tells that has just begun.
    fn of(pool: &Pool) -> Scrape {
        let exporter = Self::new();
        let _metrics = exporter.record(|| PoolMetrics::new(pool));
        exporter.scrape()
    }
}
