//! Calls: what they return, what they record, and how they end otherwise.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use corepool::breaker::{CallError, CircuitBreaker, Outcome, Reason, Rejected, State};
use pollster::block_on;

use crate::support::{Bench, consecutive, secs};

fn failures(bench: &Bench) -> u32 {
    bench.breaker.snapshot().consecutive_failures
}

#[test]
fn a_call_returns_what_its_closure_does() {
    let bench = consecutive(2);
    assert_eq!(bench.breaker.call(|| Ok::<_, ()>(1)), Ok(1));
    assert_eq!(bench.breaker.call(|| Err::<(), _>(2)), Err(CallError::Inner(2)));
    assert_eq!(failures(&bench), 1);
    bench.breaker.call(|| Ok::<_, ()>(())).unwrap();
    assert_eq!(failures(&bench), 0);
}

#[test]
fn a_rejected_call_runs_nothing() {
    let bench = consecutive(1);
    bench.calls("F");
    let ran = Cell::new(false);
    let run = || Ok::<bool, ()>(ran.replace(true));
    let answer = bench.breaker.call(run);
    let rejected = Rejected { reason: Reason::Open, retry_after: Some(secs(30.0)) };
    assert_eq!(answer, Err(CallError::Rejected(rejected)));
    let answer = block_on(bench.breaker.call_async(|| ready(run())));
    assert_eq!(answer, Err(CallError::Rejected(rejected)));
    assert!(!ran.get());
    assert_eq!(bench.breaker.snapshot().rejected, 2);
}

#[test]
fn a_classifier_decides_and_the_result_stays_what_it_is() {
    let bench = consecutive(5);
    let call = |outcome, result: Result<u8, u8>| bench.breaker.call_with(move |_| outcome, move || result);
    assert_eq!(call(Outcome::Failure, Ok(1)), Ok(1));
    assert_eq!(failures(&bench), 1);
    assert_eq!(call(Outcome::Ignored, Err(2)), Err(CallError::Inner(2)));
    assert_eq!(failures(&bench), 1);
    assert_eq!(call(Outcome::Success, Err(3)), Err(CallError::Inner(3)));
    assert_eq!(failures(&bench), 0);
}

#[test]
fn a_panicking_closure_or_classifier_is_a_failure_and_goes_on() {
    let bench = consecutive(5);
    let panicking = || bench.breaker.call(|| -> Result<(), ()> { resume_unwind(Box::new(1_u8)) });
    assert_eq!(catch_unwind(AssertUnwindSafe(panicking)).unwrap_err().downcast_ref(), Some(&1_u8));
    let classifying = || bench.breaker.call_with(|_: &Result<(), ()>| resume_unwind(Box::new(2_u8)), || Ok(()));
    assert_eq!(catch_unwind(AssertUnwindSafe(classifying)).unwrap_err().downcast_ref(), Some(&2_u8));
    assert_eq!(failures(&bench), 2);
}

#[test]
fn a_call_inside_a_call_is_a_call_of_its_own() {
    let bench = consecutive(1);
    let outer = bench.breaker.clone();
    let answer = outer.call(|| bench.breaker.call(|| Err::<(), _>("inner")));
    assert!(matches!(answer, Err(CallError::Inner(CallError::Inner("inner")))));
    // The inner failure has opened it: the outer one is late.
    assert_eq!((bench.state(), bench.breaker.snapshot().late_results), (State::Open, 1));
}

#[test]
fn a_future_is_admitted_when_it_is_first_polled() {
    let bench = consecutive(1);
    let early = bench.breaker.call_async(|| ready(Ok::<_, ()>(1)));
    bench.breaker.force_open();
    assert!(matches!(block_on(early), Err(CallError::Rejected(_))));
    let late = bench.breaker.call_async(|| ready(Ok::<_, ()>(2)));
    bench.breaker.reset();
    assert_eq!(block_on(late), Ok(2));
}

#[test]
fn a_future_outlives_the_breaker_it_came_from_and_can_be_sent() {
    fn sent<T: Send + 'static>(future: T) -> T {
        future
    }
    let breaker = CircuitBreaker::new();
    let call = sent(breaker.call_async(async || Ok::<_, ()>(7)));
    drop(breaker);
    assert_eq!(block_on(call), Ok(7));
}

#[test]
fn a_future_records_when_it_is_ready_and_not_before() {
    let bench = consecutive(5);
    let mut polls = 0;
    let slow = poll_fn(move |_| {
        polls += 1;
        if polls < 3 { Poll::Pending } else { Poll::Ready(Err::<(), _>("late")) }
    });
    let mut call = pin!(bench.breaker.call_async(|| slow));
    let mut poll = || call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending() && poll().is_pending());
    assert_eq!(failures(&bench), 0);
    assert_eq!(poll(), Poll::Ready(Err(CallError::Inner("late"))));
    assert_eq!(failures(&bench), 1);
}

#[test]
fn a_future_that_panics_has_failed_before_poll_is_left() {
    let bench = consecutive(5);
    let mut call =
        pin!(bench.breaker.call_async(|| poll_fn(|_| -> Poll<Result<(), ()>> { resume_unwind(Box::new(())) })));
    let poll = || call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
    assert_eq!(failures(&bench), 1);
}

#[test]
fn a_maker_of_futures_or_a_classifier_that_panics_has_failed() {
    let bench = consecutive(5);
    let makes_none = bench.breaker.call_async(|| -> std::future::Ready<Result<(), ()>> { resume_unwind(Box::new(())) });
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(makes_none))).is_err());
    assert_eq!(failures(&bench), 1);
    let classify = |_: &Result<(), ()>| resume_unwind(Box::new(()));
    let call = bench.breaker.call_async_with(classify, || ready(Ok(())));
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(call))).is_err());
    assert_eq!(failures(&bench), 2);
}

#[test]
fn a_future_that_was_never_polled_has_not_called() {
    let bench = consecutive(1);
    drop(bench.probe());
    drop(bench.breaker.call_async(pending::<Result<(), ()>>));
    assert!(bench.breaker.is_call_permitted());
}

/// A destructor that makes a call while a panic unwinds: the call's own panic is inside it, and is caught there.
#[test]
fn a_call_made_while_a_panic_unwinds_is_judged_by_itself() {
    struct CallsOnDrop<'a>(&'a Bench);
    impl Drop for CallsOnDrop<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0.breaker.call(|| Ok::<_, ()>(1)), Ok(1));
            assert_eq!(block_on(self.0.breaker.call_async(|| ready(Ok::<_, ()>(1)))), Ok(1));
            let panicking = || self.0.breaker.call(|| -> Result<(), ()> { resume_unwind(Box::new(())) });
            assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
            let panicking = poll_fn(|_| -> Poll<Result<(), ()>> { resume_unwind(Box::new(())) });
            let call = || block_on(self.0.breaker.call_async(|| panicking));
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
            assert!(
                catch_unwind(AssertUnwindSafe(|| self
                    .0
                    .acquire()
                    .run(|| -> Result<(), ()> { resume_unwind(Box::new(())) })))
                .is_err()
            );
        }
    }
    let bench = consecutive(9);
    let unwinding = || {
        let _calls = CallsOnDrop(&bench);
        resume_unwind(Box::new(()))
    };
    assert!(catch_unwind(AssertUnwindSafe(unwinding)).is_err());
    assert_eq!(failures(&bench), 3, "the three that panicked");
}
