//! Every signature, used as the contract writes it.

use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use corepool::breaker::*;

const SECOND: Duration = Duration::from_secs(1);

fn is_send<T: Send>(value: T) -> T {
    value
}

fn is_static<T: 'static>(_: &T) {}

fn goes_anywhere<T: Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {}

#[test]
fn what_goes_anywhere() {
    goes_anywhere::<CircuitBreaker>();
    goes_anywhere::<Permit>();
    goes_anywhere::<Subscription>();
    goes_anywhere::<ManualClock>();
    goes_anywhere::<Event>();
    goes_anywhere::<Snapshot>();
    goes_anywhere::<CallError<String>>();
    goes_anywhere::<BreakerConfigError>();
    fn sends<T: Send + Sync + 'static>() {}
    sends::<BreakerBuilder>();
    sends::<Backoff>();
}

#[test]
fn a_future_is_send_where_its_parts_are_and_does_not_borrow_the_breaker() {
    let call = {
        let breaker = CircuitBreaker::new();
        is_send(breaker.call_async(|| async { Ok::<u32, ()>(1) }))
    };
    is_static(&call);
    // A result need not be Send: it never rests in the future.
    let call = is_send(CircuitBreaker::new().call_async(|| std::future::ready(()).then_rc()));
    drop(call);
    let here = Rc::new(());
    let maker = Rc::clone(&here);
    let call = CircuitBreaker::new().call_async_with(
        move |_: &Result<(), ()>| {
            drop(here);
            Outcome::Ignored
        },
        move || async move {
            drop(maker);
            Err::<(), ()>(())
        },
    );
    assert_eq!(pollster::block_on(call), Err(CallError::Inner(())));
    let text = String::from("borrowed");
    let call = CircuitBreaker::new().call_async(|| async { Ok::<&str, ()>(&text) });
    assert_eq!(pollster::block_on(call), Ok("borrowed"));
}

trait ThenRc {
    fn then_rc(self) -> Makes;
}

impl ThenRc for std::future::Ready<()> {
    fn then_rc(self) -> Makes {
        Makes
    }
}

struct Makes;

impl Future for Makes {
    type Output = Result<Rc<()>, ()>;
    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::task::Poll::Ready(Ok(Rc::new(())))
    }
}

#[test]
fn all_of_it() {
    let clock = ManualClock::new();
    let builder: BreakerBuilder = CircuitBreaker::builder();
    let window = Window::Time { span: SECOND, buckets: 10_u16 };
    let policy = FailurePolicy::Any(vec![
        FailurePolicy::Consecutive(3_u32),
        FailurePolicy::Rate { threshold: 0.5_f64, window, minimum_calls: 2_u32 },
        FailurePolicy::Rate { threshold: 0.5, window: Window::Count(10_u32), minimum_calls: 2 },
    ]);
    let breaker: Result<CircuitBreaker, BreakerConfigError> = builder
        .failure_policy(policy)
        .slow_calls(SECOND, 0.5)
        .open_wait(SECOND)
        .open_backoff(Backoff::exponential(SECOND, 1.5).cap(SECOND * 9).jitter(0.1, 7_u64))
        .open_backoff(Backoff::from_fn(|attempt| SECOND * attempt))
        .half_open(3_u32, 2_u32)
        .half_open_policy(HalfOpenPolicy::Rate)
        .half_open_policy(HalfOpenPolicy::Consecutive)
        .half_open_max_wait(SECOND, Expired::Reopen)
        .half_open_max_wait(SECOND, Expired::Close)
        .half_open_max_wait(SECOND, Expired::Reprobe)
        .abandoned(AbandonedPolicy::Ignore)
        .abandoned(AbandonedPolicy::Failure)
        .abandoned(AbandonedPolicy::FailureIfSlow)
        .abandoned(AbandonedPolicy::Rate(0.5))
        .clock(MonotonicClock::new())
        .clock(clock.clone())
        .build();
    let breaker = breaker.unwrap();
    let subscription: Subscription = breaker.subscribe(|event: &Event| match event {
        Event::StateChanged { from: _, to: _, generation: _, .. } => {}
        Event::Rejected { .. } | Event::Recorded { .. } | Event::LateResult { .. } => {}
        _ => {}
    });
    let _: Result<u8, CallError<()>> = breaker.call(|| Ok(1));
    let _: Result<u8, CallError<()>> = breaker.call_with(|_: &Result<u8, ()>| Outcome::Success, || Ok(1));
    let permit: Result<Permit, Rejected> = breaker.try_acquire();
    let mut permit = permit.unwrap();
    let _: () = permit.start();
    let _: Recorded = permit.success();
    let _: Recorded = breaker.try_acquire().unwrap().failure();
    let _: Recorded = breaker.try_acquire().unwrap().ignore();
    let _: Recorded = breaker.try_acquire().unwrap().record(Outcome::Failure);
    let _: Result<(), ()> = breaker.try_acquire().unwrap().run(|| Ok(()));
    let _: (bool, State) = (breaker.is_call_permitted(), breaker.state());
    let Snapshot { state, window, failure_rate, slow_rate, consecutive_failures, rejected, late_results, .. } =
        breaker.snapshot();
    let _: (State, Option<WindowCounts>, Option<f64>, Option<f64>) = (state, window, failure_rate, slow_rate);
    let _: (u32, u64, u64) = (consecutive_failures, rejected, late_results);
    if let Some(WindowCounts { calls, failures, slow }) = window {
        let _: (u32, u32, u32) = (calls, failures, slow);
    }
    breaker.force_open();
    let Err(Rejected { reason: Reason::ForcedOpen, retry_after: None }) = breaker.try_acquire() else { panic!() };
    breaker.open_for(SECOND);
    breaker.disable();
    breaker.metrics_only();
    breaker.reset();
    drop(subscription);
    let _: Duration = Clock::now(&clock);
}
