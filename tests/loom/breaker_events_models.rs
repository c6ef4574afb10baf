//! What a breaker calls outside its lock, while other threads use it: back-off functions and listeners.

use super::*;

/// Where user code finds the breaker that calls it. Emptied when the model ends, as the two hold each other.
#[derive(Clone, Default)]
struct Within(Arc<Mutex<Option<CircuitBreaker>>>);

impl Within {
    fn breaker(&self) -> CircuitBreaker {
        self.0.lock().unwrap().clone().unwrap()
    }
}

/// Opens at the first failure, and then asks how long: `wait`, which looks at the breaker meanwhile.
fn asks_how_long(wait: Duration) -> (BreakerBuilder, Within, Arc<AtomicU32>) {
    let (within, asked) = (Within::default(), Arc::new(AtomicU32::new(0)));
    let backoff = Backoff::from_fn({
        let (within, asked) = (within.clone(), Arc::clone(&asked));
        move |attempt| {
            assert_eq!(attempt, 1);
            let _ = within.breaker().snapshot();
            asked.fetch_add(1, Ordering::Relaxed);
            wait
        }
    });
    (opens_after(1).open_backoff(backoff), within, asked)
}

/// How many waits were asked for, and how long the breaker stays open after a failure and `steps` that meet it.
fn open_beside(steps: fn(&CircuitBreaker)) -> Vec<(u32, &'static str, Option<Duration>)> {
    explore(move || {
        let (rules, within, asked) = asks_how_long(WAIT);
        let breaker = rules.build().unwrap();
        *within.0.lock().unwrap() = Some(breaker.clone());
        let call = breaker.try_acquire().unwrap();
        let other = elsewhere(&breaker, steps);
        call.failure();
        other.join().unwrap();
        let seen = breaker.snapshot();
        within.0.lock().unwrap().take();
        (asked.load(Ordering::Relaxed), word_for(seen.state), seen.retry_after)
    })
}

#[test]
fn a_wait_is_asked_for_once_while_others_ask_and_look() {
    let ends = explore(|| {
        let (rules, within, asked) = asks_how_long(WAIT);
        let breaker = rules.build().unwrap();
        *within.0.lock().unwrap() = Some(breaker.clone());
        let asking = elsewhere(&breaker, |breaker| {
            let answer = answer_to(&breaker.try_acquire());
            assert_ne!(breaker.state(), State::HalfOpen);
            answer
        });
        fail(&breaker);
        let answer = asking.join().unwrap();
        assert_eq!((asked.load(Ordering::Relaxed), breaker.snapshot().retry_after), (1, Some(WAIT)));
        within.0.lock().unwrap().take();
        answer
    });
    assert_eq!(ends, ["admitted", "open", "open, nobody knows how long"]);
}

#[test]
fn an_answer_is_void_once_the_breaker_is_reset() {
    assert_eq!(open_beside(CircuitBreaker::reset), [(0, "closed", None), (1, "closed", None)]);
}

#[test]
fn an_answer_does_not_shorten_a_wait_set_by_hand_meanwhile() {
    let ends = open_beside(|breaker| breaker.open_for(HOUR));
    assert_eq!(ends, [(0, "open", Some(HOUR)), (1, "open", Some(HOUR))]);
}

/// Who notices the lease's end asks for the next wait, which is none, and then for a place.
#[test]
fn a_wait_of_nothing_after_a_lease_that_ran_out_admits_one() {
    let ends = explore(|| {
        let clock = Hand::at_zero();
        let (rules, within, asked) = asks_how_long(Duration::ZERO);
        let (breaker, late) = probing(rules.clock(clock.clone()));
        *within.0.lock().unwrap() = Some(breaker.clone());
        clock.set(WAIT);
        let other = elsewhere(&breaker, CircuitBreaker::try_acquire);
        let own = breaker.try_acquire();
        let other = other.join().unwrap();
        assert_eq!((asked.load(Ordering::Relaxed), breaker.snapshot().generation), (1, 4));
        assert_eq!(late.success(), Recorded::Stale);
        within.0.lock().unwrap().take();
        [&own, &other].map(answer_to)
    });
    let rest = ["open, nobody knows how long", "saturated"];
    assert_eq!(ends, [["admitted", rest[0]], ["admitted", rest[1]], [rest[0], "admitted"], [rest[1], "admitted"]]);
}

/// A call elsewhere: whether it began after the flag was set.
fn caller_who_looks(breaker: &CircuitBreaker, flag: &Arc<AtomicU32>) -> JoinHandle<bool> {
    let flag = Arc::clone(flag);
    elsewhere(breaker, move |breaker| {
        let began_after = flag.load(Ordering::Acquire) == 1;
        succeed(breaker);
        began_after
    })
}

#[test]
fn a_call_that_begins_after_subscribe_has_returned_is_told() {
    let ends = explore(|| {
        let (breaker, heard) = (opens_after(1).build().unwrap(), Heard::default());
        let is_subscribed = Arc::new(AtomicU32::new(0));
        let caller = caller_who_looks(&breaker, &is_subscribed);
        let _subscription = heard.subscribe_to(&breaker);
        is_subscribed.store(1, Ordering::Release);
        (caller.join().unwrap(), heard.has("success"))
    });
    assert_eq!(ends, [(false, false), (false, true), (true, true)]);
}

