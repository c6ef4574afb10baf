//! The state word: what a healthy call needs to know of the breaker, in one atomic.
//!
//! ```text
//!   63 ...                    5 |    4    |   3   |  2 .. 0
//!   generation                  |  timed  | ease  |  state
//! ```
//!
//! It is written under the breaker's lock only, after every change, and read without. `timed`: calls are timed, so admission
//! reads the clock. `ease`: a success or an ignored call of this generation would change nothing, and nobody listens.
//!
//! A reader acts on what it read only where that changes nothing, or holds the generation:
//!
//! - A call is admitted on a word that admits all. It carries the word's generation; if the breaker has moved on since,
//!   its result is late, as with any other call.
//! - A success is over without the lock if the word is at ease in the call's own generation. A failure that another thread
//!   records at the same time comes after this success in the order of events, as nothing orders the two.
//!
//! So a stale word costs nothing but that the call counts as having come a moment earlier.

use super::state::State;
use super::step::Ending;
use crate::base::sync::{AtomicU64, Ordering};

const STATE: u64 = 0b111;
const EASE: u64 = 1 << 3;
const TIMED: u64 = 1 << 4;
const GENERATION_SHIFT: u32 = 5;

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

    pub(super) fn timed(self) -> Self {
        Self(self.0 | TIMED)
    }

    /// The state, if time cannot have changed it since.
    pub(super) fn lasting_state(self) -> Option<State> {
        match self.0 & STATE {
            CLOSED => Some(State::Closed),
            METRICS_ONLY => Some(State::MetricsOnly),
            DISABLED => Some(State::Disabled),
            OPEN => Some(State::Open),
            FORCED_OPEN => Some(State::ForcedOpen),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn admits_all(self) -> bool {
        self.0 & STATE <= DISABLED
    }

    #[inline]
    pub(super) fn is_timed(self) -> bool {
        self.0 & TIMED != 0
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

    /// Whether this generation records nothing.
    pub(super) fn is_deaf_to(self, generation: u64) -> bool {
        self.generation() == generation && self.0 & STATE == DISABLED
    }
}
