//! The ground floor: what the others are built from, and what knows none of them.
//!
//! In goes nothing of ours; out come the locks and atomics (under loom, the model checker's), how a thread is made, waits and
//! where it may run, a list, a counter, how a panic is contained, and the plain values that cross floors: ids, priorities, reasons,
//! errors. Every floor, and the breaker, may use it.

pub(crate) mod sync;
pub(crate) mod spin;
pub(crate) mod park;
pub(crate) mod thread;
pub(crate) mod tick;
pub(crate) mod cpu;
pub(crate) mod affinity;
pub(crate) mod fifo;
pub(crate) mod striped;
pub(crate) mod panic;
pub(crate) mod job_panic;
pub(crate) mod error;
pub(crate) mod run_error;
pub(crate) mod try_map_error;
pub(crate) mod ids;
pub(crate) mod priority;
pub(crate) mod unrun;
#[cfg(all(test, not(corepool_loom)))]
pub(crate) mod random;
