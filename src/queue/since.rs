//! Since when each queued job waits, in a pool that records it: beside the lists, by lane and key, so that a job in any other
//! pool takes no memory for it.

use std::mem;

use crate::base::fifo::Key;
use crate::base::priority::Priority;
use crate::base::tick::Tick;

/// Room for more is given back as the lane moves over, and once a worker finds nothing queued: more than the keys of a list that
/// breathes, see [`crate::base::fifo`].
const KEPT: usize = 2048;

/// Of the jobs of one side.
#[derive(Debug, Default)]
pub(super) struct Since(Option<Box<[Vec<Tick>; Priority::ALL.len()]>>);

impl Since {
    /// Notes it, unless it is [`Tick::ZERO`].
    #[inline]
    pub(super) fn note(&mut self, lane: Priority, key: Key, since: Tick) {
        if since != Tick::ZERO {
            self.write(lane, key as usize, since);
        }
    }

    #[inline(never)]
    fn write(&mut self, lane: Priority, key: usize, since: Tick) {
        let lane = &mut self.0.get_or_insert_default()[lane as usize];
        if lane.len() <= key {
            lane.resize(key + 1, Tick::ZERO);
        }
        lane[key] = since;
    }

    /// [`Tick::ZERO`] where it was not noted. Where a job stands is asked for only if any is: it is in the job's cell, on a cache line
    /// of the submitter's, and who asks holds a lock.
    #[inline]
    pub(super) fn of(&self, place: impl FnOnce() -> (Priority, Key)) -> Tick {
        match &self.0 {
            None => Tick::ZERO,
            Some(lanes) => {
                let (lane, key) = place();
                lanes[lane as usize].get(key as usize).copied().unwrap_or_default()
            }
        }
    }

    /// Gives back what a flood has taken, where no job is left.
    #[inline]
    pub(super) fn give_back(&mut self) {
        for lane in self.0.iter_mut().flat_map(|lanes| lanes.iter_mut()).filter(|lane| lane.capacity() > KEPT) {
            shrink(lane);
        }
    }

    /// Forgets those of a lane.
    pub(super) fn forget(&mut self, lane: Priority) {
        if let Some(lanes) = &mut self.0 {
            lanes[lane as usize] = Vec::new();
        }
    }

    /// Takes over what the other side has of a lane, of which there is none here.
    #[inline]
    pub(super) fn swap_lane(&mut self, other: &mut Self, lane: Priority) {
        if other.0.is_some() {
            let (mine, others) = (self.0.get_or_insert_default(), other.0.get_or_insert_default());
            let (mine, others) = (&mut mine[lane as usize], &mut others[lane as usize]);
            mem::swap(mine, others);
            shrink(others);
        }
    }
}

fn shrink(lane: &mut Vec<Tick>) {
    lane.truncate(KEPT);
    lane.shrink_to(KEPT);
}
