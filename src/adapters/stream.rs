//! The iterators over results as streams of the `futures` crates. Needs the cargo feature `stream`, which is off by default.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::base::error::JobError;
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
