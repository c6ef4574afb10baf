//! Which jobs `wait_idle` waits for: those accepted before the call, and what these submit in turn. Never those that
//! others submit later, so a pool that is kept busy does not keep a waiter for ever.
//!
//! Jobs are counted in two epochs, the current one and the one before it. A job joins the current epoch, unless it is
//! submitted from inside a job: then it joins its parent's. A waiter turns the epoch over and waits until the old one
//! is empty; nothing but children of its own jobs can have joined it since.
//!
//! The turn needs the epoch before to be empty, else its jobs and the new ones would share a count. So a waiter that
//! comes at turn `f` (its jobs are in epoch `f % 2` or the one before) goes through these steps, under the monitor's
//! lock, and looks again each time an epoch runs empty:
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

/// Whether retiring a job left its epoch empty, so that waiters should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retired {
    LastOfEpoch,
    OthersLeft,
}

/// How many accepted jobs have not been retired (resolved, and their `Runnable` gone), by epoch.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    outstanding: [u64; 2],
    turn: u64,
}

impl Epochs {
    pub(crate) fn accept(&mut self, parent: Option<Epoch>) -> Epoch {
        let epoch = parent.unwrap_or(Epoch::of_turn(self.turn));
        self.outstanding[epoch.index()] += 1;
        epoch
    }

    pub(crate) fn retire(&mut self, epoch: Epoch) -> Retired {
        let left = &mut self.outstanding[epoch.index()];
        *left -= 1;
        match *left {
            0 => Retired::LastOfEpoch,
            _ => Retired::OthersLeft,
        }
    }

    pub(crate) fn goal(&self) -> Goal {
        Goal(self.turn)
    }

    /// Takes the steps at the top of this file as far as they go; true once everything before `goal` is done.
    pub(crate) fn reach(&mut self, Goal(turn): Goal) -> bool {
        if self.turn == turn {
            if self.left_of(turn + 1) > 0 {
                return false;
            }
            if self.left_of(turn) == 0 {
                return true;
            }
            self.turn += 1;
        }
        self.turn > turn + 1 || self.left_of(turn) == 0
    }

    fn left_of(&self, turn: u64) -> u64 {
        self.outstanding[Epoch::of_turn(turn).index()]
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_empty_pool_is_idle_at_once() {
        let mut epochs = Epochs::default();
        let goal = epochs.goal();
        assert!(epochs.reach(goal));
    }

    #[test]
    fn later_jobs_do_not_hold_a_waiter_back() {
        let mut epochs = Epochs::default();
        let before = epochs.accept(None);
        let goal = epochs.goal();
        assert!(!epochs.reach(goal));
        let after = epochs.accept(None);
        assert_ne!(before, after);
        assert_eq!(epochs.retire(before), Retired::LastOfEpoch);
        assert!(epochs.reach(goal));
    }

    #[test]
    fn children_hold_their_parents_waiter_back() {
        let mut epochs = Epochs::default();
        let parent = epochs.accept(None);
        let goal = epochs.goal();
        assert!(!epochs.reach(goal));
        let child = epochs.accept(Some(parent));
        assert_eq!(epochs.retire(parent), Retired::OthersLeft);
        assert!(!epochs.reach(goal));
        assert_eq!(epochs.retire(child), Retired::LastOfEpoch);
        assert!(epochs.reach(goal));
    }

    #[test]
    fn a_second_waiter_waits_for_the_jobs_between_the_two() {
        let mut epochs = Epochs::default();
        let first = epochs.accept(None);
        let early = epochs.goal();
        assert!(!epochs.reach(early));
        let second = epochs.accept(None);
        let late = epochs.goal();
        assert!(!epochs.reach(late), "the first epoch is not empty, so it cannot turn");
        epochs.retire(first);
        assert!(epochs.reach(early));
        assert!(!epochs.reach(late), "it has turned now, and the second job is left");
        epochs.accept(None);
        epochs.retire(second);
        assert!(epochs.reach(late));
    }

    #[test]
    fn a_waiter_overtaken_by_two_turns_is_done() {
        let mut epochs = Epochs::default();
        let job = epochs.accept(None);
        let goal = epochs.goal();
        assert!(!epochs.reach(goal));
        epochs.retire(job);
        epochs.accept(None);
        let next = epochs.goal();
        assert!(!epochs.reach(next));
        epochs.accept(None);
        assert!(epochs.reach(goal));
    }
}
