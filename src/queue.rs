//! The monitor between submitters and workers: the queue, its bound, the line of those who wait for room, the workers'
//! sleep and the counts. Its ways in and out stand in three files: what submitters call here, what workers call in
//! [`crate::supply`], what watchers call in [`crate::watch`].
//!
//! The queue is two lists behind two locks, so that submitters and workers seldom meet:
//!
//! ```text
//!   submitters --push--> front.jobs ==swapped over==> back.jobs --pop--> workers
//!                        (front lock)   (both locks)   (back lock)
//! ```
//!
//! A worker pops from the back. When the back is empty it swaps both lists: everything queued moves over in O(1) and in
//! order, and the keys of the jobs stay good. So the order is FIFO across both, and the back holds the older jobs. (One
//! job alone in the front is popped from there.)
//!
//! Rules:
//!
//! - **Lock order**: back, then front. Who holds the front only and needs both lets go first.
//! - No user code under a lock: jobs pass through as [`Runnable`]s, unopened, wakers are woken after ([`Signals`]).
//! - **Room.** `front.room` says how many jobs may be pushed without looking at the back. It is never too large: pops
//!   make room, and only who holds both locks counts it anew. Who finds none left counts it anew before he believes it.
//! - **Line.** Nobody stands in line while there is room: `back.line_waits` sends every pop through both locks, where
//!   the freed place is handed to the head in the same step ([`crate::line`]).
//!
//! **Shutting down** goes through these phases, never back; each step is taken under both locks.
//!
//! 1. `Open`: takes jobs from everybody.
//! 2. `Draining`, by `close(Drain)`: refuses the line and outsiders; jobs of this pool may still submit.
//! 3. `Aborting`, by `close(Abort)`, from 1 or 2: refuses everybody; gives up what is queued, on the calling thread.
//! 4. `Closed`, by the first worker that may leave: from 2 once nothing is queued and nothing runs, so that nobody is
//!    left who could submit; from 3 at once. Every worker then leaves, since the queue stays empty for good.

use std::cell::Cell;
use std::mem;
use std::sync::Arc;
use std::task::Waker;

use crate::fifo::Fifo;
use crate::idle::{Accepted, Epoch, Retired};
use crate::job::{Header, Queued, Runnable, Unrun};
use crate::line::{Line, Waiting};
use crate::panic::contain;
use crate::shutdown::Shutdown;
use crate::sleep::Sleep;
use crate::stats::Meter;
use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, thread_local};

/// See the steps at the top of this file. In order: a pool only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
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

thread_local! {
    /// Address of the monitor whose jobs this thread gives up, or 0.
    static ABORTS: Cell<usize> = const { Cell::new(0) };
}

pub(crate) struct Monitor {
    capacity: usize,
    back: Padded<Mutex<Back>>,
    front: Padded<Mutex<Front>>,
    /// Sleeping workers wait here, with the front's lock: see [`crate::sleep`].
    pub(crate) work: Condvar,
    /// `wait_idle` and `shutdown` wait here, with the back's lock.
    pub(crate) quiet: Condvar,
    /// Whether the front holds anything new: what searching workers spin on. Written under the front's lock.
    hint: AtomicBool,
}

/// Keeps what it holds off its neighbours' cache lines: each side's lines travel with that side's lock only.
#[repr(align(128))]
pub(crate) struct Padded<T>(T);

/// The submitters' side.
#[repr(C)]
pub(crate) struct Front {
    pub(crate) jobs: Fifo<Queued>,
    room: usize,
    pub(crate) sleep: Sleep,
    pub(crate) phase: Phase,
    pub(crate) accepted: Accepted,
    pub(crate) rejected: u64,
    pub(crate) line: Line,
}

/// The workers' side.
#[repr(C)]
pub(crate) struct Back {
    pub(crate) jobs: Fifo<Queued>,
    pub(crate) line_waits: bool,
    pub(crate) retired: Retired,
    /// Threads in `wait_idle` or `shutdown`.
    pub(crate) watchers: usize,
    /// Jobs taken out of the queue to be given up, not yet retired.
    pub(crate) giving_up: u64,
    /// Jobs given up by an abort.
    pub(crate) aborted: u64,
    /// Workers that have not left.
    pub(crate) live: usize,
    pub(crate) meters: Vec<Arc<Meter>>,
}

/// Both sides, locked in order.
pub(crate) struct Both<'a> {
    pub(crate) back: MutexGuard<'a, Back>,
    pub(crate) front: MutexGuard<'a, Front>,
}

