//! Which jobs `wait_idle` waits for: those accepted before the call, and what these submit in turn. Never those that
//! others submit later, so a pool that is kept busy does not keep a waiter for ever.
//!
//! Jobs are counted in two epochs, the current one and the one before it. A job joins the current epoch, unless it is
//! submitted from inside a job: then it joins its parent's. A waiter turns the epoch over and waits until the old one
//! is empty; nothing but children of its own jobs can have joined it since.
//!
//! The turn needs the epoch before to be empty, else its jobs and the new ones would share a count. So a waiter that
//! comes at turn `f` (its jobs are in epoch `f % 2` or the one before) goes through these steps, under both
//! locks, and looks again each time an epoch runs empty:
//!
//! 1. Turn `f` still: once the epoch before is empty, turn to `f + 1` (whichever waiter comes first).
//! 2. Turn `f + 1`: done when epoch `f % 2` is empty.
//! 3. Turn `f + 2` or later: done, since that turn needed epoch `f % 2` to be empty.

/// One of the two counts that outstanding jobs are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u8);

impl Epoch {
    fn of_turn(turn: u64) -> Self {
        Self((turn % 2) as u8)
    }

    pub(crate) fn from_index(index: u8) -> Self {
        Self(index & 1)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a waiter waits for: the epoch that was current when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal(u64);

/// Jobs accepted, by epoch, and whose turn it is. The submitters' half of the count.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    jobs: [u64; 2],
    turn: u64,
}

/// Jobs retired (resolved, and their `Runnable` gone), by epoch. The workers' half of the count.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    jobs: [u64; 2],
}

impl Accepted {
    pub(crate) fn count(&mut self, parent: Option<Epoch>) -> Epoch {
        let epoch = parent.unwrap_or(Epoch::of_turn(self.turn));
        self.jobs[epoch.index()] += 1;
        epoch
    }

    pub(crate) fn total(&self) -> u64 {
        self.jobs.iter().sum()
    }

    pub(crate) fn left_in(&self, epoch: Epoch, retired: &Retired) -> u64 {
        self.jobs[epoch.index()] - retired.jobs[epoch.index()]
    }

    pub(crate) fn goal(&self) -> Goal {
        Goal(self.turn)
    }

    /// Takes the steps at the top of this file as far as they go; true once everything before `goal` is done.
    pub(crate) fn reach(&mut self, Goal(turn): Goal, retired: &Retired) -> bool {
        let left = |accepted: &Self, turn| accepted.left_in(Epoch::of_turn(turn), retired);
        if self.turn == turn {
            if left(self, turn + 1) > 0 {
                return false;
            }
            if left(self, turn) == 0 {
                return true;
            }
            self.turn += 1;
        }
        self.turn > turn + 1 || left(self, turn) == 0
    }
}

impl Retired {
    pub(crate) fn count(&mut self, epoch: Epoch) {
        self.jobs[epoch.index()] += 1;
    }

    pub(crate) fn total(&self) -> u64 {
        self.jobs.iter().sum()
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_empty_pool_is_idle_at_once() {
        let (mut epochs, done) = (Accepted::default(), Retired::default());
        let goal = epochs.goal();
        assert!(epochs.reach(goal, &done));
    }

    #[test]
    fn later_jobs_do_not_hold_a_waiter_back() {
        let (mut epochs, mut done) = (Accepted::default(), Retired::default());
        let before = epochs.count(None);
        let goal = epochs.goal();
        assert!(!epochs.reach(goal, &done));
        let after = epochs.count(None);
        assert_ne!(before, after);
        done.count(before);
        assert!(epochs.reach(goal, &done));
    }

    #[test]
    fn children_hold_their_parents_waiter_back() {
        let (mut epochs, mut done) = (Accepted::default(), Retired::default());
        let parent = epochs.count(None);
        let goal = epochs.goal();
        assert!(!epochs.reach(goal, &done));
        let child = epochs.count(Some(parent));
        done.count(parent);
        assert!(!epochs.reach(goal, &done));
        done.count(child);
        assert!(epochs.reach(goal, &done));
    }

    #[test]
    fn a_second_waiter_waits_for_the_jobs_between_the_two() {
        let (mut epochs, mut done) = (Accepted::default(), Retired::default());
        let first = epochs.count(None);
        let early = epochs.goal();
        assert!(!epochs.reach(early, &done));
        let second = epochs.count(None);
        let late = epochs.goal();
        assert!(!epochs.reach(late, &done), "the first epoch is not empty, so it cannot turn");
        done.count(first);
        assert!(epochs.reach(early, &done));
        assert!(!epochs.reach(late, &done), "it has turned now, and the second job is left");
        epochs.count(None);
        done.count(second);
        assert!(epochs.reach(late, &done));
    }

    #[test]
    fn a_waiter_overtaken_by_two_turns_is_done() {
        let (mut epochs, mut done) = (Accepted::default(), Retired::default());
        let job = epochs.count(None);
        let goal = epochs.goal();
        assert!(!epochs.reach(goal, &done));
        done.count(job);
        epochs.count(None);
        let next = epochs.goal();
        assert!(!epochs.reach(next, &done));
        epochs.count(None);
        assert!(epochs.reach(goal, &done));
    }
}
