//! The keeper of deadlines: one thread a pool, started by the first job that has a deadline, that dequeues jobs which
//! still wait to run when theirs passes.
//!
//! 1. A submitter sets an alarm, and rings if it is the earliest.
//! 2. The keeper sleeps until the earliest alarm or a ring, takes out the alarms that are due, and dequeues their jobs.
//! 3. Who starts, aborts or rejects a job takes its alarm out. If the keeper was faster, the job is its own by then, or
//!    it does not find the job.
//! 4. The last worker to exit stops the keeper: nothing is queued then, nor ever will be. A shutdown joins it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crate::base::sync::{AtomicU64, Condvar, Mutex, Ordering};
use crate::base::thread;
use crate::base::unrun::Unrun;
use crate::job::job_pool::Target;

pub(crate) struct Keeper {
    thread: ThreadOptions,
    state: Mutex<State>,
    /// Rung when there is a new earliest alarm, and to stop.
    bell: Condvar,
}

/// What its thread is made with: the pool's options, as its destructors run there too.
pub(crate) struct ThreadOptions {
    pub(crate) name: String,
    pub(crate) stack_size: Option<usize>,
    /// Called there first.
    pub(crate) on_start: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    /// By deadline and number.
    alarms: BTreeMap<(Instant, u64), Target>,
    last_number: u64,
    thread: Option<JoinHandle<()>>,
    stopped: bool,
}

/// What ended the keeper's wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alarm {
    Due,
    Stopped,
}

/// One job's deadline, and the alarm that is set for it.
pub(crate) struct Deadline {
    at: Instant,
    keeper: Arc<Keeper>,
    /// 0: no alarm is set. Written by the submitter, read by whoever owns the job after it.
    number: AtomicU64,
}

impl Keeper {
    pub(crate) fn new(thread: ThreadOptions) -> Self {
        Self { thread, state: Mutex::new(State::default()), bell: Condvar::new() }
    }

    /// Step 2, until stopped.
    pub(crate) fn keep(&self) {
        while self.wait_for_alarm() == Alarm::Due {
            self.dequeue_due(Instant::now());
        }
    }

    fn wait_for_alarm(&self) -> Alarm {
        let mut state = self.state.lock();
        while !state.stopped {
            let next = state.alarms.first_key_value().map(|(&(at, _), _)| at);
            if next.is_some_and(|at| at <= Instant::now()) {
                return Alarm::Due;
            }
            (state, _) = self.bell.wait_until(state, next);
        }
        Alarm::Stopped
    }

    /// Dequeues every job whose deadline is not after `now`.
    pub(crate) fn dequeue_due(&self, now: Instant) {
        let next_due = || {
            let mut state = self.state.lock();
            let entry = state.alarms.first_entry().filter(|entry| entry.key().0 <= now)?;
            Some(entry.remove())
        };
        // The lock is free while a job is dequeued.
        while let Some(target) = next_due() {
            target.dequeue(Unrun::Expired);
        }
    }

    /// How many alarms are set.
    #[cfg(corepool_loom)]
    #[allow(dead_code, reason = "for the models' test binary, which includes this file")]
    pub(crate) fn alarms(&self) -> usize {
        self.state.lock().alarms.len()
    }

    /// Step 4, by the last worker.
    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.bell.notify_all();
    }

    /// Step 4, by a shutdown, once every worker has exited.
    pub(crate) fn join(&self) {
        let thread = self.state.lock().thread.take();
        if let Some(thread) = thread {
            // It fails only where a panic escaped the keeper, which contains all it runs.
            let _ = thread.join();
        }
    }

    /// Starts the thread unless it runs. Where the system refuses, deadlines are still looked at when jobs start, and the
    /// next job with a deadline tries again.
    fn start(self: &Arc<Self>, state: &mut State) {
        if state.thread.is_some() || cfg!(corepool_loom) {
            return;
        }
        let keeper = Arc::clone(self);
        let thread = thread::named(self.thread.name.clone(), self.thread.stack_size);
        let spawned = thread.spawn(move || {
            (keeper.thread.on_start)();
            keeper.keep();
        });
        state.thread = spawned.ok();
    }
}

impl Deadline {
    pub(crate) fn new(at: Instant, keeper: Arc<Keeper>) -> Self {
        Self { at, keeper, number: AtomicU64::new(0) }
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.at <= Instant::now()
    }

    /// Step 1.
    pub(crate) fn register(&self, target: Target) {
        let mut state = self.keeper.state.lock();
        if state.stopped {
            return;
        }
        self.keeper.start(&mut state);
        state.last_number += 1;
        let key = (self.at, state.last_number);
        state.alarms.insert(key, target);
        // ORDERING: Relaxed, as the queue's lock carries it to the job's next owner.
        self.number.store(key.1, Ordering::Relaxed);
        let is_earliest = state.alarms.first_key_value().is_some_and(|(first, _)| *first == key);
        drop(state);
        if is_earliest {
            self.keeper.bell.notify_all();
        }
    }

    /// Step 3.
    pub(crate) fn unregister(&self) {
        // ORDERING: Relaxed, see `register`.
        let number = self.number.swap(0, Ordering::Relaxed);
        if number > 0 {
            let left = self.keeper.state.lock().alarms.remove(&(self.at, number));
            // Outside the lock: it may be the last to know of a pool or a job.
            drop(left);
        }
    }
}
