//! One request on its way through the pool, from `call` to its response.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::pool_error::PoolServiceError;
use crate::base::error::SubmitErrorKind;
use crate::handle::cancel_on_drop::CancelOnDrop;
use crate::handle::job_handle::JobHandle;

/// The future of a request to a [`PoolService`](super::PoolService). Dropping it before it is ready cancels the job.
///
/// Polled inside a job of the same pool, it runs its own job there if that is still queued, as a
/// [`join`](crate::JobHandle::join) does, because no other worker may be free to.
///
/// ```
/// use corepool::Pool;
/// use corepool::tower::PoolService;
/// use tower::Service;
///
/// let pool = Pool::builder().workers(1).build().unwrap();
/// let (go, gate) = std::sync::mpsc::channel::<()>();
/// let held = pool.submit(move || gate.recv()).unwrap();
/// # while pool.stats().busy == 0 {}
/// let mut service = PoolService::new(pool.clone(), |n: u64| n * 2);
/// let request = service.call(21); // queued
/// drop(request); // the client hung up
/// assert_eq!(pool.stats().cancelled, 1);
/// # drop(go);
/// # held.detach();
/// ```
#[must_use = "futures do nothing unless polled, and dropping this one cancels the job"]
pub struct PoolFuture<Res, Req> {
    state: State<Res, Req>,
}

enum State<Res, Req> {
    Accepted(CancelOnDrop<Res>),
    Rejected(PoolServiceError<Req>),
    Over,
}

impl<Res, Req> PoolFuture<Res, Req> {
    pub(super) fn accepted(job: JobHandle<Res>) -> Self {
        Self { state: State::Accepted(job.cancel_on_drop()) }
    }

    pub(super) fn rejected(kind: SubmitErrorKind, request: Req) -> Self {
        Self { state: State::Rejected(PoolServiceError::rejected(kind, request)) }
    }
}

/// Nothing in it is ever pinned.
impl<Res, Req> Unpin for PoolFuture<Res, Req> {}

impl<Res, Req> Future for PoolFuture<Res, Req> {
    type Output = Result<Res, PoolServiceError<Req>>;

    /// # Panics
    ///
    /// If polled again after it has returned `Ready`, or if cloning the waker panics.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Accepted(job) = &mut self.state {
            job.run_if_inside();
            let outcome = ready!(Pin::new(job).poll(cx));
            self.state = State::Over;
            return Poll::Ready(outcome.map_err(PoolServiceError::Failed));
        }
        match mem::replace(&mut self.state, State::Over) {
            State::Rejected(error) => Poll::Ready(Err(error)),
            State::Accepted(_) | State::Over => {
                panic!("this `PoolFuture` was polled to its end: it has already returned its response")
            }
        }
    }
}

impl<Res, Req> fmt::Debug for PoolFuture<Res, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state: &dyn fmt::Debug = match &self.state {
            State::Accepted(job) => job,
            State::Rejected(error) => error,
            State::Over => &"over",
        };
        f.debug_tuple("PoolFuture").field(state).finish()
    }
}
