//! The only unsafe code of the crate: a closure that borrows, lent to another thread.

use std::mem;

/// A closure on its owner's stack whose lifetime nobody checks any more.
///
/// It is as good as a `&mut` of the closure: whoever has it may call it, once or more, on any thread.
pub(super) struct Erased(&'static mut (dyn FnMut() + Send));

impl Erased {
    /// Lends a closure.
    ///
    /// # Safety
    ///
    /// What it returns must be gone (called for the last time and dropped, or dropped uncalled), on whatever thread it has come
    /// to, before the closure's borrow `'a` ends.
    pub(super) unsafe fn new<'a>(closure: &'a mut (dyn FnMut() + Send + 'a)) -> Self {
        // SAFETY: both are the same type but for the lifetime, and the caller promises that it is not used beyond `'a`.
        let closure = unsafe {
            mem::transmute::<&'a mut (dyn FnMut() + Send + 'a), &'static mut (dyn FnMut() + Send + 'static)>(closure)
        };
        Self(closure)
    }

    pub(super) fn call(self) {
        (self.0)();
    }
}
