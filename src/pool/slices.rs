//! The same for each item of a slice: how it is shared among threads is in [`crate::fork::fill`].

use crate::base::panic::Contained;
use crate::base::try_map_error::TryMapError;
use crate::fork::each::{Each, Plain, Stateful, Trying};
use crate::fork::fill::map;
use crate::fork::items::{Chunks, Items};
use crate::pool::pool::Pool;

/// Of a call that nothing stops.
const COMPLETE: &str = "nothing stops it before the last item";

impl Pool {
    /// Calls `f` with each item, on several threads, and returns what it returned, in the order of the items.
    ///
    /// The calling thread does the work from the start of the slice. Whenever a worker has nothing else to do, it takes half of what
    /// is left; so it makes no difference whether all items take the same time, and there is no size of pieces to
    /// choose. Nothing is allocated but the result. The closure and the items may borrow from the caller.
    ///
    /// In a job, all calls of `f` are part of this job: [`checkpoint`](crate::checkpoint) tells them whether it should stop.
    /// They are no jobs of their own: they take no place in the queue, [`stats`](Self::stats) does not count them, and it makes no
    /// difference whether the queue is full or the pool has been shut down: then the caller does it all.
    ///
    /// While a thread is in the middle of an item, nobody takes what it would do next, unless that was cut off before: so many items
    /// of which the first one takes very long wait for it. A few are shared at once.
    ///
    /// A call that takes less than some 10 microseconds is not worth waking a worker, and does not; nor is what seems to be left of one,
    /// if it takes no longer. Unless there are no more than 8
    /// items for each worker, which may well be large: if you know that they are not, an iterator is faster.
    ///
    /// Called outside of the pool's jobs, the calling thread is one more than the pool has workers. Where those are as many as there are
    /// processors, and the call takes long, make it in a job, with [`run`](Self::run): threads that take turns
    /// on a processor wait for each other at the end, for a twentieth of the time, say.
    ///
    /// For chains of operations on items, [rayon's iterators](https://docs.rs/rayon) have what this has not.
    ///
    /// # Panics
    ///
    /// If `f` does: with its payload, once no other call of `f` is running; few are begun after the panic. The values made so far
    /// are dropped. If several panic, with one of the payloads.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let words = vec!["fork", "and", "join"];
    /// let lengths = pool.map_slice(&words, |word| word.len());
    /// assert_eq!(lengths, [4, 3, 4]);
    /// ```
    ///
    /// The values may go from one thread to another, and the closure is called by several at once:
    ///
    /// ```compile_fail,E0277
    /// let pool = corepool::Pool::new().unwrap();
    /// pool.map_slice(&[1, 2, 3], |number| std::rc::Rc::new(*number));
    /// ```
    ///
    /// ```compile_fail,E0594
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut sum = 0;
    /// pool.map_slice(&[1, 2, 3], |number| sum += number);
    /// ```
    ///
    /// Values may borrow from the items, for no longer than those live:
    ///
    /// ```compile_fail,E0597
    /// let pool = corepool::Pool::new().unwrap();
    /// let firsts = {
    ///     let words = vec![String::from("fork"), String::from("join")];
    ///     pool.map_slice(&words, |word| &word[..1])
    /// };
    /// assert_eq!(firsts, ["f", "j"]);
    /// ```
    #[doc(alias = "parallel_map")]
    #[doc(alias = "par_map")]
    #[doc(alias = "par_iter")]
    pub fn map_slice<'a, T, R>(&self, items: &'a [T], f: impl Fn(&'a T) -> R + Sync) -> Vec<R>
    where
        T: Sync,
        R: Send,
    {
        self.map_items(items, Plain(f)).expect(COMPLETE)
    }

    /// As [`map_slice`](Self::map_slice), with a state that goes from one call of `f` to the next: a buffer, a connection, a
    /// generator of random numbers.
    ///
    /// Each thread that takes part has a state to itself while it does; what one thread has left is used by the next. `init` is called
    /// for as many states as are in use at once, so not more often than there are threads in the call: the pool's workers, and the
    /// caller if it is none of them.
    ///
    /// # Panics
    ///
    /// As [`map_slice`](Self::map_slice), and likewise if `init` does.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let numbers = [3, 1, 2];
    /// let lines = pool.map_slice_with(String::new, &numbers, |buffer, number| {
    ///     buffer.clear();
    ///     buffer.extend((0..*number).map(|_| '*'));
    ///     buffer.len()
    /// });
    /// assert_eq!(lines, [3, 1, 2]);
    /// ```
    #[doc(alias = "map_init")]
    #[doc(alias = "map_with")]
    pub fn map_slice_with<'a, S, T, R>(
        &self,
        init: impl Fn() -> S + Sync,
        items: &'a [T],
        f: impl Fn(&mut S, &'a T) -> R + Sync,
    ) -> Vec<R>
    where
        S: Send,
        T: Sync,
        R: Send,
    {
        self.map_items(items, Stateful::new(init, f)).expect(COMPLETE)
    }

    /// As [`map_slice`](Self::map_slice), with an `f` that can fail. Stops at the first error, or once the job that makes the
    /// call is to stop.
    ///
    /// The calls of `f` that are running then go on to their end, and so may some that follow: a thread looks before each *block*
    /// of items. That is a single one where there are few, and never more than an eighth of what is left for the thread, divided
    /// by the number of workers.
    ///
    /// # Errors
    ///
    /// [`Failed`](TryMapError::Failed) with the error that occurred first; others are dropped, and so are the values made so
    /// far. [`Interrupted`](TryMapError::Interrupted) if [`checkpoint`](crate::checkpoint) says so in the job that makes the call.
    ///
    /// # Panics
    ///
    /// As [`map_slice`](Self::map_slice).
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, TryMapError};
    ///
    /// let pool = Pool::new().unwrap();
    /// let parse = |word: &&str| word.parse::<u32>();
    /// assert_eq!(pool.try_map_slice(&["1", "2", "3"], parse), Ok(vec![1, 2, 3]));
    /// let failed = pool.try_map_slice(&["1", "2", "three"], parse).unwrap_err();
    /// assert_eq!(failed.to_string(), "an item has failed: invalid digit found in string");
    /// ```
    pub fn try_map_slice<'a, T, R, E>(
        &self,
        items: &'a [T],
        f: impl Fn(&'a T) -> Result<R, E> + Sync,
    ) -> Result<Vec<R>, TryMapError<E>>
    where
        T: Sync,
        R: Send,
        E: Send,
    {
        let each = Contained::new(Trying::new(f));
        match map(self.shared(), items, &*each) {
            Some(values) => Ok(values),
            None => Err(each.why().expect("there is a reason to stop")),
        }
    }

