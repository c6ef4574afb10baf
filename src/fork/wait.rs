//! Waiting for a half that another thread runs.
//!
//! Who waits helps: it takes what is on offer of what descends from that very half, never anything else, and asks the thread that
//! runs it for more. So it delays nobody: what it waits for cannot be done before what it runs is. (Leapfrogging: D. B. Wagner and
//! B. G. Calder, Leapfrogging: a portable technique for implementing efficient futures, PPoPP 1993.)

use std::sync::Arc;

use crate::base::park::with_parker;
use crate::base::spin::spin_until;
use crate::fork::site;
use crate::queue::half::Half;
use crate::worker::shared::Shared;

/// Returns once the half is done.
#[cold]
pub(super) fn wait_for(pool: &Shared, half: &Arc<Half>) {
    with_parker(|parker, waker| {
        half.wait_with(waker.clone());
        loop {
            half.lower_news();
            if half.is_done() {
                return;
            }
            if let Some(offer) = pool.monitor.take_for(half, site::limit()) {
                offer.run();
                continue;
            }
            spin_until(|| half.has_news());
            if !half.has_news() {
                parker.park_until(None);
            }
        }
    });
}
