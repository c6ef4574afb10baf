//! What a run of `open-loop` tells, as numbers: its JSON, and what the report reads again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub url: String,
    pub method: String,
    /// Requests in a second, as planned.
    pub rate: u32,
    pub seconds: f64,
    pub sent: u64,
    /// Not sent, as too many waited for their answers.
    pub dropped: u64,
    pub statuses: BTreeMap<u16, u64>,
    pub without_retry_after: u64,
    pub errors: BTreeMap<String, u64>,
    /// Requests answered with 200, for each second of sending.
    pub goodput: f64,
    /// Of the answers with 200, if there were any.
    pub served: Option<Times>,
    /// Of the answers with 503, if there were any.
    pub rejected: Option<Times>,
}

/// In milliseconds, from when a request should have left.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Times {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}
