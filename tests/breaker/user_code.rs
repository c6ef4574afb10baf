//! Code of the user's inside the breaker: it may panic, and it may call back.

use std::panic::{panic_any, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use corepool::breaker::{
    Backoff, CircuitBreaker, Clock, Event, Expired, FailurePolicy, ManualClock, Recorded, State, Subscription, Window,
};

use crate::common::silence_expected_panics;
use crate::support::{Log, Settable, asked_backoff, bench, consecutive, rate, secs};

#[test]
fn a_listener_that_panics_harms_no_one() {
    silence_expected_panics();
    let bench = consecutive(1);
    let _panics = bench.breaker.subscribe(|_| panic_any("expected"));
    let (log, _subscription) = bench.listen();
    bench.calls("F");
    bench.wait_out();
    bench.calls("S");
    let told = ["Failure", "closed -> open #1", "open -> half-open #2", "Success", "half-open -> closed #3"];
    assert_eq!(log.take(), told);
}

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        resume_unwind(Box::new(()));
    }
}

impl Clock for PanicsOnDrop {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// Listens, and holds what panics when it is dropped.
fn listen(breaker: &CircuitBreaker) -> Subscription {
    let bomb = PanicsOnDrop;
    breaker.subscribe(move |_| {
        let _held = &bomb;
    })
}

#[test]
fn a_listener_whose_destructor_panics_harms_no_one() {
    let bench = consecutive(1);
    let subscription = listen(&bench.breaker);
    bench.calls("F");
    drop(subscription);
    bench.breaker.reset();
    bench.calls("S");
}

#[test]
fn listeners_that_are_gone_when_an_event_is_told_may_all_panic_when_dropped() {
    let bench = consecutive(1);
    let others = Arc::new(Mutex::new(Vec::new()));
    let _first = bench.breaker.subscribe({
        let others = Arc::clone(&others);
        move |_| others.lock().unwrap().clear()
    });
    others.lock().unwrap().extend([listen(&bench.breaker), listen(&bench.breaker)]);
    bench.calls("F");
    bench.breaker.reset();
    bench.calls("S");
}

#[test]
fn what_the_last_permit_drops_with_it_may_panic() {
    let bomb = PanicsOnDrop;
    let backoff = Backoff::from_fn(move |_| {
        let _held = &bomb;
        Duration::ZERO
    });
    let breaker = CircuitBreaker::builder().clock(PanicsOnDrop).open_backoff(backoff).build().unwrap();
    listen(&breaker).detach();
    listen(&breaker).detach();
    let permit = breaker.try_acquire().unwrap();
    drop(breaker);
    assert_eq!(permit.run(|| Ok::<_, ()>("done")), Ok("done"));
}

/// Each method, from inside an event that a state change brings.
#[test]
fn a_listener_may_call_any_method() {
    let bench = consecutive(1);
    let calls = Arc::new(AtomicU32::new(0));
    let breaker = bench.breaker.clone();
    let _subscription = bench.breaker.subscribe({
        let calls = Arc::clone(&calls);
        move |event| {
            if calls.load(Ordering::SeqCst) > 0 || !matches!(event, Event::StateChanged { .. }) {
                return;
            }
            calls.fetch_add(1, Ordering::SeqCst);
            let _ = (breaker.state(), breaker.snapshot(), breaker.is_call_permitted());
            drop(breaker.try_acquire());
            breaker.open_for(secs(1.0));
            breaker.disable();
            breaker.metrics_only();
            breaker.force_open();
            breaker.reset();
            breaker.call(|| Ok::<_, ()>(())).unwrap();
            breaker.call_with(|_| corepool::breaker::Outcome::Ignored, || Ok::<_, ()>(())).unwrap();
            pollster::block_on(breaker.call_async(async || Ok::<_, ()>(()))).unwrap();
            breaker.try_acquire().unwrap().failure();
            drop(breaker.subscribe(|_| ()));
            breaker.reset();
        }
    });
    bench.calls("F");
    assert_eq!((bench.state(), calls.load(Ordering::SeqCst)), (State::Closed, 1));
}

/// Panics while its switch is on.
#[derive(Clone, Default)]
struct Moody {
    clock: ManualClock,
    panics: Arc<AtomicBool>,
}

impl Clock for Moody {
    fn now(&self) -> Duration {
        if self.panics.load(Ordering::SeqCst) {
            resume_unwind(Box::new(()));
        }
        self.clock.now()
    }
}

#[test]
fn a_clock_that_panics_tells_the_time_it_told_last() {
    let clock = Moody::default();
    let rules = CircuitBreaker::builder().clock(clock.clone()).failure_policy(FailurePolicy::Consecutive(1));
    let breaker = rules.slow_calls(secs(1.0), 1.0).build().unwrap();
    clock.clock.advance(secs(10.0));
    breaker.try_acquire().unwrap().success();
    clock.panics.store(true, Ordering::SeqCst);
    assert_eq!(breaker.call(|| Ok::<_, ()>(1)), Ok(1));
    let mut permit = breaker.try_acquire().unwrap();
    permit.start();
    clock.clock.advance(secs(100.0));
    assert_eq!(permit.failure(), Recorded::Counted);
    assert_eq!(breaker.snapshot().retry_after, Some(secs(30.0)));
    assert!(breaker.try_acquire().is_err());
    clock.panics.store(false, Ordering::SeqCst);
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let clock = Settable::default();
    let set = |seconds| clock.set(seconds);
    let window = Window::Time { span: secs(10.0), buckets: 10 };
    let breaker = CircuitBreaker::builder().clock(clock.clone()).failure_policy(rate(0.5, window, 3)).build().unwrap();
    set(100.0);
    breaker.try_acquire().unwrap().failure();
    set(0.0);
    breaker.try_acquire().unwrap().failure();
    assert_eq!(breaker.snapshot().window.unwrap().calls, 2);
    breaker.try_acquire().unwrap().failure();
    set(50.0);
    assert_eq!(breaker.try_acquire().unwrap_err().retry_after, Some(secs(30.0)));
    set(130.0);
    assert!(breaker.try_acquire().is_ok());
}

/// Ten years ahead, once.
#[test]
fn a_reading_too_far_ahead_is_forgotten_by_any_change_by_hand() {
    let changes: [fn(&CircuitBreaker); 5] = [
        CircuitBreaker::reset,
        CircuitBreaker::force_open,
        CircuitBreaker::disable,
        CircuitBreaker::metrics_only,
        |breaker| breaker.open_for(secs(1.0)),
    ];
    let window = Window::Time { span: secs(10.0), buckets: 10 };
    for change in changes {
        let clock = Settable::default();
        let rules = CircuitBreaker::builder().clock(clock.clone()).failure_policy(rate(0.5, window, 2));
        let breaker = rules.build().unwrap();
        clock.set(100.0);
        breaker.open_for(secs(30.0));
        clock.set(100.0 + 3e8);
        breaker.try_acquire().unwrap().success(); // ahead, a probe
        breaker.force_open();
        breaker.open_for(secs(1.0));
        breaker.try_acquire().unwrap_err();
        clock.set(101.0);
        change(&breaker);
        breaker.reset();
        breaker.try_acquire().unwrap().failure();
        clock.set(102.0);
        assert_eq!(breaker.snapshot().window.unwrap().calls, 1);
        clock.set(113.0);
        assert_eq!(breaker.snapshot().window.unwrap().calls, 0, "it has been forgotten in time");
        breaker.open_for(secs(30.0));
        clock.set(142.0);
        assert_eq!(breaker.try_acquire().unwrap_err().retry_after, Some(secs(1.0)));
        clock.set(143.0);
        assert!(breaker.try_acquire().is_ok());
    }
}

/// Does something when it is asked for the time, once: what another thread may do in that moment.
#[derive(Clone, Default)]
struct Acts(Arc<Mutex<Option<Act>>>);

type Act = Box<dyn FnOnce() + Send>;

impl Clock for Acts {
    fn now(&self) -> Duration {
        let act = self.0.lock().unwrap().take();
        act.into_iter().for_each(|act| act());
        Duration::ZERO
    }
}

/// What became of a success, and the breaker after it, if this is done when it asks for the time. In a window of time it is
/// counted without the lock, if the clock shows that its bucket has not ended.
fn succeed_while(clock_does: impl FnOnce(&CircuitBreaker) + Send + 'static) -> (Recorded, CircuitBreaker) {
    let clock = Acts::default();
    let window = Window::Time { span: secs(10.0), buckets: 10 };
    let rules = CircuitBreaker::builder().clock(clock.clone()).failure_policy(rate(0.5, window, 9));
    let breaker = rules.build().unwrap();
    breaker.call(|| Ok::<_, ()>(())).unwrap();
    let (call, within) = (breaker.try_acquire().unwrap(), breaker.clone());
    *clock.0.lock().unwrap() = Some(Box::new(move || clock_does(&within)));
    (call.success(), breaker)
}

#[test]
fn a_success_is_late_if_the_state_changes_while_it_asks_for_the_time() {
    for change in [CircuitBreaker::reset, CircuitBreaker::force_open, CircuitBreaker::metrics_only] {
        let (recorded, breaker) = succeed_while(change);
        let seen = breaker.snapshot();
        assert_eq!((recorded, seen.late_results, seen.window.unwrap().calls), (Recorded::Stale, 1, 0));
    }
}

#[test]
fn a_success_is_in_the_window_beside_a_failure_that_comes_while_it_asks_for_the_time() {
    let (recorded, breaker) = succeed_while(|breaker| {
        breaker.try_acquire().unwrap().failure();
    });
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((recorded, window.calls, window.failures), (Recorded::Counted, 3, 1));
}

#[test]
fn a_success_is_told_to_a_listener_that_comes_while_it_asks_for_the_time() {
    let log = Log::default();
    let (recorded, breaker) = succeed_while({
        let log = log.clone();
        move |breaker| log.listen_to(breaker).detach()
    });
    assert_eq!((recorded, log.take()), (Recorded::Counted, vec!["Success".to_owned()]));
    assert_eq!(breaker.snapshot().window.unwrap().calls, 2);
}

/// What they throw: it is dropped, not kept.
#[test]
fn what_user_code_throws_is_dropped() {
    let payload = Arc::new(());
    let throws = || {
        let payload = Arc::clone(&payload);
        move || -> () { resume_unwind(Box::new(Arc::clone(&payload))) }
    };
    struct Throws<F>(F);
    impl<F: Fn() + Send + Sync + 'static> Clock for Throws<F> {
        fn now(&self) -> Duration {
            (self.0)();
            Duration::ZERO
        }
    }
    let (in_backoff, in_listener) = (throws(), throws());
    let backoff = Backoff::from_fn(move |_| {
        in_backoff();
        Duration::ZERO
    });
    let rules = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff);
    let breaker = rules.clock(Throws(throws())).build().unwrap();
    let subscription = breaker.subscribe(move |_| in_listener());
    breaker.try_acquire().unwrap().failure();
    let _ = (breaker.try_acquire().unwrap_err(), breaker.state(), breaker.snapshot());
    drop((subscription, breaker));
    assert_eq!(Arc::strong_count(&payload), 1);
}

