//! What gives one result after the other as streams of the `futures` crates. Needs the cargo feature `stream`, which is off by default.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::base::error::JobError;
use crate::handle::as_completed::AsCompleted;
use crate::pool::job_set::JobSet;
use crate::pool::map::{Map, MapUnordered};

macro_rules! stream {
    ($map:ident) => {
        /// With the cargo feature `stream`, for async code: waits for room and for results without blocking the thread.
        ///
        /// The input is an iterator nevertheless, and is asked for items within the poll, so it should not block either. Polled
        /// in a job of this pool, the stream runs items that are still queued, on that thread.
        ///
        /// As both `Iterator` and `StreamExt` have a `next`, name the trait if you use both: `StreamExt::next(&mut results)`.
        impl<I, G, R> Stream for $map<I, G, R>
        where
            I: Iterator<Item: Send + 'static>,
            G: Fn(I::Item) -> R + Send + Sync + 'static,
            R: Send + 'static,
        {
            type Item = Result<R, JobError>;

            fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                self.get_mut().poll_result(cx)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                Iterator::size_hint(self)
            }
        }
    };
}

stream!(Map);
stream!(MapUnordered);

/// With the cargo feature `stream`, for async code: as [`JobSet::poll_join_next`].
///
/// The stream ends when the set is empty. Fill it again, and it goes on: it is not fused.
impl<T> Stream for JobSet<T> {
    type Item = Result<T, JobError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_join_next(cx)
    }

    /// At least those that are in the set; without an upper bound, as others may be submitted.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), None)
    }
}

/// With the cargo feature `stream`, for async code: waits without blocking the thread. Polled in a job, it runs no jobs that are
/// still queued, as the handles would not if they were awaited.
///
/// As both `Iterator` and `StreamExt` have a `next`, name the trait if you use both: `StreamExt::next(&mut jobs)`.
impl<T> Stream for AsCompleted<T> {
    type Item = (usize, Result<T, JobError>);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_completed(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        Iterator::size_hint(self)
    }
}