/// Whom to wake once the locks are free.
#[must_use]
#[derive(Default)]
pub(crate) struct Signals {
    workers: usize,
    submitter: Option<Waker>,
}

impl Monitor {
    pub(crate) fn new(capacity: usize) -> Self {
        let front = Front {
            jobs: Fifo::new(),
            room: capacity,
            sleep: Sleep::default(),
            phase: Phase::Open,
            accepted: Accepted::default(),
            rejected: 0,
            line: Line::new(),
        };
        let back = Back {
            jobs: Fifo::new(),
            line_waits: false,
            retired: Retired::default(),
            watchers: 0,
            giving_up: 0,
            aborted: 0,
            live: 0,
            meters: Vec::new(),
        };
        Self {
            capacity,
            back: Padded(Mutex::new(back)),
            front: Padded(Mutex::new(front)),
            work: Condvar::new(),
            quiet: Condvar::new(),
            hint: AtomicBool::new(false),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn lock_back(&self) -> MutexGuard<'_, Back> {
        self.back.0.lock()
    }

    pub(crate) fn lock_front(&self) -> MutexGuard<'_, Front> {
        self.front.0.lock()
    }

    pub(crate) fn lock_both(&self) -> Both<'_> {
        self.with_front(self.lock_back())
    }

    /// Adds the front to the back already held.
    pub(crate) fn with_front<'a>(&'a self, back: MutexGuard<'a, Back>) -> Both<'a> {
        Both { back, front: self.lock_front() }
    }

    /// Hands a job over, if the pool takes it and there is room.
    pub(crate) fn offer(&self, job: Runnable, origin: Origin, no_room: NoRoom) -> Offered {
        let mut front = self.lock_front();
        if !front.takes_from(origin) {
            front.rejected += 1;
            return Offered::ShutDown(job);
        }
        if front.room == 0 && !matches!(no_room, NoRoom::Exceed) {
            drop(front);
            return self.offer_to_full(job, origin, no_room);
        }
        front.accept(job, origin, &self.hint);
        self.finish_offer(front)
    }

    /// The slow way in: counts the room anew, and may end in line.
    fn offer_to_full(&self, job: Runnable, origin: Origin, no_room: NoRoom) -> Offered {
        let mut both = self.lock_both();
        if !both.front.takes_from(origin) {
            both.front.rejected += 1;
            return Offered::ShutDown(job);
        }
        both.count_room(self.capacity);
        if both.front.room == 0 {
            return match no_room {
                NoRoom::GiveBack | NoRoom::Exceed => Offered::Full(job),
                NoRoom::StandInLine(waker) => {
                    both.front.line.join(Waiting { job, waker });
                    both.back.line_waits = true;
                    Offered::InLine
                }
            };
        }
        let Both { back, mut front } = both;
        drop(back);
        front.accept(job, origin, &self.hint);
        self.finish_offer(front)
    }

    fn finish_offer(&self, mut front: MutexGuard<'_, Front>) -> Offered {
        let queued = front.jobs.len();
        let workers = front.sleep.call_for(queued);
        drop(front);
        self.send(Signals { workers, submitter: None });
        Offered::Accepted
    }

    /// Counts a submission that was given back for want of room.
    pub(crate) fn count_rejected(&self) {
        self.lock_front().rejected += 1;
    }

    /// Leaves the line, if the job still stands there.
    pub(crate) fn leave_line(&self, header: &Header) -> LeftLine {
        let mut both = self.lock_both();
        let Some(Waiting { job, waker }) = both.front.line.leave(header) else {
            return LeftLine::Decided;
        };
        both.front.rejected += 1;
        both.back.line_waits = !both.front.line.is_empty();
        drop(both);
        job.hand_back();
        contain(|| drop(waker));
        LeftLine::GaveUp
    }

    /// Takes one job out of the queue, if it is still there, to run it here and now.
    pub(crate) fn claim(&self, header: &Header) -> Option<Runnable> {
        let mut both = self.lock_both();
        let slot = header.slot();
        let Both { back, front } = &mut both;
        // A key alone proves nothing: the job may have left, and the key may count in the other list.
        let list = [&mut back.jobs, &mut front.jobs]
            .into_iter()
            .find(|list| list.get(slot).is_some_and(|job| job.header().is(header)))?;
        let job = list.remove(slot)?;
        let signals = both.settle(self);
        drop(both);
        self.send(signals);
        Some(job.into_runnable())
    }

    /// Moves to the phase that `mode` asks for, unless the pool is past it. Refuses the line; an abort gives up what
    /// is queued, on this thread.
    pub(crate) fn close(&self, mode: Shutdown) {
        let mut both = self.lock_both();
        let phase = match mode {
            Shutdown::Drain => Phase::Draining,
            Shutdown::Abort => Phase::Aborting,
        };
        if both.front.phase >= phase {
            return;
        }
        both.front.phase = phase;
        let refused = both.front.line.refuse_all();
        both.front.rejected += refused.len() as u64;
        both.back.line_waits = false;
        let aborted = match mode {
            Shutdown::Drain => [Fifo::new(), Fifo::new()],
            Shutdown::Abort => both.take_all(),
        };
        both.front.sleep.call_all();
        drop(both);
        self.work.notify_all();
        for waker in refused {
            contain(|| waker.wake());
        }
        self.abort(aborted);
    }

    fn abort(&self, aborted: [Fifo<Queued>; 2]) {
        let before = ABORTS.with(|aborts| aborts.replace(self.address()));
        for mut jobs in aborted {
            while let Some(job) = jobs.pop_front() {
                let epoch = job.header().epoch();
                job.into_runnable().give_up(Unrun::Aborted);
                let mut back = self.lock_back();
                back.giving_up -= 1;
                // Who waits for the last of them with nothing running is told too: it empties its epoch.
                drop(self.retire_from(back, epoch));
            }
        }
        ABORTS.with(|aborts| aborts.set(before));
    }

    /// Whether this thread gives up this pool's jobs right now, so that it is a closure's destructor that asks.
    pub(crate) fn aborts_here(&self) -> bool {
        ABORTS.with(|aborts| aborts.get() == self.address())
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn send(&self, signals: Signals) {
        for _ in 0..signals.workers {
            self.work.notify_one();
        }
        if let Some(waker) = signals.submitter {
            contain(|| waker.wake());
        }
    }

    /// All there is has been seen. Takes the front to say that its lock is held.
    pub(crate) fn clear_hint(&self, _front: &mut Front) {
        set_hint(&self.hint, false);
    }

    pub(crate) fn has_hint(&self) -> bool {
        // ORDERING: Relaxed, as the hint only says when to look; looking takes the lock.
        self.hint.load(Ordering::Relaxed)
    }
}

