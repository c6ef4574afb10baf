//! The breaker as a tower layer, and the pool as a tower service.

mod backend;
mod breaker;
mod panics;
mod pool;
mod pool_ends;
mod probes;
mod stacks;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use ::tower::Service;

use crate::common::{EXPECTED, poll_once, silence_expected_panics};

/// Whether the service says at once that it is ready.
fn is_ready<Req>(service: &mut impl Service<Req, Error: Debug>) -> bool {
    match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ready) => ready.map(|()| true).unwrap(),
        Poll::Pending => false,
    }
}

/// What a future says when it is polled once.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_once(future, Waker::noop())
}

/// The text that `f` panics with.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    silence_expected_panics();
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("it panics");
    let text =
        payload.downcast_ref::<String>().map_or_else(|| *payload.downcast_ref::<&str>().unwrap(), String::as_str);
    text.trim_start_matches(EXPECTED).to_owned()
}
