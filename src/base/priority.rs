//! The three priorities of a job.

use std::cmp::Ordering;

/// The priority of a job: queued jobs run in the order `High`, `Normal`, `Low`.
///
/// Within one priority, jobs run first in, first out. So that nothing starves, workers take at least one job in 64
/// from the lowest priority that has jobs waiting, and one in 65 from the middle one. Priorities do not reorder
/// submitters who wait for room in the queue. `High` compares greater than `Normal`, and `Normal` greater than `Low`.
///
/// ```
/// use corepool::{Pool, Priority};
///
/// let pool = Pool::new().unwrap();
/// let job = pool.job().priority(Priority::High).submit(|| 42).unwrap();
/// assert_eq!(job.join().unwrap(), 42);
/// assert_eq!(Priority::default(), Priority::Normal);
/// assert!(Priority::High > Priority::Normal && Priority::Normal > Priority::Low);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Runs before all others.
    High,
    /// The default.
    #[default]
    Normal,
    /// Runs when nothing else is queued, and at least every 64th time.
    Low,
}

impl Ord for Priority {
    fn cmp(&self, other: &Self) -> Ordering {
        // The most urgent is declared first.
        (*other as u8).cmp(&(*self as u8))
    }
}

impl PartialOrd for Priority {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Priority {
    /// The most urgent first.
    pub(crate) const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// 0: the most urgent.
    pub(crate) fn from_urgency(index: u32) -> Option<Self> {
        Self::ALL.get(index as usize).copied()
    }
}
