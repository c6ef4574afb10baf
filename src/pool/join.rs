//! Fork and join: how it works is in [`crate::fork`].

use crate::fork::join::join;
use crate::fork::site::exposes_enough;
use crate::pool::pool::Pool;
use crate::steal::lane::Group;

impl Pool {
    /// Calls both closures and returns what they return. `b` runs on another thread if one has nothing else to do: a worker of
    /// this pool, or a thread that waits in a join of this pool for what `b` is a part of. Otherwise it runs on this thread,
    /// after `a`, as in `(a(), b())`.
    ///
    /// It is for divide and conquer, and it is cheap enough to be called at every level of a recursion, without a size below
    /// which the work is done in some other way: most calls cost no more than two plain ones. The closures may borrow
    /// from the caller. The [guide](crate::guide::fork_join) tells how it works, and when to take something else.
    ///
    /// `a` always runs on the calling thread, so it need not be `Send`. In a job, both closures are part of this job:
    /// [`checkpoint`](crate::checkpoint) tells both of them whether it should stop. They are no jobs of their own: they take
    /// no place in the queue, [`stats`](Self::stats) does not count them, and it makes no difference whether the queue is
    /// full or the pool has been shut down: then the caller runs both. Outside of the pool's jobs the calling thread runs
    /// `a`, and the workers may help as well.
    ///
    /// A thread that waits for `b` runs parts of `b` meanwhile, but nothing else. So what it runs cannot wait for a lock that
    /// this thread holds, unless `b` does so itself.
    ///
    /// The stack grows with the depth of the recursion, on the workers as on the caller: see
    /// [`stack_size`](crate::Builder::stack_size).
    ///
    /// # Panics
    ///
    /// If a closure panics: with its payload, once the other closure has ended or will not be called any more. If both do, with
    /// that of `a`.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// fn sum(pool: &Pool, numbers: &[u64]) -> u64 {
    ///     match numbers {
    ///         [] => 0,
    ///         [one] => *one,
    ///         many => {
    ///             let (left, right) = many.split_at(many.len() / 2);
    ///             let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
    ///             left + right
    ///         }
    ///     }
    /// }
    ///
    /// let pool = Pool::new().unwrap();
    /// let numbers: Vec<u64> = (1..=1_000).collect();
    /// assert_eq!(sum(&pool, &numbers), 500_500);
    /// ```
    ///
    /// The two may not change the same thing:
    ///
    /// ```compile_fail,E0499
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut counts = vec![0];
    /// pool.join(|| counts.push(1), || counts.push(2));
    /// ```
    ///
    /// `b` and its value may go to another thread:
    ///
    /// ```compile_fail,E0277
    /// let pool = corepool::Pool::new().unwrap();
    /// let count = std::rc::Rc::new(1);
    /// pool.join(|| (), || *count);
    /// ```
    ///
    /// ```compile_fail,E0277
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.join(|| (), || std::rc::Rc::new(1));
    /// ```
    ///
    /// What is borrowed outlives the call, and no more than that:
    ///
    /// ```compile_fail,E0597
    /// let pool = corepool::Pool::new().unwrap();
    /// let (_, longest) = {
    ///     let words = vec![String::from("fork"), String::from("join")];
    ///     pool.join(|| (), || words.iter().max().unwrap())
    /// };
    /// assert_eq!(longest, "join");
    /// ```
    // Not to be inlined, so that the compiler folds what a recursion does at its leaves into the closures: a third faster.
    #[inline(never)]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA,
        B: FnOnce() -> RB + Send,
        RB: Send,
    {
        if exposes_enough(self.id()) {
            return (a(), b());
        }
        join(self.shared(), Group::NONE, a, b)
    }

    /// Returns how many closures of [`join`](Self::join)s were handed over to other threads since the pool was built. Nearly all
    /// of them ran there; a few were taken back before they began.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(1).build().unwrap();
    /// pool.run({
    ///     let pool = pool.clone();
    ///     move || pool.join(|| (), || ())
    /// })
    /// .unwrap();
    /// assert_eq!(pool.halves_handed_over(), 0, "there is no other worker");
    /// ```
    #[must_use]
    pub fn halves_handed_over(&self) -> u64 {
        self.shared().lanes.stolen()
    }
}
