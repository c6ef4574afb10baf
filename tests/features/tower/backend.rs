//! A service that does what its request says, counts its calls, and insists on being ready.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use corepool::breaker::{BreakerBuilder, CircuitBreaker, ManualClock, State};
use corepool::tower::{BreakerLayer, BreakerService};
use tower::{Layer, Service};

use super::is_ready;
use crate::common::EXPECTED;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    Succeed,
    Fail,
    Hang,
    PanicInCall,
    PanicInPoll,
}

/// What is between the service and its answer.
pub enum Answer {
    Now(Ready<io::Result<u32>>),
    Never,
    Panic,
}

impl Future for Answer {
    type Output = io::Result<u32>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(answer) => Pin::new(answer).poll(cx),
            Self::Never => Poll::Pending,
            Self::Panic => panic!("{EXPECTED}in poll"),
        }
    }
}

/// A clone has to become ready for itself, as one that holds a permit or a connection must.
#[derive(Default)]
pub struct Backend {
    calls: Arc<AtomicUsize>,
    is_ready: bool,
}

impl Clone for Backend {
    fn clone(&self) -> Self {
        Self { calls: Arc::clone(&self.calls), is_ready: false }
    }
}

impl Service<Do> for Backend {
    type Response = u32;
    type Error = io::Error;
    type Future = Answer;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Do) -> Answer {
        assert!(self.is_ready, "called without having said that it is ready");
        self.is_ready = false;
        self.calls.fetch_add(1, SeqCst);
        match request {
            Do::Succeed => Answer::Now(ready(Ok(42))),
            Do::Fail => Answer::Now(ready(Err(io::ErrorKind::ConnectionRefused.into()))),
            Do::Hang => Answer::Never,
            Do::PanicInCall => panic!("{EXPECTED}in call"),
            Do::PanicInPoll => Answer::Panic,
        }
    }
}

/// A breaker before a backend, and what the test looks at.
pub struct Guarded {
    pub service: BreakerService<Backend>,
    pub breaker: CircuitBreaker,
    clock: ManualClock,
    calls: Arc<AtomicUsize>,
}

pub fn guarded(rules: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Guarded {
    let (clock, backend) = (ManualClock::new(), Backend::default());
    let breaker = rules(CircuitBreaker::builder().clock(clock.clone())).build().unwrap();
    let calls = Arc::clone(&backend.calls);
    Guarded { service: BreakerLayer::new(breaker.clone()).layer(backend), breaker, clock, calls }
}

impl Guarded {
    /// The future of a call, made as a caller should: by a service that has said that it is ready.
    pub fn call(&mut self, request: Do) -> <BreakerService<Backend> as Service<Do>>::Future {
        assert!(is_ready::<Do>(&mut self.service));
        self.service.call(request)
    }

    /// How often the backend was called.
    pub fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// Opens the breaker and lets its wait pass, so that the next call is a probe.
    pub fn await_probe(&self) {
        let wait = Duration::from_secs(30);
        self.breaker.open_for(wait);
        self.clock.advance(wait);
        assert_eq!(self.breaker.state(), State::Open);
    }
}
