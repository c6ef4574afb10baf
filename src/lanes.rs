//! One side's queued jobs, a lane for each priority; and which lane is served next.

use std::mem;

use crate::fifo::Fifo;
use crate::idle::Epoch;
use crate::job::{Header, Queued};
use crate::options::Priority;

/// A set of lanes, the most urgent in the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneSet(u8);

impl LaneSet {
    pub(crate) const NORMAL: Self = Self(1 << Priority::Normal as u8);

    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn of(lane: Priority) -> Self {
        Self(1 << lane as u8)
    }

    fn most_urgent(self) -> Option<Priority> {
        Priority::from_urgency(self.0.trailing_zeros())
    }

    fn holds(self, lane: Priority) -> bool {
        self.0 & Self::of(lane).0 != 0
    }
}

/// The lanes of one side. Laid out as declared: most jobs are normal, and what they touch stands together.
#[repr(C)]
pub(crate) struct Lanes {
    len: usize,
    /// The lanes that hold jobs.
    waiting: LaneSet,
    normal: Fifo<Queued>,
    high: Fifo<Queued>,
    low: Fifo<Queued>,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self { len: 0, waiting: LaneSet(0), normal: Fifo::new(), high: Fifo::new(), low: Fifo::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn waiting(&self) -> LaneSet {
        self.waiting
    }

    pub(crate) fn lane(&self, lane: Priority) -> &Fifo<Queued> {
        match lane {
            Priority::High => &self.high,
            Priority::Normal => &self.normal,
            Priority::Low => &self.low,
        }
    }

    fn lane_mut(&mut self, lane: Priority) -> &mut Fifo<Queued> {
        match lane {
            Priority::High => &mut self.high,
            Priority::Normal => &mut self.normal,
            Priority::Low => &mut self.low,
        }
    }

    /// Appends a job to its lane.
    pub(crate) fn push(&mut self, job: Queued, epoch: Epoch) {
        let header = job.header();
        let priority = header.priority();
        let lane = self.lane_mut(priority);
        header.set_slot(lane.next_key());
        header.set_epoch(epoch);
        lane.push_back(job);
        self.len += 1;
        self.waiting = self.waiting.or(LaneSet::of(priority));
    }

    #[inline]
    pub(crate) fn pop(&mut self, lane: Priority) -> Option<Queued> {
        let job = self.lane_mut(lane).pop_front()?;
        self.note_taken(lane);
        Some(job)
    }

    /// Takes out one job, if it stands here.
    pub(crate) fn remove(&mut self, header: &Header) -> Option<Queued> {
        let (priority, slot) = (header.priority(), header.slot());
        let lane = self.lane_mut(priority);
        // A key alone proves nothing: the job may have left, and the key may count in the other side's lane.
        lane.get(slot).filter(|job| job.header().is(header))?;
        let job = lane.remove(slot)?;
        self.note_taken(priority);
        Some(job)
    }

    fn note_taken(&mut self, lane: Priority) {
        self.len -= 1;
        self.note_state_of(lane);
    }

    fn note_state_of(&mut self, lane: Priority) {
        let bit = LaneSet::of(lane).0;
        self.waiting = LaneSet(if self.lane(lane).is_empty() { self.waiting.0 & !bit } else { self.waiting.0 | bit });
    }

    /// Exchanges one lane with the other side's, whose jobs keep their keys and their order.
    pub(crate) fn swap_lane(&mut self, other: &mut Self, lane: Priority) {
        let (mine, others) = (self.lane(lane).len(), other.lane(lane).len());
        self.len = self.len - mine + others;
        other.len = other.len - others + mine;
        mem::swap(self.lane_mut(lane), other.lane_mut(lane));
        self.note_state_of(lane);
        other.note_state_of(lane);
    }

    /// All jobs, in the order in which they would have been served but for the turns of the lowest lane.
    pub(crate) fn into_jobs(self) -> impl Iterator<Item = Queued> {
        [self.high, self.normal, self.low].into_iter().flat_map(Fifo::into_values)
    }
}

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
    pub(crate) fn next(&self, waiting: LaneSet) -> Option<Priority> {
        let is_due = |&lane: &Priority| waiting.holds(lane) && self.passed_over[lane as usize] + 1 >= Self::PERIOD;
        Priority::ALL.into_iter().rev().find(is_due).or_else(|| waiting.most_urgent())
    }

    /// A job of `lane` was taken while those `waiting` waited, its own among them.
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

    const LOW: LaneSet = LaneSet(0b100);
    const HIGH_AND_LOW: LaneSet = LaneSet(0b101);
    const ALL: LaneSet = LaneSet(0b111);

    fn serve(turn: &mut Turn, waiting: LaneSet) -> Option<Priority> {
        let lane = turn.next(waiting)?;
        turn.served(lane, waiting);
        Some(lane)
    }

    #[test]
    fn nothing_waits_so_nothing_is_served() {
        assert_eq!(Turn::default().next(LaneSet(0)), None);
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
