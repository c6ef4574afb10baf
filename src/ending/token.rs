//! The cancel token: one switch for many jobs. It knows the jobs that wait to run, each for as long as it does.

use std::fmt;
use std::panic::RefUnwindSafe;
use std::sync::Arc;

use crate::base::fifo::{Fifo, Key};
use crate::base::sync::{AtomicBool, AtomicU32, Mutex, Ordering, lock_spinning};
use crate::base::unrun::Unrun;
use crate::ending::target::Target;

/// A token that cancels all jobs submitted with it.
///
/// Clones are the same token. When it is cancelled, queued jobs resolve as
/// [`JobError::Cancelled`](crate::JobError::Cancelled) at once, running jobs are asked to stop through
/// [`checkpoint`](crate::checkpoint), and jobs submitted later do not run.
///
/// A token forgets jobs that have started, so it can live as long as the program. It takes about 200 bytes, from its first
/// job on 700, and 30 more for each further job that is queued; up to 400 where those that were submitted with it have left.
///
/// Clones of a token are equal; different tokens are not.
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

/// On cache lines of its own, as submitters and workers meet in its lock.
#[repr(align(64))]
struct Inner {
    cancelled: AtomicBool,
    /// `None` from the moment the token is cancelled.
    waiting: Mutex<Option<Members>>,
}

/// No code of the user's runs while it is changed.
impl RefUnwindSafe for Inner {}

/// The jobs of a token that wait to run, oldest first. In chunks that suit a token of few jobs as well as one of many.
type Members = Fifo<Target, 16>;

impl Default for Inner {
    fn default() -> Self {
        Self { cancelled: AtomicBool::new(false), waiting: Mutex::new(Some(Members::new())) }
    }
}

/// One job's token, and where the token knows the job.
#[derive(Debug)]
pub(crate) struct Membership {
    token: CancelToken,
    /// In the token's list. Written by the submitter, read by whoever owns the job after it.
    key: AtomicU32,
}

/// The key of a job that its token does not know.
const NONE: Key = Key::MAX;

impl CancelToken {
    /// Creates a token that is not cancelled.
    ///
    /// ```
    /// assert!(!corepool::CancelToken::new().is_cancelled());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels every job that was or will be submitted with this token. When this returns, queued jobs have resolved,
    /// unless another thread is cancelling the same token at the same time. Their closures are dropped on this
    /// thread.
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
        let targets = Vec::from_iter(waiting.into_iter().flat_map(Members::into_values));
        Target::end_all(&targets, Unrun::Cancelled);
    }

    /// Whether [`cancel`](Self::cancel) has been called.
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

    /// Step 1 of [`crate::ending::registration`], unless the token is cancelled; says whether it is not.
    pub(crate) fn register(&self, target: Target) -> bool {
        let mut waiting = lock_spinning(&self.token.0.waiting);
        let Some(members) = waiting.as_mut() else { return false };
        // ORDERING: Relaxed, as the queue's lock carries it to the job's next owner.
        self.key.store(members.push_back(target), Ordering::Relaxed);
        true
    }

    pub(crate) fn unregister(&self) {
        // ORDERING: Relaxed, see `register`; and the job has one owner at a time.
        let key = self.key.load(Ordering::Relaxed);
        if key != NONE {
            self.key.store(NONE, Ordering::Relaxed);
            let left = lock_spinning(&self.token.0.waiting).as_mut().and_then(|members| members.remove(key));
            // Outside the lock: it may be the last to know of the job.
            drop(left);
        }
    }
}

impl PartialEq for CancelToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for CancelToken {}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}
