//! The three priorities of a job.

/// Which jobs go first: all that is queued as `High` before all that is `Normal`, and that before all that is `Low`.
///
/// Within one priority jobs run first in, first out. So that nothing starves, at least one job in 64 that workers take is
/// of the lowest priority that waits, and one in 65 of the middle one. Priority does not reorder those who wait for room
/// in the queue.
///
/// ```
/// use corepool::{Pool, Priority};
///
/// let pool = Pool::new().unwrap();
/// let job = pool.job().priority(Priority::High).submit(|| 42).unwrap();
/// assert_eq!(job.join().unwrap(), 42);
/// assert_eq!(Priority::default(), Priority::Normal);
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

impl Priority {
    /// The most urgent first.
    pub(crate) const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// 0: the most urgent.
    pub(crate) fn from_urgency(index: u32) -> Option<Self> {
        Self::ALL.get(index as usize).copied()
    }
}
