//! The three priorities of a job.

use std::cmp::Ordering;

/// Which jobs go first: all that is queued as `High` before all that is `Normal`, and that before all that is `Low`.
///
/// Within one priority jobs run first in, first out. So that nothing starves, at least one job in 64 that workers take is
/// of the lowest priority that waits, and one in 65 of the middle one. Priority does not reorder those who wait for room
/// in the queue. The more urgent is the greater.
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
    /// Before all others.
    High,
    /// What a job has unless it says otherwise.
    #[default]
    Normal,
    /// When nothing else is queued, and every 64th time.
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
