//! One thread's joins that expose their second halves, and the halves: the thread adds and takes back at one end, others steal at
//! the other.
//!
//! ```text
//!             oldest                                   youngest
//!   stolen: [ half ][ half ] | exposed: [ half ][ half ][ half ]
//!                        others steal --^                   ^-- the thread exposes, and takes back
//! ```
//!
//! Joins end in the reverse order in which they began, and the oldest halves are stolen first. So the youngest join's half is the last
//! one exposed or, if none is, the last one stolen.
//!
//! While a thread waits for a half, none of its own is exposed, as older ones were stolen before. So all that is exposed belongs to
//! what the thread runs innermost, and who waits for that may steal any of it. So does what was stolen since the thread began that.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use crate::base::sync::{AtomicU64, Mutex, Ordering};
use crate::steal::limit::{Lease, Limit};
use crate::steal::loot::{Context, Lent, Loot, Share};

#[repr(align(128))]
pub(crate) struct Lane {
    limit: Lease,
    pulse: AtomicU64,
    /// How many halves are left of the loot that its thread runs.
    spoils: AtomicU64,
    state: Mutex<State>,
}

/// A reading of a lane: equal to an earlier one if nothing has become or ceased to be its only half exposed since. So if any was
/// exposed then, the oldest one has been all the time, or is younger than one that was stolen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pulse(u64);

impl Pulse {
    /// Whether any half is exposed.
    pub(crate) fn is_exposing(self) -> bool {
        self.0 % 2 == 1
    }
}

#[derive(Default)]
struct State {
    exposed: VecDeque<Exposed>,
    stolen: Vec<Stolen>,
    /// So many of them were there as the thread began what it runs innermost for others.
    stolen_before: usize,
    /// What the joins are called for. Oldest first; those at the end may have no join at the moment.
    contexts: Vec<Called>,
    /// What the thread waits for at the moment.
    awaited: Option<Share>,
    /// Halves that it runs, and others may help with.
    loot: Option<Arc<Loot>>,
    /// Whether a worker sleeps that counts on being woken.
    is_watched: bool,
    /// Since the limit was raised or something was stolen: halves that were taken back, and halves that were exposed.
    unused: u32,
    unasked: u32,
    /// How many unused halves are enough to lower the limit.
    enough: u32,
}

/// Who looks asks about every microsecond. So while somebody does, nearly all joins expose their halves, however short they are; and
/// once nobody does, no more than so many: few at first, for the sake of small computations, and more once somebody has asked again, as
/// one in many may be long.
const FEW_UNUSED: u32 = 16;
const MANY_UNUSED: u32 = 128;
/// A recursion that goes down first takes none back, so a half of it may lie deep below.
const ENOUGH_UNASKED: u32 = 2_048;

/// Where a thread is: in the middle of so many jobs. The innermost one that it runs, which is what a join is called for, has its
/// cell at this address, at which nobody looks; 0 if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) depth: usize,
    pub(crate) innermost: usize,
}

/// Halves of one call in which nothing of the user's is going on between them, so that a thread that waits for one may run any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group(usize);

impl Group {
    /// Of a half that is in none.
    pub(crate) const NONE: Self = Self(0);

    /// Of those that share this, which is there until the last of them has ended.
    pub(crate) fn of<T>(shared: &T) -> Self {
        Self(std::ptr::from_ref(shared).addr())
    }
}

struct Exposed {
    half: Lent,
    group: Group,
    /// Where its context stands.
    context: usize,
}

/// Some of the halves, and how many of them are not settled.
struct Stolen {
    loot: Arc<Loot>,
    halves: usize,
}

struct Called {
    place: Place,
    /// Those that are not settled.
    joins: usize,
    context: Arc<dyn Context>,
}

/// Whether who has exposed a half has to call a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Call {
    Worker,
    Nobody,
}

/// What has become of the youngest join's half.
#[must_use]
pub(crate) enum Settled {
    /// It is its thread's again.
    TakenBack,
    /// Somebody has stolen and run it.
    Done,
    Stolen(Share),
}

