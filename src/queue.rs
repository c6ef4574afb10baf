//! The monitor between submitters and workers: one lock that holds the queue, its bound, the line of those who wait
//! for room, the workers' sleep and the counts. Each change that touches several of them is one step.
//!
//! Every method takes the lock, changes the state, leaves the lock and only then wakes whom the change concerns
//! ([`Signals`]). No user code runs under the lock: jobs go in and out as [`Runnable`]s, unopened.
//!
//! **Shutting down** goes through these phases, never back; each step is taken under the lock.
//!
//! 1. `Open`: takes jobs from everybody.
//! 2. `Draining`, by `close(Drain)`: refuses the line and outsiders; jobs of this pool may still submit.
//! 3. `Aborting`, by `close(Abort)`, from 1 or 2: refuses everybody; the caller gets what was queued, to give it up.
//! 4. `Closed`, by the first worker that may leave: from 2 once nothing is queued and nothing runs, so that nobody is
//!    left who could submit; from 3 at once. Every worker then leaves, since the queue stays empty for good.

use std::mem;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::error::WaitError;
use crate::fifo::Fifo;
use crate::idle::{Epoch, Epochs, Retired};
use crate::job::{Header, Runnable};
use crate::line::{Line, Waiting};
use crate::panic::contain;
use crate::shutdown::Shutdown;
use crate::sleep::{Called, Sleep};
use crate::stats::{Ledger, Meter, Stats};
use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, Woken, spin_until};

/// See the steps at the top of this file. In order: a pool only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    Open,
    Draining,
    Aborting,
    Closed,
}

/// Who submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Outside,
    /// A worker of this pool, within a job of that epoch or in a hook.
    Inside(Option<Epoch>),
}

/// What to do with a job that finds no room.
pub(crate) enum NoRoom {
    GiveBack,
    /// Queue it all the same: a worker that waited for room could wait for itself.
    Exceed,
    /// Put it in line; the waker is woken once it was accepted or refused.
    StandInLine(Waker),
}

/// What became of a job that was offered.
#[must_use]
pub(crate) enum Offered {
    Accepted,
    InLine,
    Full(Runnable),
    ShutDown(Runnable),
}

/// What a submitter who gives up finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftLine {
    /// Out of the line; the closure is the submitter's again.
    GaveUp,
    /// It was too late: the job had been accepted or refused already.
    Decided,
}

pub(crate) struct Monitor {
    state: Mutex<State>,
    /// Sleeping workers wait here: see [`crate::sleep`].
    work: Condvar,
    /// `wait_idle` and `shutdown` wait here.
    quiet: Condvar,
    /// Whether the queue holds anything: the hint that searching workers spin on. Written under the lock, when the
    /// queue becomes empty or stops being so.
    hint: AtomicBool,
}

struct State {
    phase: Phase,
    capacity: usize,
    jobs: Fifo<Runnable>,
    /// Invariant: nobody stands in line while there is room, since whoever makes room hands it to the head.
    line: Line,
    sleep: Sleep,
    epochs: Epochs,
    ledger: Ledger,
    meters: Vec<Arc<Meter>>,
    /// Jobs that workers have begun and not retired.
    running: usize,
    /// Workers that have not left.
    live: usize,
    /// Threads in `wait_idle` or `shutdown`.
    watchers: usize,
}

/// Whom to wake once the lock is free.
#[must_use]
#[derive(Default)]
struct Signals {
    workers: usize,
    submitter: Option<Waker>,
}

