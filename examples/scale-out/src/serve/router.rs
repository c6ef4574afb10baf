//! Which request goes where, and what is done to each on its way in and out.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodFilter;
use axum::routing::{any, get, on, post};
use tower::ServiceBuilder;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::{Span, debug_span};

use super::instance::Instance;
use super::refusal::Refusal;
use super::sessions::{self, Rules};
use super::visit::REQUEST_ID;
use super::{body, fib, health, jobs, metrics, trouble, visit};
use crate::redis::Redis;

const INSTANCE: HeaderName = HeaderName::from_static("x-instance");

pub(super) fn build(instance: &Instance, redis: Redis, rules: &Rules, test_endpoints: bool) -> Router {
    let asked = MethodFilter::GET.or(MethodFilter::POST);
    let visits = Router::new()
        .route("/visit", on(asked, visit::visit))
        .route_layer(sessions::layer(redis, rules))
        .route_layer(middleware::map_response_with_state(instance.clone(), visit::if_not_saved));
    let mut app = Router::new()
        .route("/fib/{n}", on(asked, fib::on_pool))
        .route("/inline/{n}", on(asked, fib::inline))
        .route("/jobs", post(jobs::add))
        .route("/jobs/{id}", get(jobs::show))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::show))
        .merge(visits);
    if test_endpoints {
        app = app.route("/panic", any(trouble::panic)).route("/crash", any(trouble::crash));
    }
    let request_id = HeaderName::from_static(REQUEST_ID);
    let around = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(request_id.clone(), MakeRequestUuid))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .layer(PropagateRequestIdLayer::new(request_id))
        .layer(middleware::from_fn_with_state(instance.clone(), sign))
        .layer(middleware::from_fn(body::read));
    let app = app.route_layer(middleware::from_fn(metrics::count));
    let app = app
        .fallback(async || Refusal::NotFound("there is nothing at this path".to_owned()))
        .method_not_allowed_fallback(async || Refusal::MethodNotAllowed);
    app.layer(around).with_state(instance.clone())
}

/// The jobs of a request run in it.
fn span(request: &Request) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    debug_span!("request", method = %request.method(), path = request.uri().path(), id)
}

/// Says who has answered, and closes the connection while this instance drains.
async fn sign(State(instance): State<Instance>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    if let Ok(name) = HeaderValue::from_str(&instance.name) {
        answer.headers_mut().insert(INSTANCE, name);
    }
    if instance.drain.has_begun() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}