impl Lane {
    pub(crate) fn new() -> Arc<Self> {
        // Workers that sleep may not know of it.
        let state = State { is_watched: true, enough: FEW_UNUSED, ..State::default() };
        let (pulse, spoils) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { limit: Lease::new(), pulse, spoils, state: Mutex::new(state) })
    }

    pub(crate) fn limit(&self) -> &'static Limit {
        self.limit.limit()
    }

    pub(crate) fn pulse(&self) -> Pulse {
        // ORDERING: Relaxed, as it only says when to steal. What there is to steal is behind the lock.
        Pulse(self.pulse.load(Ordering::Relaxed))
    }

    /// Notes that a half has become or ceased to be the only one. Under the lock.
    fn beat(&self) {
        // ORDERING: Relaxed, see `pulse`; and no read-modify-write, as the lock is held.
        self.pulse.store(self.pulse.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    // What its own thread calls.

    /// A join begins, called at this place; `context` is what it is called for there.
    pub(crate) fn expose(
        &self,
        half: Lent,
        group: Group,
        place: Place,
        context: impl FnOnce() -> Arc<dyn Context>,
    ) -> Call {
        let mut state = self.state.lock();
        let context = state.enter(place, context);
        state.exposed.push_back(Exposed { half, group, context });
        if state.exposed.len() == 1 {
            self.beat();
        }
        state.unasked += 1;
        if state.unasked >= ENOUGH_UNASKED {
            self.lower_limit(&mut state);
        }
        if mem::take(&mut state.is_watched) { Call::Worker } else { Call::Nobody }
    }

    /// The youngest join has called its first half.
    pub(crate) fn settle(&self) -> Settled {
        let mut state = self.state.lock();
        state.leave();
        match state.exposed.pop_back() {
            Some(_) => {
                if state.exposed.is_empty() {
                    self.beat();
                }
                self.note_unused(&mut state);
                Settled::TakenBack
            }
            None => state.settle_stolen(),
        }
    }

    /// Nobody has come for a half.
    #[inline]
    fn note_unused(&self, state: &mut State) {
        if self.limit().get() != Limit::USUAL {
            state.unused += 1;
            if state.unused >= state.enough {
                state.enough = MANY_UNUSED;
                self.lower_limit(state);
            }
        }
    }

    /// To the usual one, until somebody asks.
    fn lower_limit(&self, state: &mut State) {
        if !state.is_watched {
            (state.unused, state.unasked) = (0, 0);
            self.limit().set(Limit::USUAL);
        }
    }

    /// The thread leaves the places where none of its joins is going on.
    pub(crate) fn forget_places(&self) {
        let state = &mut *self.state.lock();
        state.enough = FEW_UNUSED;
        let contexts = &mut state.contexts;
        while contexts.pop_if(|last| last.joins == 0).is_some() {}
    }

    /// What the thread waits for from now on.
    pub(crate) fn wait_for(&self, awaited: Option<Share>) {
        let old = mem::replace(&mut self.state.lock().awaited, awaited);
        drop(old);
    }

    /// The thread runs something for others, until this is dropped.
    pub(super) fn begin_run(&self) -> Run<'_> {
        let mut state = self.state.lock();
        let before = state.stolen.len();
        Run { lane: self, stolen_before: mem::replace(&mut state.stolen_before, before) }
    }

    // What others call.

    /// Takes the oldest halves exposed, at most so many and no more than half of them. None unless `may_steal` says so, which is
    /// asked of the oldest when they can go nowhere else. `tell` is told how many there are besides the first, before anybody sees
    /// that they are exposed no more.
    pub(super) fn steal(
        &self,
        most: usize,
        may_steal: impl FnOnce(Group) -> bool,
        tell: impl FnOnce(usize),
    ) -> Option<Arc<Loot>> {
        let mut state = self.state.lock();
        let oldest = state.exposed.front()?;
        if !may_steal(oldest.group) {
            return None;
        }
        let context = oldest.context;
        let most = most.min(state.exposed.len().div_ceil(2));
        let of_one = state.exposed.iter().take(most).take_while(|half| half.context == context).count();
        let context = Arc::clone(&state.contexts[context].context);
        let loot = Loot::new(state.exposed.drain(..of_one).map(|exposed| exposed.half), context);
        tell(of_one - 1);
        if state.exposed.is_empty() {
            self.beat();
        }
        state.stolen.push(Stolen { loot: Arc::clone(&loot), halves: of_one });
        // Where some are stolen more may be wanted.
        (state.unused, state.unasked) = (0, 0);
        self.limit().raise();
        Some(loot)
    }

    /// Has others help with what its thread runs.
    pub(super) fn share(&self, loot: &Arc<Loot>) {
        self.state.lock().loot = Some(Arc::clone(loot));
    }

    /// Nothing is left of it.
    pub(super) fn stop_sharing(&self, loot: &Arc<Loot>) {
        let mut state = self.state.lock();
        let ended = state.loot.take_if(|shared| Arc::ptr_eq(shared, loot));
        if ended.is_some() {
            self.tell_spoils(0);
        }
        drop(state);
        drop(ended);
    }

    pub(super) fn tell_spoils(&self, left: usize) {
        // ORDERING: Relaxed, as for the pulse. Who has to know of them holds the lock that they are told under.
        self.spoils.store(left as u64, Ordering::Relaxed);
    }

    pub(super) fn spoils(&self) -> u64 {
        // ORDERING: Relaxed, see `tell_spoils`.
        self.spoils.load(Ordering::Relaxed)
    }

    /// What its thread runs and shares.
    pub(super) fn shared(&self) -> Option<Arc<Loot>> {
        self.state.lock().loot.clone()
    }

    /// Asks the thread to expose more.
    pub(crate) fn ask(&self) {
        self.limit().raise();
    }

    /// Asks it to call a worker when it does. Tells whether any is exposed now.
    pub(crate) fn watch(&self) -> bool {
        let mut state = self.state.lock();
        state.is_watched = true;
        self.limit().raise();
        !state.exposed.is_empty()
    }

    /// What others run of what the thread runs innermost.
    pub(super) fn parts(&self) -> Vec<Share> {
        let state = self.state.lock();
        let awaited = state.awaited.clone();
        let stolen: Vec<_> =
            state.stolen[state.stolen_before..].iter().map(|stolen| Arc::clone(&stolen.loot)).collect();
        drop(state);
        awaited.into_iter().chain(stolen.iter().flat_map(Share::running)).collect()
    }
}

