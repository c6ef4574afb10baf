//! What is done with each item: by a closure, by one with a state, or until one fails.

use crate::base::error::Interrupted;
use crate::base::panic::Contained;
use crate::base::sync::{AtomicBool, Mutex, Ordering};
use crate::base::try_map_error::TryMapError;
use crate::worker::checkpoint::checkpoint;

pub(crate) trait Each<I>: Sync {
    /// What goes from one item to the next.
    type State;
    type Value: Send;

    fn take_state(&self) -> Self::State;
    fn put_back(&self, state: Self::State);

    /// `None`: no item is to be done any more.
    fn call(&self, state: &mut Self::State, item: I) -> Option<Self::Value>;

    /// Whether no item is to be done any more. Asked before each block of items.
    fn is_over(&self) -> bool {
        false
    }
}

pub(crate) struct Plain<F>(pub(crate) F);

impl<I, R: Send, F: Fn(I) -> R + Sync> Each<I> for Plain<F> {
    type State = ();
    type Value = R;

    fn take_state(&self) {}

    fn put_back(&self, (): ()) {}

    #[inline(always)]
    fn call(&self, (): &mut (), item: I) -> Option<R> {
        Some((self.0)(item))
    }
}

/// Each run of items has a state to itself. There are as many as there are such runs at once, so at most one a thread.
pub(crate) struct Stateful<N, S, F> {
    new: N,
    spare: Mutex<Vec<Contained<S>>>,
    each: F,
}

impl<N, S, F> Stateful<N, S, F> {
    pub(crate) fn new(new: N, each: F) -> Self {
        Self { new, spare: Mutex::new(Vec::new()), each }
    }
}

impl<I, S: Send, R: Send, N: Fn() -> S + Sync, F: Fn(&mut S, I) -> R + Sync> Each<I> for Stateful<N, S, F> {
    type State = Contained<S>;
    type Value = R;

    fn take_state(&self) -> Contained<S> {
        let spare = self.spare.lock().pop();
        spare.unwrap_or_else(|| Contained::new((self.new)()))
    }

    fn put_back(&self, state: Contained<S>) {
        self.spare.lock().push(state);
    }

    #[inline(always)]
    fn call(&self, state: &mut Contained<S>, item: I) -> Option<R> {
        Some((self.each)(state, item))
    }
}

/// Stops at the first error, or once the job that this is done for is to stop.
pub(crate) struct Trying<F, E> {
    each: F,
    is_over: AtomicBool,
    why: Mutex<Option<Contained<TryMapError<E>>>>,
}

impl<F, E> Trying<F, E> {
    pub(crate) fn new(each: F) -> Self {
        Self { each, is_over: AtomicBool::new(false), why: Mutex::new(None) }
    }

    /// Why it has stopped, if it has.
    pub(crate) fn why(&self) -> Option<TryMapError<E>> {
        self.why.lock().take().map(Contained::into_inner)
    }

    /// The first one counts; others, and what comes after it, are dropped.
    fn stop(&self, why: TryMapError<E>) {
        let mut first = self.why.lock();
        let late = if first.is_none() { first.replace(Contained::new(why)) } else { Some(Contained::new(why)) };
        drop(first);
        // ORDERING: Relaxed: who sees it late does some more. Why is under the lock.
        self.is_over.store(true, Ordering::Relaxed);
        drop(late);
    }
}

impl<I, R: Send, E: Send, F: Fn(I) -> Result<R, E> + Sync> Each<I> for Trying<F, E> {
    type State = ();
    type Value = R;

    fn take_state(&self) {}

    fn put_back(&self, (): ()) {}

    fn call(&self, (): &mut (), item: I) -> Option<R> {
        (self.each)(item).map_err(|error| self.stop(TryMapError::Failed(error))).ok()
    }

    fn is_over(&self) -> bool {
        let interrupted = |why: Interrupted| self.stop(TryMapError::Interrupted(why));
        // ORDERING: Relaxed, see `stop`.
        self.is_over.load(Ordering::Relaxed) || checkpoint().map_err(interrupted).is_err()
    }
}
