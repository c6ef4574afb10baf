//! What a client sends along with its request. It is read to its end before anything is done.

use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::refusal::Refusal;

/// As much as nginx lets through, unless it is told otherwise (`client_max_body_size`).
const LARGEST: usize = 1 << 20;
/// nginx sends it in one go. Others may be slow, and hold up a drain for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer before the end of the body would be lost: hyper closes a connection with much left unread, while the client still
/// sends, and nginx makes a 502 of that.
pub(super) async fn read(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    match timeout(PATIENCE, to_bytes(body, LARGEST)).await {
        Ok(Ok(body)) => next.run(Request::from_parts(head, Body::from(body))).await,
        // Or the client has gone, and nobody reads the answer.
        Ok(Err(_)) => Refusal::TooLarge(LARGEST).into_response(),
        Err(_) => Refusal::TooSlow(PATIENCE).into_response(),
    }
}
