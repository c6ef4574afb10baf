//! A breaker's numbers on their way to a recorder.

use std::sync::Arc;

use super::breaker_calls::Calls;
use super::names::{
    CONSECUTIVE_FAILURES, LATE_RESULTS, OF_BREAKER, REJECTIONS, STATE, STATE_CHANGES, WINDOW_CALLS, WINDOW_SLOW_CALLS,
};
use super::series::Series;
use crate::breaker::{CircuitBreaker, State};

/// Publishes how a circuit breaker stands: see the [table](crate::metrics#the-metrics).
///
/// It holds a clone of the breaker.
///
/// ```
/// use corepool::breaker::CircuitBreaker;
/// use corepool::metrics::BreakerMetrics;
/// use metrics_exporter_prometheus::PrometheusBuilder;
///
/// let recorder = PrometheusBuilder::new().build_recorder();
/// let breaker = CircuitBreaker::new();
/// metrics::with_local_recorder(&recorder, || BreakerMetrics::new("database", &breaker));
/// let text = recorder.handle().render();
/// assert!(text.contains(r#"corepool_breaker_state{breaker="database",state="closed"} 1"#), "{text}");
/// ```
#[derive(Debug)]
pub struct BreakerMetrics {
    breaker: CircuitBreaker,
    name: Arc<str>,
    calls: Option<Calls>,
}

impl BreakerMetrics {
    /// Describes the breaker's metrics to the recorder, and publishes them for the first time. `name` is their label: each
    /// breaker needs one of its own.
    ///
    /// The recorder is found as by [`PoolMetrics::new`](super::PoolMetrics::new).
    ///
    /// ```
    /// use corepool::metrics::BreakerMetrics;
    ///
    /// let breaker = corepool::breaker::CircuitBreaker::new();
    /// BreakerMetrics::new("database", &breaker).publish();
    /// ```
    #[must_use = "the metrics stand still unless it publishes"]
    pub fn new(name: impl Into<String>, breaker: &CircuitBreaker) -> Self {
        ::metrics::with_recorder(|recorder| OF_BREAKER.iter().for_each(|metric| metric.describe(recorder)));
        let metrics = Self { breaker: breaker.clone(), name: name.into().into(), calls: None };
        metrics.publish();
        metrics
    }

    /// Counts the breaker's calls, too, by outcome, from now on.
    ///
    /// It listens to the breaker for that, so each call takes a lock and some 70 ns more. Without it, a healthy call is
    /// counted nowhere.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    /// use corepool::metrics::BreakerMetrics;
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    ///
    /// let recorder = PrometheusBuilder::new().build_recorder();
    /// let breaker = CircuitBreaker::new();
    /// metrics::with_local_recorder(&recorder, || {
    ///     let metrics = BreakerMetrics::new("database", &breaker).with_calls();
    ///     breaker.call(|| Ok::<_, &str>(42)).unwrap();
    ///     metrics.publish();
    /// });
    /// let text = recorder.handle().render();
    /// assert!(text.contains(r#"corepool_breaker_calls_total{breaker="database",outcome="success"} 1"#), "{text}");
    /// ```
    #[must_use = "the metrics stand still unless it publishes"]
    pub fn with_calls(mut self) -> Self {
        self.calls = Some(Calls::of(&self.breaker));
        self.publish();
        self
    }

    /// Brings the recorder up to date, from one [`snapshot`](CircuitBreaker::snapshot).
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    /// use corepool::metrics::BreakerMetrics;
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    ///
    /// let recorder = PrometheusBuilder::new().build_recorder();
    /// let breaker = CircuitBreaker::new();
    /// metrics::with_local_recorder(&recorder, || {
    ///     let metrics = BreakerMetrics::new("database", &breaker);
    ///     breaker.force_open();
    ///     assert!(breaker.try_acquire().is_err());
    ///     metrics.publish();
    /// });
    /// let text = recorder.handle().render();
    /// assert!(text.contains(r#"corepool_breaker_rejections_total{breaker="database"} 1"#), "{text}");
    /// ```
    pub fn publish(&self) {
        let snapshot = self.breaker.snapshot();
        ::metrics::with_recorder(|recorder| {
            let series = Series::new(recorder, "breaker", &self.name);
            for (state, label) in STATES {
                series.gauge(&STATE, [("state", label)], u64::from(state == snapshot.state));
            }
            if let Some(window) = snapshot.window {
                let succeeded = window.calls.saturating_sub(window.failures);
                series.gauge(&WINDOW_CALLS, [("outcome", "success")], succeeded.into());
                series.gauge(&WINDOW_CALLS, [("outcome", "failure")], window.failures.into());
                series.gauge(&WINDOW_SLOW_CALLS, [], window.slow.into());
            }
            series.gauge(&CONSECUTIVE_FAILURES, [], snapshot.consecutive_failures.into());
            series.counter(&REJECTIONS, [], snapshot.rejected);
            series.counter(&LATE_RESULTS, [], snapshot.late_results);
            series.counter(&STATE_CHANGES, [], snapshot.generation);
            if let Some(calls) = &self.calls {
                calls.publish(&series);
            }
        });
    }
}

const STATES: [(State, &str); 6] = [
    (State::Closed, "closed"),
    (State::Open, "open"),
    (State::HalfOpen, "half_open"),
    (State::ForcedOpen, "forced_open"),
    (State::Disabled, "disabled"),
    (State::MetricsOnly, "metrics_only"),
];
