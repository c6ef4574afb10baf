//! `/metrics`: the pool, the breaker before Redis, and the requests, for Prometheus.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use corepool::Pool;
use corepool::breaker::CircuitBreaker;
use corepool::metrics::{BreakerMetrics, PoolMetrics};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::Mutex;

use super::instance::Instance;

const REQUESTS: &str = "http_requests_total";
const DURATION: &str = "http_request_duration_seconds";
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// The exporter keeps each value until it is told to add them up.
const UPKEEP: Duration = Duration::from_secs(5);

/// What is published whenever somebody looks.
pub(super) struct Metrics {
    exporter: PrometheusHandle,
    published: Mutex<(PoolMetrics, BreakerMetrics)>,
}

impl Metrics {
    pub(super) fn new(pool: &Pool, redis: &CircuitBreaker) -> Result<Self> {
        let exporter = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &SECONDS)
            .and_then(PrometheusBuilder::install_recorder)
            .context("cannot set the metrics up")?;
        ::metrics::describe_counter!(REQUESTS, "The requests that were answered.");
        ::metrics::describe_histogram!(DURATION, ::metrics::Unit::Seconds, "From a request's head to its answer's.");
        let published = (PoolMetrics::new(pool), BreakerMetrics::new("redis", redis).with_calls());
        Ok(Self { exporter, published: Mutex::new(published) })
    }
}

pub(super) fn keep_up(instance: &Instance) {
    let exporter = instance.metrics.exporter.clone();
    tokio::spawn(async move {
        let mut upkeep = tokio::time::interval(UPKEEP);
        loop {
            upkeep.tick().await;
            exporter.run_upkeep();
        }
    });
}

pub(super) async fn show(State(instance): State<Instance>) -> impl IntoResponse {
    let metrics = &instance.metrics;
    let mut published = metrics.published.lock().await;
    published.0.publish();
    published.1.publish();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.exporter.render())
}

/// Counts a request by its route, not by its path, of which there are as many as clients can think of.
pub(super) async fn count(route: MatchedPath, request: Request, next: Next) -> Response {
    let (start, method) = (Instant::now(), method(&request));
    let answer = next.run(request).await;
    let route = route.as_str().to_owned();
    ::metrics::histogram!(DURATION, "route" => route.clone()).record(start.elapsed());
    ::metrics::counter!(REQUESTS, "method" => method, "route" => route, "status" => answer.status().as_str().to_owned())
        .increment(1);
    answer
}

/// Clients can think of any name.
fn method(request: &Request) -> &'static str {
    match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
