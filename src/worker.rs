//! The workers: what a worker thread does from its start to its end, and what it knows about itself while user code
//! runs on it.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;

use crate::idle::Epoch;
use crate::job::{Header, RunEnd, Runnable};
use crate::keeper::Keeper;
use crate::panic::{JobPanic, contain, message_of};
use crate::queue::Monitor;
use crate::registry;
pub(crate) use crate::registry::PoolId;
use crate::sides::Origin;
use crate::stack::Stack;
use crate::stats::Meter;
use crate::sync::thread_local;
use crate::unrun::Unrun;
use crate::watch::Left;

type WorkerHook = Box<dyn Fn(usize) + Send + Sync>;
type PanicHook = Box<dyn Fn(&JobPanic) + Send + Sync>;

/// The user's hooks; each runs contained.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) start: Option<WorkerHook>,
    pub(crate) stop: Option<WorkerHook>,
    pub(crate) panic: Option<PanicHook>,
}

impl Drop for Hooks {
    /// The last owner may be a worker, which must not die of a hook's destructor.
    fn drop(&mut self) {
        let (start, stop, panic) = (self.start.take(), self.stop.take(), self.panic.take());
        contain(|| drop(start));
        contain(|| drop(stop));
        contain(|| drop(panic));
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("start", &self.start.is_some())
            .field("stop", &self.stop.is_some())
            .field("panic", &self.panic.is_some())
            .finish()
    }
}

/// What a pool's handles and its workers share.
pub(crate) struct Shared {
    pub(crate) id: PoolId,
    pub(crate) monitor: Monitor,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) hooks: Hooks,
}

impl Shared {
    /// `name` is the prefix of the threads' names.
    pub(crate) fn new(capacity: usize, hooks: Hooks, name: &str) -> Arc<Self> {
        let id = PoolId::new();
        let keeper = Arc::new(Keeper::new(id, format!("{name}-keeper")));
        let shared = Arc::new(Self { id, monitor: Monitor::new(capacity), keeper, hooks });
        registry::enlist(&shared);
        shared
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        registry::strike_off(self.id);
    }
}

/// One worker, seen from its own thread.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    index: usize,
    meter: Arc<Meter>,
    stack: Stack,
}

thread_local! {
    /// Set from before the first hook until after the last one. While a worker's thread-local values are destroyed it
    /// is empty or gone, so what their destructors call sees an outsider.
    static CURRENT: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

fn current() -> Option<Rc<Worker>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

pub(crate) fn set_current(worker: Option<Rc<Worker>>) {
    // Fails only while the thread is torn down, when there is nothing to set.
    let old = CURRENT.try_with(|current| current.replace(worker));
    drop(old);
}

/// Index of the worker this code runs on, from 0; `None` outside of any pool.
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).build().unwrap();
/// let job = pool.submit(corepool::current_worker).unwrap();
/// assert_eq!(job.join().unwrap(), Some(0));
/// assert_eq!(corepool::current_worker(), None);
/// ```
#[must_use]
pub fn current_worker() -> Option<usize> {
    current().map(|worker| worker.index)
}

/// Who this thread is to the pool.
pub(crate) fn origin(shared: &Arc<Shared>) -> Origin {
    match current() {
        Some(worker) if Arc::ptr_eq(&worker.shared, shared) => Origin::Inside,
        _ => Origin::Outside,
    }
}

/// Whether this thread holds up the pool, so that waiting here for the pool would be for ever.
pub(crate) fn would_wait_for_itself(shared: &Arc<Shared>) -> bool {
    origin(shared) == Origin::Inside || shared.monitor.is_given_up_here()
}

/// Shows the innermost job that runs on this thread, and its pool.
pub(crate) fn innermost<R>(look: impl FnOnce(&dyn RunEnd, &Monitor) -> R) -> Option<R> {
    let worker = current()?;
    worker.stack.innermost(|job| look(job, &worker.shared.monitor))
}

/// What a thread that wants to wait for a job finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The job was queued in this worker's pool; it has run here.
    Ran,
    /// It runs further down on this very stack: waiting would be for ever.
    OnOwnStack,
    /// It is somebody else's: wait.
    NotHere,
}

/// Runs the job on this thread if this is a worker of its pool and the job is still queued.
pub(crate) fn claim(header: &Header) -> Claim {
    let Some(worker) = current() else { return Claim::NotHere };
    // A job of another pool is not found here, as the queue compares the job itself.
    let Some(job) = worker.shared.monitor.claim(header) else {
        // Looked at last, and only where the alternative is to wait: it takes longer the deeper the nesting is.
        return if worker.stack.holds(header) { Claim::OnOwnStack } else { Claim::NotHere };
    };
    let epoch = worker.execute(job);
    worker.shared.monitor.retire(epoch);
    Claim::Ran
}

/// Whether the job runs on this thread, so that nobody else will finish it.
pub(crate) fn is_on_own_stack(header: &Header) -> bool {
    current().is_some_and(|worker| worker.stack.holds(header))
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, meter: Arc<Meter>) -> Self {
        Self { shared, index, meter, stack: Stack::default() }
    }

    /// The whole life of a worker thread. `started` hears once whether the start hook ran through, or what its panic
    /// said; then the worker ends at once.
    pub(crate) fn main(shared: Arc<Shared>, index: usize, meter: Arc<Meter>, started: impl FnOnce(Result<(), String>)) {
        let worker = Rc::new(Self::new(shared, index, meter));
        set_current(Some(Rc::clone(&worker)));
        let hooks = &worker.shared.hooks;
        match panic::catch_unwind(AssertUnwindSafe(|| hooks.run_start(worker.index))) {
            Ok(()) => {
                started(Ok(()));
                worker.work();
                contain(|| hooks.run_stop(worker.index));
            }
            Err(payload) => {
                started(Err(message_of(&*payload).into_owned()));
                contain(|| drop(payload));
            }
        }
        set_current(None);
        if worker.shared.monitor.leave() == Left::Nobody {
            worker.shared.keeper.stop();
        }
    }

    fn work(&self) {
        let mut done = None;
        while let Some(job) = self.shared.monitor.next(done) {
            done = Some(self.execute(job));
        }
    }

    /// Runs a job; returns the epoch to retire it from, now that nothing of it is left here.
    pub(crate) fn execute(&self, job: Runnable) -> Epoch {
        self.stack.run(job, |job| job.run(self))
    }

    pub(crate) fn count_unrun(&self, why: Unrun) {
        self.meter.count_unrun(why);
    }

    pub(crate) fn count_completed(&self) {
        self.meter.count_completed();
    }

    /// Counts a panic and shows it to the hook, before the job's handle resolves.
    pub(crate) fn report_panic(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        self.meter.count_panicked();
        let name = job.options().and_then(|options| options.name.clone());
        let report = JobPanic::new(payload, name, job.header().submitted_at());
        if let Some(hook) = &self.shared.hooks.panic {
            contain(|| hook(&report));
        }
        report
    }
}

impl Hooks {
    fn run_start(&self, index: usize) {
        if let Some(hook) = &self.start {
            hook(index);
        }
    }

    fn run_stop(&self, index: usize) {
        if let Some(hook) = &self.stop {
            hook(index);
        }
    }
}
