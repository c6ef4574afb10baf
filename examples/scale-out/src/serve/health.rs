//! `/healthz`: does it answer at all? `/readyz`: should it get requests?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::instance::Instance;

pub(super) async fn healthz(State(instance): State<Instance>) -> Json<Value> {
    Json(json!({
        "instance": *instance.name,
        "pid": instance.pid,
        "uptime_seconds": instance.started.elapsed().as_secs(),
    }))
}

/// Redis is in the body only: if it were in the status, one blip of it would take all instances out of service at once, with
/// all that they could do without it.
pub(super) async fn readyz(State(instance): State<Instance>) -> (StatusCode, Json<Value>) {
    let redis = if instance.redis.ping().await.is_ok() { "up" } else { "down" };
    let draining = instance.drain.has_begun();
    let status = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let breaker = instance.redis.breaker().state().to_string();
    (status, Json(json!({ "draining": draining, "redis": redis, "breaker": breaker })))
}
