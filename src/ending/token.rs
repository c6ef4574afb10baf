//! The cancel token: one switch for many jobs. It knows the jobs that wait to run, each for as long as it does.

use std::fmt;
use std::sync::Arc;

use crate::base::fifo::{Fifo, Key};
use crate::base::sync::{AtomicBool, AtomicU32, Mutex, Ordering};
use crate::base::unrun::Unrun;
use crate::job::job_pool::Target;

/// Cancels all jobs that were submitted with it, however many.
///
/// Clones are the same token. A job that is still queued resolves as
/// [`JobError::Cancelled`](crate::JobError::Cancelled) at once, one that runs is asked through
/// [`checkpoint`](crate::checkpoint), one that is submitted later does not run. A token forgets jobs that have started,
/// so it may live as long as the program.
///
/// ```
/// use corepool::{CancelToken, JobError, Pool};
///
/// let pool = Pool::builder().workers(1).build().unwrap();
/// let token = CancelToken::new();
/// token.cancel();
/// let job = pool.job().token(&token).submit(|| 42).unwrap();
/// assert!(matches!(job.join(), Err(JobError::Cancelled)));
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Inner>);

struct Inner {
    cancelled: AtomicBool,
    /// Jobs that wait to run; `None` from the moment the token is cancelled.
    waiting: Mutex<Option<Fifo<Target>>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { cancelled: AtomicBool::new(false), waiting: Mutex::new(Some(Fifo::new())) }
    }
}

/// One job's token, and where the token knows the job.
#[derive(Debug)]
pub(crate) struct Membership {
    token: CancelToken,
    /// Written by the submitter, read by whoever owns the job after it.
    key: AtomicU32,
}

/// The key of a job that its token does not know: no list grows to it.
const NONE: Key = Key::MAX;

impl CancelToken {
    /// A token that is not cancelled.
    ///
    /// ```
    /// assert!(!corepool::CancelToken::new().is_cancelled());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels every job submitted with this token, now and later. What is queued has resolved when this returns, unless
    /// another thread is cancelling the same token; the closures are dropped on this thread.
    ///
    /// ```
    /// use corepool::{CancelToken, JobError, Pool};
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let held = pool.submit(move || gate.recv()).unwrap();
    /// let token = CancelToken::new();
    /// let jobs: Vec<_> = (0..3).map(|n| pool.job().token(&token).submit(move || n).unwrap()).collect();
    /// token.cancel();
    /// for job in jobs {
    ///     assert!(matches!(job.join(), Err(JobError::Cancelled))); // although the only worker is busy
    /// }
    /// # drop(go);
    /// # held.detach();
    /// ```
    pub fn cancel(&self) {
        // ORDERING: Release pairs with the Acquire in `is_cancelled`: what was done before cancelling is seen by a job
        // that finds out.
        self.0.cancelled.store(true, Ordering::Release);
        let waiting = self.0.waiting.lock().take();
        for target in waiting.into_iter().flat_map(Fifo::into_values) {
            target.dequeue(Unrun::Cancelled);
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    ///
    /// ```
    /// let token = corepool::CancelToken::new();
    /// let same = token.clone();
    /// same.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `cancel`. That step 3 of `ending::registration` sees a
        // cancellation that did not find the job is the queue's lock's doing.
        self.0.cancelled.load(Ordering::Acquire)
    }
}

impl Membership {
    pub(crate) fn new(token: CancelToken) -> Self {
        Self { token, key: AtomicU32::new(NONE) }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    pub(crate) fn register(&self, target: Target) {
        if let Some(waiting) = self.token.0.waiting.lock().as_mut() {
            let key = waiting.push_back(target);
            // ORDERING: Relaxed, as the queue's lock carries it to the job's next owner.
            self.key.store(key, Ordering::Relaxed);
        }
    }

    pub(crate) fn unregister(&self) {
        // ORDERING: Relaxed, see `register`.
        let key = self.key.swap(NONE, Ordering::Relaxed);
        let left = self.token.0.waiting.lock().as_mut().and_then(|waiting| waiting.remove(key));
        // Outside the lock: it may be the last to know of a pool or a job.
        drop(left);
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}
