//! How a pool's threads are made, the workers' and the keeper's alike.

use std::thread::Builder;

/// A thread to be spawned; without a stack size it gets std's default.
pub(crate) fn named(name: String, stack_size: Option<usize>) -> Builder {
    let thread = Builder::new().name(name);
    match stack_size {
        Some(bytes) => thread.stack_size(bytes),
        None => thread,
    }
}
