//! Tells systemd that this process still gets things done, where it wants to know (`WatchdogSec`).

use sd_notify::NotifyState;
use tokio::time::interval;

use super::notify;

/// From a task like any other: when the async threads are stuck, it falls silent, and systemd restarts the process.
pub(super) fn feed() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    tokio::spawn(async move {
        // Half of it, so that one may come late.
        let mut ticks = interval(limit / 2);
        loop {
            ticks.tick().await;
            notify(NotifyState::Watchdog);
        }
    });
}
