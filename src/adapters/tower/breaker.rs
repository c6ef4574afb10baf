//! The layer that puts a breaker before a service, and the service that it makes.

use std::fmt;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::breaker_future::BreakerFuture;
use super::classify::{ByResult, Classify};
use crate::breaker::{CallError, CircuitBreaker, Outcome};

/// A layer that puts a circuit breaker before a service: see [`BreakerService`].
///
/// All services that it makes share its breaker, so make one layer for each thing that can be down.
///
/// ```
/// use corepool::breaker::{CallError, CircuitBreaker};
/// use corepool::tower::BreakerLayer;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// let breaker = CircuitBreaker::new();
/// let parse = service_fn(|text: &'static str| async move { text.parse::<u32>() });
/// let service = ServiceBuilder::new().layer(BreakerLayer::new(breaker.clone())).service(parse);
///
/// # pollster::block_on(async {
/// assert_eq!(service.clone().oneshot("42").await.unwrap(), 42);
/// assert!(matches!(service.clone().oneshot("forty-two").await, Err(CallError::Inner(_))));
/// breaker.force_open();
/// assert!(matches!(service.oneshot("42").await, Err(CallError::Rejected(_))));
/// # });
/// ```
#[derive(Clone)]
pub struct BreakerLayer<C = ByResult> {
    breaker: CircuitBreaker,
    classifier: C,
}

impl BreakerLayer {
    /// A layer with this breaker, for which `Ok` is a success and `Err` a failure.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    /// use corepool::tower::BreakerLayer;
    /// use tower::{Layer, service_fn};
    ///
    /// let layer = BreakerLayer::new(CircuitBreaker::new());
    /// let service = layer.layer(service_fn(|text: String| async move { text.parse::<u32>() }));
    /// # drop(service);
    /// ```
    #[must_use]
    pub fn new(breaker: CircuitBreaker) -> Self {
        Self { breaker, classifier: ByResult }
    }
}

impl<C> BreakerLayer<C> {
    /// Lets `classifier` say what the result of a call is. Whatever it is taken for, an `Err` comes back as an `Err`.
    ///
    /// Each call holds a clone of it. If it panics, that is recorded as a failure, and goes on out of `poll`.
    ///
    /// ```
    /// use corepool::breaker::{CircuitBreaker, Outcome};
    /// use corepool::tower::BreakerLayer;
    /// use std::io::{Error, ErrorKind};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let breaker = CircuitBreaker::new();
    /// let judge = |read: &Result<String, Error>| match read {
    ///     Err(error) if error.kind() == ErrorKind::NotFound => Outcome::Success, // the disk works
    ///     Err(_) => Outcome::Failure,
    ///     Ok(_) => Outcome::Success,
    /// };
    /// let layer = BreakerLayer::new(breaker.clone()).with_classifier(judge);
    /// let service = layer.layer(service_fn(|path: &'static str| async move { std::fs::read_to_string(path) }));
    /// pollster::block_on(service.oneshot("no such file")).unwrap_err();
    /// assert_eq!(breaker.snapshot().consecutive_failures, 0);
    /// ```
    #[must_use]
    pub fn with_classifier<T, E, D>(self, classifier: D) -> BreakerLayer<D>
    where
        D: Fn(&Result<T, E>) -> Outcome + Clone,
    {
        BreakerLayer { breaker: self.breaker, classifier }
    }
}

impl<S, C: Clone> Layer<S> for BreakerLayer<C> {
    type Service = BreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        BreakerService { inner, breaker: self.breaker.clone(), classifier: self.classifier.clone() }
    }
}

impl<C> fmt::Debug for BreakerLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerLayer").field("breaker", &self.breaker).finish_non_exhaustive()
    }
}

