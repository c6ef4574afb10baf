//! The handle: how a submitter gets at its job's outcome, by blocking, by polling or by awaiting.

use std::fmt;
use std::mem;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::base::error::JobError;
use crate::base::ids::PoolId;
use crate::base::park::{deadline_in, is_ahead, with_parker};
use crate::base::spin::spin_until;
use crate::base::sync::Woken;
use crate::base::unrun::Unrun;
use crate::ending::cancel::{Cancel, cancel};
use crate::ending::registry;
use crate::handle::cancel_on_drop::CancelOnDrop;
use crate::handle::remains::{Left, let_go};
use crate::job::cell::{JobCell, Outcome, WaitEnd};
use crate::observe::label::JobLabel;
use crate::queue::front::Origin;
use crate::worker::join::{Claim, claim};
use crate::worker::seat;

const SPENT: &str = "this `JobHandle` was polled to its end: it has already returned its outcome";

/// The handle of one job, which gives its outcome once: a value, or the reason why there is none.
///
/// Dropping the handle detaches the job: it still runs. The handle is also a future, for any executor.
///
/// ```
/// let pool = corepool::Pool::new().unwrap();
/// let job = pool.submit(|| 6 * 7).unwrap();
/// assert_eq!(job.join().unwrap(), 42);
///
/// let job = pool.submit(|| 6 * 7).unwrap();
/// assert_eq!(pollster::block_on(job).unwrap(), 42);
/// ```
#[must_use = "dropping the handle detaches the job and loses its outcome: join or await it, or say `detach()`"]
pub struct JobHandle<T> {
    /// Empty once the future was ready.
    cell: Option<Arc<dyn WaitEnd<T>>>,
    pool: PoolId,
    /// Whether a waker may be left in the cell.
    has_left_waker: bool,
}

impl<T> JobHandle<T> {
    pub(crate) fn new(cell: Arc<dyn WaitEnd<T>>, pool: PoolId) -> Self {
        Self { cell: Some(cell), pool, has_left_waker: false }
    }

    /// The handle of a job that has completed, and needs no pool: for code that gives handles where there is nothing to submit,
    /// as the value is known already, or as it is built for where there are no threads.
    ///
    /// It is in every way like the handle of a job that has run, and starts no thread.
    ///
    /// ```
    /// use corepool::{JobHandle, Pool};
    ///
    /// /// Small ones are faster done than submitted.
    /// fn sum(pool: &Pool, numbers: Vec<u64>) -> JobHandle<u64> {
    ///     match numbers.len() {
    ///         0..=1_000 => JobHandle::ready(numbers.into_iter().sum()),
    ///         _ => pool.submit(move || numbers.into_iter().sum()).expect("the pool is open"),
    ///     }
    /// }
    /// let pool = Pool::new().unwrap();
    /// assert_eq!(sum(&pool, vec![20, 22]).join().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn ready(value: T) -> JobHandle<T>
    where
        T: Send + 'static,
    {
        Self::resolved(Ok(value), Location::caller())
    }

    /// The handle of a job that has resolved, and was never submitted.
    pub(crate) fn resolved(outcome: Outcome<T>, made_at: &'static Location<'static>) -> Self
    where
        T: Send + 'static,
    {
        Self::new(Arc::new(JobCell::resolved(outcome, made_at)), PoolId::NONE)
    }

