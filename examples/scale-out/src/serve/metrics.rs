//! `/metrics`: the pool, the breaker before Redis, and the requests, for Prometheus.

use std::time::Instant;

use anyhow::Result;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use corepool::Pool;
use corepool::breaker::CircuitBreaker;

use super::instance::Instance;
use crate::exporter::{self, Exporter};

const REQUESTS: &str = "http_requests_total";
const DURATION: &str = "http_request_duration_seconds";
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

pub(super) fn install(pool: &Pool, redis: &CircuitBreaker) -> Result<Exporter> {
    let exporter = Exporter::install(pool, redis, (DURATION, &SECONDS))?;
    ::metrics::describe_counter!(REQUESTS, "The requests that were answered.");
    ::metrics::describe_histogram!(DURATION, ::metrics::Unit::Seconds, "From a request's head to its answer's.");
    Ok(exporter)
}

pub(super) async fn show(State(instance): State<Instance>) -> impl IntoResponse {
    ([(CONTENT_TYPE, exporter::CONTENT_TYPE)], instance.exporter.render().await)
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
