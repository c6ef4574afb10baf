//! What the jobs of a scope share: how many were spawned and how many have resolved, and who waits for the last.
//!
//! | who | does |
//! |---|---|
//! | spawns a job | counts it, before it is submitted |
//! | | shows it to the owner, once it is queued; takes the waker, for the owner to run it |
//! | resolves a job | counts that, once nothing of it is left; if the owner waits and this is the last one, takes the waker |
//! | the owner, at the end | looks for jobs to run; leaves a waker and says that it waits, if there is none, and not all have resolved |
//!
//! **The end.** The owner reads how many have resolved, and then how many were spawned. The first is never more than the second, and
//! both only grow. So where they are the same, all had resolved at the moment of the first look; and there will be no more, since
//! only the scope's body, which has ended, and its jobs spawn.
//!
//! **No wake-up is lost.** That the owner waits is a bit of the count of those that have resolved. So either who resolves the last one
//! finds the bit, or the owner, which looks again after it has set that, finds the last one counted. Who shows a job takes the lock
//! under which the owner has found none.

use std::any::Any;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::Waker;

use crate::base::error::{Interrupted, JobError};
use crate::base::panic::contain;
use crate::base::priority::Priority;
use crate::base::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::base::unrun::Unrun;
use crate::fork::inherit::Inherited;
use crate::job::options::{Ending, Extras};
use crate::job::runnable::RunEnd;

/// The jobs of one scope. Laid out as declared: what spawning and what resolving a job write to stands apart.
#[repr(C)]
pub(super) struct Jobs {
    spawned: AtomicU64,
    /// Whether the owner runs those that are queued, where it would wait for them.
    owner_runs: bool,
    /// The job that has called the scope.
    caller: Option<Inherited>,
    state: Mutex<State>,
    /// Padding, as the allocator takes much longer for what has to be aligned to a line.
    _apart: [u64; LINE],
    /// How many have resolved, times [`ONE`]; and whether the owner waits.
    resolved: AtomicU64,
}

/// In words, what processors hand to each other at once: two lines of 64 bytes.
const LINE: usize = 16;

const OWNER_WAITS: u64 = 1;
const ONE: u64 = 2;

/// Jobs that the owner is shown before any is looked at again.
const FEW: usize = 32;

struct State {
    /// Jobs that were queued, oldest first; of most of those that have resolved since the owner may not know.
    shown: VecDeque<Arc<dyn RunEnd>>,
    owner: Option<Waker>,
    /// The first panic that no handle has taken.
    panic: Option<Box<dyn Any + Send>>,
}

impl Jobs {
    pub(super) fn new(owner_runs: bool, caller: Option<Inherited>) -> Self {
        Self {
            spawned: AtomicU64::new(0),
            owner_runs,
            caller,
            state: Mutex::new(State { shown: VecDeque::new(), owner: None, panic: None }),
            _apart: [0; LINE],
            resolved: AtomicU64::new(0),
        }
    }

    /// How many were spawned and have not resolved. Zero is final where the scope's body has ended.
    pub(super) fn left(&self) -> u64 {
        // ORDERING: Acquire pairs with the Release in `count_resolved`: what a job has spawned was counted before it resolved, and is
        // seen below; and so is whatever it has done to what it borrows.
        let resolved = self.resolved.load(Ordering::Acquire) / ONE;
        self.spawned() - resolved
    }

    fn spawned(&self) -> u64 {
        // ORDERING: Relaxed, as what counts was either done on this thread or before what it has acquired.
        self.spawned.load(Ordering::Relaxed)
    }

    pub(super) fn count_spawned(&self) {
        // ORDERING: Relaxed: the job itself, and with it the count, goes to its worker through the queue.
        self.spawned.fetch_add(1, Ordering::Relaxed);
    }

    fn count_resolved(&self) {
        // ORDERING: Release, see `left`; Acquire, so that who finds that it is the last has seen all that were spawned.
        let before = self.resolved.fetch_add(ONE, Ordering::AcqRel);
        if before & OWNER_WAITS != 0 && before / ONE + 1 == self.spawned() {
            let owner = self.state.lock().owner.take();
            wake(owner);
        }
    }

