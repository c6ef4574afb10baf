//! The only floor that takes the pool's locks: a [`Monitor`](monitor::Monitor) between submitters, workers, and those who
//! watch or end the pool.
//!
//! In go jobs, out they come to be run; a method takes the locks, makes one transition of the queue, lets go of them, and
//! wakes whom the transition says. For the workers, and the pool's front door.

#[allow(clippy::module_inception, reason = "the floor is named for the one type on it")]
pub(crate) mod monitor;
