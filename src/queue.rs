//! The monitor between submitters and workers: the queue, its bound, the line of those who wait for room, the workers'
//! sleep and the counts. Its ways in and out stand in three files: what submitters call here, what workers call in
//! [`crate::supply`], what watchers call in [`crate::watch`].
//!
//! Each lane of the queue is two lists behind two locks, so that submitters and workers seldom meet:
//!
//! ```text
//!   submitters --push--> front.jobs ==swapped over==> back.jobs --pop--> workers
//!                        (front lock)   (both locks)   (back lock)
//! ```
//!
//! A worker pops from the back. When a lane of the back is empty it swaps that lane's lists: everything queued there moves
//! over in O(1) and in order, and the keys of the jobs stay good. So a lane is FIFO across both, and the back holds its
//! older jobs. A worker also goes to the front when a lane whose turn it is waits there only, of which [`Hint`] tells it
//! without the lock.
//!
//! Rules:
//!
//! - **Lock order**: back, then front. Who holds the front only and needs both lets go first.
//! - No user code under a lock: jobs pass through unopened, wakers are woken after ([`Signals`]).
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

use std::mem;
use std::task::Waker;

use crate::error::SubmitErrorKind;
use crate::job::{Header, Runnable, Standing};
use crate::lanes::Lanes;
use crate::line::Waiting;
use crate::panic::contain;
use crate::shutdown::Shutdown;
use crate::sides::{Back, Both, Front, Hint, Origin, Phase, Signals};
use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering};
use crate::unrun::Unrun;

/// What to do with a job that finds no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Refuse it for good.
    Reject,
    /// Give it back, to stand in line next.
    GiveBack,
    /// Queue it all the same: a worker that waited for room could wait for itself.
    Exceed,
}

/// A job that was not accepted, and why.
pub(crate) struct Refused {
    pub(crate) job: Runnable,
    pub(crate) kind: SubmitErrorKind,
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
    capacity: usize,
    back: Padded<Mutex<Back>>,
    front: Padded<Mutex<Front>>,
    /// Sleeping workers wait here, with the front's lock: see [`crate::sleep`].
    pub(crate) work: Condvar,
    /// `wait_idle` and `shutdown` wait here, with the back's lock.
    pub(crate) quiet: Condvar,
    pub(crate) hint: Hint,
    /// Whether running jobs should stop. Set under both locks.
    aborting: AtomicBool,
}

/// Keeps what it holds off its neighbours' cache lines: each side's lines travel with that side's lock only.
#[repr(align(128))]
pub(crate) struct Padded<T>(T);

