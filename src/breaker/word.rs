//! What calls need to know of the breaker without its lock, in two atomics that are written under it only, after every change.
//!
//! The state word, for calls that are admitted:
//!
//! ```text
//!   63 ...              6 |    5    |    4    |   3   |  2 .. 0
//!   generation            |  apart  |  timed  | ease  |  state
//! ```
//!
//! `timed`: calls are timed, so they are admitted under the lock. `ease`: a success or an ignored call of this generation would
//! change nothing, and nobody listens. `apart`: a success would only be counted, and can be without the lock (see `pending`). A
//! reader acts on what it read only where that changes nothing, or holds the generation:
//!
//! - A call is admitted on a word that admits all. It carries the word's generation; if the breaker has moved on since,
//!   its result is late, as with any other call.
//! - A success is over without the lock if the word is at ease in the call's own generation. A failure that another thread
//!   records at the same time comes after this success in the order of events, as nothing orders the two.
//!
//! So a stale word costs nothing but that the call counts as having come a moment earlier.
//!
//! The gate, for calls that are rejected:
//!
//! ```text
//!   63  62 | 61 ...                                       0
//!   reason | the end of the wait or the lease, nanoseconds
//! ```
//!
//! Nothing but a change by hand or the end of that time opens it, so who comes before is rejected, and only counted. It is zero,
//! "ask under the lock", where calls are admitted, where somebody listens, where only a back-off function knows the wait, and
//! where the end is more than 146 years after the clock's origin. A reader loads it before it asks for the time: that is never
//! before the moment in which the gate was closed.

use std::time::Duration;

use super::state::{Reason, Rejected, State};
use super::window::Ending;
use crate::base::striped::{Counter, Striped};
use crate::base::sync::{AtomicU64, Ordering};

const STATE: u64 = 0b111;
const EASE: u64 = 1 << 3;
const TIMED: u64 = 1 << 4;
const APART: u64 = 1 << 5;
const GENERATION_SHIFT: u32 = 6;

/// The codes of states. Those up to `DISABLED` admit all calls.
const CLOSED: u64 = 0;
const METRICS_ONLY: u64 = 1;
const DISABLED: u64 = 2;
const HALF_OPEN: u64 = 3;
const OPEN: u64 = 4;
const FORCED_OPEN: u64 = 5;

#[derive(Debug)]
pub(super) struct StateWord(AtomicU64);

/// What was in it at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

impl StateWord {
    pub(super) fn new(word: Word) -> Self {
        Self(AtomicU64::new(word.0))
    }

    #[inline]
    pub(super) fn load(&self) -> Word {
        // ORDERING: Acquire pairs with the Release in `publish`: whoever is admitted or rejected by a state sees what was
        // done before that state was entered.
        Word(self.0.load(Ordering::Acquire))
    }

    /// Under the lock only.
    pub(super) fn publish(&self, word: Word) {
        // ORDERING: Relaxed, as it was written under the lock that the caller holds. Not written again if nothing changed, so
        // that the cache line stays with those who read it.
        if self.0.load(Ordering::Relaxed) != word.0 {
            // ORDERING: Release, see `load`.
            self.0.store(word.0, Ordering::Release);
        }
    }
}

impl Word {
    pub(super) fn new(state: State, generation: u64) -> Self {
        let code = match state {
            State::Closed => CLOSED,
            State::MetricsOnly => METRICS_ONLY,
            State::Disabled => DISABLED,
            State::HalfOpen => HALF_OPEN,
            State::Open => OPEN,
            State::ForcedOpen => FORCED_OPEN,
        };
        Self(generation << GENERATION_SHIFT | code)
    }

    pub(super) fn at_ease(self) -> Self {
        Self(self.0 | EASE)
    }

    pub(super) fn apart(self) -> Self {
        Self(self.0 | APART)
    }

    pub(super) fn timed(self) -> Self {
        Self(self.0 | TIMED)
    }

