//! The keeper of deadlines: a thread of the pool, started by the first job that has a deadline, that dequeues jobs which
//! still wait to run when theirs passes, in the order of their deadlines.
//!
//! 1. A submitter sets an alarm, and rings if it is the earliest, and goes off before a thread looks again anyway.
//! 2. The thread sleeps until the earliest alarm or a ring.
//! 3. It dequeues that alarm's job, which takes as long as its destructors and wakers like. Meanwhile another thread waits for
//!    alarms, and is started if there is none. Such a deputy leaves an alarm that is due to the first thread for [`PATIENCE`];
//!    then it may be the same alarm that both see to, or one whose job has left.
//! 4. Who starts, aborts or rejects a job takes its alarm out, and so does the thread that has seen to it. If it was faster,
//!    the job is its own by then, or it does not find the job.
//! 5. Beside that it goes its [`Rounds`], when they are due or somebody calls, as if each were a deadline.
//! 6. The last worker to exit stops the threads: nothing is queued then, nor ever will be. A shutdown joins them.
//!
//! So no user code holds a deadline up for longer than that, and there is one thread more than hold one up. Who waits for a job
//! can leave its deadline to the keeper.

use std::mem;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::base::sync::{AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, MutexGuard, Ordering, lock_spinning};
use crate::base::thread;
use crate::base::unrun::Unrun;
use crate::ending::alarms::{AlarmKey, Alarms};
use crate::ending::rounds::Rounds;
use crate::ending::target::Target;

/// How long a deputy leaves an alarm that is due to the first thread.
const PATIENCE: Duration = Duration::from_millis(10);

pub(crate) struct Keeper {
    thread: ThreadOptions,
    state: Mutex<State>,
    /// Rung when there is a new earliest alarm, and to stop.
    bell: Condvar,
    rounds: Option<Arc<dyn Rounds>>,
}

/// What its thread is made with: the pool's options, as its destructors run there too.
pub(crate) struct ThreadOptions {
    pub(crate) name: String,
    pub(crate) stack_size: Option<usize>,
    /// Called there first.
    pub(crate) on_start: Box<dyn Fn() + Send + Sync>,
}

type Alarm = (AlarmKey, Errand);

/// What the keeper sees to.
#[derive(Clone)]
enum Errand {
    Expire(Target),
    GoRound,
}

/// Whether one of the alarms is for the next round.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Round {
    #[default]
    None,
    Set,
    /// And somebody has called since, who may have found that the one that is due has passed by.
    CalledAgain,
}

/// On cache lines of its own, as submitters and workers meet in its lock.
#[repr(align(64))]
struct State {
    alarms: Alarms<Errand>,
    /// If it is known: when a thread that waits for alarms looks again at the latest.
    next_look: Option<Instant>,
    round: Round,
    /// Threads that wait for an alarm, or are on their way there.
    waiting: usize,
    threads: Vec<JoinHandle<()>>,
    stopped: bool,
}

/// One job's deadline, and the alarm that is set for it.
pub(crate) struct Deadline {
    at: Instant,
    /// Whether it had passed by the time the job was submitted.
    had_passed: bool,
    keeper: Arc<Keeper>,
    /// 0: no alarm is set. Written by the submitter, read by whoever owns the job after it.
    number: AtomicU64,
    place: AtomicU32,
    /// Whether a thread waits for alarms. Written and read by the submitter.
    is_watched: AtomicBool,
}

impl Keeper {
    pub(crate) fn new(thread: ThreadOptions, rounds: Option<Arc<dyn Rounds>>) -> Self {
        Self { thread, state: Mutex::new(State::new()), bell: Condvar::new(), rounds }
    }

    /// Sets no alarm: deadlines are looked at when jobs start, and it goes no rounds.
    pub(crate) fn without_thread(thread: ThreadOptions) -> Self {
        let keeper = Self::new(thread, None);
        keeper.stop();
        keeper
    }

    /// Steps 2 and 3, until stopped, by a thread that was counted as waiting.
    fn keep(self: &Arc<Self>, patience: Duration) {
        while let Some(alarm) = self.wait_for_alarm(patience) {
            let errand = self.see_to(alarm);
            self.state.lock().waiting += 1;
            drop(errand);
        }
    }

    /// Step 2.
    fn wait_for_alarm(self: &Arc<Self>, patience: Duration) -> Option<Alarm> {
        let mut state = self.state.lock();
        while !state.stopped {
            let first = state.alarms.first();
            let next = first.and_then(|(key, _)| key.at().checked_add(patience));
            if let Some((key, errand)) = first.filter(|_| next.is_some_and(|at| at <= Instant::now())) {
                let alarm = (key, errand.clone());
                state.waiting -= 1;
                self.call(&mut state);
                return Some(alarm);
            }
            state.next_look = state.next_look.into_iter().chain(next).min();
            (state, _) = self.bell.wait_until(state, next);
            // That of another thread is not known any more, which does no harm.
            state.next_look = None;
        }
        None
    }