/// A service behind a circuit breaker. Made by [`BreakerLayer`], or by [`new`](Self::new).
///
/// - `call` asks the breaker. If it does not admit the call, the inner service is not called, and the response is
///   [`CallError::Rejected`] at once. Otherwise the call's [`Permit`](crate::breaker::Permit) is held by the future that `call`
///   returns, until that is ready or dropped. Dropping it sooner, polled or not, abandons the call, which counts as the
///   [`AbandonedPolicy`](crate::breaker::AbandonedPolicy) says. A panic in the inner service, in `call` or when its future is
///   polled, is recorded as a failure, and goes on.
/// - `poll_ready` asks the inner service alone and reserves nothing of the breaker's, so it can be called any number of times
///   with no call after it. Its error is no result of a call, and the breaker does not see it.
///
/// # Where to put it
///
/// - **A time-out belongs below it**, between the breaker and the service, where it is a failure. Above it, a time-out abandons
///   the call, which is no failure by default: see [`call_async`](CircuitBreaker::call_async).
/// - **A service that makes its callers wait until it is ready** (a `Buffer` or a `ConcurrencyLimit`) makes them wait below an
///   open breaker, too: they are rejected once it is ready. Where it should not, put it above the breaker, or a `LoadShed` between
///   the two, with a classifier that ignores what that sheds.
/// - **A rejected call does not use up the inner service's readiness**: what `poll_ready` has reserved below, a place in a
///   `ConcurrencyLimit` say, is there for the next call, and is given back when this service is dropped. Do not keep clones that
///   are ready and idle.
/// - A layer above that needs errors to be `Into<BoxError>` gets them from
///   [`.map_err(CallError::into_boxed)`](CallError::into_boxed), if the inner service's error is itself a `BoxError`, as that of
///   a `Timeout` is.
///
/// Each admitted call allocates, as its future boxes the inner service's: nothing else polls that in place without unsafe code.
/// A rejected call allocates nothing.
///
/// # Errors
///
/// [`CallError::Rejected`] if the breaker did not admit the call, [`CallError::Inner`] with the error of the inner service.
///
/// # Panics
///
/// If the inner service or the classifier does. A future also panics if it is polled again after it was ready.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, FailurePolicy, State};
/// use corepool::tower::BreakerLayer;
/// use std::time::Duration;
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let breaker = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(3)).build().unwrap();
/// let service = ServiceBuilder::new()
///     .layer(BreakerLayer::new(breaker.clone()))
///     .timeout(Duration::from_millis(10))
///     .service(service_fn(|_: ()| std::future::pending::<Result<(), BoxError>>())); // the server hangs
/// for _ in 0..3 {
///     service.clone().oneshot(()).await.unwrap_err();
/// }
/// assert_eq!(breaker.state(), State::Open);
/// # });
/// ```
#[derive(Clone)]
pub struct BreakerService<S, C = ByResult> {
    inner: S,
    breaker: CircuitBreaker,
    classifier: C,
}

impl<S> BreakerService<S> {
    /// Puts `breaker` before `inner`: `Ok` is a success and `Err` a failure.
    ///
    /// ```
    /// use corepool::breaker::CircuitBreaker;
    /// use corepool::tower::BreakerService;
    /// use tower::{ServiceExt, service_fn};
    ///
    /// let parse = service_fn(|text: &'static str| async move { text.parse::<u32>() });
    /// let service = BreakerService::new(parse, CircuitBreaker::new());
    /// assert_eq!(pollster::block_on(service.oneshot("42")).unwrap(), 42);
    /// ```
    #[must_use]
    pub fn new(inner: S, breaker: CircuitBreaker) -> Self {
        BreakerLayer::new(breaker).layer(inner)
    }
}

impl<S, C, Req> Service<Req> for BreakerService<S, C>
where
    S: Service<Req>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = CallError<S::Error>;
    type Future = BreakerFuture<S::Future, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(CallError::Inner)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        match self.breaker.try_acquire() {
            // If the inner service panics, the unwinding drops the permit, which is a failure then.
            Ok(permit) => BreakerFuture::admitted(self.inner.call(request), permit, self.classifier.clone()),
            Err(rejected) => BreakerFuture::rejected(rejected),
        }
    }
}

impl<S, C> fmt::Debug for BreakerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerService").field("breaker", &self.breaker).finish_non_exhaustive()
    }
}
