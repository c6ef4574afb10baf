//! A job for each item of an iterator, as an iterator over their outcomes: how it works is in [`super::pipeline`].

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};

use crate::base::error::JobError;
use crate::handle::completions::Completions;
use crate::handle::in_order::InOrder;
use crate::pool::pipeline::Pipeline;
use crate::pool::pool::Pool;

impl Pool {
    /// Calls `f` for each item, on the pool's workers, and returns an iterator over the results, in the order of the items.
    ///
    /// It is lazy: nothing is submitted before the first result is asked for, and no more than a window of items is in flight
    /// from then on, that is, was taken from `items` and not yet returned. So `items` may be endless, and memory stays flat.
    /// The window is twice as many items as the pool has [`workers`](Self::workers), unless [`buffered`](Map::buffered) sets
    /// another. Items are pulled on the thread that asks for results, within the call of `next`.
    ///
    /// Each item has one result, `Ok` or `Err`:
    ///
    /// - If `f` panics, the result of that item is [`JobError::Panicked`]; the others are not affected.
    /// - If the pool has been shut down, the result of an item that it does not accept any more is [`JobError::Aborted`].
    ///   Then an endless iterator goes on to return errors: stop at the first one, as with `?`.
    ///
    /// If `items` panics, the panic reaches the caller of `next`, and `items` is not asked again. The results of the items
    /// before are not lost: ask on for them.
    ///
    /// Dropping the iterator cancels the jobs that are queued, and asks those that run to stop, through
    /// [`checkpoint`](crate::checkpoint). It holds the pool open like a clone of it.
    ///
    /// # Blocking
    ///
    /// `next` blocks until the next result is there. If the queue is full, it waits for room in line with all other submitters,
    /// but no longer than until the result is there. On a worker it runs those of its own jobs that are still queued, oldest
    /// first, and waits only if there are none. So a job can map, and `f` can map in turn, even with a single worker.
    ///
    /// # When to use something else
    ///
    /// Each item is a job, which costs a few hundred nanoseconds. Items that take less than that are better mapped in chunks; those
    /// of a slice by [`map_slice`](Self::map_slice), which may borrow.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new().unwrap();
    /// let squares: Result<Vec<u64>, _> = pool.map(1..=4, |n: u64| n * n).collect();
    /// assert_eq!(squares.unwrap(), [1, 4, 9, 16]);
    ///
    /// // Endless, and lazy.
    /// let mut cubes = pool.map(1.., |n: u64| n.pow(3));
    /// assert_eq!(cubes.next().unwrap().unwrap(), 1);
    /// assert_eq!(cubes.next().unwrap().unwrap(), 8);
    /// ```
    #[doc(alias = "buffered")]
    #[doc(alias = "buffersize")]
    #[doc(alias = "imap")]
    #[doc(alias = "par_map")]
    #[doc(alias = "parallel_map")]
    #[doc(alias = "ser_bridge")]
    #[track_caller]
    pub fn map<I, G, R>(&self, items: I, f: G) -> Map<I::IntoIter, G, R>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        G: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        Map(Pipeline::new(self.owner(), items.into_iter(), f, InOrder::new(), Location::caller()))
    }

    /// As [`map`](Self::map), but returns each result as soon as it is there: first the one whose job resolves first.
    ///
    /// A slow item does not hold up the results of those after it, nor keep them in the window. To know which item a result
    /// belongs to, let `f` return that, too; the result of an item whose job panics does not tell.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let mut squares: Vec<_> = pool.map_unordered(1..=4, |n: u64| (n, n * n)).map(Result::unwrap).collect();
    /// squares.sort();
    /// assert_eq!(squares, [(1, 1), (2, 4), (3, 9), (4, 16)]);
    /// ```
    #[doc(alias = "buffer_unordered")]
    #[doc(alias = "imap_unordered")]
    #[doc(alias = "par_bridge")]
    #[doc(alias = "parallel_map")]
    #[track_caller]
    pub fn map_unordered<I, G, R>(&self, items: I, f: G) -> MapUnordered<I::IntoIter, G, R>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        G: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        MapUnordered(Pipeline::new(self.owner(), items.into_iter(), f, Completions::new(), Location::caller()))
    }
}

/// An iterator over results in the order of the items. Made by [`Pool::map`].
#[must_use = "it is lazy: nothing is submitted before a result is asked for"]
pub struct Map<I, G, R>(Pipeline<I, G, R, InOrder<R>>);

/// An iterator over results as they come. Made by [`Pool::map_unordered`].
#[must_use = "it is lazy: nothing is submitted before a result is asked for"]
pub struct MapUnordered<I, G, R>(Pipeline<I, G, R, Completions<R>>);

/// Everything that is the same for both.
macro_rules! iterate {
    ($map:ident, $method:literal, $outcome:expr) => {
        impl<I, G, R> $map<I, G, R> {
            /// Sets the window: how many items may be in flight, that is, taken from the input and not yet returned as
            /// results. 0 counts as 1. Default: twice as many as the pool has workers.
            ///
            /// A larger window keeps the workers busy when items take unequal time, or results are fetched in bursts. Results
            /// that nobody has fetched stay in memory.
            ///
            /// ```
            /// let pool = corepool::Pool::new().unwrap();
            #[doc = concat!("let doubled = pool.", $method, "(0..100, |n: u64| n * 2).buffered(16);")]
            /// assert_eq!(doubled.sum::<Result<u64, _>>().unwrap(), 9_900);
            /// ```
            #[doc(alias = "window")]
            pub fn buffered(mut self, n: usize) -> Self {
                self.0.set_window(n);
                self
            }
        }

        #[cfg(feature = "stream")]
        impl<I, G, R> $map<I, G, R>
        where
            I: Iterator<Item: Send + 'static>,
            G: Fn(I::Item) -> R + Send + Sync + 'static,
            R: Send + 'static,
        {
            /// As `next`, without blocking.
            pub(crate) fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<R, JobError>>> {
                self.0.poll_next(cx).map(|next| next.map($outcome))
            }
        }

        impl<I, G, R> Iterator for $map<I, G, R>
        where
            I: Iterator<Item: Send + 'static>,
            G: Fn(I::Item) -> R + Send + Sync + 'static,
            R: Send + 'static,
        {
            type Item = Result<R, JobError>;

            fn next(&mut self) -> Option<Self::Item> {
                self.0.next().map($outcome)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<I, G, R> ExactSizeIterator for $map<I, G, R>
        where
            I: ExactSizeIterator<Item: Send + 'static>,
            G: Fn(I::Item) -> R + Send + Sync + 'static,
            R: Send + 'static,
        {
        }

        impl<I, G, R> FusedIterator for $map<I, G, R>
        where
            I: Iterator<Item: Send + 'static>,
            G: Fn(I::Item) -> R + Send + Sync + 'static,
            R: Send + 'static,
        {
        }

        /// Nothing in it is ever pinned.
        impl<I, G, R> Unpin for $map<I, G, R> {}

        impl<I, G, R> fmt::Debug for $map<I, G, R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($map))
                    .field("in_flight", &self.0.in_flight())
                    .field("window", &self.0.window())
                    .finish_non_exhaustive()
            }
        }
    };
}

iterate!(Map, "map", |outcome| outcome);
iterate!(MapUnordered, "map_unordered", |(_key, outcome)| outcome);
