//! What goes wrong on purpose, for tests: `/panic` and `/crash`, behind `--test-endpoints`.

use axum::Json;
use axum::extract::State;
use corepool::RunError;
use serde_json::Value;
use tracing::error;

use super::instance::Instance;
use super::refusal::Refusal;

/// A job that panics: its request fails, and nothing else does.
pub(super) async fn panic(State(instance): State<Instance>) -> Result<Json<Value>, Refusal> {
    let job = instance.pool.job().name("panic").run_async(|| panic!("asked for at /panic"));
    job.await.map_err(|error: RunError| Refusal::Failed(format!("{:#}", anyhow::Error::new(error))))
}

/// No answer, no drain: what a fault in C code or the kernel's out-of-memory killer does.
pub(super) async fn crash() {
    error!("asked for a crash at /crash");
    std::process::abort();
}