impl Monitor {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State {
            phase: Phase::Open,
            capacity,
            jobs: Fifo::new(),
            line: Line::new(),
            sleep: Sleep::default(),
            epochs: Epochs::default(),
            ledger: Ledger::default(),
            meters: Vec::new(),
            running: 0,
            live: 0,
            watchers: 0,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), quiet: Condvar::new(), hint: AtomicBool::new(false) }
    }

    /// Hands a job over, if the pool takes it and there is room.
    pub(crate) fn offer(&self, job: Runnable, origin: Origin, no_room: NoRoom) -> Offered {
        let mut state = self.state.lock();
        if !state.takes_from(origin) {
            state.ledger.rejected += 1;
            return Offered::ShutDown(job);
        }
        if !state.has_room() || !state.line.is_empty() {
            match no_room {
                NoRoom::Exceed => {}
                NoRoom::GiveBack => return Offered::Full(job),
                NoRoom::StandInLine(waker) => {
                    state.line.join(Waiting { job, waker });
                    return Offered::InLine;
                }
            }
        }
        let parent = match origin {
            Origin::Outside => None,
            Origin::Inside(epoch) => epoch,
        };
        state.accept(job, parent, &self.hint);
        let signals = state.signals();
        drop(state);
        self.send(signals);
        Offered::Accepted
    }

    /// Counts a submission that was given back for want of room.
    pub(crate) fn count_rejected(&self) {
        self.state.lock().ledger.rejected += 1;
    }

    /// Leaves the line, if the job still stands there.
    pub(crate) fn leave_line(&self, header: &Header) -> LeftLine {
        let mut state = self.state.lock();
        match state.line.leave(header) {
            Some(Waiting { job, waker }) => {
                state.ledger.rejected += 1;
                drop(state);
                job.hand_back();
                contain(|| drop(waker));
                LeftLine::GaveUp
            }
            None => LeftLine::Decided,
        }
    }

    /// The next job for a worker, which retires the one it has run in the same step; waits for one. `None`: leave.
    pub(crate) fn next(&self, done: Option<Epoch>) -> Option<Runnable> {
        let mut state = self.state.lock();
        if let Some(epoch) = done {
            self.retire_run(&mut state, epoch);
        }
        loop {
            if let Some(job) = state.jobs.pop_front() {
                let signals = state.started(&self.hint);
                drop(state);
                self.send(signals);
                return Some(job);
            }
            if state.may_leave() {
                state.phase = Phase::Closed;
                state.sleep.call_all();
                drop(state);
                self.work.notify_all();
                return None;
            }
            state = self.await_work(state);
        }
    }

    /// Takes one job out of the queue, if it is still there, to run it here and now.
    pub(crate) fn claim(&self, header: &Header) -> Option<Runnable> {
        let mut state = self.state.lock();
        let slot = header.slot();
        if !state.jobs.get(slot)?.header().is(header) {
            return None;
        }
        let job = state.jobs.remove(slot);
        let signals = state.started(&self.hint);
        drop(state);
        self.send(signals);
        job
    }

    /// Retires a claimed job once it has run.
    pub(crate) fn retire(&self, epoch: Epoch) {
        self.retire_run(&mut self.state.lock(), epoch);
    }

    fn retire_run(&self, state: &mut State, epoch: Epoch) {
        state.running -= 1;
        self.retire_from(state, epoch);
    }

    fn retire_from(&self, state: &mut State, epoch: Epoch) {
        if state.epochs.retire(epoch) == Retired::LastOfEpoch && state.watchers > 0 {
            self.quiet.notify_all();
        }
    }

    /// Steps 1 and 2 of [`crate::sleep`].
    fn await_work<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.sleep.start_searching();
        drop(state);
        // ORDERING: Relaxed, as the hint only says when to look; looking takes the lock.
        spin_until(|| self.hint.load(Ordering::Relaxed));
        let mut state = self.state.lock();
        state.sleep.stop_searching();
        if !state.jobs.is_empty() || state.may_leave() {
            return state;
        }
        state.sleep.fall_asleep();
        while state.sleep.answer_call() == Called::NotYet {
            state = self.work.wait(state);
        }
        state
    }

    fn send(&self, signals: Signals) {
        for _ in 0..signals.workers {
            self.work.notify_one();
        }
        if let Some(waker) = signals.submitter {
            contain(|| waker.wake());
        }
    }

    /// Moves to the phase that `mode` asks for, unless the pool is past it. Refuses the line; an abort gives up what
    /// is queued, on this thread.
    pub(crate) fn close(&self, mode: Shutdown) {
        let mut state = self.state.lock();
        let phase = match mode {
            Shutdown::Drain => Phase::Draining,
            Shutdown::Abort => Phase::Aborting,
        };
        if state.phase >= phase {
            return;
        }
        state.phase = phase;
        let refused = state.line.refuse_all();
        state.ledger.rejected += refused.len() as u64;
        let aborted = match mode {
            Shutdown::Drain => Fifo::new(),
            Shutdown::Abort => mem::replace(&mut state.jobs, Fifo::new()),
        };
        state.ledger.aborted += aborted.len() as u64;
        if state.jobs.is_empty() {
            set_hint(&self.hint, false);
        }
        state.sleep.call_all();
        drop(state);
        self.work.notify_all();
        for waker in refused {
            contain(|| waker.wake());
        }
        self.abort(aborted);
    }

    fn abort(&self, mut jobs: Fifo<Runnable>) {
        while let Some(job) = jobs.pop_front() {
            let epoch = job.header().epoch();
            job.give_up(crate::job::Unrun::Aborted);
            self.retire_from(&mut self.state.lock(), epoch);
        }
    }

    /// A worker starts, and counts what it runs in `meter`.
    pub(crate) fn enter(&self, meter: Arc<Meter>) {
        let mut state = self.state.lock();
        state.live += 1;
        state.meters.push(meter);
    }

    /// A worker has left its loop and run its last hook.
    pub(crate) fn leave(&self) {
        let mut state = self.state.lock();
        state.live -= 1;
        if state.live == 0 {
            self.quiet.notify_all();
        }
    }

    /// Waits until every job accepted before, and what these submitted in turn, is retired.
    pub(crate) fn wait_idle(&self, deadline: Option<Instant>) -> Result<(), WaitError> {
        let goal = self.state.lock().epochs.goal();
        self.watch(deadline, |state| state.epochs.reach(goal))
    }

    /// Waits until every worker has left.
    pub(crate) fn wait_left(&self, deadline: Option<Instant>) -> Result<(), WaitError> {
        self.watch(deadline, |state| state.live == 0)
    }

    fn watch(&self, deadline: Option<Instant>, mut done: impl FnMut(&mut State) -> bool) -> Result<(), WaitError> {
        let mut state = self.state.lock();
        let mut woken = Woken::Notified;
        state.watchers += 1;
        let result = loop {
            if done(&mut state) {
                break Ok(());
            }
            if woken == Woken::TimedOut {
                break Err(WaitError::TimedOut);
            }
            (state, woken) = self.quiet.wait_until(state, deadline);
        };
        state.watchers -= 1;
        result
    }

    pub(crate) fn capacity(&self) -> usize {
        self.state.lock().capacity
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.state.lock();
        // A job's start is counted under the lock before its end is counted in a meter, so `busy` is never negative.
        let completed = state.meters.iter().map(|meter| meter.completed()).sum();
        let panicked = state.meters.iter().map(|meter| meter.panicked()).sum();
        Stats {
            workers: state.meters.len() as u64,
            busy: state.ledger.started - completed - panicked,
            queued: state.jobs.len() as u64,
            waiting: state.line.len() as u64,
            submitted: state.ledger.submitted,
            completed,
            panicked,
            cancelled: 0,
            expired: 0,
            aborted: state.ledger.aborted,
            rejected: state.ledger.rejected,
        }
    }
}

