//! Submitting from async code: a future that stands in the same line as waiting threads do.
//!
//! | state | on a poll | on a drop |
//! |---|---|---|
//! | `New` | offers the job: ready, or `InLine` | the closure is dropped |
//! | `InLine` | looks at the verdict in the job's header; not yet: leaves its waker | leaves the line; cancels a job that was accepted meanwhile |
//! | `Done` | panics | |

use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::base::error::{SubmitError, SubmitErrorKind};
use crate::ending::cancel::cancel;
use crate::ending::registration::{Registrable, Registration};
use crate::handle::job_handle::JobHandle;
use crate::job::cell::JobCell;
use crate::job::header::{Header, Standing};
use crate::job::job_pool::JobPool;
use crate::job::runnable::Runnable;
use crate::monitor::monitor::{NoRoom, WaitStopped};
use crate::pool::owner::Owner;
use crate::pool::submit::{Submittable, offer};
use crate::pool::wait_for_room::{Verdict, dequeue_if_ended, make_room};
use crate::queue::front::{Origin, Rejected};
use crate::worker::seat::origin;
use crate::worker::shared::Shared;

type Submitted<F, T> = Result<JobHandle<T>, SubmitError<F>>;

pub(crate) struct SubmitAsync<F, T, S: Submittable> {
    pool: Arc<Owner>,
    state: State<F, T, S>,
    submitted_at: &'static Location<'static>,
}

enum State<F, T, S: Submittable> {
    New(F, S),
    InLine(Arc<JobCell<F, T, S::Extras>>),
    Done,
}

/// Nothing in it is ever pinned.
impl<F, T, S: Submittable> Unpin for SubmitAsync<F, T, S> {}

impl<F, T, S: Submittable> SubmitAsync<F, T, S> {
    pub(crate) fn new(pool: Arc<Owner>, job: F, settings: S, submitted_at: &'static Location<'static>) -> Self {
        Self { pool, state: State::New(job, settings), submitted_at }
    }
}

impl<F, T, S> Future for SubmitAsync<F, T, S>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    S: Submittable,
{
    type Output = Submitted<F, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let pool = this.pool.shared();
        let (cell, verdict) = match mem::replace(&mut this.state, State::Done) {
            State::New(job, settings) => {
                let extras = settings.submitted(&pool.keeper);
                let cell = Arc::new(JobCell::new(job, extras, this.submitted_at));
                let job = Runnable::of(&cell);
                let verdict = first_offer(pool, job, cell.header(), cell.extras().registration(), cx.waker());
                (cell, verdict)
            }
            State::InLine(cell) => {
                // Should cloning the waker panic, the job still stands in line.
                this.state = State::InLine(Arc::clone(&cell));
                let verdict = ask(pool, cell.header(), cell.extras().registration(), cx.waker());
                (cell, verdict)
            }
            State::Done => {
                panic!("this `submit_async` future was polled to its end: it has already returned its handle")
            }
        };
        this.state = State::Done;
        match decide(pool, cell, verdict) {
            Ok(submitted) => Poll::Ready(submitted),
            Err(in_line) => {
                this.state = in_line;
                Poll::Pending
            }
        }
    }
}

/// What a poll returns that has found this verdict; `Err` is the state in which to be polled again.
fn decide<F, T, S>(
    pool: &Shared,
    cell: Arc<JobCell<F, T, S::Extras>>,
    verdict: Verdict,
) -> Result<Submitted<F, T>, State<F, T, S>>
where
    F: Send + 'static,
    T: Send + 'static,
    S: Submittable,
{
    match verdict {
        Verdict::NotYet => Err(State::InLine(cell)),
        Verdict::Accepted => Ok(Ok(JobHandle::new(cell, pool.id))),
        Verdict::Rejected(kind) => Ok(Err(SubmitError::new(kind, pool.monitor.capacity(), None, cell.take_closure()))),
    }
}

/// Submits a plain job, and makes the future, polled once with `waker`, only if the job has to stand in line: for callers to
/// whom a copy of the pool for each job is too much.
pub(crate) fn submit_or_stand_in_line<F, T>(
    pool: &Arc<Owner>,
    job: F,
    submitted_at: &'static Location<'static>,
    waker: &Waker,
) -> Result<Submitted<F, T>, SubmitAsync<F, T, ()>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let cell = Arc::new(JobCell::new(job, (), submitted_at));
    let verdict = first_offer(pool.shared(), Runnable::of(&cell), cell.header(), None, waker);
    decide(pool.shared(), cell, verdict).map_err(|state| SubmitAsync { pool: Arc::clone(pool), state, submitted_at })
}

/// The first poll: puts the job into the queue, or in line with a copy of `waker`.
fn first_offer(
    pool: &Arc<Shared>,
    job: Runnable,
    header: &Header,
    registration: Option<&Registration>,
    waker: &Waker,
) -> Verdict {
    let offered = offer(pool, job, registration, NoRoom::Return).and_then(|job| match job {
        None => Ok(Standing::Accepted),
        Some(job) if pool.id.is_inline() => make_room(pool, job, None).map(|()| Standing::Accepted),
        Some(job) => pool.monitor.stand_in_line(job, waker.clone()).map_err(Rejected::into_kind),
    });
    match offered {
        Ok(_) => {
            dequeue_if_ended(pool, header, registration);
            Verdict::on(header)
        }
        Err(kind) => Verdict::Rejected(kind),
    }
}

/// Every later poll, of a job that was put in line.
fn ask(pool: &Arc<Shared>, header: &Header, registration: Option<&Registration>, waker: &Waker) -> Verdict {
    let verdict = Verdict::on(header);
    if verdict != Verdict::NotYet {
        return verdict;
    }
    if pool.id.is_of_parent() && pool.monitor.stop_waiting(header, SubmitErrorKind::Forked) == WaitStopped::Rejected {
        return Verdict::Rejected(SubmitErrorKind::Forked);
    }
    if origin(pool.id) == Origin::Outside {
        // If it does not stand there any more, the verdict has fallen meanwhile.
        return if pool.monitor.change_waker(header, waker) { Verdict::NotYet } else { Verdict::on(header) };
    }
    // A worker polls it by now, which must not wait.
    let Some((job, since)) = pool.monitor.remove_from_line(header) else { return Verdict::on(header) };
    match pool.monitor.offer_since(job, since, Origin::Inside, NoRoom::Exceed) {
        Ok(()) => {
            // Between line and queue whoever ends the job does not find it.
            dequeue_if_ended(pool, header, registration);
            Verdict::Accepted
        }
        Err(rejected) => Verdict::Rejected(rejected.into_kind()),
    }
}

impl<F, T, S: Submittable> Drop for SubmitAsync<F, T, S> {
    fn drop(&mut self) {
        let State::InLine(cell) = mem::replace(&mut self.state, State::Done) else { return };
        let (pool, header) = (self.pool.shared(), cell.header());
        let stopped = pool.monitor.stop_waiting(header, SubmitErrorKind::Cancelled);
        if stopped == WaitStopped::Decided && Verdict::on(header) == Verdict::Accepted {
            let pool: Arc<dyn JobPool> = Arc::<Shared>::clone(pool);
            cancel(Some(pool), header);
        } else {
            // The closure is dropped with the cell.
            cell.unregister();
        }
    }
}
