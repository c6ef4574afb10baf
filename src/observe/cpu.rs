//! How much of a job's time its thread had a CPU.
//!
//! The platform tells it for a thread, by a system call that takes longer than a short job. So it is asked only where there
//! is something to learn: as a job starts, unless it was asked less than [`STEP`] ago, and as one ends that took as long as
//! that. What happened between the last reading and the start of a job is taken to have been spent on the CPU, and so is a
//! job that is shorter.

use std::cell::Cell;

use crate::base::cpu::thread_cpu_nanos;
use crate::base::sync::thread_local;
use crate::base::tick::Tick;

/// In nanoseconds.
pub(super) const STEP: u64 = 500_000;

/// A reading of both clocks, the CPU's in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    at: Tick,
    cpu: Option<u64>,
}

thread_local! {
    /// This thread's last.
    static LAST: Cell<Option<Reading>> = const { Cell::new(None) };
}

impl Reading {
    fn take(at: Tick) -> Self {
        let reading = Self { at, cpu: thread_cpu_nanos() };
        LAST.with(|last| last.set(Some(reading)));
        reading
    }

    /// What a job that starts on this thread now has to keep.
    pub(super) fn at_start(now: Tick) -> Self {
        match LAST.with(Cell::get) {
            Some(last) if now.since(last.at) < STEP => last,
            _ => Self::take(now),
        }
    }

    /// Nanoseconds of CPU time of a job that ran here, for [`STEP`] at least; `None` where the platform does not tell.
    pub(super) fn used(self, started: Tick, ended: Tick) -> Option<u64> {
        let since_reading = Self::take(ended).cpu?.saturating_sub(self.cpu?);
        Some(since_reading.saturating_sub(started.since(self.at)).min(ended.since(started)))
    }
}
