//! What a breaker tells those who listen.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Weak;
use std::time::Duration;

use super::error::Rejected;
use super::shared::Shared;
use super::state::{Outcome, State};

/// Something that happened to a breaker. Built only if somebody listens.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, Event};
/// use std::sync::mpsc::channel;
///
/// let breaker = CircuitBreaker::new();
/// let (tell, told) = channel();
/// let _subscription = breaker.subscribe(move |event| {
///     tell.send(match event {
///         Event::StateChanged { from, to, .. } => format!("{from} -> {to}"),
///         Event::Rejected { rejected, .. } => format!("rejected: {:?}", rejected.reason),
///         Event::Recorded { outcome, .. } => format!("{outcome:?}"),
///         other => format!("{other:?}"),
///     }).ok();
/// });
/// breaker.call(|| Err::<(), _>("down")).ok();
/// breaker.force_open();
/// breaker.call(|| Ok::<_, &str>(())).ok();
/// assert_eq!(told.try_iter().collect::<Vec<_>>(), ["Failure", "closed -> forced open", "rejected: ForcedOpen"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The state is another one. Not told when a generation begins in the same state.
    #[non_exhaustive]
    StateChanged {
        /// The state before.
        from: State,
        /// The state after.
        to: State,
        /// The number of the new state in the breaker's life, as [`Snapshot::generation`](super::Snapshot::generation).
        generation: u64,
        /// When, by the breaker's clock. For a lease that ran out: the moment it did, not that in which it was noticed.
        at: Duration,
    },
    /// A call was not admitted.
    #[non_exhaustive]
    Rejected {
        /// What it was told.
        rejected: Rejected,
        /// The generation that rejected it.
        generation: u64,
    },
    /// A call ended in the generation that admitted it. Comes before the change of state it may lead to.
    #[non_exhaustive]
    Recorded {
        /// What it is taken for.
        outcome: Outcome,
        /// Whether it took longer than `slow_calls` allows.
        slow: bool,
        /// Whether it was given up without a result; `outcome` is what the policy makes of it, `Ignored` where that looks at the
        /// share of all such calls.
        abandoned: bool,
        /// The generation that admitted it.
        generation: u64,
    },
    /// A call ended in another generation than that which admitted it, and changed nothing.
    #[non_exhaustive]
    LateResult {
        /// What it would have been taken for.
        outcome: Outcome,
        /// The generation that admitted it.
        generation: u64,
    },
}

/// A listener's place. Dropping it unsubscribes: what happens from then on is not told. It waits for nobody: an event that
/// is being told meanwhile may still reach the listener, even after the drop.
///
/// ```
/// use corepool::breaker::CircuitBreaker;
///
/// let breaker = CircuitBreaker::new();
/// let subscription = breaker.subscribe(|event| println!("{event:?}"));
/// breaker.force_open(); // is told
/// drop(subscription);
/// breaker.reset(); // is not
/// ```
#[must_use = "dropping a subscription unsubscribes"]
pub struct Subscription {
    shared: Weak<Shared>,
    id: u64,
}

impl Subscription {
    pub(super) fn new(shared: Weak<Shared>, id: u64) -> Self {
        Self { shared, id }
    }

    /// Listens for as long as the breaker lives.
    ///
    /// A listener that holds the breaker keeps it alive for ever then: let it hold what it needs instead.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::new();
    /// breaker.subscribe(|event| println!("{event:?}")).detach();
    /// breaker.force_open(); // is told
    /// ```
    pub fn detach(mut self) {
        self.shared = Weak::new();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.unsubscribe(self.id);
        }
    }
}

// A panic leaves a breaker whole, so nothing broken can be seen after it.
impl UnwindSafe for Subscription {}
impl RefUnwindSafe for Subscription {}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}
