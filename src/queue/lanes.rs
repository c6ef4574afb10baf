//! One side's queued jobs, a lane for each priority.

use std::mem;

use crate::base::fifo::Fifo;
use crate::base::ids::Epoch;
use crate::base::priority::Priority;
use crate::base::tick::Tick;
use crate::job::header::Header;
use crate::job::runnable::Queued;
use crate::queue::since::Since;

/// A set of lanes, the most urgent in the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneSet(u8);

impl LaneSet {
    pub(crate) const NORMAL: Self = Self(1 << Priority::Normal as u8);

    pub(crate) const fn from_bits(bits: u8) -> Self {
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

    pub(super) fn most_urgent(self) -> Option<Priority> {
        Priority::from_urgency(self.0.trailing_zeros())
    }

    pub(super) fn holds(self, lane: Priority) -> bool {
        self.0 & Self::of(lane).0 != 0
    }
}

/// The lanes of one side. Laid out as declared: most jobs are normal, and what they touch stands together.
#[repr(C)]
pub(crate) struct Lanes {
    len: usize,
    /// The lanes that hold jobs.
    waiting: LaneSet,
    /// Here, as every pop asks for it: some lines further it costs a round trip four per cent.
    since: Since,
    normal: Fifo<Queued>,
    high: Fifo<Queued>,
    low: Fifo<Queued>,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self {
            len: 0,
            waiting: LaneSet(0),
            normal: Fifo::new(),
            high: Fifo::new(),
            low: Fifo::new(),
            since: Since::default(),
        }
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

    /// Appends a job to its lane, which was submitted at `since`.
    #[inline]
    pub(crate) fn push(&mut self, job: Queued, epoch: Epoch, since: Tick) {
        let header = job.header();
        let priority = header.priority();
        header.set_epoch(epoch);
        if self.lane(priority).is_sparse() {
            self.move_together(priority);
        }
        self.append(job, priority, since);
        self.len += 1;
        self.waiting = self.waiting.or(LaneSet::of(priority));
    }

    #[inline(always)]
    fn append(&mut self, job: Queued, priority: Priority, since: Tick) {
        let lane = self.lane_mut(priority);
        job.header().set_slot(lane.next_key());
        let key = lane.push_back(job);
        self.since.note(priority, key, since);
    }

    /// Most jobs have left that stood among those of the lane, which gives their places back.
    #[cold]
    fn move_together(&mut self, priority: Priority) {
        let sparse = mem::replace(self.lane_mut(priority), Fifo::new());
        // All at once, as a job's new place may be the old one of another.
        let jobs: Vec<_> = sparse.into_values().map(|job| (self.since(&job), job)).collect();
        self.since.forget(priority);
        jobs.into_iter().for_each(|(since, job)| self.append(job, priority, since));
    }

    #[inline]
    pub(crate) fn pop(&mut self, lane: Priority) -> Option<Queued> {
        let job = self.lane_mut(lane).pop_front()?;
        self.note_taken(lane);
        Some(job)
    }

    /// When a job was submitted that stands here, or was taken out since which none was appended.
    #[inline]
    pub(crate) fn since(&self, job: &Queued) -> Tick {
        self.since.of(|| {
            let header = job.header();
            (header.priority(), header.slot())
        })
    }

    /// The job that was appended first, and when it was submitted.
    pub(super) fn oldest(&self, lane: Priority) -> Option<(&Queued, Tick)> {
        let job = self.lane(lane).front()?;
        Some((job, self.since(job)))
    }

    /// Whether one job stands here.
    pub(crate) fn holds(&self, header: &Header) -> bool {
        // A key alone proves nothing: the job may have left, and the key may count in the other side's lane.
        self.lane(header.priority()).get(header.slot()).is_some_and(|job| job.header().is(header))
    }

    /// Takes out one job, if it stands here.
    pub(crate) fn remove(&mut self, header: &Header) -> Option<Queued> {
        if !self.holds(header) {
            return None;
        }
        let priority = header.priority();
        let job = self.lane_mut(priority).remove(header.slot())?;
        self.note_taken(priority);
        Some(job)
    }

    /// All jobs that stand here, lane by lane.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        Priority::ALL.into_iter().flat_map(|lane| self.lane(lane).iter())
    }

    /// Gives memory back, where no job is left.
    #[inline]
    pub(super) fn give_back(&mut self) {
        self.since.give_back();
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
        self.since.swap_lane(&mut other.since, lane);
        self.note_state_of(lane);
        other.note_state_of(lane);
    }
}
