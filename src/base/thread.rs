//! How a pool's threads are made, the workers' and the keeper's alike.

use std::env;
use std::thread::Builder;

/// What std gives a thread that asks for no size.
const STD_STACK: usize = 2 << 20;

/// The size of a thread's stack, in bytes, where this was asked for.
pub(crate) fn stack_size(asked: Option<usize>) -> usize {
    let by_default = || env::var("RUST_MIN_STACK").ok().and_then(|bytes| bytes.parse().ok());
    asked.or_else(by_default).unwrap_or(STD_STACK)
}

/// A thread to be spawned; without a stack size it gets std's default.
pub(crate) fn named(name: String, stack_size: Option<usize>) -> Builder {
    let thread = Builder::new().name(name);
    match stack_size {
        Some(bytes) => thread.stack_size(bytes),
        None => thread,
    }
}
