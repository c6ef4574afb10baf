//! One call through the breaker, from `call` to its response.
//!
//! | state | on a poll | on a drop |
//! |---|---|---|
//! | `Rejected` | ready | nothing |
//! | `Admitted` | polls the inner future; not ready: stays so | drops the inner future, then abandons the permit |
//! | `Over` | panics | nothing |

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::classify::Classify;
use crate::breaker::{CallError, Permit, Rejected};

/// The future of a call through a [`BreakerService`](super::BreakerService). Holds the call's permit: dropping it before it is
/// ready abandons the call.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, State};
/// use corepool::tower::BreakerLayer;
/// use std::time::Duration;
/// use tower::{Layer, Service, service_fn};
///
/// let breaker = CircuitBreaker::new();
/// let ask = service_fn(|_: ()| async { Ok::<_, std::io::Error>("answer") });
/// let mut service = BreakerLayer::new(breaker.clone()).layer(ask);
///
/// breaker.open_for(Duration::ZERO);
/// let probe = service.call(());
/// assert_eq!(breaker.state(), State::HalfOpen);
/// assert!(!breaker.is_call_permitted()); // the only probe is out
/// drop(probe);
/// assert!(breaker.is_call_permitted());
/// ```
#[must_use = "futures do nothing unless polled, and dropping this one abandons the call"]
pub struct BreakerFuture<F, C> {
    state: State<F, C>,
}

enum State<F, C> {
    Rejected(Rejected),
    Admitted(Admitted<F, C>),
    Over,
}

/// Its parts are dropped in this order: the permit outlives the call.
struct Admitted<F, C> {
    call: Pin<Box<F>>,
    permit: Permit,
    classifier: C,
}

impl<F, C> BreakerFuture<F, C> {
    pub(super) fn admitted(call: F, permit: Permit, classifier: C) -> Self {
        Self { state: State::Admitted(Admitted { call: Box::pin(call), permit, classifier }) }
    }

    pub(super) fn rejected(rejected: Rejected) -> Self {
        Self { state: State::Rejected(rejected) }
    }
}

/// The call is pinned in its box, and nothing else ever is.
impl<F, C> Unpin for BreakerFuture<F, C> {}

impl<F, C, T, E> Future for BreakerFuture<F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, CallError<E>>;

    /// # Panics
    ///
    /// If the inner future or the classifier does: that is recorded as a failure before `poll` is left, and goes on. If polled
    /// again after that, or after it has returned `Ready`.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Out of `self`, so that a panic drops the permit here and now, and not when somebody drops the future.
        let mut admitted = match mem::replace(&mut self.state, State::Over) {
            State::Admitted(admitted) => admitted,
            State::Rejected(rejected) => return Poll::Ready(Err(rejected.into())),
            State::Over => panic!("this `BreakerFuture` was polled to its end: it has already returned its response"),
        };
        let Poll::Ready(result) = admitted.call.as_mut().poll(cx) else {
            self.state = State::Admitted(admitted);
            return Poll::Pending;
        };
        let outcome = admitted.classifier.classify(&result);
        admitted.permit.record(outcome);
        Poll::Ready(result.map_err(CallError::Inner))
    }
}

impl<F, C> fmt::Debug for BreakerFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state: &dyn fmt::Debug = match &self.state {
            State::Rejected(rejected) => rejected,
            State::Admitted(admitted) => &admitted.permit,
            State::Over => &"over",
        };
        f.debug_tuple("BreakerFuture").field(state).finish()
    }
}