    /// The state, if time cannot have changed it since.
    pub(super) fn lasting_state(self) -> Option<State> {
        match self.0 & STATE {
            // A call in flight may have become slow.
            CLOSED if self.0 & TIMED != 0 => None,
            CLOSED => Some(State::Closed),
            METRICS_ONLY => Some(State::MetricsOnly),
            DISABLED => Some(State::Disabled),
            OPEN => Some(State::Open),
            FORCED_OPEN => Some(State::ForcedOpen),
            _ => None,
        }
    }

    /// Whether any call is admitted, and need not be timed.
    #[inline]
    pub(super) fn admits_all(self) -> bool {
        self.0 & (STATE | TIMED) <= DISABLED
    }

    #[inline]
    pub(super) fn generation(self) -> u64 {
        self.0 >> GENERATION_SHIFT
    }

    /// Whether the end of a call of this generation changes nothing.
    #[inline]
    pub(super) fn is_unmoved_by(self, generation: u64, ending: Ending) -> bool {
        // Never timed: where calls are slow or not, a success is counted.
        self.0 == generation << GENERATION_SHIFT | EASE | CLOSED && !ending.may_count_against()
    }

    /// Whether the end of a call of this generation can only be a success to count, or nothing at all.
    #[inline]
    pub(super) fn counts_apart(self, generation: u64, ending: Ending) -> bool {
        self.0 == generation << GENERATION_SHIFT | APART | CLOSED && !ending.may_count_against()
    }

    /// Whether this generation records nothing.
    pub(super) fn is_deaf_to(self, generation: u64) -> bool {
        self.generation() == generation && self.0 & STATE == DISABLED
    }
}

const REASON_SHIFT: u32 = 62;
const UNTIL: u64 = (1 << REASON_SHIFT) - 1;
const ASK: u64 = 0;

/// Rejects without the lock, and counts what it rejects.
#[derive(Debug)]
pub(super) struct Gate {
    barrier: AtomicU64,
    rejected: Striped<Counter>,
}

/// Why all calls are rejected, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barrier {
    Until(Reason, Duration),
    /// Opened by hand.
    ForGood,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { barrier: AtomicU64::new(ASK), rejected: Striped::default() }
    }

    /// Rejects a call, unless it must ask under the lock.
    #[inline]
    pub(super) fn reject(&self, nanos: impl FnOnce() -> Option<u64>) -> Option<Rejected> {
        // ORDERING: Acquire pairs with the Release in `publish`, as the word's does.
        let barrier = self.barrier.load(Ordering::Acquire);
        let until = barrier & UNTIL;
        let reason = match barrier >> REASON_SHIFT {
            0 => return None,
            1 => Reason::Open,
            2 => Reason::HalfOpenSaturated,
            _ => Reason::ForcedOpen,
        };
        let retry_after = match reason {
            Reason::ForcedOpen => None,
            _ => Some(Duration::from_nanos(until.checked_sub(nanos()?).filter(|left| *left > 0)?)),
        };
        self.rejected.add_one();
        Some(Rejected { reason, retry_after })
    }

    /// Under the lock only.
    pub(super) fn publish(&self, barrier: Option<Barrier>) {
        let barrier = match barrier {
            None => ASK,
            Some(Barrier::ForGood) => 3 << REASON_SHIFT,
            Some(Barrier::Until(reason, until)) => {
                let code = if reason == Reason::Open { 1 } else { 2 };
                let until = u64::try_from(until.as_nanos()).ok().filter(|until| *until <= UNTIL);
                until.map_or(ASK, |until| code << REASON_SHIFT | until)
            }
        };
        // ORDERING: Relaxed, as it was written under the lock that the caller holds; see `StateWord::publish`.
        if self.barrier.load(Ordering::Relaxed) != barrier {
            // ORDERING: Release, see `reject`.
            self.barrier.store(barrier, Ordering::Release);
        }
    }

    /// How many it has rejected.
    pub(super) fn rejected(&self) -> u64 {
        self.rejected.sum()
    }
}
