//! What a breaker tells: events, and their way to the listeners in the order in which they happened.
//!
//! 1. Whoever changes the machine puts the events in here, under the same lock: their order is that of the changes.
//! 2. With the lock released it asks to tell them. Who finds nobody at it tells; who finds somebody leaves its events to that one
//!    and goes on: no call waits for a listener that runs on another thread.
//! 3. Who tells takes one event at a time, calls the listeners without the lock, and looks again, until there is nothing more to
//!    tell; then, under the same lock, it stops being the one.
//!
//! So each event is told once and after those before it, and none is left behind: who puts one in finds either nobody at it, or
//! somebody who has yet to look again. What a listener causes is told when it has returned, by the thread that called it or by
//! the one that is at it.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::state::{Outcome, Rejected, State};
use crate::base::panic::{Contained, contain};

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
        /// Whether it was abandoned, its permit dropped without a result; `outcome` is what the policy makes of it, `Ignored`
        /// where that looks at the share of all such calls.
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

pub(super) type Listen = Contained<Box<dyn Fn(&Event) + Send + Sync>>;

#[derive(Clone)]
struct Listener {
    id: u64,
    /// Hears events from this one on.
    since: u64,
    listen: Arc<Listen>,
}

/// An event and those who may hear it.
pub(super) struct Delivery {
    event: Event,
    number: u64,
    listeners: Arc<[Listener]>,
}

/// The list with a listener that is in it no more: its destructor is user code.
#[must_use = "it is to be dropped without the lock"]
pub(super) struct Removed(#[expect(dead_code, reason = "it is there to be dropped")] Arc<[Listener]>);

pub(super) struct Outbox {
    listeners: Arc<[Listener]>,
    next_id: u64,
    queue: VecDeque<Event>,
    /// Events put in, in all: the number of the last one.
    told: u64,
    /// Somebody tells what is in the queue.
    is_being_told: bool,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { listeners: Arc::new([]), next_id: 0, queue: VecDeque::new(), told: 0, is_being_told: false }
    }

    #[inline]
    pub(super) fn has_listeners(&self) -> bool {
        !self.listeners.is_empty()
    }

    #[inline]
    pub(super) fn tell(&mut self, event: impl FnOnce() -> Event) {
        if self.has_listeners() {
            self.queue.push_back(event());
            self.told += 1;
        }
    }

    pub(super) fn add(&mut self, listen: Arc<Listen>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let newcomer = Listener { id, since: self.told + 1, listen };
        self.listeners = self.listeners.iter().cloned().chain([newcomer]).collect();
        id
    }

    pub(super) fn remove(&mut self, id: u64) -> Removed {
        let others = self.listeners.iter().filter(|listener| listener.id != id).cloned().collect();
        Removed(mem::replace(&mut self.listeners, others))
    }

    /// Whether the caller is to tell what is in the queue.
    #[inline]
    pub(super) fn begin(&mut self) -> bool {
        let begins = !self.queue.is_empty() && !self.is_being_told;
        self.is_being_told |= begins;
        begins
    }

    /// For who tells: the next event, or the end of its work.
    pub(super) fn next(&mut self) -> Option<Delivery> {
        let number = self.told + 1 - self.queue.len() as u64;
        let Some(event) = self.queue.pop_front() else {
            self.is_being_told = false;
            return None;
        };
        Some(Delivery { event, number, listeners: Arc::clone(&self.listeners) })
    }
}

impl Delivery {
    /// Calls those who listened when the event happened, and drops those of them that nobody else holds any more. What they
    /// throw stays here.
    pub(super) fn hand_over(self) {
        for listener in self.listeners.iter().filter(|listener| listener.since <= self.number) {
            contain(|| (**listener.listen)(&self.event));
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("listeners", &self.listeners.len())
            .field("queued", &self.queue.len())
            .finish_non_exhaustive()
    }
}
