//! A closure that borrows, lent to another thread.

use std::mem;

use crate::steal::loot::Lent;

/// Lends a closure.
///
/// # Safety
///
/// What it returns must be gone (called for the last time, or dropped uncalled), on whatever thread it has come to, before the
/// borrow `'a` of the closure ends.
pub(super) unsafe fn lend<'a>(closure: &'a mut (dyn FnMut() + Send + 'a)) -> Lent {
    // SAFETY: both are the same type but for the lifetime, and the caller promises that it is not used beyond `'a`.
    unsafe { mem::transmute::<&'a mut (dyn FnMut() + Send + 'a), Lent>(closure) }
}
