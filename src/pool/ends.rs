//! Ending a pool.

use std::time::Duration;

use crate::base::error::WaitError;
use crate::pool::pool::Pool;
use crate::pool::shutdown::{Shutdown, ShutdownReport};

impl Pool {
    /// Ends the pool and joins its threads; waits for `timeout` at the most.
    ///
    /// [`Shutdown::Drain`] finishes what was accepted; meanwhile only the pool's own jobs may still submit.
    /// [`Shutdown::Abort`] rejects all and resolves what is queued as [`Aborted`](crate::JobError::Aborted); running
    /// jobs are waited for, never killed. Both reject those who wait for room with
    /// [`ShutDown`](crate::SubmitErrorKind::ShutDown). An abort may follow a drain, not the reverse; doing either twice is
    /// fine.
    ///
    /// When the time runs out the report says what still runs. The pool goes on shutting down, and a later call waits
    /// again; dropping the last clone then does not. What aborting drops is dropped on this thread, however long that takes,
    /// and on workers that are free. To keep its time-out while threads end, which may still run destructors of thread-local
    /// values, it has a thread of its own join them.
    ///
    /// # Errors
    ///
    /// With nothing changed: [`WaitError::WouldDeadlock`] where the wait would be for itself, as for
    /// [`wait_idle`](Self::wait_idle); [`WaitError::GlobalPool`] for the global pool; [`WaitError::Forked`] in a forked child.
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

    /// Begins to end the pool as [`shutdown`](Self::shutdown) does, and does not wait: inside the pool's own jobs too.
    ///
    /// What aborting drops is dropped on this thread and on workers that are free. To see the pool's end, call `shutdown`
    /// after it, or drop the last clone, which wait as ever.
    ///
    /// # Errors
    ///
    /// With nothing changed: [`WaitError::GlobalPool`] for the global pool, [`WaitError::Forked`] in a forked child.
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

    /// Ends the pool as [`shutdown`](Self::shutdown) does, without blocking the thread.
    ///
    /// The shutdown begins when the future is first polled, which may drop what it aborts, and goes on if the future is
    /// dropped; the last clone of the pool does not wait for it then, as after a `shutdown` that ran out of time. It is ready
    /// once every worker has run its last job and its stop hook; it joins no thread, so destructors of thread-local values may
    /// still run.
    ///
    /// # Errors
    ///
    /// As for `shutdown`. It is the first poll that must not be on a worker of the pool; a later one, as in a waker, may.
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