    /// Step 3, or a round; the lock is free meanwhile.
    fn see_to(&self, (key, errand): Alarm) -> Option<Errand> {
        match errand {
            Errand::Expire(target) => target.dequeue(Unrun::Expired),
            Errand::GoRound => {
                self.go_round(key);
                return None;
            }
        }
        self.state.lock().alarms.remove(key)
    }

    /// Its alarm stays set meanwhile: should the round take long, another thread goes one, too.
    fn go_round(&self, key: AlarmKey) {
        let Some(rounds) = &self.rounds else { return };
        let next = rounds.go_round();
        let mut state = self.state.lock();
        if state.alarms.remove(key).is_none() {
            return;
        }
        // Who called meanwhile may have done so since the round came by.
        let was_called = mem::replace(&mut state.round, Round::None) == Round::CalledAgain;
        // Nobody needs to be rung: this thread comes back for it.
        if let Some(at) = next.or_else(|| rounds.first().filter(|_| was_called)) {
            state.alarms.set(at, Errand::GoRound);
            state.round = Round::Set;
        }
    }

    /// Has the rounds begin, after a time in which there were none.
    pub(crate) fn call_for_rounds(self: &Arc<Self>) {
        let Some(at) = self.rounds.as_ref().and_then(|rounds| rounds.first()) else { return };
        let mut state = self.state.lock();
        if state.round != Round::None {
            state.round = Round::CalledAgain;
            return;
        }
        state.round = Round::Set;
        self.set_alarm(state, at, Errand::GoRound, |_, _| ());
    }

    /// Step 1. `note` gets the alarm's key, before anybody can see to it.
    fn set_alarm(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        at: Instant,
        errand: Errand,
        note: impl FnOnce(AlarmKey, bool),
    ) {
        if state.stopped {
            return;
        }
        self.call(&mut state);
        let key = state.alarms.set(at, errand);
        note(key, state.waiting > 0);
        let is_seen_to = state.next_look.is_some_and(|look| look <= at);
        let must_ring = !is_seen_to && state.alarms.first().is_some_and(|(first, _)| first == key);
        drop(state);
        if must_ring {
            self.bell.notify_all();
        }
    }

    /// Step 6, by the last worker.
    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.bell.notify_all();
    }

    /// Step 6, by a shutdown, once every worker has exited.
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

impl State {
    fn new() -> Self {
        Self {
            alarms: Alarms::new(),
            next_look: None,
            round: Round::default(),
            waiting: 0,
            threads: Vec::new(),
            stopped: false,
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
        let next = || self.state.lock().alarms.first().map(|(key, errand)| (key, errand.clone()));
        while let Some(alarm) = next().filter(|(key, _)| key.at() <= now) {
            drop(self.see_to(alarm));
        }
    }

    /// Sees to the earliest alarm once, due or not.
    pub(crate) fn go_one_round(&self) {
        let alarm = self.state.lock().alarms.first().map(|(key, errand)| (key, errand.clone()));
        alarm.map(|alarm| self.see_to(alarm));
    }

    /// How many alarms are set.
    pub(crate) fn alarms(&self) -> usize {
        self.state.lock().alarms.len()
    }
}

impl Deadline {
    /// Of a job that is submitted `now`.
    pub(crate) fn new(at: Instant, now: Instant, keeper: Arc<Keeper>) -> Self {
        Self {
            at,
            had_passed: at <= now,
            keeper,
            number: AtomicU64::new(0),
            place: AtomicU32::new(0),
            is_watched: AtomicBool::new(false),
        }
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.at <= Instant::now()
    }

    /// Step 1, unless it had passed before; says whether it is set.
    pub(crate) fn register(&self, target: Target) -> bool {
        if !self.had_passed {
            let state = lock_spinning(&self.keeper.state);
            self.keeper.set_alarm(state, self.at, Errand::Expire(target), |key, is_watched| {
                // ORDERING: Relaxed, as the queue's lock carries both to the job's next owner, and the keeper's to the keeper.
                self.place.store(key.place(), Ordering::Relaxed);
                self.number.store(key.number(), Ordering::Relaxed);
                self.is_watched.store(is_watched, Ordering::Relaxed);
            });
        }
        !self.had_passed
    }

    /// Whether it has passed and nobody may note that: the keeper has no thread, or has been stopped.
    pub(crate) fn has_passed_unwatched(&self) -> bool {
        // ORDERING: Relaxed, as the submitter has written it.
        !self.is_watched.load(Ordering::Relaxed) && self.has_passed()
    }

    /// Step 4.
    pub(crate) fn unregister(&self) {
        // ORDERING: Relaxed, see `register`; and the job has one owner at a time.
        let number = self.number.load(Ordering::Relaxed);
        if number > 0 {
            self.number.store(0, Ordering::Relaxed);
            let key = AlarmKey::new(self.at, number, self.place.load(Ordering::Relaxed));
            let left = lock_spinning(&self.keeper.state).alarms.remove(key);
            // Outside the lock: it may be the last to know of the job.
            drop(left);
        }
    }
}
