//! What the queue is like, in numbers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::streams::StreamPendingReply;

use super::delivery::Entry;
use super::queue::{GROUP, Queue};
use crate::redis::Unavailable;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// All that have no result.
    pub(crate) length: u64,
    /// Of these, what workers have.
    pub(crate) pending: u64,
    pub(crate) oldest: Duration,
    pub(crate) dead: u64,
}

impl Queue {
    pub(crate) async fn figures(&self) -> Result<Figures, Unavailable> {
        let mut all = redis::pipe();
        all.cmd("XLEN").arg(self.stream());
        all.cmd("XPENDING").arg(self.stream()).arg(GROUP);
        all.cmd("XRANGE").arg(self.stream()).arg("-").arg("+").arg("COUNT").arg(1);
        all.cmd("XLEN").arg(self.dead());
        type Answer = (u64, StreamPendingReply, Vec<Entry>, u64);
        let (length, pending, oldest, dead): Answer = self.redis().ask_all(all).await?;
        let oldest = oldest.first().map_or(Duration::ZERO, |(entry, _)| age(entry));
        Ok(Figures { length, pending: pending.count() as u64, oldest, dead })
    }
}

/// Redis names an entry by the time of its making, in milliseconds.
fn age(entry: &str) -> Duration {
    let made =
        entry.split('-').next().and_then(|millis| millis.parse().ok()).map_or(Duration::ZERO, Duration::from_millis);
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(made)
}