    /// Blocks until the job has resolved, and returns its outcome.
    ///
    /// By then the closure has been dropped with everything it owned, whatever the outcome: a value (which may hold some of it), a
    /// panic, or that the job was cancelled, expired or was aborted. So a file that the job owned is closed, and an `Arc` that was
    /// shared with jobs has no other owner once they are joined. The same holds for every other way to learn that a job has
    /// resolved; [`JobError::WouldDeadlock`] and [`JobError::Forked`] say that it has not.
    ///
    /// On a worker, of the job's pool or of any other, a job that is still queued is run on the spot: exactly this
    /// job, never an unrelated one. So jobs can submit and join jobs to any depth the stack allows, even with a
    /// single worker, and pools can wait for each other's jobs. If the job is already running elsewhere, `join` waits
    /// for it. To join many jobs inside a job, use [`join_all`](crate::join_all).
    ///
    /// A job of another pool that runs here still belongs to its own pool: it is counted there, it has that pool's
    /// `on_panic`, and [`checkpoint`](crate::checkpoint) speaks for that pool. The thread and
    /// [`current_worker`](crate::current_worker) are those of the joining job. So is the stack; if that is smaller
    /// than the stacks of the job's pool, a thread is started for the job. If this thread is unwinding a panic,
    /// `std::thread::panicking()` is true in the job, too.
    ///
    /// This cannot help jobs that wait for each other in a circle, nor jobs that wait through anything else (a
    /// channel, a lock, `block_on`). Those hang, as they would with plain threads.
    ///
    /// # Errors
    ///
    /// Why the job has no value. [`JobError::WouldDeadlock`] if this thread is itself in the middle of running the
    /// job, or of dropping it unrun; the job is then detached. [`JobError::Forked`] in a forked child.
    ///
    /// # Panics
    ///
    /// If the handle has already returned `Ready` as a future.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(1).build().unwrap();
    /// let inner = pool.clone();
    /// let job = pool.submit(move || inner.submit(|| 20).unwrap().join().unwrap() + 1).unwrap();
    /// assert_eq!(job.join().unwrap(), 21);
    ///
    /// let sum = std::sync::Arc::new(std::sync::Mutex::new(0));
    /// let add = |n| {
    ///     let sum = sum.clone();
    ///     pool.submit(move || *sum.lock().unwrap() += n).unwrap()
    /// };
    /// [add(20), add(22)].into_iter().for_each(|job| job.join().unwrap());
    /// let sum = std::sync::Arc::into_inner(sum).expect("both jobs are gone");
    /// assert_eq!(sum.into_inner().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn join(mut self) -> Result<T, JobError> {
        // Who polled it before does not wait any more.
        self.forget_waker();
        let cell = self.cell.take().expect(SPENT);
        if let Some(outcome) = cell.take() {
            return outcome;
        }
        lend_thread(&*cell, self.pool, &|| false);
        if claim(cell.header(), self.pool) == Claim::OnOwnStack {
            return Err(JobError::WouldDeadlock);
        }
        match wait(&*cell, self.pool, None) {
            Some(outcome) => outcome,
            None => unreachable!("without a deadline only the job's end ends the wait"),
        }
    }

    /// Blocks until the job has resolved, but for no longer than `timeout`. A timeout that overflows [`Instant`]
    /// means no limit.
    ///
    /// With a limit it does not run a queued job on a worker, as [`join`](Self::join) does, because it could not stop
    /// in time. If this thread is in the middle of the job, it returns [`JobError::WouldDeadlock`] at once, and the
    /// job is detached.
    ///
    /// # Errors
    ///
    /// The handle, if the job has not resolved in time.
    ///
    /// # Panics
    ///
    /// If the handle has already returned `Ready` as a future.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel();
    /// let job = pool.submit(move || gate.recv()).unwrap();
    /// let job = job.join_timeout(Duration::from_millis(1)).unwrap_err(); // not yet
    /// go.send(42).unwrap();
    /// assert_eq!(job.join_timeout(Duration::MAX).unwrap().unwrap(), Ok(42));
    /// ```
    #[track_caller]
    pub fn join_timeout(mut self, timeout: Duration) -> Result<Result<T, JobError>, JobHandle<T>> {
        let cell = self.cell.as_ref().expect(SPENT);
        // Before the clock is read, which there may be none of where there are no threads.
        if let Some(outcome) = cell.take() {
            return Ok(outcome);
        }
        let Some(deadline) = deadline_in(timeout) else { return Ok(self.join()) };
        if seat::holds(cell.header()) {
            return Ok(Err(JobError::WouldDeadlock));
        }
        lend_thread(&**cell, self.pool, &|| Instant::now() >= deadline);
        match wait(&**cell, self.pool, Some(deadline)) {
            Some(outcome) => Ok(outcome),
            None => {
                self.has_left_waker = true;
                Err(self)
            }
        }
    }

    /// Returns the outcome if the job has resolved. Does not block.
    ///
    /// # Errors
    ///
    /// The handle, if the job has not resolved.
    ///
    /// # Panics
    ///
    /// If the handle has already returned `Ready` as a future.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut job = pool.submit(|| 42).unwrap();
    /// let outcome = loop {
    ///     match job.try_join() {
    ///         Ok(outcome) => break outcome,
    ///         Err(not_yet) => job = not_yet, // do something else meanwhile
    ///     }
    /// };
    /// assert_eq!(outcome.unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn try_join(self) -> Result<Result<T, JobError>, JobHandle<T>> {
        let cell = self.cell.as_ref().expect(SPENT);
        settle_if_ended(&**cell, self.pool);
        lend_thread(&**cell, self.pool, &|| false);
        match cell.take() {
            Some(outcome) => Ok(outcome),
            None => Err(self),
        }
    }

    /// Whether the job has resolved, so that joining it would not block.
    ///
    /// A queued job that was cancelled or has expired, and that no other thread has resolved yet, is resolved here.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| ()).unwrap();
    /// pool.wait_idle(None).unwrap();
    /// assert!(job.is_finished());
    /// # job.join().unwrap();
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| {
            settle_if_ended(&**cell, self.pool);
            lend_thread(&**cell, self.pool, &|| false);
            cell.header().is_finished()
        })
    }

    /// Cancels the job. A queued job resolves at once, whether or not a worker is free. A running one is asked to
    /// stop, through [`checkpoint`](crate::checkpoint).
    ///
    /// The closure of a queued job is dropped on this thread, and its place in the queue goes to the next in line.
    ///
    /// ```
    /// use corepool::{Cancel, JobError, Pool};
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let held = pool.submit(move || gate.recv()).unwrap();
    /// # while pool.stats().busy == 0 {}
    /// let job = pool.submit(|| 42).unwrap();
    /// assert_eq!(job.cancel(), Cancel::Dequeued);
    /// assert!(matches!(job.join(), Err(JobError::Cancelled)));
    /// # drop(go);
    /// # held.detach();
    /// ```
    pub fn cancel(&self) -> Cancel {
        match &self.cell {
            Some(cell) => cancel(registry::find(self.pool), cell.header()),
            None => Cancel::Finished,
        }
    }

    /// Returns a guard that cancels the job when it is dropped, unless the job has been joined or awaited before: for
    /// request handlers whose client may hang up.
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new().unwrap();
    /// let job = pool.submit(|| 42).unwrap().cancel_on_drop();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop::new(self)
    }

    /// Lets the job run without anybody waiting for it. The same as dropping the handle, but explicit.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.submit(|| println!("done when it is done")).unwrap().detach();
    /// ```
    pub fn detach(self) {}

    /// Lets go of the waker that a poll has left.
    pub(super) fn forget_waker(&mut self) {
        if mem::take(&mut self.has_left_waker)
            && let Some(waker) = self.cell.as_ref().and_then(|cell| cell.forget_waker())
        {
            let_go(Left::Waker(waker));
        }
    }

    #[inline(never)]
    fn let_go(&mut self) {
        self.forget_waker();
        if let Some(cell) = self.cell.take() {
            let_go(Left::Cell(cell));
        }
    }

    /// Runs the job on this thread if a join would, and says what it has found.
    pub(super) fn claim(&self) -> Claim {
        match &self.cell {
            Some(cell) if !cell.header().is_finished() => claim(cell.header(), self.pool),
            _ => Claim::NotHere,
        }
    }

    pub(super) fn run_if_queued(&self) {
        // Whatever it finds, the join that follows finds it too.
        let _ = self.claim();
    }

    /// Asks the job not to start or, if it has begun, to stop.
    pub(super) fn request_stop(&self) {
        if let Some(cell) = &self.cell
            && !cell.header().is_finished()
        {
            cell.header().end(Unrun::Cancelled);
        }
    }

    /// # Panics
    ///
    /// If the handle has already returned `Ready` as a future.
    #[track_caller]
    pub(super) fn assert_unspent(&self) {
        assert!(self.cell.is_some(), "{SPENT}");
    }

    /// Whether there is an outcome to take. Does nothing for that, unlike [`is_finished`](Self::is_finished).
    pub(super) fn has_resolved(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| cell.header().is_finished())
    }

    /// Whether whoever waits for the job runs it, as its pool has no threads.
    pub(super) fn is_inline(&self) -> bool {
        self.pool.is_inline()
    }

    /// Whether this thread is in the middle of the job, so that it would wait for ever.
    fn is_on_own_stack(&self) -> bool {
        self.cell.as_ref().is_some_and(|cell| seat::holds(cell.header()))
    }

    /// A poll that does not look whether this is a forked child, which takes a system call: whoever goes on to wait does.
    pub(super) fn poll_outcome(&mut self, waker: &Waker) -> Poll<Outcome<T>> {
        let cell = self.cell.as_ref().expect(SPENT);
        settle_if_ended(&**cell, self.pool);
        lend_thread(&**cell, self.pool, &|| false);
        let polled = match cell.poll(waker) {
            Poll::Pending if ended(&**cell).is_some() => {
                // Since it was looked at above, so that nobody was told.
                settle_if_ended(&**cell, self.pool);
                cell.take().map_or(Poll::Pending, Poll::Ready)
            }
            polled => polled,
        };
        match polled.is_ready() {
            true => self.cell = None,
            false => self.has_left_waker = true,
        }
        polled
    }

    /// A poll for who is about to wait on this thread: ready as well if that would be for ever.
    pub(super) fn poll_to_wait(&mut self, waker: &Waker) -> Poll<Outcome<T>> {
        match Pin::new(&mut *self).poll(&mut Context::from_waker(waker)) {
            Poll::Pending if self.is_on_own_stack() => Poll::Ready(Err(JobError::WouldDeadlock)),
            polled => polled,
        }
    }

    /// For futures that may be polled inside the job's pool, where nobody else may be free to run it.
    pub(super) fn run_if_inside(&self) {
        if seat::origin(self.pool) == Origin::Inside {
            self.run_if_queued();
        }
    }
}

