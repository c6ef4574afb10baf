//! Waiting for the pool's jobs, by blocking or by awaiting.

use std::time::Duration;

use crate::base::error::WaitError;
use crate::base::park::deadline_in;
use crate::pool::pool::Pool;
use crate::pool::watch::{Watch, may_wait};
use crate::queue::awaited::Awaited;
use crate::worker::inline::{run_queued, wait_for};

impl Pool {
    /// Blocks until the pool is idle: no job is queued or running, and nobody is waiting for room. So it waits for
    /// the jobs that jobs submit, too, as `threadpool::ThreadPool::join` does. If the pool is never idle, it never
    /// returns; to wait only for the jobs submitted so far, see [`flush`](Self::flush).
    ///
    /// `None` means no limit, as does a timeout that overflows [`Instant`](std::time::Instant).
    ///
    /// # Errors
    ///
    /// - [`WaitError::TimedOut`] if the pool was not idle in time.
    /// - [`WaitError::WouldDeadlock`] where it would wait for itself: on a worker of this pool, in a job of this pool
    ///   that runs on a worker of another one, and in a destructor of what an unrun job of this pool owns.
    /// - [`WaitError::Forked`] in a forked child.
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new().unwrap();
    /// pool.submit(|| Pool::current().unwrap().submit(|| "a child").unwrap().detach()).unwrap().detach();
    /// pool.wait_idle(None).unwrap();
    /// assert_eq!(pool.stats().completed, 2);
    /// ```
    pub fn wait_idle(&self, timeout: Option<Duration>) -> Result<(), WaitError> {
        self.wait_for(Awaited::Idle(None), timeout)
    }

    /// As [`wait_idle`](Self::wait_idle), without blocking the thread.
    ///
    /// # Errors
    ///
    /// As for `wait_idle`, except for the timeout. Only the first poll must not be on a worker of the pool.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| 42).unwrap();
    /// pollster::block_on(pool.wait_idle_async()).unwrap();
    /// assert!(job.is_finished());
    /// # job.detach();
    /// ```
    pub fn wait_idle_async(&self) -> impl Future<Output = Result<(), WaitError>> + Send + Unpin + use<> {
        Watch::new(self.shared(), Awaited::Idle(None))
    }

    /// Blocks until every job that was accepted before this call has resolved. It does not wait for jobs that are
    /// submitted later, not even by those jobs; for that, see [`wait_idle`](Self::wait_idle).
    ///
    /// `None` means no limit, as does a timeout that overflows [`Instant`](std::time::Instant).
    ///
    /// # Errors
    ///
    /// As for [`wait_idle`](Self::wait_idle).
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| 42).unwrap();
    /// pool.flush(None).unwrap();
    /// assert!(job.is_finished());
    /// # job.detach();
    /// ```
    pub fn flush(&self, timeout: Option<Duration>) -> Result<(), WaitError> {
        self.wait_for(Awaited::Flush(None), timeout)
    }

    /// As [`flush`](Self::flush), without blocking the thread. It waits for what was accepted before its first poll.
    ///
    /// # Errors
    ///
    /// As for `flush`, except for the timeout. Only the first poll must not be on a worker of the pool.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| 42).unwrap();
    /// pollster::block_on(pool.flush_async()).unwrap();
    /// assert!(job.is_finished());
    /// # job.detach();
    /// ```
    pub fn flush_async(&self) -> impl Future<Output = Result<(), WaitError>> + Send + Unpin + use<> {
        Watch::new(self.shared(), Awaited::Flush(None))
    }

    /// Runs what is queued in an [inline](crate::Builder::inline) pool, in its order, and what these jobs submit, until nothing is
    /// queued. Returns how many jobs ran; for any other pool none, as its workers see to them.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().inline().build().unwrap();
    /// pool.submit(|| println!("nobody waits for it")).unwrap().detach();
    /// assert_eq!(pool.run_pending(), 1);
    /// assert_eq!(pool.run_pending(), 0);
    /// ```
    pub fn run_pending(&self) -> usize {
        run_queued(self.shared(), || false)
    }

    fn wait_for(&self, awaited: Awaited, timeout: Option<Duration>) -> Result<(), WaitError> {
        may_wait(self.shared())?;
        wait_for(self.shared(), awaited, timeout.and_then(deadline_in))
    }
}
