//! What the keeper does now and then, beside keeping deadlines.

use std::time::Instant;

/// Somebody who wants to be visited.
pub(crate) trait Rounds: Send + Sync {
    /// When to come first, after a call.
    fn first(&self) -> Option<Instant>;

    /// Goes round, and tells when to come again. `None`: once called.
    fn go_round(&self) -> Option<Instant>;
}