    /// Shows the owner a job that has been queued.
    pub(super) fn show(&self, job: impl FnOnce() -> Arc<dyn RunEnd>) {
        if !self.owner_runs {
            return;
        }
        let job = job();
        let owner = {
            let mut state = self.state.lock();
            state.forget_resolved();
            state.shown.push_back(job);
            state.owner.take()
        };
        wake(owner);
    }

    /// For the owner: the oldest job that it has not tried to run.
    pub(super) fn next_shown(&self) -> Option<Arc<dyn RunEnd>> {
        if self.owner_runs { self.state.lock().shown.pop_front() } else { None }
    }

    /// Once none is left: those that were shown hold what they were counted in, which holds them.
    pub(super) fn forget_shown(&self) {
        let shown = mem::take(&mut self.state.lock().shown);
        drop(shown);
    }

    /// Leaves the owner's waker, unless there is something to do by now. Says whether it did.
    pub(super) fn leave(&self, owner: &Waker) -> bool {
        let owner = owner.clone();
        let mut state = self.state.lock();
        if !state.shown.is_empty() {
            return false;
        }
        state.owner = Some(owner);
        // ORDERING: Acquire, as in `left`. It stays set: who finds it in vain takes the lock once more.
        let before = self.resolved.fetch_or(OWNER_WAITS, Ordering::AcqRel);
        before / ONE != self.spawned()
    }

    fn note_panic(&self, payload: Box<dyn Any + Send>) {
        let mut state = self.state.lock();
        let unwanted = if state.panic.is_none() { state.panic.replace(payload) } else { Some(payload) };
        drop(state);
        contain(|| drop(unwanted));
    }

    pub(super) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.state.lock().panic.take()
    }
}

impl State {
    /// Makes room before the list grows: so it is no longer than twice the jobs that are left, and each is looked at once or twice.
    fn forget_resolved(&mut self) {
        if self.shown.len() == self.shown.capacity() {
            self.shown.retain(|job| !job.header().is_finished());
            let least = 2 * self.shown.len();
            self.shown.reserve(least.max(FEW) - self.shown.len());
        }
    }
}

fn wake(owner: Option<Waker>) {
    if let Some(owner) = owner {
        owner.wake();
    }
}

/// A scope's jobs are part of the job that has called it: they start, as it goes on, and are told when it should stop.
impl Ending for Jobs {
    fn ended(&self) -> Option<Unrun> {
        None
    }

    fn start(&self) {}

    fn interruption(&self) -> Option<Interrupted> {
        self.caller.as_ref().and_then(Inherited::interruption)
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn unregister(&self) {}
}

/// What a cell knows of its scope.
pub(super) struct InScope {
    jobs: Arc<Jobs>,
    is_abandoned: AtomicBool,
}

impl InScope {
    /// Of a job that is about to be counted.
    pub(super) fn new(jobs: &Arc<Jobs>) -> Self {
        Self { jobs: Arc::clone(jobs), is_abandoned: AtomicBool::new(false) }
    }
}

impl Extras for InScope {
    fn name(&self) -> Option<&Cow<'static, str>> {
        None
    }

    fn priority(&self) -> Priority {
        Priority::Normal
    }

    fn ending(&self) -> Option<&dyn Ending> {
        self.jobs.caller.is_some().then_some(&*self.jobs)
    }

    fn abandon(&self) {
        // ORDERING: Relaxed, as both are under the cell's lock.
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    fn is_abandoned(&self) -> bool {
        // ORDERING: Relaxed, see `abandon`.
        self.is_abandoned.load(Ordering::Relaxed)
    }

    fn drop_outcome<T>(&self, outcome: Result<T, JobError>) {
        match outcome {
            Err(JobError::Panicked(panic)) => self.jobs.note_panic(panic.into_payload()),
            outcome => drop(contain(|| drop(outcome))),
        }
    }

    fn resolved(&self) {
        self.jobs.count_resolved();
    }
}