/// As for the pool; and the outcome was made on another thread, whatever panics here.
impl<T> UnwindSafe for JobHandle<T> {}
impl<T> RefUnwindSafe for JobHandle<T> {}

impl<T> Drop for JobHandle<T> {
    /// Mostly there is nothing left to let go of, as the handle was joined.
    #[inline]
    fn drop(&mut self) {
        if self.cell.is_some() {
            self.let_go();
        }
    }
}

/// Waits for the outcome until `deadline`: looks, spins for a moment, then parks. It is woken to look whether the job has ended,
/// too, which takes its waker: see [`Target::end_all`](crate::ending::target::Target::end_all).
fn wait<T>(cell: &dyn WaitEnd<T>, pool: PoolId, deadline: Option<Instant>) -> Option<Outcome<T>> {
    let header = cell.header();
    if is_ahead(deadline) {
        spin_until(|| header.is_finished());
    }
    if header.is_finished() {
        return cell.take();
    }
    park(cell, pool, deadline)
}

#[inline(never)]
fn park<T>(cell: &dyn WaitEnd<T>, pool: PoolId, deadline: Option<Instant>) -> Option<Outcome<T>> {
    let _shown = seat::show_wait(|| JobLabel::new(cell.name(), cell.header().submitted_at()));
    with_parker(|parker, waker| {
        loop {
            match cell.poll(waker) {
                Poll::Ready(outcome) => return Some(outcome),
                Poll::Pending if pool.is_of_parent() => return Some(Err(JobError::Forked)),
                Poll::Pending => settle_if_ended(cell, pool),
            }
            if parker.park_until(deadline) == Woken::TimedOut {
                return cell.take();
            }
        }
    })
}

