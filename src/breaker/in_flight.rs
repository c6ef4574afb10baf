//! The calls of the present generation that have been sent out and have not ended, oldest first.
//!
//! Probes are here, as they hold a lease, and where calls are timed all calls, as one becomes slow while it runs. A call that was
//! counted as slow stays, marked with where the windows have it, until it ends: its result may still be a failure. So the
//! marked ones come first.

use std::time::Duration;

use super::window::Mark;
use crate::base::fifo::{Fifo, Key};

/// Where a call stands in the list. A whole word, as a ticket with a gap in it would not be kept in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight(u64);

impl Flight {
    /// Of a call that is not in the list.
    pub(super) const NONE: Self = Self(Key::MAX as u64);

    fn at(key: Key) -> Self {
        Self(key.into())
    }

    fn key(self) -> Key {
        self.0 as Key
    }
}

#[derive(Clone, Debug)]
pub(super) struct InFlight {
    calls: Fifo<Call, 16>,
    /// The oldest that is not marked.
    unmarked: Option<Key>,
}

#[derive(Clone, Debug)]
struct Call {
    since: Duration,
    mark: Option<Mark>,
}

impl InFlight {
    pub(super) fn new() -> Self {
        Self { calls: Fifo::new(), unmarked: None }
    }

    /// Sends a call out, at a time that is not before that of the last.
    pub(super) fn send_out(&mut self, now: Duration) -> Flight {
        let key = self.calls.push_back(Call { since: now, mark: None });
        self.unmarked.get_or_insert(key);
        Flight::at(key)
    }

    /// Takes a call out, if it is in the list; its mark, if it has one.
    pub(super) fn take(&mut self, flight: Flight) -> Option<Mark> {
        let key = flight.key();
        if self.unmarked == Some(key) {
            self.unmarked = self.calls.after(key);
        }
        self.calls.remove(key)?.mark
    }

    /// Takes a call out that is in the list and has no mark.
    pub(super) fn call_back(&mut self, flight: Flight) -> bool {
        let is_unmarked = self.calls.get(flight.key()).is_some_and(|call| call.mark.is_none());
        if is_unmarked {
            self.take(flight);
        }
        is_unmarked
    }

    /// Since when the oldest is out.
    pub(super) fn oldest(&self) -> Option<Duration> {
        Some(self.calls.front()?.since)
    }

    /// Since when the oldest is out that is not marked.
    pub(super) fn oldest_unmarked(&self) -> Option<Duration> {
        Some(self.calls.get(self.unmarked?)?.since)
    }

    /// Marks the oldest that is not.
    pub(super) fn mark(&mut self, mark: Mark) {
        let Some(key) = self.unmarked else { return };
        if let Some(call) = self.calls.get_mut(key) {
            call.mark = Some(mark);
        }
        self.unmarked = self.calls.after(key);
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        while self.calls.pop_front().is_some() {}
        self.unmarked = None;
    }
}
