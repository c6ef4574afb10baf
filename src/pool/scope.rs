//! Jobs that borrow: how a scope outlives them is in [`crate::fork::scope`].

use std::panic::Location;

use crate::base::error::SubmitErrorKind;
use crate::fork::scope::{Scope, scope};
use crate::handle::scoped_job_handle::ScopedJobHandle;
use crate::pool::pool::Pool;
use crate::pool::submit::{Patience, hand_over};

impl Pool {
    /// Calls `f` with a scope, in which it can [spawn](Scope::spawn) jobs that borrow from outside of the scope. Returns what `f`
    /// returns, once all these jobs have resolved: as [`std::thread::scope`], with the pool's jobs in the place of threads.
    ///
    /// `f` runs on the calling thread. Its jobs are jobs like others: they take their places in the queue, count in
    /// [`stats`](Self::stats), and have handles. They may spawn others in the same scope, or open scopes of their own.
    ///
    /// In a job, the jobs of the scope are part of that job: [`checkpoint`](crate::checkpoint) tells them, too, when it should stop.
    ///
    /// A job that the pool's shutdown aborts, or that is spawned after it, does not run, and its handle says
    /// [`JobError::Aborted`](crate::JobError::Aborted). So look at the handles where what a job leaves behind must be there.
    ///
    /// For two closures, [`join`](Self::join) costs less; so does [`map_slice`](Self::map_slice) for what is done to every item.
    ///
    /// # Blocking
    ///
    /// It blocks until the jobs have resolved. On a worker it runs those of them that are still queued, oldest first, never
    /// others; so a scope in a job works with a single worker, to any depth that the stack allows. What was on its way when a
    /// process forked never resolves in the child, and so a scope that was open does not end there.
    ///
    /// # Panics
    ///
    /// If `f` does: with its payload, once all jobs have resolved. Otherwise, if a job has panicked and no handle has returned that:
    /// with the payload of the first one. A handle that is leaked ([`mem::forget`](std::mem::forget)) keeps its job's panic.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut numbers = vec![3, 1, 2];
    /// let text = String::from("fork and join");
    ///
    /// let words = pool.scope(|scope| {
    ///     scope.spawn(|| numbers.sort());
    ///     let words = scope.spawn(|| text.split(' ').count());
    ///     words.join().unwrap()
    /// });
    /// assert_eq!((words, numbers), (3, vec![1, 2, 3]));
    /// ```
    ///
    /// What a job borrows has to live longer than the scope:
    ///
    /// ```compile_fail,E0373
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.scope(|scope| {
    ///     let inside = String::from("gone before the job has run");
    ///     scope.spawn(|| println!("{inside}"));
    /// });
    /// ```
    ///
    /// ```compile_fail,E0597
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.scope(|scope| {
    ///     let inside = String::from("gone before the job has run");
    ///     let borrowed = &inside;
    ///     scope.spawn(move || println!("{borrowed}"));
    /// });
    /// ```
    ///
    /// Neither the scope nor a handle leaves it:
    ///
    /// ```compile_fail
    /// let pool = corepool::Pool::new().unwrap();
    /// let job = pool.scope(|scope| scope.spawn(|| 42));
    /// ```
    ///
    /// ```compile_fail,E0521
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut kept = None;
    /// pool.scope(|scope| kept = Some(scope));
    /// ```
    ///
    /// Two jobs may not change the same thing, and none what is still in use:
    ///
    /// ```compile_fail,E0499
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut count = 0;
    /// pool.scope(|scope| {
    ///     scope.spawn(|| count += 1);
    ///     scope.spawn(|| count += 1);
    /// });
    /// ```
    ///
    /// ```compile_fail,E0503
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut count = 0;
    /// pool.scope(|scope| {
    ///     scope.spawn(|| count += 1);
    ///     assert_eq!(count, 1);
    /// });
    /// ```
    ///
    /// Closures and values go to other threads:
    ///
    /// ```compile_fail,E0277
    /// let pool = corepool::Pool::new().unwrap();
    /// let count = std::rc::Rc::new(1);
    /// pool.scope(|scope| {
    ///     scope.spawn(|| println!("{count}"));
    /// });
    /// ```
    #[doc(alias = "in_place_scope")]
    #[doc(alias = "scoped")]
    #[track_caller]
    pub fn scope<'env, F, R>(&self, f: F) -> R
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    {
        scope(self.shared(), Location::caller(), f)
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a job, which may borrow from outside of the scope. If the queue is full, blocks until there is room, as
    /// [`Pool::submit`] does; inside a job of the pool it does not.
    ///
    /// The handle gives the outcome. Dropping it detaches the job: the scope still waits for it, and panics if it does.
    ///
    /// A job that is spawned after the pool's shutdown does not run; its outcome is
    /// [`JobError::Aborted`](crate::JobError::Aborted).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// let pool = corepool::Pool::new().unwrap();
    /// let seen = Mutex::new(Vec::new());
    /// pool.scope(|scope| {
    ///     scope.spawn(|| {
    ///         seen.lock().unwrap().push(1);
    ///         scope.spawn(|| seen.lock().unwrap().push(2)); // by a job of the scope
    ///     });
    /// });
    /// assert_eq!(seen.into_inner().unwrap(), [1, 2]);
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, job: F) -> ScopedJobHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let pool = self.pool;
        let spawned = self.lend(job, Location::caller(), |job, header| match self.is_in_child {
            true => Err(pool.monitor.reject_for_good(job, SubmitErrorKind::Forked)),
            false => hand_over(pool, job, header, None, Patience::Forever),
        });
        ScopedJobHandle::new(spawned)
    }
}
