//! `/jobs`: work that takes longer than a client will wait, for the workers of all machines.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use serde::Deserialize;
use serde_json::{Value, json};

use super::instance::Instance;
use super::refusal::Refusal;
use crate::jobs::{Added, Id, Job, Record};

/// What a client sends. With an `id` of its own it can send a job again that it got no answer for, and have it once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    id: Option<String>,
    kind: String,
    #[serde(default)]
    input: String,
}

type Accepted = (StatusCode, [(HeaderName, String); 1], Json<Value>);

pub(super) async fn add(
    State(instance): State<Instance>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Accepted, Refusal> {
    let Json(wanted) = wanted.map_err(|error| Refusal::BadRequest(error.body_text()))?;
    let id = wanted.id.as_deref().map_or_else(|| Ok(Id::random()), Id::parse).map_err(Refusal::BadRequest)?;
    let job = Job { id, kind: wanted.kind, input: wanted.input, deliveries: 0 };
    match instance.jobs.add(&job, instance.most_jobs).await {
        Ok(Added::New | Added::Known) => {
            let location = [(LOCATION, format!("/jobs/{}", job.id))];
            Ok((StatusCode::ACCEPTED, location, Json(json!({ "id": job.id }))))
        }
        Ok(Added::Full) => {
            let most = instance.most_jobs;
            Err(unavailable(&instance, format!("there are {most} jobs in the queue, and no more are taken")))
        }
        Err(error) => Err(unavailable(&instance, format!("the queue is not available: {error}"))),
    }
}

pub(super) async fn show(
    State(instance): State<Instance>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Record>, Refusal> {
    let Path(id) = id.map_err(|error| Refusal::BadRequest(error.body_text()))?;
    let id = Id::parse(&id).map_err(Refusal::BadRequest)?;
    match instance.jobs.record(&id).await {
        Ok(Some(record)) => Ok(Json(record)),
        Ok(None) => Err(Refusal::NotFound(format!("no job has the id '{id}', or it has ended long ago"))),
        Err(error) => Err(unavailable(&instance, format!("the queue is not available: {error}"))),
    }
}

fn unavailable(instance: &Instance, why: String) -> Refusal {
    Refusal::Unavailable { why, retry_after: instance.retry_after }
}
