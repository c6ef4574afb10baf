//! Panics of user code: contained where nobody could report them, and read for what they said.

use std::any::Any;
use std::borrow::Cow;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::panic::{self, AssertUnwindSafe, RefUnwindSafe, UnwindSafe};
use std::process;
use std::sync::Arc;

/// Runs user code that has nobody to report a panic to: a destructor, a hook, a waker.
///
/// The payload is dropped here too. What its own destructor throws is forgotten, as it might go on like that for ever.
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Option<R> {
    match panic::catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Some(value),
        Err(payload) => {
            drop_contained(payload);
            None
        }
    }
}

#[cold]
fn drop_contained(payload: Box<dyn Any + Send>) {
    if let Err(next) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(next);
    }
}

/// Ends the process rather than let a frame go, or a thread, that another one counts on.
#[must_use]
pub(crate) struct AbortOnUnwind;

impl AbortOnUnwind {
    pub(crate) fn disarm(self) {
        mem::forget(self);
    }
}

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        process::abort();
    }
}

/// A closure that the clones of a builder and the pools they build share.
pub(crate) type Shareable<F> = Arc<Contained<Box<F>>>;

/// Something of the user's: what its destructor throws stays here, whoever held it last.
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect(THERE)
    }
}

const THERE: &str = "it is there until it is dropped";

impl<T> Deref for Contained<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_ref().expect(THERE)
    }
}

impl<T> DerefMut for Contained<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(THERE)
    }
}

/// What it is after a panic of its own is between it and its user.
impl<T> UnwindSafe for Contained<T> {}
impl<T> RefUnwindSafe for Contained<T> {}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        contain(|| drop(value));
    }
}

/// The text of a panic payload, where it has one.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> Cow<'static, str> {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        Cow::Borrowed(text)
    } else if let Some(text) = payload.downcast_ref::<String>() {
        Cow::Owned(text.clone())
    } else {
        Cow::Borrowed("(the panic's payload is not a string)")
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_contained_is_not_kept() {
        let payload = Arc::new(());
        let thrown = Arc::clone(&payload);
        assert_eq!(contain(|| panic::resume_unwind(Box::new(thrown))), None::<()>);
        assert_eq!(Arc::strong_count(&payload), 1);
    }

    #[test]
    fn a_payload_may_panic_when_it_is_dropped() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic::resume_unwind(Box::new(Bomb));
            }
        }
        assert_eq!(contain(|| panic::resume_unwind(Box::new(Bomb))), None::<()>);
    }
}
