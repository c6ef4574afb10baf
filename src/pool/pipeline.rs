//! A job for each item of an input, a window of them at a time: items are pulled in, outcomes come out. Behind `Pool::map` and
//! `Pool::map_unordered`, which differ in the [`Outcomes`] they collect.
//!
//! ```text
//!   input --next--> [pending] --room--> queue, workers --> outcomes --take--> consumer
//!                       one item that      `------ at most `window` ------'
//!                       waits for room
//! ```
//!
//! While the queue is full, the consumer waits for room and for the next outcome alike, whichever comes first. To wait for room
//! alone would be for ever where the jobs ahead in the queue wait for something that the consumer does with an outcome.

use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::base::error::SubmitErrorKind;
use crate::base::panic::Contained;
use crate::handle::job_handle::JobHandle;
use crate::handle::outcomes::Outcomes;
use crate::pool::owner::Owner;
use crate::pool::submit_async::{SubmitAsync, submit_or_stand_in_line};

type Submitted<R> = Result<JobHandle<R>, SubmitErrorKind>;

/// Laid out in the order in which it is to be dropped: the pending item leaves the line before the jobs are cancelled, which
/// makes room; and these are cancelled before the pool, perhaps, waits for them.
pub(crate) struct Pipeline<I, G, R, O> {
    pending: Option<Pending<R>>,
    outcomes: O,
    feed: Feed<I, G>,
}

/// Where the jobs come from, and where they go.
struct Feed<I, G> {
    input: Input<I>,
    f: Arc<Contained<G>>,
    window: usize,
    pool: Arc<Owner>,
    submitted_at: &'static Location<'static>,
}

impl<I, G, R, O: Outcomes<R>> Pipeline<I, G, R, O> {
    pub(crate) fn new(
        pool: &Arc<Owner>,
        items: I,
        f: G,
        outcomes: O,
        submitted_at: &'static Location<'static>,
    ) -> Self {
        let (input, f) = (Input { items, has_ended: false }, Arc::new(Contained::new(f)));
        let window = pool.shared().workers.saturating_mul(2);
        Self { pending: None, outcomes, feed: Feed { input, f, window, pool: Arc::clone(pool), submitted_at } }
    }

    /// At least one.
    pub(crate) fn set_window(&mut self, jobs: usize) {
        self.feed.window = jobs.max(1);
    }

    pub(crate) fn window(&self) -> usize {
        self.feed.window
    }

    /// Items that were taken from the input, and whose outcome has not come out.
    pub(crate) fn in_flight(&self) -> usize {
        self.outcomes.len() + usize::from(self.pending.is_some())
    }
}

impl<I, G, R, O> Pipeline<I, G, R, O>
where
    I: Iterator<Item: Send + 'static>,
    G: Fn(I::Item) -> R + Send + Sync + 'static,
    R: Send + 'static,
    O: Outcomes<R>,
{
    /// The next outcome, waiting for it on this thread.
    pub(crate) fn next(&mut self) -> Option<O::Next> {
        let Self { pending, outcomes, feed } = self;
        outcomes.wait(feed.submitted_at, |outcomes, waker| feed.fill(pending, outcomes, waker))
    }

    /// The next outcome, or the promise to wake who asks.
    #[cfg(feature = "stream")]
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<O::Next>> {
        let Self { pending, outcomes, feed } = self;
        let pool = feed.pool.shared().id;
        outcomes.poll_next(pool, cx.waker(), |outcomes, waker| feed.fill(pending, outcomes, waker))
    }
}

impl<I, G> Feed<I, G>
where
    I: Iterator<Item: Send + 'static>,
{
    /// Submits items until the window or the queue is full. The latter leaves `waker` with the item that waits for room. Returns
    /// whether any item is in flight.
    fn fill<R>(&mut self, pending: &mut Option<Pending<R>>, outcomes: &mut impl Outcomes<R>, waker: &Waker) -> bool
    where
        G: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        while outcomes.len() < self.window {
            let polled = match pending {
                Some(pending) => pending.poll(waker),
                None => match self.input.next() {
                    Some(item) => self.submit(item, pending, waker),
                    None => break,
                },
            };
            let Poll::Ready(submitted) = polled else { return true };
            *pending = None;
            // Every item has an outcome, also one that the pool does not take any more.
            outcomes
                .push(submitted.unwrap_or_else(|why| JobHandle::resolved(Err(why.as_outcome()), self.submitted_at)));
        }
        outcomes.len() > 0 || pending.is_some()
    }

    fn submit<R>(&self, item: I::Item, pending: &mut Option<Pending<R>>, waker: &Waker) -> Poll<Submitted<R>>
    where
        G: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        let f = Arc::clone(&self.f);
        match submit_or_stand_in_line(&self.pool, move || f(item), self.submitted_at, waker) {
            Ok(submitted) => Poll::Ready(submitted.map_err(SubmitErrorKind::from)),
            Err(in_line) => {
                *pending = Some(Pending::new(in_line));
                Poll::Pending
            }
        }
    }
}

impl<I: Iterator, G, R, O: Outcomes<R>> Pipeline<I, G, R, O> {
    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        let (in_flight, (least, most)) = (self.in_flight(), self.feed.input.size_hint());
        (least.saturating_add(in_flight), most.and_then(|most| most.checked_add(in_flight)))
    }
}

type Poller<R> = dyn FnMut(&mut Context<'_>) -> Poll<Submitted<R>> + Send;

/// An item that waits for room in the queue. Behind a lock so that it is `Sync` whatever the closure is.
struct Pending<R>(parking_lot::Mutex<Box<Poller<R>>>);

impl<R: Send + 'static> Pending<R> {
    fn new<F: FnOnce() -> R + Send + 'static>(mut in_line: SubmitAsync<F, R, ()>) -> Self {
        Self(parking_lot::Mutex::new(Box::new(move |cx: &mut Context<'_>| {
            Pin::new(&mut in_line).poll(cx).map(|submitted| submitted.map_err(SubmitErrorKind::from))
        })))
    }

    fn poll(&mut self, waker: &Waker) -> Poll<Submitted<R>> {
        self.0.get_mut()(&mut Context::from_waker(waker))
    }
}

/// What it is after a panic is what it was before: see [`SubmitAsync`].
impl<R> UnwindSafe for Pending<R> {}
impl<R> RefUnwindSafe for Pending<R> {}

/// The items to come. Not asked again once it has ended, nor once it has panicked.
struct Input<I> {
    items: I,
    has_ended: bool,
}

impl<I: Iterator> Input<I> {
    fn next(&mut self) -> Option<I::Item> {
        if self.has_ended {
            return None;
        }
        self.has_ended = true;
        let item = self.items.next()?;
        self.has_ended = false;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.has_ended { (0, Some(0)) } else { self.items.size_hint() }
    }
}
