//! The service that runs each request as a job on a pool.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tower_service::Service;

use super::pool_error::PoolServiceError;
use super::pool_future::PoolFuture;
use crate::base::priority::Priority;
use crate::pool::job_builder::JobBuilder;
use crate::pool::pool::Pool;

/// A service that runs each request as a job on a pool, for requests that need the processor. What the closure returns is the
/// response.
///
/// - `call` submits the job as [`try_submit`](Pool::try_submit) does. If the queue is full, the request is shed: the response is
///   [`PoolServiceError::Full`] at once, which gives the request back. To wait instead, put a `ConcurrencyLimit` above the
///   service, of no more requests than the pool has workers and places in its queue.
/// - `poll_ready` is always ready, and reserves nothing.
/// - Dropping the response's future cancels the job: one that is queued is gone at once, one that runs is asked to stop, through
///   [`checkpoint`](crate::checkpoint). So do a `Timeout` above the service, and a client that hangs up.
/// - A job that panics is [`PoolServiceError::Failed`]. The location in its [`JobPanic`](crate::JobPanic) is that of
///   [`new`](Self::new).
/// - Each request gets a clone of the closure, and takes one allocation more than a job does: the request stands apart from the
///   closure, so that it can come back.
///
/// Each clone of the service holds the pool. Dropping the last holder of a pool blocks until the pool has drained, in async code
/// too, and a `oneshot` drops its service while the job runs. So keep a `Pool` outside the async code, or let it go with
/// [`detach`](Pool::detach).
///
/// A response is what the closure returns, also if that is a `Result`: an `Err` in it is a response, and no error of the service.
///
/// # Errors
///
/// [`PoolServiceError`]: the queue is full, the pool is shut down, or the job has no value.
///
/// # Panics
///
/// `call` does if cloning the closure does. A future does if it is polled again after it was ready.
///
/// ```
/// use corepool::tower::{PoolService, PoolServiceError};
/// use corepool::{JobError, Pool};
/// use tower::ServiceExt;
///
/// let service = PoolService::new(Pool::new().unwrap(), |image: Vec<u8>| image[0] / 10).name("thumbnail");
/// # pollster::block_on(async {
/// assert_eq!(service.clone().oneshot(vec![100]).await.unwrap(), 10);
///
/// let failed = service.oneshot(vec![]).await.unwrap_err();
/// let PoolServiceError::Failed(JobError::Panicked(panic)) = failed else { unreachable!() };
/// assert!(panic.message().starts_with("index out of bounds"));
/// # });
/// ```
#[derive(Clone)]
pub struct PoolService<F> {
    pool: Pool,
    work: F,
    options: Options,
    made_at: &'static Location<'static>,
}

/// What each job is submitted with.
#[derive(Clone, Default)]
struct Options {
    name: Option<Cow<'static, str>>,
    priority: Priority,
    timeout: Option<Duration>,
}

impl Options {
    fn job<'p>(&self, pool: &'p Pool) -> JobBuilder<'p> {
        let mut job = pool.job().priority(self.priority);
        if let Some(name) = &self.name {
            job = job.name(name.clone());
        }
        if let Some(timeout) = self.timeout {
            job = job.timeout(timeout);
        }
        job
    }
}

impl<F> PoolService<F> {
    /// A service whose requests `work` answers, on `pool`.
    ///
    /// ```
    /// use corepool::Pool;
    /// use corepool::tower::PoolService;
    /// use tower::ServiceExt;
    ///
    /// let double = PoolService::new(Pool::new().unwrap(), |n: u64| n * 2);
    /// assert_eq!(pollster::block_on(double.oneshot(21)).unwrap(), 42);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new<Req, Res>(pool: Pool, work: F) -> Self
    where
        F: Fn(Req) -> Res,
    {
        Self { pool, work, options: Options::default(), made_at: Location::caller() }
    }

    /// Names the jobs, as [`JobBuilder::name`] does. The name appears in the message of a panic.
    ///
    /// ```
    /// use corepool::Pool;
    /// use corepool::tower::PoolService;
    /// use tower::ServiceExt;
    ///
    /// let broken = PoolService::new(Pool::new().unwrap(), |_: ()| panic!("no disk")).name("thumbnail");
    /// let error = pollster::block_on(broken.oneshot(())).unwrap_err().to_string();
    /// assert!(error.starts_with("the job \"thumbnail\" submitted at "), "{error}");
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Sets the priority of the jobs. Default: [`Priority::Normal`].
    ///
    /// ```
    /// use corepool::tower::PoolService;
    /// use corepool::{Pool, Priority};
    ///
    /// let report = PoolService::new(Pool::new().unwrap(), |page: u32| page + 1).priority(Priority::Low);
    /// # drop(report);
    /// ```
    #[must_use]
    pub fn priority(mut self, p: Priority) -> Self {
        self.options.priority = p;
        self
    }

    /// Gives each request a deadline, `d` after its `call`, as [`JobBuilder::timeout`] does.
    ///
    /// If it passes while the job is queued, the response is [`JobError::Expired`](crate::JobError::Expired) at that moment. If
    /// the job runs by then, [`checkpoint`](crate::checkpoint) tells it to stop, and the response comes when it does. For a
    /// response on time in any case, put tower's `Timeout` above the service as well: that cancels the job.
    ///
    /// ```
    /// use corepool::tower::{PoolService, PoolServiceError};
    /// use corepool::{JobError, Pool};
    /// use std::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let held = pool.submit(move || gate.recv()).unwrap();
    /// # while pool.stats().busy == 0 {}
    /// let service = PoolService::new(pool.clone(), |n: u64| n * 2).timeout(Duration::from_millis(1));
    /// let late = pollster::block_on(service.oneshot(21)); // the only worker is busy
    /// assert!(matches!(late, Err(PoolServiceError::Failed(JobError::Expired))));
    /// # drop(go);
    /// # held.detach();
    /// ```
    #[must_use]
    pub fn timeout(mut self, d: Duration) -> Self {
        self.options.timeout = Some(d);
        self
    }
}

impl<F, Req, Res> Service<Req> for PoolService<F>
where
    F: Fn(Req) -> Res + Clone + Send + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
{
    type Response = Res;
    type Error = PoolServiceError<Req>;
    type Future = PoolFuture<Res, Req>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let work = self.work.clone();
        // A rejected job comes back as a closure, out of which nobody gets the request. So it stands in a slot, which the job
        // alone holds: whatever ends the job, ends the request.
        let slot = Arc::new(Mutex::new(Some(request)));
        let way_back = Arc::downgrade(&slot);
        let job = move || {
            let request = slot.lock().take();
            match request {
                Some(request) => work(request),
                None => unreachable!("only a job that was rejected gives its request back"),
            }
        };
        match self.options.job(&self.pool).try_submit_at(job, self.made_at) {
            Ok(job) => PoolFuture::accepted(job),
            Err(rejected) => {
                let request = way_back.upgrade().and_then(|slot| slot.lock().take());
                match request {
                    Some(request) => PoolFuture::rejected(rejected.into(), request),
                    None => unreachable!("the rejected job holds its request"),
                }
            }
        }
    }
}

impl<F> fmt::Debug for PoolService<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolService")
            .field("pool", &self.pool)
            .field("name", &self.options.name)
            .field("priority", &self.options.priority)
            .field("timeout", &self.options.timeout)
            .finish_non_exhaustive()
    }
}
