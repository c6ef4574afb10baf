//! Workers of other pools that run a job of this one, as they have joined it while it was queued.
//!
//! They count what they run here: a worker's own [`Meter`] is its own pool's, and has one writer.

use crate::queue::stats::Meter;

/// Changes under the back's lock.
#[derive(Debug)]
pub(crate) struct Guests {
    running: u64,
    /// Elsewhere, as it would move the lock off the line of what it guards.
    meter: Box<Meter>,
}

impl Guests {
    pub(crate) fn new() -> Self {
        Self { running: 0, meter: Box::new(Meter::new()) }
    }

    pub(crate) fn enter(&mut self) {
        self.running += 1;
    }

    pub(crate) fn leave(&mut self) {
        self.running -= 1;
    }

    /// Jobs that guests run at the moment.
    pub(crate) fn running(&self) -> u64 {
        self.running
    }

    /// What has become of the jobs that guests ran.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }
}
