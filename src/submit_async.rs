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

use crate::cell::JobCell;
use crate::error::SubmitError;
use crate::handle::{JobHandle, cancel};
use crate::job::{Header, RunEnd, Runnable, Standing};
use crate::line::{Verdict, withdraw_if_ended};
use crate::options::{Extras, Options};
use crate::pool::Pool;
use crate::queue::{LeftLine, NoRoom, Refused};
use crate::sides::Origin;
use crate::submit::offer;
use crate::worker::{Shared, origin};

pub(crate) struct SubmitAsync<F, T, O: Extras> {
    pool: Pool,
    state: State<F, T, O>,
    submitted_at: &'static Location<'static>,
}

enum State<F, T, O> {
    New(F, O),
    InLine(Arc<JobCell<F, T, O>>),
    Done,
}

/// Nothing in it is ever pinned.
impl<F, T, O: Extras> Unpin for SubmitAsync<F, T, O> {}

impl<F, T, O: Extras> SubmitAsync<F, T, O> {
    pub(crate) fn new(pool: Pool, job: F, extras: O, submitted_at: &'static Location<'static>) -> Self {
        Self { pool, state: State::New(job, extras), submitted_at }
    }
}

impl<F, T, O> Future for SubmitAsync<F, T, O>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    O: Extras + 'static,
{
    type Output = Result<JobHandle<T>, SubmitError<F>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let pool = this.pool.shared();
        let (cell, verdict) = match mem::replace(&mut this.state, State::Done) {
            State::New(job, extras) => {
                let cell = Arc::new(JobCell::new(job, extras, this.submitted_at));
                let job = Runnable::new(Arc::<JobCell<F, T, O>>::clone(&cell));
                let verdict = first_offer(pool, job, cell.header(), cell.options(), cx.waker());
                (cell, verdict)
            }
            State::InLine(cell) => {
                // Should cloning the waker panic, the job still stands in line.
                this.state = State::InLine(Arc::clone(&cell));
                let verdict = ask(pool, cell.header(), cell.options(), cx.waker());
                (cell, verdict)
            }
            State::Done => panic!("this submission has been polled to its end: its handle was given then"),
        };
        this.state = State::Done;
        match verdict {
            Verdict::NotYet => {
                this.state = State::InLine(cell);
                Poll::Pending
            }
            Verdict::Accepted => Poll::Ready(Ok(JobHandle::new(cell, pool.id))),
            Verdict::TurnedAway(kind) => {
                Poll::Ready(Err(SubmitError::new(kind, pool.monitor.capacity(), None, cell.reclaim())))
            }
        }
    }
}

/// The first poll: puts the job into the queue, or in line with a copy of `waker`.
fn first_offer(
    pool: &Arc<Shared>,
    job: Runnable,
    header: &Header,
    options: Option<&Options>,
    waker: &Waker,
) -> Verdict {
    let offered = offer(pool, job, options, NoRoom::GiveBack).and_then(|job| match job {
        None => Ok(Standing::Accepted),
        Some(job) => pool.monitor.stand_in_line(job, waker.clone()).map_err(Refused::hand_back),
    });
    match offered {
        Ok(_) => {
            withdraw_if_ended(&pool.monitor, header, options);
            Verdict::on(header)
        }
        Err(kind) => Verdict::TurnedAway(kind),
    }
}

/// Every later poll, of a job that was put in line.
fn ask(pool: &Arc<Shared>, header: &Header, options: Option<&Options>, waker: &Waker) -> Verdict {
    let verdict = Verdict::on(header);
    if verdict != Verdict::NotYet {
        return verdict;
    }
    if origin(pool) == Origin::Outside {
        // If it does not stand there any more, the verdict has fallen meanwhile.
        return if pool.monitor.change_waker(header, waker) { Verdict::NotYet } else { Verdict::on(header) };
    }
    // A worker polls it by now, which must not wait.
    let Some(job) = pool.monitor.leave_line(header) else { return Verdict::on(header) };
    match pool.monitor.offer(job, Origin::Inside, NoRoom::Exceed) {
        Ok(()) => {
            // Between line and queue whoever ends the job does not find it.
            withdraw_if_ended(&pool.monitor, header, options);
            Verdict::Accepted
        }
        Err(refused) => Verdict::TurnedAway(refused.hand_back()),
    }
}

impl<F, T, O: Extras> Drop for SubmitAsync<F, T, O> {
    fn drop(&mut self) {
        let State::InLine(cell) = mem::replace(&mut self.state, State::Done) else { return };
        let (pool, header) = (self.pool.shared(), cell.header());
        let left = pool.monitor.give_up_waiting(header);
        if left == LeftLine::Decided && Verdict::on(header) == Verdict::Accepted {
            cancel(Some(pool), header);
        } else {
            // The closure is dropped with the cell.
            cell.unregister();
        }
    }
}
