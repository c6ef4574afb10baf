//! Which jobs a flush waits for: those accepted before the call, never those accepted later, so a pool that is kept
//! busy does not keep a waiter for ever.
//!
//! Jobs are counted by epoch. A job joins the current one, and its header remembers which. A waiter that finds jobs
//! outstanding in the current epoch closes it, so that later jobs join the next, and waits until every epoch closed so
//! far has run empty:
//!
//! ```text
//!   oldest closed ... newest closed | current
//!        2 left          1 left     | 5 accepted, 3 retired
//! ```
//!
//! The current epoch has its two counts, one on each side of the queue, so that accepting and retiring touch one lock
//! each. Closing takes both locks and leaves one count, of what is left, with the workers' side. Epochs are dropped
//! oldest first as they run empty, so "all that were closed when I came" is a number of epochs dropped.

use std::collections::VecDeque;

use crate::base::ids::Epoch;

/// What a waiter waits for: so many epochs emptied since the pool was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Goal(u64);

/// Whether retiring a job may be what a waiter waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Progress {
    /// A closed epoch has run empty.
    Made,
    None,
}

/// Jobs accepted: the submitters' half of the counts.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    epoch: Epoch,
    in_epoch: u64,
    before: u64,
}

/// Jobs retired (resolved, and their `Runnable` gone): the workers' half of the counts.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    epoch: Epoch,
    in_epoch: u64,
    total: u64,
    /// Jobs left in each closed epoch, oldest first; the oldest is never empty.
    closed: VecDeque<u64>,
    emptied: u64,
}

impl Accepted {
    pub(crate) fn count(&mut self) -> Epoch {
        self.in_epoch += 1;
        self.epoch
    }

    pub(crate) fn total(&self) -> u64 {
        self.before + self.in_epoch
    }

    /// What somebody waits for who comes now; closes the current epoch unless nothing is left in it. `None` while as
    /// many epochs are open as can be told apart: ask again once one was dropped.
    pub(crate) fn close_epoch(&mut self, retired: &mut Retired) -> Option<Goal> {
        let left = self.in_epoch - retired.in_epoch;
        if left > 0 {
            if retired.closed.len() == usize::from(u8::MAX) {
                return None;
            }
            self.before += self.in_epoch;
            self.epoch = self.epoch.next();
            self.in_epoch = 0;
            retired.epoch = self.epoch;
            retired.in_epoch = 0;
            retired.closed.push_back(left);
        }
        Some(Goal(retired.emptied + retired.closed.len() as u64))
    }
}

impl Retired {
    #[inline]
    pub(crate) fn count(&mut self, epoch: Epoch) -> Progress {
        self.total += 1;
        if epoch == self.epoch {
            self.in_epoch += 1;
            return Progress::None;
        }
        let position = self.closed.len() - epoch.age(self.epoch);
        self.closed[position] -= 1;
        let before = self.emptied;
        while self.closed.front() == Some(&0) {
            self.closed.pop_front();
            self.emptied += 1;
        }
        if self.emptied > before { Progress::Made } else { Progress::None }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn has_reached(&self, Goal(emptied): Goal) -> bool {
        self.emptied >= emptied
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Counts(Accepted, Retired);

    impl Counts {
        fn accept(&mut self) -> Epoch {
            self.0.count()
        }

        fn retire(&mut self, epoch: Epoch) -> Progress {
            self.1.count(epoch)
        }

        fn goal(&mut self) -> Goal {
            self.0.close_epoch(&mut self.1).expect("there are few epochs")
        }

        fn done(&self, goal: Goal) -> bool {
            self.1.has_reached(goal)
        }
    }

    #[test]
    fn an_empty_pool_is_idle_at_once() {
        let mut counts = Counts::default();
        let goal = counts.goal();
        assert!(counts.done(goal));
        let job = counts.accept();
        assert_eq!(counts.retire(job), Progress::None);
        let goal = counts.goal();
        assert!(counts.done(goal));
    }

    #[test]
    fn later_jobs_do_not_hold_a_waiter_back() {
        let mut counts = Counts::default();
        let before = counts.accept();
        let goal = counts.goal();
        assert!(!counts.done(goal));
        let after = counts.accept();
        assert_ne!(before, after);
        assert_eq!(counts.retire(before), Progress::Made);
        assert!(counts.done(goal));
        assert_eq!(counts.0.total() - counts.1.total(), 1);
    }

    #[test]
    fn a_waiter_waits_for_all_earlier_epochs_and_no_later_one() {
        let mut counts = Counts::default();
        let stuck = counts.accept();
        let early = counts.goal();
        let middle = counts.accept();
        let late = counts.goal();
        let after = counts.accept();
        assert_eq!(counts.retire(middle), Progress::None, "the oldest is not empty");
        assert!(!counts.done(early) && !counts.done(late));
        assert_eq!(counts.retire(stuck), Progress::Made);
        assert!(counts.done(early) && counts.done(late), "both are emptied, although a later job is left");
        assert_eq!(counts.retire(after), Progress::None, "its epoch was never closed");
    }

    #[test]
    fn a_waiter_without_new_jobs_opens_no_epoch() {
        let mut counts = Counts::default();
        let job = counts.accept();
        let goals = [counts.goal(), counts.goal(), counts.goal()];
        assert_eq!(goals, [goals[0]; 3]);
        assert_eq!(counts.1.closed.len(), 1);
        assert_eq!(counts.retire(job), Progress::Made);
        assert!(counts.done(goals[0]));
    }

    #[test]
    fn epochs_are_told_apart_up_to_the_last_and_the_next_waiter_has_to_ask_again() {
        let mut counts = Counts::default();
        let jobs: Vec<Epoch> = (0..u8::MAX)
            .map(|_| {
                let job = counts.accept();
                counts.goal();
                job
            })
            .collect();
        let over = counts.accept();
        assert_eq!(counts.0.close_epoch(&mut counts.1), None);
        assert_eq!(counts.retire(jobs[0]), Progress::Made);
        let goal = counts.goal();
        for &job in &jobs[1..] {
            assert!(!counts.done(goal));
            assert_eq!(counts.retire(job), Progress::Made);
        }
        assert!(!counts.done(goal));
        assert_eq!(counts.retire(over), Progress::Made);
        assert!(counts.done(goal));
    }
}
