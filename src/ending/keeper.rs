//! The keeper of deadlines: a thread of the pool, started by the first job that has a deadline, that dequeues jobs which
//! still wait to run when theirs passes, in the order of their deadlines.
//!
//! 1. A submitter sets an alarm, and rings if it is the earliest.
//! 2. The thread sleeps until the earliest alarm or a ring.
//! 3. It dequeues that alarm's job, which takes as long as its destructors and wakers like. Meanwhile another thread waits for
//!    alarms, and is started if there is none. Such a deputy leaves an alarm that is due to the first thread for [`PATIENCE`];
//!    then it may be the same alarm that both see to, or one whose job has left.
//! 4. Who starts, aborts or rejects a job takes its alarm out, and so does the thread that has seen to it. If it was faster,
//!    the job is its own by then, or it does not find the job.
//! 5. The last worker to exit stops the threads: nothing is queued then, nor ever will be. A shutdown joins them.
//!
//! So no user code holds a deadline up for longer than that, and there is one thread more than hold one up. Who waits for a job
//! can leave its deadline to the keeper.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::base::sync::{AtomicU64, Condvar, Mutex, Ordering};
use crate::base::thread;
use crate::base::unrun::Unrun;
use crate::job::job_pool::Target;

/// How long a deputy leaves an alarm that is due to the first thread.
const PATIENCE: Duration = Duration::from_millis(10);

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

/// A deadline, and a number.
type Key = (Instant, u64);

type Alarm = (Key, Target);

#[derive(Default)]
struct State {
    alarms: BTreeMap<Key, Target>,
    last_number: u64,
    /// Threads that wait for an alarm, or are on their way there.
    waiting: usize,
    threads: Vec<JoinHandle<()>>,
    stopped: bool,
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

    /// Sets no alarm: deadlines are looked at when jobs start.
    pub(crate) fn without_thread(thread: ThreadOptions) -> Self {
        let keeper = Self::new(thread);
        keeper.stop();
        keeper
    }

    /// Steps 2 and 3, until stopped, by a thread that was counted as waiting.
    fn keep(self: &Arc<Self>, patience: Duration) {
        while let Some(alarm) = self.wait_for_alarm(patience) {
            let target = self.see_to(alarm);
            self.state.lock().waiting += 1;
            drop(target);
        }
    }

    /// Step 2.
    fn wait_for_alarm(self: &Arc<Self>, patience: Duration) -> Option<Alarm> {
        let mut state = self.state.lock();
        while !state.stopped {
            let first = state.alarms.first_key_value();
            let next = first.and_then(|(&(at, _), _)| at.checked_add(patience));
            if let Some((&key, target)) = first.filter(|_| next.is_some_and(|at| at <= Instant::now())) {
                let alarm = (key, target.clone());
                state.waiting -= 1;
                self.call(&mut state);
                return Some(alarm);
            }
            (state, _) = self.bell.wait_until(state, next);
        }
        None
    }

    /// Step 3; the lock is free meanwhile.
    fn see_to(&self, (key, target): Alarm) -> Option<Target> {
        target.dequeue(Unrun::Expired);
        self.state.lock().alarms.remove(&key)
    }

    /// Step 5, by the last worker.
    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.bell.notify_all();
    }

    /// Step 5, by a shutdown, once every worker has exited.
    pub(crate) fn join(&self) {
        let threads = mem::take(&mut self.state.lock().threads);
        for thread in threads {
            // It fails only where a panic escaped the keeper, which contains all it runs.
            let _ = thread.join();
        }
    }

    /// Sees to it that a thread waits for alarms. Where the system refuses one, deadlines are still looked at when jobs start,
    /// and the next job with a deadline tries again.
    fn call(self: &Arc<Self>, state: &mut State) {
        if state.waiting > 0 || cfg!(corepool_loom) {
            return;
        }
        let patience = if state.threads.is_empty() { Duration::ZERO } else { PATIENCE };
        let keeper = Arc::clone(self);
        let thread = thread::named(self.thread.name.clone(), self.thread.stack_size);
        let spawned = thread.spawn(move || {
            (keeper.thread.on_start)();
            keeper.keep(patience);
        });
        if let Ok(thread) = spawned {
            state.waiting += 1;
            state.threads.push(thread);
        }
    }
}

/// For the models, which spawn its threads themselves.
#[cfg(corepool_loom)]
#[allow(dead_code, reason = "for the models' test binary, which includes this file")]
impl Keeper {
    pub(crate) fn keep_here(self: &Arc<Self>) {
        self.state.lock().waiting += 1;
        self.keep(Duration::ZERO);
    }

    /// Dequeues every job whose deadline is not after `now`.
    pub(crate) fn dequeue_due(&self, now: Instant) {
        let next = || self.state.lock().alarms.first_key_value().map(|(&key, target)| (key, target.clone()));
        while let Some(alarm) = next().filter(|((at, _), _)| *at <= now) {
            drop(self.see_to(alarm));
        }
    }

    /// How many alarms are set.
    pub(crate) fn alarms(&self) -> usize {
        self.state.lock().alarms.len()
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
        self.keeper.call(&mut state);
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

    /// Step 4.
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
