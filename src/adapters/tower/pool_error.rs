//! Why a request to the pool has no response, and the request, where it did not become a job.

use std::fmt;
use std::panic::RefUnwindSafe;

use parking_lot::Mutex;

use crate::base::error::{JobError, SubmitErrorKind};

/// Why a request to a [`PoolService`](super::PoolService) has no response. Gives the request back if it did not become a job.
///
/// It is `Send`, `Sync` and an [`Error`](std::error::Error) whatever the request is.
///
/// ```
/// use corepool::tower::{PoolService, PoolServiceError};
/// use corepool::{Pool, Shutdown};
/// use tower::ServiceExt;
///
/// let pool = Pool::new().unwrap();
/// let service = PoolService::new(pool.clone(), |name: String| name.len());
/// pool.shutdown(Shutdown::Drain, None).unwrap();
/// match pollster::block_on(service.oneshot("Ada".to_owned())) {
///     Ok(length) => println!("{length}"),
///     Err(PoolServiceError::Full(_)) => println!("503, Retry-After: 1"),
///     Err(PoolServiceError::ShutDown(request)) => assert_eq!(request.into_inner(), "Ada"),
///     Err(other) => println!("500, {other}"),
/// }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PoolServiceError<Req> {
    /// The queue is full, or others wait for room already.
    #[error(
        "the pool's queue is full, so the request was shed: send it again later, limit the requests before the service, or \
         raise `queue_capacity`"
    )]
    Full(Returned<Req>),
    /// The pool is shutting down or has been shut down.
    #[error("the pool is shut down and takes no more requests: send it elsewhere, or make a service of another pool")]
    ShutDown(Returned<Req>),
    /// The request became a job, which panicked or did not run.
    #[error(transparent)]
    Failed(#[from] JobError),
}

impl<Req> PoolServiceError<Req> {
    pub(super) fn rejected(kind: SubmitErrorKind, request: Req) -> Self {
        let request = Returned(Mutex::new(request));
        match kind {
            SubmitErrorKind::Full => Self::Full(request),
            SubmitErrorKind::ShutDown => Self::ShutDown(request),
            SubmitErrorKind::TimedOut | SubmitErrorKind::Cancelled | SubmitErrorKind::Forked => {
                unreachable!("only a submitter that waits for room is told so: {kind}")
            }
        }
    }

    /// Returns the request, if it did not become a job.
    ///
    /// ```
    /// use corepool::tower::PoolService;
    /// use corepool::{Pool, Shutdown};
    /// use tower::ServiceExt;
    ///
    /// let pool = Pool::new().unwrap();
    /// let service = PoolService::new(pool.clone(), |name: String| name.len());
    /// pool.shutdown(Shutdown::Drain, None).unwrap();
    /// let error = pollster::block_on(service.oneshot("Ada".to_owned())).unwrap_err();
    /// assert_eq!(error.into_request(), Some("Ada".to_owned()));
    /// ```
    #[must_use]
    pub fn into_request(self) -> Option<Req> {
        match self {
            Self::Full(request) | Self::ShutDown(request) => Some(request.into_inner()),
            Self::Failed(_) => None,
        }
    }
}

impl<Req> fmt::Debug for PoolServiceError<Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, content): (_, &dyn fmt::Debug) = match self {
            Self::Full(request) => ("Full", request),
            Self::ShutDown(request) => ("ShutDown", request),
            Self::Failed(error) => ("Failed", error),
        };
        f.debug_tuple(name).field(content).finish()
    }
}

/// A request that comes back, as its service did not take it. In a [`PoolServiceError`].
///
/// ```
/// use corepool::tower::{PoolService, PoolServiceError};
/// use corepool::{Pool, Shutdown};
/// use tower::ServiceExt;
///
/// let pool = Pool::new().unwrap();
/// let service = PoolService::new(pool.clone(), |n: u32| n);
/// pool.shutdown(Shutdown::Drain, None).unwrap();
/// let Err(PoolServiceError::ShutDown(request)) = pollster::block_on(service.oneshot(42)) else { unreachable!() };
/// assert_eq!(request.into_inner(), 42);
/// ```
// Behind a mutex so that the error is `Sync` whatever the request is.
pub struct Returned<Req>(Mutex<Req>);

impl<Req> Returned<Req> {
    /// Returns the request.
    ///
    /// ```
    /// # use corepool::tower::{PoolService, PoolServiceError};
    /// # use tower::ServiceExt;
    /// # let pool = corepool::Pool::new().unwrap();
    /// # let service = PoolService::new(pool.clone(), |n: u32| n);
    /// # pool.shutdown(corepool::Shutdown::Drain, None).unwrap();
    /// let rejected = pollster::block_on(service.oneshot(42));
    /// let Err(PoolServiceError::ShutDown(request)) = rejected else { unreachable!() };
    /// assert_eq!(request.into_inner(), 42);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Req {
        self.0.into_inner()
    }
}

/// Nobody gets at the request through a reference.
impl<Req> RefUnwindSafe for Returned<Req> {}

impl<Req> fmt::Debug for Returned<Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned").finish_non_exhaustive()
    }
}
