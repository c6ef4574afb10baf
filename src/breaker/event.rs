//! What a breaker tells: events, and their way to the listeners in the order in which they happened.
//!
//! 1. Whoever changes the machine puts the events in here, under the same lock: their order is that of the changes.
//! 2. With the lock released it asks to deliver as far as its own last event. Who finds nobody at it becomes the courier; who
//!    finds one waits until that is through, or, called inside a listener, raises how far the courier must go and returns.
//! 3. The courier takes one event at a time, calls the listeners without the lock, and counts the event as delivered. Where it
//!    has come as far as it must, it stops being the courier and wakes who waits: the next of them takes over.
//!
//! So an event is delivered after those before it, and before the call that caused it returns: unless that call is made
//! inside a listener. That one must not wait, as the courier may be its own thread, or one that waits for it in turn; the
//! courier delivers its event next. A wake-up cannot be lost: who waits and who wakes both hold the lock when they look at and
//! change `delivered` and `courier`.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::error::Rejected;
use super::state::{Outcome, State};
use crate::base::panic::{Contained, contain};
use crate::base::sync::thread_local;

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

thread_local! {
    /// How many listeners run on this thread, one inside the other.
    static LISTENERS: Cell<usize> = const { Cell::new(0) };
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

/// What a call that has caused events is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "somebody has to deliver"]
pub(super) enum Turn {
    /// Delivered, or left to the courier.
    Over,
    /// Another thread is at it.
    Wait,
    /// This thread is the courier now.
    Deliver,
}

pub(super) struct Outbox {
    listeners: Arc<[Listener]>,
    next_id: u64,
    queue: VecDeque<Event>,
    /// Events put in, in all: the number of the last one.
    told: u64,
    /// Events delivered, in all.
    delivered: u64,
    /// As far as where the courier goes, if there is one.
    courier: Option<u64>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { listeners: Arc::new([]), next_id: 0, queue: VecDeque::new(), told: 0, delivered: 0, courier: None }
    }

    pub(super) fn has_listeners(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// The number of the last event that was put in.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

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

    /// What a call of this thread is to do that has caused the events up to `through`.
    pub(super) fn turn(&mut self, through: u64) -> Turn {
        match &mut self.courier {
            _ if self.delivered >= through => Turn::Over,
            Some(goal) if LISTENERS.with(Cell::get) > 0 => {
                *goal = through.max(*goal);
                Turn::Over
            }
            Some(_) => Turn::Wait,
            None => {
                self.courier = Some(through);
                Turn::Deliver
            }
        }
    }

    /// For the courier: the next event, or the end of its work.
    pub(super) fn take(&mut self) -> Option<Delivery> {
        if self.courier.is_none_or(|goal| self.delivered >= goal) {
            self.courier = None;
            return None;
        }
        let (event, number) = (self.queue.pop_front()?, self.delivered + 1);
        Some(Delivery { event, number, listeners: Arc::clone(&self.listeners) })
    }

    /// For the courier: the listeners have heard what it took.
    pub(super) fn count_delivered(&mut self) {
        self.delivered += 1;
    }
}

impl Delivery {
    /// Calls those who listened when the event happened, and drops those of them that nobody else holds any more. What they
    /// throw stays here.
    pub(super) fn hand_over(self) {
        LISTENERS.with(|running| running.set(running.get() + 1));
        for listener in self.listeners.iter().filter(|listener| listener.since <= self.number) {
            contain(|| (**listener.listen)(&self.event));
        }
        drop(self);
        LISTENERS.with(|running| running.set(running.get() - 1));
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