    /// Calls `f` with each item, on several threads, as [`map_slice`](Self::map_slice) does.
    ///
    /// # Panics
    ///
    /// As [`map_slice`](Self::map_slice). Some of the items may have been changed by then.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut numbers = [1, 2, 3];
    /// pool.for_each_mut(&mut numbers, |number| *number *= 2);
    /// assert_eq!(numbers, [2, 4, 6]);
    /// ```
    #[doc(alias = "par_iter_mut")]
    pub fn for_each_mut<T>(&self, items: &mut [T], f: impl Fn(&mut T) + Sync)
    where
        T: Send,
    {
        self.map_items(items, Plain(f)).expect(COMPLETE);
    }

    /// Calls `f` with each `chunk` items and the index of that chunk, on several threads, as [`map_slice`](Self::map_slice) does:
    /// for the rows of an image, say. The last chunk is shorter if the items do not come out even.
    ///
    /// # Panics
    ///
    /// If `chunk` is 0; otherwise as [`for_each_mut`](Self::for_each_mut).
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut image = [0; 10];
    /// pool.for_each_chunk_mut(&mut image, 4, |row, pixels| pixels.fill(row));
    /// assert_eq!(image, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
    /// ```
    #[doc(alias = "par_chunks_mut")]
    pub fn for_each_chunk_mut<T>(&self, items: &mut [T], chunk: usize, f: impl Fn(usize, &mut [T]) + Sync)
    where
        T: Send,
    {
        assert_ne!(chunk, 0, "a chunk of no items: pass the length of a chunk, 1 or more");
        self.map_items(Chunks::new(items, chunk), Plain(|(index, items)| f(index, items))).expect(COMPLETE);
    }

    fn map_items<I: Items, E: Each<I::Item>>(&self, items: I, each: E) -> Option<Vec<E::Value>> {
        map(self.shared(), items, &*Contained::new(each))
    }
}
