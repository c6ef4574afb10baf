//! `--metrics`: this worker's pool and jobs, and the queue, for Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::Worker;
use crate::exporter::{self, Exporter};

const DELIVERED: &str = "jobs_delivered_total";
const FINISHED: &str = "jobs_finished_total";
const BURIED: &str = "jobs_dead_lettered_total";
const TRIES: &str = "jobs_deliveries";
const LENGTH: &str = "jobs_queue_length";
const PENDING: &str = "jobs_pending";
const OLDEST: &str = "jobs_oldest_age_seconds";
const DEAD: &str = "jobs_dead_letters";

pub(super) fn delivered(nth: u64) {
    counter!(DELIVERED).increment(1);
    histogram!(TRIES).record(nth as f64);
}

pub(super) fn finished(is_first: bool) {
    counter!(FINISHED, "result" => if is_first { "stored" } else { "was stored before" }).increment(1);
}

pub(super) fn buried(is_buried: bool) {
    counter!(BURIED).increment(u64::from(is_buried));
}

struct Page {
    worker: Arc<Worker>,
    exporter: Exporter,
}

pub(super) async fn serve(worker: &Arc<Worker>, address: SocketAddr) -> Result<()> {
    let exporter =
        Exporter::install(&worker.pool, worker.queue.redis().breaker(), (TRIES, &[1.0, 2.0, 3.0, 5.0, 10.0]))?;
    describe();
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on --metrics {address}"))?;
    info!(address = %listener.local_addr()?, "showing metrics");
    let page = Arc::new(Page { worker: Arc::clone(worker), exporter });
    let app = Router::new().route("/metrics", get(show)).route("/healthz", get(healthz)).with_state(page);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            warn!(%error, "the metrics are no longer shown");
        }
    });
    Ok(())
}

fn describe() {
    describe_counter!(DELIVERED, "The jobs that this worker was given, tries after the first included.");
    describe_counter!(FINISHED, "The jobs that it has finished, by whether the result was the first.");
    describe_counter!(BURIED, "The jobs that it has moved to the dead letters.");
    describe_histogram!(TRIES, "How often each job that it was given had been delivered, with this time.");
    describe_gauge!(LENGTH, "The jobs in the queue, for all workers, that have no result.");
    describe_gauge!(PENDING, "Of these, what some worker has.");
    describe_gauge!(OLDEST, ::metrics::Unit::Seconds, "The age of the oldest of these.");
    describe_gauge!(DEAD, "The dead letters in the queue.");
}

async fn show(State(page): State<Arc<Page>>) -> impl IntoResponse {
    // Without Redis, the figures of the queue stand still: its breaker says so on the same page.
    if let Ok(figures) = page.worker.queue.figures().await {
        gauge!(LENGTH).set(figures.length as f64);
        gauge!(PENDING).set(figures.pending as f64);
        gauge!(OLDEST).set(figures.oldest.as_secs_f64());
        gauge!(DEAD).set(figures.dead as f64);
    }
    ([(CONTENT_TYPE, exporter::CONTENT_TYPE)], page.exporter.render().await)
}

async fn healthz(State(page): State<Arc<Page>>) -> Json<Value> {
    Json(json!({ "worker": page.worker.name, "jobs": page.worker.in_flight.entries().len() }))
}
