//! Why a request has no value: as a status, a header where there is more to say, and words.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;

#[derive(Debug)]
pub(super) enum Refusal {
    /// The client asks for what cannot be.
    BadRequest(String),
    /// The client asks for what there is not.
    NotFound(String),
    /// There is, but not in this way.
    MethodNotAllowed,
    /// The client sends more along than this number of bytes.
    TooLarge(usize),
    /// The client takes longer than this to send it.
    TooSlow(Duration),
    /// Not now.
    Unavailable { why: String, retry_after: Duration },
    /// We have failed.
    Failed(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let answer = |status, why| (status, Json(json!({ "error": why }))).into_response();
        match self {
            Self::BadRequest(why) => answer(StatusCode::BAD_REQUEST, why),
            Self::NotFound(why) => answer(StatusCode::NOT_FOUND, why),
            Self::MethodNotAllowed => answer(StatusCode::METHOD_NOT_ALLOWED, "this path has another method".to_owned()),
            Self::TooLarge(most) => answer(StatusCode::PAYLOAD_TOO_LARGE, format!("send at most {most} bytes along")),
            Self::TooSlow(limit) => answer(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body was not complete after {limit:?}: send it sooner"),
            ),
            Self::Failed(why) => answer(StatusCode::INTERNAL_SERVER_ERROR, why),
            Self::Unavailable { why, retry_after } => {
                let seconds = retry_after.as_secs_f64().ceil().max(1.0) as u64;
                ([(RETRY_AFTER, seconds.to_string())], answer(StatusCode::SERVICE_UNAVAILABLE, why)).into_response()
            }
        }
    }
}
