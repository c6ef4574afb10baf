//! A pool's numbers on their way to a recorder.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::names::{
    BROADCASTS, BUSY_TIME, JOBS, OF_POOL, QUEUE_CAPACITY, QUEUE_LENGTH, REJECTED, RUNNING, SUBMITTED, SUBMITTERS,
    WORKERS,
};
use super::pool_times::PublishedTimes;
use super::series::Series;
use crate::pool::pool::Pool;
use crate::pool::report::Report;
use crate::pool::weak::WeakPool;
use crate::queue::stats::Stats;

/// Publishes what a pool does: see the [table](crate::metrics#the-metrics).
///
/// It does not keep the pool open, nor does dropping the pool wait for it.
///
/// ```
/// use corepool::Pool;
/// use corepool::metrics::PoolMetrics;
/// use metrics_exporter_prometheus::PrometheusBuilder;
///
/// let recorder = PrometheusBuilder::new().build_recorder();
/// let pool = Pool::builder().workers(2).thread_name("thumbs").build().unwrap();
/// // In a program: the global recorder, installed once. In tests each can have its own:
/// metrics::with_local_recorder(&recorder, || PoolMetrics::new(&pool));
/// let text = recorder.handle().render();
/// assert!(text.contains(r#"corepool_workers{pool="thumbs",state="idle"} 2"#), "{text}");
/// ```
#[derive(Debug)]
pub struct PoolMetrics {
    pool: WeakPool,
    name: Arc<str>,
    times: PublishedTimes,
    /// What the gauges say.
    gauges: Gauges,
}

impl PoolMetrics {
    /// Describes the pool's metrics to the recorder, and publishes them for the first time.
    ///
    /// The recorder is that of this thread where it has one (`metrics::with_local_recorder`), else the global one, else none,
    /// here and whenever it publishes.
    ///
    /// ```
    /// use corepool::metrics::PoolMetrics;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut metrics = PoolMetrics::new(&pool);
    /// metrics.publish();
    /// ```
    #[must_use = "the metrics stand still unless it publishes"]
    pub fn new(pool: &Pool) -> Self {
        ::metrics::with_recorder(|recorder| OF_POOL.iter().for_each(|metric| metric.describe(recorder)));
        let mut metrics = Self {
            pool: pool.downgrade(),
            name: pool.name().into(),
            times: PublishedTimes::default(),
            gauges: Gauges::default(),
        };
        metrics.publish();
        metrics
    }

    /// Brings the recorder up to date. For a pool that has ended it sets the gauges to 0, once, and does nothing more.
    ///
    /// It reads what [`Pool::report`] returns: that takes some microseconds, with timings and a few names of jobs some tens, with
    /// 64 names up to a millisecond. What the recorder makes of each job's times comes on top: see
    /// [the cost](crate::metrics#what-exporters-make-of-it).
    ///
    /// ```
    /// use corepool::metrics::PoolMetrics;
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    ///
    /// let recorder = PrometheusBuilder::new().build_recorder();
    /// let pool = corepool::Pool::builder().thread_name("thumbs").build().unwrap();
    /// metrics::with_local_recorder(&recorder, || {
    ///     let mut metrics = PoolMetrics::new(&pool);
    ///     pool.run(|| ()).unwrap();
    ///     metrics.publish();
    /// });
    /// let text = recorder.handle().render();
    /// assert!(text.contains(r#"corepool_jobs_submitted_total{pool="thumbs"} 1"#), "{text}");
    /// ```
    pub fn publish(&mut self) {
        ::metrics::with_recorder(|recorder| {
            let series = Series::new(recorder, "pool", &self.name);
            match self.pool.report() {
                Some(report) => {
                    publish_counters(&series, &report.stats);
                    self.gauges = Gauges::of(&report);
                    self.gauges.publish(&series);
                    if let Some(timings) = &report.timings {
                        publish_busy_times(&series, timings.workers.iter().map(|worker| worker.busy.as_secs()));
                        self.times.publish(&series, timings);
                    }
                }
                // Once: there may be another pool of that name by now.
                None if self.gauges.are_at_rest() => {}
                None => {
                    self.gauges = self.gauges.at_rest();
                    self.gauges.publish(&series);
                }
            }
        });
    }
}

fn publish_counters(series: &Series<'_>, stats: &Stats) {
    series.counter(&SUBMITTED, [], stats.submitted);
    let outcomes = [
        ("completed", stats.completed),
        ("panicked", stats.panicked),
        ("cancelled", stats.cancelled),
        ("expired", stats.expired),
        ("aborted", stats.aborted),
    ];
    for (outcome, jobs) in outcomes {
        series.counter(&JOBS, [("outcome", outcome)], jobs);
    }
    let reasons = [
        ("full", stats.rejected_full),
        ("timed_out", stats.rejected_timed_out),
        ("cancelled", stats.rejected_cancelled),
        ("shut_down", stats.rejected_shut_down),
    ];
    for (reason, submissions) in reasons {
        series.counter(&REJECTED, [("reason", reason)], submissions);
    }
}

fn publish_busy_times(series: &Series<'_>, seconds: impl Iterator<Item = u64>) {
    for (worker, seconds) in seconds.enumerate() {
        series.counter(&BUSY_TIME, [("worker", &worker.to_string())], seconds);
    }
}

/// What describes one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Gauges {
    busy: u64,
    idle: u64,
    running: u64,
    high: u64,
    normal: u64,
    low: u64,
    broadcasts: u64,
    waiting: u64,
    capacity: Option<u64>,
}

impl Gauges {
    fn of(report: &Report) -> Self {
        let stats = &report.stats;
        let busy = match report.running.is_recorded {
            true => report.running.jobs.iter().filter_map(|job| job.worker).collect::<BTreeSet<_>>().len() as u64,
            false => stats.busy.min(stats.workers),
        };
        Self {
            busy,
            idle: stats.workers.saturating_sub(busy),
            running: stats.busy,
            high: stats.queued_high,
            normal: stats.queued_normal,
            low: stats.queued_low,
            broadcasts: stats.queued - stats.queued_high - stats.queued_normal - stats.queued_low,
            waiting: stats.waiting,
            capacity: report.capacity,
        }
    }

    fn at_rest(&self) -> Self {
        Self { capacity: self.capacity.map(|_| 0), ..Self::default() }
    }

    fn are_at_rest(&self) -> bool {
        *self == self.at_rest()
    }

    fn publish(&self, series: &Series<'_>) {
        series.gauge(&WORKERS, [("state", "busy")], self.busy);
        series.gauge(&WORKERS, [("state", "idle")], self.idle);
        series.gauge(&RUNNING, [], self.running);
        series.gauge(&QUEUE_LENGTH, [("priority", "high")], self.high);
        series.gauge(&QUEUE_LENGTH, [("priority", "normal")], self.normal);
        series.gauge(&QUEUE_LENGTH, [("priority", "low")], self.low);
        series.gauge(&BROADCASTS, [], self.broadcasts);
        series.gauge(&SUBMITTERS, [], self.waiting);
        if let Some(capacity) = self.capacity {
            series.gauge(&QUEUE_CAPACITY, [], capacity);
        }
    }
}
