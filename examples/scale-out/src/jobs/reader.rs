//! Where a worker waits for jobs.

use std::time::Duration;

use anyhow::{Context, Result};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, cmd};

use super::delivery::{Delivery, Entry};
use super::queue::{AT_ONCE, GROUP, millis};

/// Waits for new entries.
pub(crate) struct Reader {
    connection: MultiplexedConnection,
    stream: String,
    worker: String,
    wait: Duration,
}

impl Reader {
    pub(super) fn new(connection: MultiplexedConnection, stream: String, worker: &str, wait: Duration) -> Self {
        Self { connection, stream, worker: worker.to_owned(), wait }
    }

    /// Up to `most`, if that is not very many, that nobody has had; none, if none come in time.
    pub(crate) async fn take(&mut self, most: usize) -> Result<Vec<Delivery>> {
        let read: Cmd = {
            let mut read = cmd("XREADGROUP");
            read.arg("GROUP").arg(GROUP).arg(&self.worker).arg("COUNT").arg(most.min(AT_ONCE));
            read.arg("BLOCK").arg(millis(self.wait));
            read.arg("STREAMS").arg(&self.stream).arg(">");
            read
        };
        type Answer = Option<Vec<(String, Vec<Entry>)>>;
        let streams: Answer = read.query_async(&mut self.connection).await.context("cannot read")?;
        let entries = streams.into_iter().flatten().flat_map(|(_, entries)| entries);
        Ok(entries.map(|entry| Delivery::of(entry, 1)).collect())
    }
}