#[test]
fn a_call_is_not_slow_because_the_clock_went_back_before_it() {
    let clock = Settable::default();
    let set = |seconds| clock.set(seconds);
    let breaker = CircuitBreaker::builder().clock(clock.clone()).slow_calls(secs(1.0), 0.5).build().unwrap();
    set(100.0);
    breaker.try_acquire().unwrap().success();
    set(50.0);
    breaker.try_acquire().unwrap().success(); // took no time
    assert_eq!(breaker.snapshot().window.unwrap().slow, 0);
}

#[test]
fn a_back_off_function_that_panics_is_replaced_by_the_open_wait() {
    let backoff = Backoff::from_fn(|_| resume_unwind(Box::new(())));
    let bench =
        bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_wait(secs(3.0)).open_backoff(backoff));
    bench.calls("F");
    assert_eq!(bench.breaker.snapshot().retry_after, Some(secs(3.0)));
    bench.wait(3.0);
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
}

/// While it is asked, the breaker is open already, for an unknown time.
#[test]
fn a_back_off_function_may_use_the_breaker() {
    let own: Arc<OnceLock<CircuitBreaker>> = Arc::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let backoff = Backoff::from_fn({
        let (own, seen) = (Arc::clone(&own), Arc::clone(&seen));
        move |_| {
            let breaker = own.get().unwrap();
            let rejected = breaker.try_acquire().unwrap_err();
            let snapshot = breaker.snapshot();
            seen.lock().unwrap().push((breaker.state(), rejected.retry_after, snapshot.retry_after));
            secs(5.0)
        }
    });
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff));
    own.set(bench.breaker.clone()).unwrap();
    bench.calls("F");
    assert_eq!(*seen.lock().unwrap(), [(State::Open, None, None)]);
    assert_eq!(bench.breaker.snapshot().retry_after, Some(secs(5.0)));
}

