//! What borrows, without saying for how long: to lend it to another thread.

use std::mem;
use std::sync::Arc;

use crate::job::cell::WaitEnd;
use crate::job::runnable::RunEnd;
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

/// The runner's end of a job that borrows.
///
/// # Safety
///
/// Before the borrow `'a` ends, the job must have resolved, and its outcome, unless it is leaked, must have been taken out of the
/// cell. What is left of a cell then holds nothing of the job's.
pub(super) unsafe fn run_end<'a>(cell: Arc<dyn RunEnd + 'a>) -> Arc<dyn RunEnd> {
    // SAFETY: both are the same type but for the lifetime, and the caller promises that nothing is left that is bound to `'a`.
    unsafe { mem::transmute::<Arc<dyn RunEnd + 'a>, Arc<dyn RunEnd>>(cell) }
}

/// The waiter's end of it.
///
/// # Safety
///
/// As for [`run_end`].
pub(super) unsafe fn wait_end<'a, T>(cell: Arc<dyn WaitEnd<T> + 'a>) -> Arc<dyn WaitEnd<T>> {
    // SAFETY: see `run_end`.
    unsafe { mem::transmute::<Arc<dyn WaitEnd<T> + 'a>, Arc<dyn WaitEnd<T>>>(cell) }
}
