//! Ending a pool.

use std::time::Duration;

use crate::base::error::WaitError;
use crate::pool::pool::Pool;
use crate::pool::shutdown::{Shutdown, ShutdownReport};

impl Pool {
    /// Shuts the pool down and joins its threads. Blocks until that is done, but for no longer than `timeout`.
    ///
    /// - [`Shutdown::Drain`] finishes all accepted jobs. Meanwhile only the pool's own jobs can submit.
    /// - [`Shutdown::Abort`] resolves queued jobs as [`Aborted`](crate::JobError::Aborted) and accepts no new ones.
    ///   Running jobs are asked to stop through [`checkpoint`](crate::checkpoint) and waited for: they are never
    ///   killed.
    ///
    /// Both reject submitters who wait for room, with [`ShutDown`](crate::SubmitErrorKind::ShutDown). An abort can
    /// follow a drain, but not the reverse. Calling either twice is fine.
    ///
    /// When the time is up, the report says what is still running. The pool goes on shutting down. A later call waits
    /// again; dropping the last clone does not.
    ///
    /// Closures of aborted jobs are dropped on this thread, however long that takes, and on workers that are free.
    /// With a timeout, a helper thread joins the workers, since destructors of their thread-locals may take long.
    ///
    /// # Errors
    ///
    /// In these cases the call has no effect: [`WaitError::WouldDeadlock`] where it would wait for itself, as for
    /// [`wait_idle`](Self::wait_idle); [`WaitError::GlobalPool`] for the global pool; [`WaitError::Forked`] in a
    /// forked child.
    ///
    /// ```
    /// use corepool::{JobError, Pool, Shutdown};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let (started, running) = std::sync::mpsc::channel();
    /// let held = pool.submit(move || (started.send(()), gate.recv())).unwrap();
    /// running.recv().unwrap();
    /// let queued = pool.submit(|| 1).unwrap();
    ///
    /// let report = pool.shutdown(Shutdown::Abort, Some(Duration::from_millis(1))).unwrap();
    /// assert_eq!((report.aborted, report.still_running), (1, 1));
    /// assert!(matches!(queued.join(), Err(JobError::Aborted)));
    ///
    /// drop(go);
    /// let report = pool.shutdown(Shutdown::Abort, None).unwrap();
    /// assert_eq!((report.completed, report.still_running), (1, 0));
    /// # held.detach();
    /// ```
    pub fn shutdown(&self, mode: Shutdown, timeout: Option<Duration>) -> Result<ShutdownReport, WaitError> {
        self.owner().shut_down(mode, timeout)
    }

    /// Begins to shut the pool down, as [`shutdown`](Self::shutdown) does, but does not wait. The pool's own jobs may
    /// call it, too.
    ///
    /// Closures of aborted jobs are dropped on this thread and on workers that are free. To wait for the end of the
    /// pool, call `shutdown` afterwards, or drop the last clone.
    ///
    /// # Errors
    ///
    /// In these cases the call has no effect: [`WaitError::GlobalPool`] for the global pool; [`WaitError::Forked`] in
    /// a forked child.
    ///
    /// ```
    /// use corepool::{Pool, Shutdown, SubmitErrorKind};
    ///
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let inner = pool.clone();
    /// let last = pool.submit(move || inner.begin_shutdown(Shutdown::Drain)).unwrap();
    /// last.join().unwrap().unwrap();
    /// assert_eq!(pool.submit(|| ()).unwrap_err().kind(), SubmitErrorKind::ShutDown);
    /// assert_eq!(pool.shutdown(Shutdown::Drain, None).unwrap().completed, 1);
    /// ```
    pub fn begin_shutdown(&self, mode: Shutdown) -> Result<(), WaitError> {
        self.owner().begin_shutdown(mode)
    }

    /// Shuts the pool down, as [`shutdown`](Self::shutdown) does, without blocking the thread.
    ///
    /// The shutdown begins when the future is first polled; closures of aborted jobs may be dropped there. It goes on
    /// if the future is dropped, and then dropping the last clone of the pool does not wait, as after a `shutdown`
    /// that ran out of time.
    ///
    /// The future is ready when every worker has run its last job and its stop hook. It joins no threads, so
    /// destructors of thread-locals may still be running then.
    ///
    /// # Errors
    ///
    /// As for `shutdown`. Only the first poll must not be on a worker of the pool.
    ///
    /// ```
    /// use corepool::{Pool, Shutdown};
    ///
    /// let pool = Pool::new().unwrap();
    /// pool.submit(|| ()).unwrap().detach();
    /// let report = pollster::block_on(pool.shutdown_async(Shutdown::Drain)).unwrap();
    /// assert_eq!((report.completed, report.still_running), (1, 0));
    /// ```
    pub fn shutdown_async(
        &self,
        mode: Shutdown,
    ) -> impl Future<Output = Result<ShutdownReport, WaitError>> + Send + Unpin + use<> {
        self.owner().shutdown_async(mode)
    }
}