/// Whoever comes meanwhile tells what has happened so far.
#[test]
fn events_do_not_wait_for_a_back_off_function() {
    let own: Arc<OnceLock<CircuitBreaker>> = Arc::default();
    let (log, seen) = (Log::default(), Arc::new(Mutex::new(Vec::new())));
    let backoff = Backoff::from_fn({
        let (own, log, seen) = (Arc::clone(&own), log.clone(), Arc::clone(&seen));
        move |_| {
            thread::scope(|scope| scope.spawn(|| own.get().unwrap().try_acquire().unwrap_err()).join().unwrap());
            *seen.lock().unwrap() = log.take();
            secs(5.0)
        }
    });
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff));
    own.set(bench.breaker.clone()).unwrap();
    log.listen_to(&bench.breaker).detach();
    bench.calls("F");
    assert_eq!(*seen.lock().unwrap(), ["Failure", "closed -> open #1", "rejected Open"]);
    assert!(log.take().is_empty());
}

#[test]
fn the_answer_of_a_back_off_function_is_void_if_the_state_has_changed_meanwhile() {
    let own: Arc<OnceLock<CircuitBreaker>> = Arc::default();
    let backoff = Backoff::from_fn({
        let own = Arc::clone(&own);
        move |_| {
            own.get().unwrap().open_for(secs(60.0));
            secs(5.0)
        }
    });
    let bench = bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff));
    own.set(bench.breaker.clone()).unwrap();
    bench.calls("F");
    assert_eq!(bench.breaker.snapshot().retry_after, Some(secs(60.0)));
}

#[test]
fn a_back_off_function_is_asked_once_an_opening_and_for_the_wait_after_a_lease() {
    let (backoff, asked) = asked_backoff(secs(5.0));
    let bench = bench(|rules| {
        let rules = rules.failure_policy(FailurePolicy::Consecutive(1)).open_backoff(backoff);
        rules.half_open_max_wait(secs(1.0), Expired::Reopen)
    });
    bench.calls("F");
    assert!(bench.is_rejected() && bench.is_rejected());
    bench.wait(5.0);
    let _probe = bench.acquire();
    bench.wait(1.0 + 5.0); // the lease and the wait after it
    assert_eq!(bench.state(), State::Open);
    assert_eq!(*asked.lock().unwrap(), [1]);
    let _next = bench.acquire();
    assert_eq!((bench.state(), asked.lock().unwrap().as_slice()), (State::HalfOpen, [1, 2].as_slice()));
}
