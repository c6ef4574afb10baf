//! The monitor between submitters and workers: the queue, its bound, the line of those who wait for room, the workers'
//! sleep and the counts, behind two locks.
//!
//! Rules:
//!
//! - **Lock order**: back, then front, then a job's cell. Who holds the front only and needs both lets go first.
//! - No code of the user's runs under a lock: jobs pass through unopened, wakers are woken after.
//! - Nobody holds a job while it wakes a submitter: see [`crate::queue::sides`].
//!
//! **Contention.** Where a worker and a submitter want the front at the same time, both lose several times what handing a
//! job over costs otherwise. A worker that keeps up with a submitter would meet it at every job, slow it down so, and keep
//! up for good. Two things are done against that:
//!
//! - A worker lets go of the front before it takes its job from the back.
//! - It lets jobs gather: if there were many when a worker last went to the front, more are on their way, so each worker
//!   that runs out of jobs pauses once before it goes there again. While it pauses it holds no lock, and like a worker that
//!   runs a job it looks once that is over. Without the pause the bench `bounded` takes 1.2 times as long and
//!   `producers_4` 1.05 times (medians of 80 paired runs on two cores).

use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::base::error::{SubmitErrorKind, WaitError};
use crate::base::ids::Epoch;
use crate::base::panic::contain;
use crate::base::park::deadline_in;
use crate::base::priority::Priority;
use crate::base::spin::{AdaptiveSpin, let_gather};
use crate::base::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, Woken};
use crate::base::tick::Tick;
use crate::base::unrun::Unrun;
use crate::job::header::{Header, Standing};
use crate::job::runnable::{Begun, Queued, RunEnd, Runnable};
use crate::queue::awaited::Awaited;
use crate::queue::back::{Back, Left};
use crate::queue::epochs::Progress;
use crate::queue::front::{Front, Origin, Phase, Rejected};
use crate::queue::hint::Hint;
use crate::queue::line::{Leave, Waiting};
use crate::queue::rejections::rejection;
use crate::queue::sides::{Next, Sides, Wakeups};
use crate::queue::sleep::{Calls, Rest, Wakeup};
use crate::queue::stats::{Meter, Stats, WorkerStats};
use crate::queue::watchers::WatchKey;

/// What to do with a job that finds no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Reject it for good.
    Reject,
    /// Give it back, to stand in line next.
    Return,
    /// Queue it all the same: a worker that waited for room could wait for itself.
    Exceed,
}

/// What a submitter who stops waiting for room finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitStopped {
    /// Out of the line; the closure is the submitter's again.
    Rejected,
    /// It was too late: the job had been accepted or rejected already.
    Decided,
}

/// What a worker gets that comes for a job.
#[must_use]
pub(crate) enum Taken {
    Job(Begun),
    /// The queue was empty. The worker counts as searching, and has to [`take_or_sleep`](Monitor::take_or_sleep).
    Nothing,
    /// Nothing will ever come.
    Exit,
}

/// Where a job that is to be ended was found.
#[must_use]
pub(crate) enum Found {
    /// In the queue: the caller aborts it.
    InQueue(Runnable),
    /// In line: it was rejected, and its submitter is told.
    InLine,
    Nowhere,
}

pub(crate) struct Monitor {
    /// A copy of the queue's, to be read without a lock.
    capacity: usize,
    /// Whether it records since when jobs wait.
    is_timed: bool,
    back: Padded<Mutex<Back>>,
    front: Padded<Mutex<Front>>,
    /// Sleeping workers wait here, with the front's lock: see [`crate::queue::sleep`].
    work: Condvar,
    /// Who watches the pool waits here, with the back's lock.
    progress: Condvar,
    hint: Hint,
    /// Whether running jobs should stop. Set under both locks.
    aborting: AtomicBool,
}

/// Keeps what it holds off its neighbours' cache lines: each side's lines travel with that side's lock only.
#[repr(align(128))]
struct Padded<T>(T);

/// Both locks, taken in order.
struct Guards<'a> {
    back: MutexGuard<'a, Back>,
    front: MutexGuard<'a, Front>,
}

impl Guards<'_> {
    fn sides(&mut self) -> Sides<'_> {
        Sides::new(&mut self.back, &mut self.front)
    }
}