#[test]
fn a_call_that_begins_after_unsubscribing_is_not_told() {
    let ends = explore(|| {
        let (breaker, heard) = (opens_after(1).build().unwrap(), Heard::default());
        let subscription = heard.subscribe_to(&breaker);
        let is_over = Arc::new(AtomicU32::new(0));
        let caller = caller_who_looks(&breaker, &is_over);
        drop(subscription);
        is_over.store(1, Ordering::Release);
        (caller.join().unwrap(), heard.has("success"))
    });
    assert_eq!(ends, [(false, false), (false, true), (true, false)]);
}

#[test]
fn events_of_two_callers_are_heard_once_in_order_when_both_have_returned() {
    let ends = explore(|| {
        let (breaker, heard) = (opens_after(1).build().unwrap(), Heard::default());
        let _subscription = heard.subscribe_to(&breaker);
        let other = elsewhere(&breaker, CircuitBreaker::disable);
        breaker.force_open();
        other.join().unwrap();
        let all = heard.all();
        assert_eq!([all[0].0, all[1].0], [1, 2], "in the order of generations");
        heard.words()
    });
    assert_eq!(ends, [["disabled", "forced open"], ["forced open", "disabled"]]);
}

/// A call tells its own events before it returns, or finds somebody at it who was there before it.
#[test]
fn who_returns_before_its_event_is_heard_has_left_it_to_the_other() {
    let ends = explore(|| {
        let (breaker, heard) = (opens_after(1).build().unwrap(), Heard::default());
        let _subscription = heard.subscribe_to(&breaker);
        let other = elsewhere(&breaker, {
            let heard = heard.clone();
            move |breaker| {
                breaker.disable();
                heard.has("disabled")
            }
        });
        breaker.force_open();
        let own_was_heard = heard.has("forced open");
        let others_was_heard = other.join().unwrap();
        assert!(own_was_heard || others_was_heard, "nobody was telling");
        (own_was_heard, others_was_heard)
    });
    assert_eq!(ends, [(false, true), (true, false), (true, true)]);
}

/// Which of the two threads tells is part of the search.
#[test]
fn a_listener_that_resets_the_breaker_is_heard_too() {
    let ends = explore(|| {
        let (breaker, heard) = (opens_after(2).build().unwrap(), Heard::default());
        let _subscription = breaker.subscribe({
            let (breaker, heard) = (breaker.clone(), heard.clone());
            move |event| {
                heard.hear(event);
                if let Event::StateChanged { to: State::ForcedOpen, .. } = event {
                    breaker.reset();
                    assert!(!heard.has("closed"), "told while its listener runs");
                }
            }
        });
        let call = breaker.try_acquire().unwrap();
        let other = elsewhere(&breaker, CircuitBreaker::force_open);
        call.failure();
        other.join().unwrap();
        assert_eq!(breaker.state(), State::Closed);
        heard.words()
    });
    assert_eq!(
        ends,
        [["failure", "forced open", "closed"], ["forced open", "closed", "late"], ["forced open", "late", "closed"]]
    );
}

/// Each listener runs on a thread that is at its own breaker's events, and comes to the other's.
#[test]
fn listeners_of_two_breakers_that_command_each_other_do_not_wait() {
    let ends = explore(|| {
        let breakers = [(); 2].map(|()| opens_after(1).build().unwrap());
        let heard = [(); 2].map(|()| Heard::default());
        let _subscriptions = [0, 1].map(|own| {
            let (heard, other) = (heard[own].clone(), breakers[1 - own].clone());
            breakers[own].subscribe(move |event| {
                heard.hear(event);
                if let Event::StateChanged { to: State::ForcedOpen, .. } = event {
                    other.disable();
                }
            })
        });
        let other = elsewhere(&breakers[1], CircuitBreaker::force_open);
        breakers[0].force_open();
        other.join().unwrap();
        heard.map(|heard| heard.words().join(", "))
    });
    let (first, last) = ("disabled, forced open", "forced open, disabled");
    assert_eq!(ends, [[first, last], [last, first], [last, last]]);
}

#[test]
fn a_listener_that_panics_leaves_the_other_events_to_be_told() {
    let ends = explore(|| {
        let (breaker, heard) = (opens_after(1).build().unwrap(), Heard::default());
        let _subscription = breaker.subscribe({
            let heard = heard.clone();
            move |event| {
                heard.hear(event);
                resume_unwind(Box::new(()));
            }
        });
        let other = elsewhere(&breaker, CircuitBreaker::disable);
        breaker.force_open();
        other.join().unwrap();
        heard.words()
    });
    assert_eq!(ends, [["disabled", "forced open"], ["forced open", "disabled"]]);
}

#[test]
fn a_listener_that_ends_its_own_subscription_hears_nothing_more() {
    let ends = explore(|| {
        let (breaker, heard) = (opens_after(1).build().unwrap(), Heard::default());
        let subscription = Arc::new(Mutex::new(None));
        let own = breaker.subscribe({
            let (heard, subscription) = (heard.clone(), Arc::clone(&subscription));
            move |event| {
                heard.hear(event);
                let own: Option<Subscription> = subscription.lock().unwrap().take();
                drop(own);
            }
        });
        *subscription.lock().unwrap() = Some(own);
        let other = elsewhere(&breaker, CircuitBreaker::disable);
        breaker.force_open();
        other.join().unwrap();
        assert_eq!(Arc::strong_count(&subscription), 1, "the listener is gone");
        heard.words()
    });
    assert_eq!(ends, [["disabled"], ["forced open"]]);
}
