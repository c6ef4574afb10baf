//! The bound of the queue.

/// How many more jobs may be pushed without looking at the back. Never too large: pops at the back make room that is not
/// counted here, and only who holds both locks counts it anew. Who finds none left counts it anew before he believes it.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
    capacity: usize,
}

impl Room {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { left: capacity, capacity }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Whether there is room while so many jobs are queued.
    pub(crate) fn is_left_by(&self, queued: usize) -> bool {
        queued < self.capacity
    }

    /// A job was pushed; where it exceeds the bound there is none left either.
    pub(crate) fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    pub(crate) fn recount(&mut self, queued: usize) {
        self.left = self.capacity.saturating_sub(queued);
    }
}