impl Monitor {
    pub(crate) fn new(capacity: usize, is_timed: bool) -> Self {
        Self {
            capacity,
            is_timed,
            back: Padded(Mutex::new(Back::new())),
            front: Padded(Mutex::new(Front::new(capacity))),
            work: Condvar::new(),
            progress: Condvar::new(),
            hint: Hint::new(),
            aborting: AtomicBool::new(false),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// When a job is submitted now; without a look at the clock where that is not recorded.
    #[inline]
    pub(crate) fn now(&self) -> Tick {
        if self.is_timed { Tick::now() } else { Tick::ZERO }
    }

    fn lock_back(&self) -> MutexGuard<'_, Back> {
        self.back.0.lock()
    }

    fn lock_front(&self) -> MutexGuard<'_, Front> {
        self.front.0.lock()
    }

    fn lock_both(&self) -> Guards<'_> {
        let back = self.lock_back();
        Guards { back, front: self.lock_front() }
    }

    // What submitters call.

    /// Queues a job, if the pool takes it and there is room.
    pub(crate) fn offer(&self, job: Runnable, origin: Origin, no_room: NoRoom) -> Result<(), Rejected> {
        self.offer_since(job, self.now(), origin, no_room)
    }

    /// The same for a job that was submitted before now. Part of the above: a call more costs a job two per cent.
    #[inline(always)]
    pub(crate) fn offer_since(
        &self,
        job: Runnable,
        since: Tick,
        origin: Origin,
        no_room: NoRoom,
    ) -> Result<(), Rejected> {
        let mut front = self.lock_front();
        if !front.admits(origin) {
            return Err(front.reject(job, SubmitErrorKind::ShutDown));
        }
        if front.is_full() && no_room != NoRoom::Exceed {
            drop(front);
            let full = |both: &mut Guards<'_>, job| match no_room {
                NoRoom::Reject => Err(both.front.reject(job, SubmitErrorKind::Full)),
                NoRoom::Return | NoRoom::Exceed => Err(Rejected { job, kind: SubmitErrorKind::Full }),
            };
            return self.offer_to_full(job, origin, since, full).map(drop);
        }
        self.accept(front, job, since);
        Ok(())
    }

    /// Queues an outsider's job if there is room by now, else puts it in line; `waker` is woken once it was accepted or
    /// rejected.
    pub(crate) fn stand_in_line(&self, job: Runnable, mut waker: Waker) -> Result<Standing, Rejected> {
        let since = self.now();
        let stood = self.offer_to_full(job, Origin::Outside, since, |both, job| {
            let waker = mem::replace(&mut waker, Waker::noop().clone());
            both.sides().join_line(Waiting { job, waker, since });
            Ok(Standing::InLine)
        });
        // Unused where there was room.
        contain(|| drop(waker));
        stood
    }

    /// The slow way in: counts the room anew; if there is none, `full` says what to do.
    #[cold]
    fn offer_to_full(
        &self,
        job: Runnable,
        origin: Origin,
        since: Tick,
        full: impl FnOnce(&mut Guards<'_>, Runnable) -> Result<Standing, Rejected>,
    ) -> Result<Standing, Rejected> {
        let mut both = self.lock_both();
        let job = both.front.admit(job, origin)?;
        if both.sides().is_full() {
            return full(&mut both, job);
        }
        drop(both.back);
        self.accept(both.front, job, since);
        Ok(Standing::Accepted)
    }

    #[inline(always)]
    fn accept(&self, mut front: MutexGuard<'_, Front>, job: Runnable, since: Tick) {
        front.accept(job, since, &self.hint);
        let workers = front.wake_for_backlog();
        drop(front);
        self.notify_workers(workers);
    }

    /// Sends each worker a job that it alone is to run: see [`crate::queue::mailboxes`].
    pub(crate) fn broadcast(&self, jobs: Vec<Runnable>) -> Result<(), SubmitErrorKind> {
        let since = self.now();
        self.lock_both().sides().broadcast(jobs, since)?;
        self.work.notify_all();
        Ok(())
    }

    /// Accepts a job that the caller runs at once, a worker of this pool: it takes no place.
    pub(crate) fn accept_begun(&self, job: Runnable) -> Result<Begun, Rejected> {
        let since = self.now();
        let job = self.lock_both().sides().accept_begun(job)?;
        Ok(Begun { job, since })
    }

    /// Accepts a job that has ended before it was submitted: it takes no place, and the caller aborts it.
    pub(crate) fn accept_ended(&self, job: Runnable, origin: Origin, why: Unrun) -> Result<Runnable, Rejected> {
        self.lock_both().sides().accept_ended(job, origin, why)
    }

    /// Rejects a job that found no room and was given back, for who does not stand in line.
    pub(crate) fn reject_for_good(&self, job: Runnable, why: SubmitErrorKind) -> SubmitErrorKind {
        let rejected = self.lock_front().reject(job, why);
        rejected.into_kind()
    }

    /// Takes a job out of the line, if it still stands there; tells when it was submitted. Its submitter decides what becomes
    /// of it.
    pub(crate) fn remove_from_line(&self, header: &Header) -> Option<(Runnable, Tick)> {
        let Waiting { job, waker, since } = self.lock_both().sides().remove_from_line(header)?;
        contain(|| drop(waker));
        Some((job, since))
    }

    /// Stops waiting for room, for good; `why` is what the submitter is told, or would be.
    pub(crate) fn stop_waiting(&self, header: &Header, why: SubmitErrorKind) -> WaitStopped {
        let Some(Waiting { job, waker, .. }) = self.lock_both().sides().reject_in_line(header, why) else {
            return WaitStopped::Decided;
        };
        job.reject();
        contain(|| drop(waker));
        WaitStopped::Rejected
    }

    /// Has another waker woken for a job that stands in line. `false`: it was accepted or rejected already.
    pub(crate) fn change_waker(&self, header: &Header, waker: &Waker) -> bool {
        let waker = waker.clone();
        let unused = self.lock_both().sides().change_waker(header, waker);
        let changed = unused.is_ok();
        contain(|| drop(unused));
        changed
    }

    // What workers call.

    /// A worker starts, and counts what it runs in `meter`.
    pub(crate) fn enter(&self, meter: Arc<Meter>) {
        self.lock_back().enter(meter);
    }

    /// A worker has left its loop and run its last hook. Tells whether it was the last.
    pub(crate) fn exit(&self) -> Left {
        let mut back = self.lock_back();
        let left = back.exit();
        drop(self.tell(back, if left == Left::Nobody { Progress::Made } else { Progress::None }));
        left
    }

    /// The next job for a worker, which retires the one it has run in the same step.
    #[inline]
    pub(crate) fn take(&self, worker: usize, done: Option<Epoch>) -> Taken {
        let mut back = self.lock_back();
        if let Some(epoch) = done {
            let progress = back.retire(epoch);
            back = self.tell(back, progress);
        }
        let mut job = back.pop_mail(worker).or_else(|| back.pop_alone(self.hint.read()));
        if job.is_none() && back.jobs_may_gather() {
            drop(back);
            let_gather();
            back = self.lock_back();
            job = back.pop_alone(self.hint.read());
        }
        match job {
            Some(job) => Taken::Job(job),
            None => {
                let front = self.lock_front();
                self.look(worker, Guards { back, front }).unwrap_or_else(Self::start_searching)
            }
        }
    }

    /// For a worker that has searched: the next job, if one has come meanwhile; else the worker sleeps until it is woken,
    /// and looks again. `spin` is told how long it slept.
    #[inline]
    pub(crate) fn take_or_sleep(&self, worker: usize, rest: Rest, spin: &AdaptiveSpin) -> Taken {
        let both = self.stop_searching();
        let taken = self.look(worker, both).or_else(|both| self.look(worker, self.sleep(both, rest, spin)));
        taken.unwrap_or_else(Self::start_searching)
    }

    /// For a worker that has found something else to run, and stops searching: a job goes before that. It is no job's to wait for
    /// any more.
    pub(crate) fn take_instead(&self, worker: usize) -> Option<Taken> {
        let both = self.stop_searching();
        self.look(worker, both).ok()
    }

    /// How often a worker was called for a half.
    pub(crate) fn calls(&self) -> Calls {
        self.lock_front().calls()
    }

    /// Calls a worker for a half: see [`crate::queue::sleep`].
    #[cold]
    pub(crate) fn call_worker(&self) {
        let workers = self.lock_front().call();
        self.notify_workers(workers);
    }

    /// Whether a searching worker may find a job.
    pub(crate) fn may_have_work(&self) -> bool {
        !self.hint.read().is_empty()
    }

    /// What there is for a worker; if there is nothing, both sides, locked since they were found empty.
    #[inline]
    fn look<'a>(&'a self, worker: usize, mut both: Guards<'a>) -> Result<Taken, Guards<'a>> {
        if let Some(job) = both.back.pop_mail(worker) {
            return Ok(Taken::Job(job));
        }
        let (mut both, first) = match both.back.line_waits() {
            false => (both, None),
            true => self.make_way_for_next(both),
        };
        if let Some((lane, workers)) = both.sides().next_lane(first, &self.hint) {
            let Guards { mut back, front } = both;
            drop(front);
            let job = back.pop(lane);
            drop(back);
            self.notify_workers(workers);
            return Ok(Taken::Job(job));
        }
        match both.sides().exit_or_wait() {
            Next::Wait => Err(both),
            Next::Exit => {
                drop(both);
                self.work.notify_all();
                Ok(Taken::Exit)
            }
        }
    }

    /// Steps 1 and 2 of [`crate::queue::sides`], for who is about to take out one job, and holds none.
    #[inline]
    fn make_way_for<'a>(&'a self, both: Guards<'a>, header: &Header) -> Guards<'a> {
        match both.back.line_waits() {
            false => both,
            true => self.make_way(both, Leave::OutOfTurn, |sides| sides.holds(header)),
        }
    }

    /// The same for who takes the next job, whichever that is. A job from the line does not go before it, however urgent:
    /// it would not if its place came free after the pop. So the lane is chosen first.
    #[cold]
    fn make_way_for_next<'a>(&'a self, mut both: Guards<'a>) -> (Guards<'a>, Option<Priority>) {
        let first = both.sides().peek_lane();
        (self.make_way(both, Leave::InTurn, |_| true), first)
    }

    #[cold]
    fn make_way<'a>(
        &'a self,
        mut both: Guards<'a>,
        leave: Leave,
        is_queued: impl Fn(&mut Sides<'_>) -> bool,
    ) -> Guards<'a> {
        let mut wakeups = Wakeups::default();
        while is_queued(&mut both.sides()) && both.sides().admit_ahead(leave, &self.hint, &mut wakeups) {
            drop(both);
            self.wake(mem::take(&mut wakeups));
            both = self.lock_both();
        }
        both
    }

    /// Step 1 of [`crate::queue::sleep`].
    fn start_searching(mut both: Guards<'_>) -> Taken {
        both.front.start_searching();
        Taken::Nothing
    }

    #[inline]
    fn stop_searching(&self) -> Guards<'_> {
        let mut both = self.lock_both();
        both.front.stop_searching();
        both
    }

    /// Step 2 of [`crate::queue::sleep`].
    fn sleep<'a>(&'a self, both: Guards<'a>, rest: Rest, spin: &AdaptiveSpin) -> Guards<'a> {
        let Guards { back, mut front } = both;
        let Some((time, broadcasts)) = front.fall_asleep(rest) else { return Guards { back, front } };
        let is_streaming = back.is_streaming();
        drop(back);
        match time {
            // Jobs that gather meanwhile cost less: no reason to stay awake.
            None if is_streaming => front = self.wait_for_wakeup(front, broadcasts),
            None => front = spin.sleep(|| self.wait_for_wakeup(front, broadcasts)),
            // The model checker has no clock: there a doze is over at once.
            Some(_) if cfg!(corepool_loom) => front.stop_dozing(Wakeup::NotYet),
            Some(time) => front = self.doze(front, time, broadcasts),
        }
        drop(front);
        self.stop_searching()
    }

    fn wait_for_wakeup<'a>(&'a self, mut front: MutexGuard<'a, Front>, broadcasts: u64) -> MutexGuard<'a, Front> {
        while front.take_wakeup(broadcasts) == Wakeup::NotYet {
            front = self.work.wait(front);
        }
        front
    }

    /// Step 6.
    #[cold]
    fn doze<'a>(&'a self, mut front: MutexGuard<'a, Front>, time: Duration, broadcasts: u64) -> MutexGuard<'a, Front> {
        let deadline = deadline_in(time);
        let mut woken = front.take_wakeup(broadcasts);
        while woken == Wakeup::NotYet {
            let timed_out;
            (front, timed_out) = self.work.wait_until(front, deadline);
            woken = front.take_wakeup(broadcasts);
            if timed_out == Woken::TimedOut {
                break;
            }
        }
        front.stop_dozing(woken);
        front
    }

    /// Takes one job out of the queue, if it is still there, to run it here and now: on a worker of this pool, or of
    /// another.
    pub(crate) fn claim(&self, header: &Header, origin: Origin) -> Option<Begun> {
        let mut both = self.make_way_for(self.lock_both(), header);
        let (job, workers) = both.sides().claim(header, origin, &self.hint)?;
        drop(both);
        self.notify_workers(workers);
        Some(job)
    }

    /// The next job of a pool that has no workers, for whoever lends it a thread.
    pub(crate) fn take_as_guest(&self) -> Option<Begun> {
        let mut both = self.lock_both();
        let (lane, _nobody_sleeps) = both.sides().next_lane(None, &self.hint)?;
        let job = both.back.pop_as_guest(lane);
        drop(both);
        Some(job)
    }

    /// Whether anything is queued, for the same.
    pub(crate) fn has_queued(&self) -> bool {
        self.lock_both().sides().has_queued()
    }

    /// Retires a claimed job once it has run.
    pub(crate) fn retire(&self, epoch: Epoch) {
        let mut back = self.lock_back();
        let progress = back.retire(epoch);
        drop(self.tell(back, progress));
    }

    /// Counts how a job has ended that a worker of another pool runs.
    pub(crate) fn count_for_guest(&self, count: impl FnOnce(&Meter)) {
        count(self.lock_back().guest_meter());
    }

    /// Retires a job that a worker of another pool has run. It may be the last that a drain waited for, and its worker is
    /// not one to look whether it may exit.
    pub(crate) fn retire_guest(&self, epoch: Epoch) {
        let mut both = self.lock_both();
        let progress = both.back.retire_guest(epoch);
        let is_drained = both.sides().close_if_drained();
        drop(both.front);
        drop(self.tell(both.back, progress));
        if is_drained {
            self.work.notify_all();
        }
    }

    pub(crate) fn is_aborting(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `close`: what was done before aborting is seen by a job that finds
        // out.
        self.aborting.load(Ordering::Acquire)
    }

    // What those call who end jobs.

    /// Takes a job out of the queue or out of the line, to end it.
    pub(crate) fn dequeue(&self, header: &Header, why: Unrun) -> Found {
        let mut both = self.make_way_for(self.lock_both(), header);
        if let Some((job, workers)) = both.sides().dequeue(header, why, &self.hint) {
            drop(both);
            self.notify_workers(workers);
            return Found::InQueue(job.into_runnable());
        }
        if Self::reject(both, header, why) { Found::InLine } else { Found::Nowhere }
    }

    /// Takes a job out of the line, to reject it.
    pub(crate) fn reject_in_line(&self, header: &Header, why: Unrun) {
        Self::reject(self.lock_both(), header, why);
    }

    fn reject(mut both: Guards<'_>, header: &Header, why: Unrun) -> bool {
        let Some(waiting) = both.sides().reject_in_line(header, rejection(why)) else { return false };
        let waker = waiting.reject(why);
        drop(both);
        contain(|| waker.wake());
        true
    }

    /// Takes out the next job of a pool that aborts; none is left once it says so.
    pub(crate) fn take_to_abort(&self) -> Option<Runnable> {
        self.lock_both().sides().take_to_abort(&self.hint).map(Queued::into_runnable)
    }

    /// Retires a job that was aborted: step 3 of [`crate::queue::aborts`].
    pub(crate) fn retire_aborted(&self, epoch: Epoch) {
        let mut back = self.lock_back();
        let progress = back.retire_aborted(epoch);
        drop(self.tell(back, progress));
    }

    /// Moves to `phase`, unless the pool is past it, and rejects the line.
    pub(crate) fn close(&self, phase: Phase) {
        let mut both = self.lock_both();
        let Some(wakeups) = both.sides().close(phase) else { return };
        if phase == Phase::Aborting {
            // ORDERING: Release, see `is_aborting`.
            self.aborting.store(true, Ordering::Release);
        }
        drop(both);
        self.work.notify_all();
        self.wake(wakeups);
    }

    // What those call who watch the pool.

    /// Waits until what is awaited has come about.
    pub(crate) fn wait_for(&self, mut awaited: Awaited, deadline: Option<Instant>) -> Result<(), WaitError> {
        let mut back = self.lock_back();
        let mut woken = Woken::Notified;
        while !awaited.has_come(&mut back, || self.lock_front()) {
            if woken == Woken::TimedOut {
                awaited.give_up(&mut back);
                return Err(WaitError::TimedOut);
            }
            (back, woken) = self.progress.wait_until(back, deadline);
        }
        Ok(())
    }

    /// The same for a future: whether it has come about, or else the promise to wake `waker` when it may have. `key` is the
    /// future's to keep.
    pub(crate) fn poll_for(&self, awaited: &mut Awaited, key: &mut Option<WatchKey>, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        let mut back = self.lock_back();
        let (polled, unused) = match awaited.has_come(&mut back, || self.lock_front()) {
            true => (Poll::Ready(()), Some(waker)),
            false => (Poll::Pending, back.watchers().watch(key, waker)),
        };
        drop(back);
        contain(|| drop(unused));
        polled
    }

    /// For a future that is dropped.
    pub(crate) fn stop_watching(&self, awaited: Awaited, key: WatchKey) {
        let mut back = self.lock_back();
        awaited.give_up(&mut back);
        let unused = back.watchers().forget(key);
        drop(back);
        contain(|| drop(unused));
    }

    pub(crate) fn stats(&self) -> Stats {
        self.lock_both().sides().stats()
    }

    /// Shows the job that was queued first in each lane that waits, the most urgent first, and when it was submitted; under
    /// both locks.
    pub(crate) fn map_oldest<R>(&self, look: impl Fn(&dyn RunEnd, Tick) -> R) -> Vec<R> {
        self.lock_both().sides().oldest().map(|(job, since)| look(job.cell(), since)).collect()
    }

    pub(crate) fn worker_stats(&self) -> Vec<WorkerStats> {
        self.lock_back().worker_stats()
    }

    /// After a step that may be what somebody waits for who watches the pool.
    #[inline]
    fn tell<'a>(&'a self, back: MutexGuard<'a, Back>, progress: Progress) -> MutexGuard<'a, Back> {
        match progress {
            Progress::None => back,
            Progress::Made => self.wake_watchers(back),
        }
    }

    /// Who calls it holds no job, as wakers are user code.
    #[cold]
    fn wake_watchers<'a>(&'a self, mut back: MutexGuard<'a, Back>) -> MutexGuard<'a, Back> {
        if back.idle().is_awaited() {
            Sides::new(&mut back, &mut self.lock_front()).look_for_idle();
        }
        self.progress.notify_all();
        if back.watchers().is_empty() {
            return back;
        }
        let watchers = back.watchers().take_all();
        drop(back);
        for waker in watchers {
            contain(|| waker.wake());
        }
        self.lock_back()
    }

    fn notify_workers(&self, workers: usize) {
        for _ in 0..workers {
            self.work.notify_one();
        }
    }

    fn wake(&self, wakeups: Wakeups) {
        self.notify_workers(wakeups.workers);
        for waker in wakeups.ended.into_iter().chain(wakeups.accepted) {
            contain(|| waker.wake());
        }
    }
}

/// For the models, which bring about what takes the pool's own calls too many steps.
#[cfg(corepool_loom)]
#[allow(dead_code, reason = "for the models' test binary, which includes this file")]
impl Monitor {
    pub(crate) fn with_sides<R>(&self, change: impl FnOnce(Sides<'_>, &Hint) -> R) -> R {
        change(self.lock_both().sides(), &self.hint)
    }

    /// As a condition variable may do on its own.
    pub(crate) fn notify_workers_for_nothing(&self) {
        self.work.notify_all();
    }

    pub(crate) fn notify_so_many_workers(&self, workers: usize) {
        self.notify_workers(workers);
    }

    pub(crate) fn retire_at_once(&self, epochs: impl Iterator<Item = Epoch>) {
        let mut back = self.lock_back();
        for epoch in epochs {
            let progress = back.retire(epoch);
            back = self.tell(back, progress);
        }
    }
}