/// For who waits for a job, or asks until it has resolved, if its pool is an inline one: runs it here, after those before it.
#[inline]
fn lend_thread<T>(cell: &dyn WaitEnd<T>, pool: PoolId, is_over: &dyn Fn() -> bool) {
    if pool.is_inline()
        && !cell.header().is_finished()
        && let Some(pool) = registry::find(pool)
    {
        pool.run_until_finished(cell.header(), is_over);
    }
}

/// Why a job must not start any more, as far as it is for whoever waits for it to act on that: a deadline is the keeper's.
fn ended<T>(cell: &dyn WaitEnd<T>) -> Option<Unrun> {
    cell.header().ended().or_else(|| cell.is_cancelled().then_some(Unrun::Cancelled))
}

/// For who waits for a job, or asks until it has resolved: resolves one that is queued and must not start any more. Who else
/// would may be in a destructor that waits for this thread, or be this thread.
fn settle_if_ended<T>(cell: &dyn WaitEnd<T>, pool: PoolId) {
    if !cell.header().is_finished()
        && let Some(why) = ended(cell)
        && !pool.is_of_parent()
        && let Some(pool) = registry::find(pool)
    {
        pool.dequeue(cell.header(), why);
    }
}

impl<T> Future for JobHandle<T> {
    type Output = Result<T, JobError>;

    /// # Panics
    ///
    /// If polled again after it has returned `Ready`, or if cloning the waker panics.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.poll_outcome(cx.waker());
        if polled.is_pending() && self.pool.is_of_parent() {
            self.cell = None;
            return Poll::Ready(Err(JobError::Forked));
        }
        polled
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("JobHandle");
        if let Some(cell) = &self.cell {
            out.field("submitted_at", &format_args!("{}", cell.header().submitted_at()));
        }
        out.field("finished", &self.has_resolved()).finish()
    }
}
