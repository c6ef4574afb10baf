//! When to stop: told by a signal, or by the end of the standard input.

use std::io::{self, Read};
use std::process;
use std::thread;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::program::Stops;

/// Whether this instance is to stop. Clones are of the same instance.
#[derive(Clone, Debug)]
pub(super) struct Drain(watch::Receiver<bool>);

impl Drain {
    /// Begins with the first signal. A second one does not wait for anything.
    pub(super) fn on_signals(stop_at_eof: bool) -> Result<Self> {
        let (begin, begun) = watch::channel(false);
        let mut stops = Stops::listen()?;
        if stop_at_eof {
            begin_at_eof(begin.clone())?;
        }
        tokio::spawn(async move {
            stops.next().await;
            begin.send_replace(true);
            let code = stops.next().await;
            warn!("told to stop a second time: ending at once");
            process::exit(code);
        });
        Ok(Self(begun))
    }

    pub(super) fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    pub(super) async fn begun(mut self) {
        // The sender lives as long as the process.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

/// On a thread, as reading from the standard input blocks; it ends with the process.
fn begin_at_eof(begin: watch::Sender<bool>) -> Result<()> {
    let read = move || {
        let mut ignored = [0; 64];
        while io::stdin().read(&mut ignored).is_ok_and(|read| read > 0) {}
        info!("the standard input has ended");
        begin.send_replace(true);
    };
    thread::Builder::new().name("stdin".into()).spawn(read).context("cannot watch the standard input")?;
    Ok(())
}