impl Front {
    fn takes_from(&self, origin: Origin) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Draining => origin != Origin::Outside,
            Phase::Aborting | Phase::Closed => false,
        }
    }

    fn accept(&mut self, job: Runnable, origin: Origin, hint: &AtomicBool) {
        let parent = match origin {
            Origin::Outside => None,
            Origin::Inside(epoch) => epoch,
        };
        let epoch = self.accepted.count(parent);
        let (slot, job) = self.jobs.push_back(job.into_queued());
        job.header().set_slot(slot);
        job.header().set_epoch(epoch);
        self.room = self.room.saturating_sub(1);
        if self.jobs.len() == 1 {
            set_hint(hint, true);
        }
    }
}

impl Both<'_> {
    pub(crate) fn queued(&self) -> usize {
        self.back.jobs.len() + self.front.jobs.len()
    }

    /// Jobs that were begun and are not retired.
    pub(crate) fn running(&self) -> u64 {
        self.front.accepted.total() - self.back.retired.total() - self.queued() as u64 - self.back.giving_up
    }

    fn count_room(&mut self, capacity: usize) {
        self.front.room = capacity.saturating_sub(self.queued());
    }

    /// After one job was taken out under both locks: hands its place on, and calls workers for what is left.
    pub(crate) fn settle(&mut self, monitor: &Monitor) -> Signals {
        self.count_room(monitor.capacity);
        let mut submitter = None;
        if self.front.room > 0
            && let Some(Waiting { job, waker }) = self.front.line.admit()
        {
            self.front.accept(job, Origin::Outside, &monitor.hint);
            submitter = Some(waker);
        }
        self.back.line_waits = !self.front.line.is_empty();
        Signals { workers: self.call_workers(), submitter }
    }

    fn call_workers(&mut self) -> usize {
        let queued = self.queued();
        self.front.sleep.call_for(queued)
    }

    /// Everything queued, the older list first, counted as aborted.
    fn take_all(&mut self) -> [Fifo<Queued>; 2] {
        let taken = [&mut self.back.jobs, &mut self.front.jobs].map(|jobs| mem::replace(jobs, Fifo::new()));
        let count = taken.iter().map(|jobs| jobs.len() as u64).sum::<u64>();
        self.back.aborted += count;
        self.back.giving_up += count;
        taken
    }
}

fn set_hint(hint: &AtomicBool, has_work: bool) {
    // ORDERING: Relaxed: it is a hint, and looking takes the lock.
    hint.store(has_work, Ordering::Relaxed);
}