impl Monitor {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            back: Padded(Mutex::new(Back::new())),
            front: Padded(Mutex::new(Front::new(capacity))),
            work: Condvar::new(),
            quiet: Condvar::new(),
            hint: Hint::new(),
            aborting: AtomicBool::new(false),
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
    pub(crate) fn offer(&self, job: Runnable, origin: Origin, no_room: NoRoom) -> Result<(), Refused> {
        let mut front = self.lock_front();
        if !front.takes_from(origin) {
            return Err(front.reject(job, SubmitErrorKind::ShutDown));
        }
        if front.room == 0 && no_room != NoRoom::Exceed {
            drop(front);
            let full = |both: &mut Both<'_>, job| match no_room {
                NoRoom::Reject => Err(both.front.reject(job, SubmitErrorKind::Full)),
                NoRoom::GiveBack | NoRoom::Exceed => Err(Refused { job, kind: SubmitErrorKind::Full }),
            };
            return self.offer_to_full(job, origin, full).map(drop);
        }
        front.accept(job, &self.hint);
        self.finish_offer(front);
        Ok(())
    }

    /// Hands an outsider's job over if there is room by now, else puts it in line; `waker` is woken once it was accepted
    /// or refused.
    pub(crate) fn stand_in_line(&self, job: Runnable, mut waker: Waker) -> Result<Standing, Refused> {
        let stood = self.offer_to_full(job, Origin::Outside, |both, job| {
            let waker = mem::replace(&mut waker, Waker::noop().clone());
            both.front.line.join(Waiting { job, waker });
            both.back.line_waits = true;
            Ok(Standing::InLine)
        });
        // Unused where there was room.
        contain(|| drop(waker));
        stood
    }

    /// The slow way in: counts the room anew; if there is none, `full` says what to do.
    fn offer_to_full(
        &self,
        job: Runnable,
        origin: Origin,
        full: impl FnOnce(&mut Both<'_>, Runnable) -> Result<Standing, Refused>,
    ) -> Result<Standing, Refused> {
        let mut both = self.lock_both();
        if !both.front.takes_from(origin) {
            return Err(both.front.reject(job, SubmitErrorKind::ShutDown));
        }
        both.count_room(0, self.capacity);
        if both.front.room == 0 {
            return full(&mut both, job);
        }
        let Both { back, mut front } = both;
        drop(back);
        front.accept(job, &self.hint);
        self.finish_offer(front);
        Ok(Standing::Accepted)
    }

    fn finish_offer(&self, mut front: MutexGuard<'_, Front>) {
        let queued = front.jobs.len();
        let workers = front.sleep.call_for(queued);
        drop(front);
        self.wake_workers(workers);
    }

    /// Leaves the line, if the job still stands there. Its submitter decides what becomes of it.
    pub(crate) fn leave_line(&self, header: &Header) -> Option<Runnable> {
        let mut both = self.lock_both();
        let Waiting { job, waker } = both.leave_line(header)?;
        drop(both);
        contain(|| drop(waker));
        Some(job)
    }

    /// Gives up waiting for room for good.
    pub(crate) fn give_up_waiting(&self, header: &Header) -> LeftLine {
        let mut both = self.lock_both();
        let Some(Waiting { job, waker }) = both.leave_line(header) else {
            return LeftLine::Decided;
        };
        both.front.rejected += 1;
        drop(both);
        job.hand_back();
        contain(|| drop(waker));
        LeftLine::GaveUp
    }

    /// Has another waker woken for a job that stands in line. `false`: it was accepted or refused already.
    pub(crate) fn change_waker(&self, header: &Header, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut both = self.lock_both();
        let unused = both.front.line.change_waker(header, waker);
        drop(both);
        let changed = unused.is_ok();
        contain(|| drop(unused));
        changed
    }

    /// Takes one job out of the queue, if it is still there, to run it here and now.
    pub(crate) fn claim(&self, header: &Header) -> Option<Runnable> {
        let mut both = self.lock_both();
        let job = both.remove(header)?;
        let signals = both.settle(0, self.capacity, &self.hint);
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
            Shutdown::Drain => [Lanes::new(), Lanes::new()],
            Shutdown::Abort => {
                // ORDERING: Relaxed, as a job that is asked to stop reads nothing else.
                self.aborting.store(true, Ordering::Relaxed);
                both.take_all(&self.hint)
            }
        };
        both.front.sleep.call_all();
        drop(both);
        self.work.notify_all();
        let wake_refused = || {
            for waker in refused {
                contain(|| waker.wake());
            }
        };
        self.give_up(aborted.into_iter().flat_map(Lanes::into_jobs), Unrun::Aborted, wake_refused);
    }

    pub(crate) fn is_aborting(&self) -> bool {
        // ORDERING: Relaxed, see `close`.
        self.aborting.load(Ordering::Relaxed)
    }

    fn wake_workers(&self, workers: usize) {
        for _ in 0..workers {
            self.work.notify_one();
        }
    }

    pub(crate) fn send(&self, signals: Signals) {
        self.wake_workers(signals.workers);
        for waker in signals.turned_away.into_iter().chain(signals.submitter) {
            contain(|| waker.wake());
        }
    }
}
