//! `/visit` counts a visitor's visits, whichever instance answers.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_sessions::Session;

use super::instance::Instance;
use super::refusal::Refusal;

const VISITS: &str = "visits";
pub(super) const REQUEST_ID: &str = "x-request-id";

/// What the session keeps.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Visits {
    count: u64,
    /// nginx sends a request again if the instance that had it dies. It may have been counted by then.
    last_request: Option<String>,
}

/// The session is saved on the way out, before the answer is: what was answered has been counted.
///
/// Two requests of one visitor at the same time may count as one: the session is read, changed and written as a whole.
pub(super) async fn visit(
    State(instance): State<Instance>,
    session: Session,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let visits = session.get::<Visits>(VISITS).await;
    let mut visits = visits.map_err(|_| without_sessions(&instance))?.unwrap_or_default();
    let request = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    if request.is_none() || request != visits.last_request.as_deref() {
        visits.count += 1;
        visits.last_request = request.map(str::to_owned);
        session.insert(VISITS, &visits).await.map_err(|_| without_sessions(&instance))?;
    }
    Ok(Json(json!({ "visits": visits.count, "instance": *instance.name })))
}

/// Where the session could not be saved, its layer answers 500, and nothing else here does.
pub(super) async fn if_not_saved(State(instance): State<Instance>, answer: Response) -> Response {
    match answer.status() {
        StatusCode::INTERNAL_SERVER_ERROR => without_sessions(&instance).into_response(),
        _ => answer,
    }
}

fn without_sessions(instance: &Instance) -> Refusal {
    let why = "the sessions are not available: Redis does not answer".to_owned();
    Refusal::Unavailable { why, retry_after: instance.retry_after }
}