/// What a thread is in the middle of for others.
#[must_use]
pub(super) struct Run<'a> {
    lane: &'a Lane,
    /// Of what it is in the middle of outside of this.
    stolen_before: usize,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.lane.state.lock().stolen_before = self.stolen_before;
    }
}

impl State {
    /// Gives where the context stands.
    fn enter(&mut self, place: Place, context: impl FnOnce() -> Arc<dyn Context>) -> usize {
        loop {
            match self.contexts.last_mut() {
                Some(last) if last.place == place => {
                    last.joins += 1;
                    break;
                }
                // Its job may have ended; but the context keeps the address, so no other job is at that place.
                Some(last) if last.joins == 0 => drop(self.contexts.pop()),
                _ => {
                    self.contexts.push(Called { place, joins: 1, context: context() });
                    break;
                }
            }
        }
        self.contexts.len() - 1
    }

    /// The youngest half is among the last that were stolen.
    fn settle_stolen(&mut self) -> Settled {
        let last = self.stolen.last_mut().expect("a half that is not exposed was stolen");
        last.halves -= 1;
        let index = last.halves;
        let settled = if last.loot.is_done(index) {
            Settled::Done
        } else {
            Settled::Stolen(Share { loot: Arc::clone(&last.loot), index })
        };
        if index == 0 {
            self.stolen.pop();
        }
        settled
    }

    fn leave(&mut self) {
        if let Some(called) = self.contexts.iter_mut().rev().find(|called| called.joins > 0) {
            called.joins -= 1;
        }
    }
}