impl State {
    fn takes_from(&self, origin: Origin) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Draining => origin != Origin::Outside,
            Phase::Aborting | Phase::Closed => false,
        }
    }

    fn has_room(&self) -> bool {
        self.jobs.len() < self.capacity
    }

    fn accept(&mut self, job: Runnable, parent: Option<Epoch>, hint: &AtomicBool) {
        let epoch = self.epochs.accept(parent);
        let (slot, job) = self.jobs.push_back(job);
        job.header().set_slot(slot);
        job.header().set_epoch(epoch);
        self.ledger.submitted += 1;
        if self.jobs.len() == 1 {
            set_hint(hint, true);
        }
    }

    /// After a job was taken out to be run: counts it and hands its place to the head of the line.
    fn started(&mut self, hint: &AtomicBool) -> Signals {
        self.ledger.started += 1;
        self.running += 1;
        let mut admitted = None;
        if self.has_room()
            && let Some(Waiting { job, waker }) = self.line.admit()
        {
            self.accept(job, None, hint);
            admitted = Some(waker);
        } else if self.jobs.is_empty() {
            set_hint(hint, false);
        }
        Signals { submitter: admitted, ..self.signals() }
    }

    fn signals(&mut self) -> Signals {
        Signals { workers: self.sleep.call_for(self.jobs.len()), submitter: None }
    }

    /// Whether a worker that found the queue empty may leave: nothing can come any more.
    fn may_leave(&self) -> bool {
        match self.phase {
            Phase::Open => false,
            Phase::Draining => self.running == 0,
            Phase::Aborting | Phase::Closed => true,
        }
    }
}

fn set_hint(hint: &AtomicBool, has_work: bool) {
    // ORDERING: Relaxed: it is a hint, and looking takes the lock.
    hint.store(has_work, Ordering::Relaxed);
}
