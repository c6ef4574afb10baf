//! Which lane is served next.

use crate::base::priority::Priority;
use crate::queue::lanes::LaneSet;

/// Whose turn it is: the most urgent lane's, unless another one waits that was passed over so often that it is due.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// How often in a row each lane was passed over while it waited.
    passed_over: [u8; 3],
}

impl Turn {
    /// A lane that waits is served at least every so many times; where several are due, the least urgent first.
    const PERIOD: u8 = 64;

    /// The lane to serve, out of those that wait.
    #[inline]
    pub(crate) fn next(&self, waiting: LaneSet) -> Option<Priority> {
        let is_due = |&lane: &Priority| waiting.holds(lane) && self.passed_over[lane as usize] + 1 >= Self::PERIOD;
        Priority::ALL.into_iter().rev().find(is_due).or_else(|| waiting.most_urgent())
    }

    /// A job of `lane` was taken while those `waiting` waited, its own among them.
    #[inline]
    pub(crate) fn served(&mut self, lane: Priority, waiting: LaneSet) {
        for other in Priority::ALL {
            let count = &mut self.passed_over[other as usize];
            *count = if other != lane && waiting.holds(other) { count.saturating_add(1) } else { 0 };
        }
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    const LOW: LaneSet = LaneSet::from_bits(0b100);
    const HIGH_AND_LOW: LaneSet = LaneSet::from_bits(0b101);
    const ALL: LaneSet = LaneSet::from_bits(0b111);

    fn serve(turn: &mut Turn, waiting: LaneSet) -> Option<Priority> {
        let lane = turn.next(waiting)?;
        turn.served(lane, waiting);
        Some(lane)
    }

    #[test]
    fn nothing_waits_so_nothing_is_served() {
        assert_eq!(Turn::default().next(LaneSet::default()), None);
    }

    #[test]
    fn the_most_urgent_is_served_63_times_then_the_least_urgent_once() {
        let mut turn = Turn::default();
        for _ in 0..3 {
            for _ in 0..63 {
                assert_eq!(serve(&mut turn, HIGH_AND_LOW), Some(Priority::High));
            }
            assert_eq!(serve(&mut turn, HIGH_AND_LOW), Some(Priority::Low));
        }
    }

    #[test]
    fn no_lane_starves_between_two_others() {
        let mut turn = Turn::default();
        let served: Vec<_> = (0..640).filter_map(|_| serve(&mut turn, ALL)).collect();
        for lane in [Priority::Normal, Priority::Low] {
            let turns: Vec<_> = (0..served.len()).filter(|&at| served[at] == lane).collect();
            assert_eq!(turns.len(), if lane == Priority::Low { 10 } else { 9 }, "{lane:?} in {turns:?}");
        }
        assert!(served.chunks(64).all(|pops| pops.contains(&Priority::Low)));
    }

    #[test]
    fn a_lane_alone_is_always_served_and_saves_no_turns_up() {
        let mut turn = Turn::default();
        for _ in 0..1_000 {
            assert_eq!(serve(&mut turn, LOW), Some(Priority::Low));
        }
        for _ in 0..63 {
            assert_eq!(serve(&mut turn, HIGH_AND_LOW), Some(Priority::High));
        }
        assert_eq!(serve(&mut turn, HIGH_AND_LOW), Some(Priority::Low));
    }
}
