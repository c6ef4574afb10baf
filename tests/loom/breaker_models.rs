//! The breaker's steps: results, probes, leases and changes by hand that meet each other, on the fast path and under the lock.
//!
//! Who writes the state word is the model's first thread where the other only reads it. Of an atomic loom remembers the
//! last access, and who writes the word has read it before: had the other read it first, loom would not see that the two meet.

use super::*;

#[test]
fn a_success_among_two_failures_comes_before_between_or_after_them() {
    let ends = explore(|| {
        let breaker = opens_after(2).build().unwrap();
        let call = breaker.try_acquire().unwrap();
        let succeeding = thread::spawn(|| call.success());
        fail(&breaker);
        fail(&breaker);
        let recorded = succeeding.join().unwrap();
        let seen = breaker.snapshot();
        assert_eq!(seen.late_results == 1, recorded == Recorded::Stale);
        assert_eq!(seen.generation == 1, seen.state == State::Open);
        (what_became_of(recorded), word_for(seen.state), seen.consecutive_failures)
    });
    assert_eq!(ends, [("counted", "closed", 1), ("counted", "open", 2), ("late", "open", 2)]);
}

#[test]
fn a_success_that_knows_of_a_failure_ends_its_row() {
    let ends = explore(|| {
        let breaker = opens_after(2).build().unwrap();
        let has_failed = Arc::new(AtomicU32::new(0));
        let succeeding = elsewhere(&breaker, {
            let has_failed = Arc::clone(&has_failed);
            move |breaker| {
                let knows = has_failed.load(Ordering::Acquire) == 1;
                succeed(breaker);
                knows
            }
        });
        fail(&breaker);
        has_failed.store(1, Ordering::Release);
        let knows = succeeding.join().unwrap();
        (knows, breaker.snapshot().consecutive_failures)
    });
    assert_eq!(ends, [(false, 0), (false, 1), (true, 0)]);
}

#[test]
fn failures_that_meet_are_all_counted_and_open_once() {
    explore(|| {
        let breaker = opens_after(2).build().unwrap();
        let calls = [(); 2].map(|()| breaker.try_acquire().unwrap());
        let failing = calls.map(|call| thread::spawn(|| call.failure()));
        assert_eq!(failing.map(|call| call.join().unwrap()), [Recorded::Counted; 2]);
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.generation, seen.consecutive_failures), (State::Open, 1, 2));
    });
}

#[test]
fn of_two_failures_that_would_open_one_does_and_one_is_late() {
    let ends = explore(|| {
        let breaker = opens_after(1).build().unwrap();
        let calls = [(); 2].map(|()| breaker.try_acquire().unwrap());
        let failing = calls.map(|call| thread::spawn(|| call.failure()));
        let recorded = failing.map(|call| what_became_of(call.join().unwrap()));
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.generation, seen.late_results, seen.attempt), (State::Open, 1, 1, 1));
        recorded
    });
    assert_eq!(ends, [["counted", "late"], ["late", "counted"]]);
}

#[test]
fn of_callers_that_race_for_one_probe_one_is_admitted() {
    let ends = explore(|| {
        let breaker = ready_to_probe(opens_after(1));
        let others = [(); 2].map(|()| elsewhere(&breaker, CircuitBreaker::try_acquire));
        let own = breaker.try_acquire();
        let [second, third] = others.map(|other| other.join().unwrap());
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.generation, seen.rejected), (State::HalfOpen, 2, 2));
        [&own, &second, &third].map(answer_to)
    });
    assert_eq!(
        ends,
        [
            ["admitted", "saturated", "saturated"],
            ["saturated", "admitted", "saturated"],
            ["saturated", "saturated", "admitted"]
        ]
    );
}

#[test]
fn who_asks_while_a_probe_fails_is_told_the_state_it_met() {
    let ends = explore(|| {
        let (breaker, probe) = probing(opens_after(1));
        let asking = elsewhere(&breaker, |breaker| answer_to(&breaker.try_acquire()));
        assert_eq!(probe.failure(), Recorded::Counted);
        let answer = asking.join().unwrap();
        assert_eq!((breaker.snapshot().generation, breaker.snapshot().attempt), (3, 1));
        answer
    });
    assert_eq!(ends, ["open", "saturated"]);
}

#[test]
fn who_asks_while_a_probe_succeeds_is_admitted_once_it_is_closed() {
    let ends = explore(|| {
        let (breaker, probe) = probing(opens_after(1));
        let asking = elsewhere(&breaker, CircuitBreaker::try_acquire);
        assert_eq!(probe.success(), Recorded::Counted);
        let asked = asking.join().unwrap();
        let answer = answer_to(&asked);
        assert!(asked.is_err() || asked.unwrap().failure() == Recorded::Counted, "admitted by the closed state");
        answer
    });
    assert_eq!(ends, ["admitted", "saturated"]);
}

/// How a result and a change by hand ended that met: what became of the result, how many were late, and the state left.
fn meet(command: fn(&CircuitBreaker), outcome: Outcome) -> Vec<(&'static str, u64, &'static str)> {
    explore(move || {
        let breaker = opens_after(1).build().unwrap();
        let call = breaker.try_acquire().unwrap();
        let ending = thread::spawn(move || call.record(outcome));
        command(&breaker);
        let recorded = ending.join().unwrap();
        let seen = breaker.snapshot();
        assert_eq!((seen.consecutive_failures, seen.attempt), (0, 0), "the new state was touched");
        (what_became_of(recorded), seen.late_results, word_for(seen.state))
    })
}

#[test]
fn a_failure_that_meets_a_reset_is_counted_or_late() {
    assert_eq!(meet(CircuitBreaker::reset, Outcome::Failure), [("counted", 0, "closed"), ("late", 1, "closed")]);
}

#[test]
fn a_success_that_meets_a_reset_is_counted_or_late() {
    assert_eq!(meet(CircuitBreaker::reset, Outcome::Success), [("counted", 0, "closed"), ("late", 1, "closed")]);
}

#[test]
fn a_success_that_meets_force_open_is_counted_or_late() {
    let ends = meet(CircuitBreaker::force_open, Outcome::Success);
    assert_eq!(ends, [("counted", 0, "forced open"), ("late", 1, "forced open")]);
}

/// A disabled breaker counts nothing, late results neither.
#[test]
fn a_result_that_meets_disable_is_counted_or_stale_unheard() {
    let ends = meet(CircuitBreaker::disable, Outcome::Success);
    assert_eq!(ends, [("counted", 0, "disabled"), ("late", 0, "disabled")]);
}

#[test]
fn a_probe_that_meets_a_reset_closes_first_or_is_late() {
    let ends = explore(|| {
        let (breaker, probe) = probing(opens_after(1));
        let failing = thread::spawn(|| probe.failure());
        breaker.reset();
        let recorded = failing.join().unwrap();
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.attempt, seen.consecutive_failures), (State::Closed, 0, 0));
        (what_became_of(recorded), seen.late_results, seen.generation)
    });
    assert_eq!(ends, [("counted", 0, 4), ("late", 1, 3)]);
}

#[test]
fn a_lease_that_runs_out_while_the_probe_reports_ends_one_way() {
    let ends = explore(|| {
        let clock = Hand::at_zero();
        let (breaker, probe) = probing(opens_after(1).clock(clock.clone()));
        let reporting = thread::spawn(|| probe.success());
        clock.set(WAIT);
        let answer = answer_to(&breaker.try_acquire());
        let recorded = reporting.join().unwrap();
        let seen = breaker.snapshot();
        assert_eq!(seen.generation, 3, "it left the half-open state once");
        (what_became_of(recorded), seen.late_results, answer, word_for(seen.state))
    });
    assert_eq!(ends, [("counted", 0, "admitted", "closed"), ("late", 1, "open", "open")]);
}

#[test]
fn a_lease_that_ran_out_is_ended_once_by_whoever_notices() {
    let ends = explore(|| {
        let clock = Hand::at_zero();
        let rules = opens_after(1).half_open_max_wait(WAIT, Expired::Reprobe).clock(clock.clone());
        let (breaker, probe) = probing(rules);
        clock.set(WAIT);
        let reporting = thread::spawn(|| probe.failure());
        let other = elsewhere(&breaker, CircuitBreaker::try_acquire);
        let own = breaker.try_acquire();
        let other = other.join().unwrap();
        assert_eq!(reporting.join().unwrap(), Recorded::Stale);
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.generation, seen.late_results), (State::HalfOpen, 3, 1));
        [&own, &other].map(answer_to)
    });
    assert_eq!(ends, [["admitted", "saturated"], ["saturated", "admitted"]]);
}

#[test]
fn a_permit_dropped_elsewhere_gives_its_place_back_once() {
    let ends = explore(|| {
        let (breaker, probe) = probing(opens_after(1));
        let asking = elsewhere(&breaker, CircuitBreaker::try_acquire);
        drop(probe);
        let asked = asking.join().unwrap();
        let next = breaker.try_acquire();
        assert_eq!((breaker.snapshot().generation, breaker.snapshot().late_results), (2, 0));
        [&asked, &next].map(answer_to)
    });
    assert_eq!(ends, [["admitted", "saturated"], ["saturated", "admitted"]]);
}

#[test]
fn a_permit_dropped_elsewhere_while_the_breaker_changes_leaves_the_next_state_alone() {
    let ends = explore(|| {
        let (breaker, probe) = probing(opens_after(1));
        let dropping = thread::spawn(|| drop(probe));
        breaker.open_for(Duration::ZERO);
        let next = breaker.try_acquire().unwrap();
        dropping.join().unwrap();
        assert_eq!(answer_to(&breaker.try_acquire()), "saturated", "the place was given back twice");
        drop(next);
        breaker.snapshot().late_results
    });
    assert_eq!(ends, [0, 1]);
}

#[test]
fn who_is_admitted_by_a_state_sees_what_was_done_before_it() {
    let ends = explore(|| {
        let breaker = opens_after(1).build().unwrap();
        breaker.force_open();
        let repaired = Arc::new(AtomicU32::new(0));
        let caller = elsewhere(&breaker, {
            let repaired = Arc::clone(&repaired);
            move |breaker| breaker.call(|| Ok::<_, ()>(repaired.load(Ordering::Relaxed))).ok()
        });
        repaired.store(1, Ordering::Relaxed);
        breaker.reset();
        caller.join().unwrap()
    });
    assert_eq!(ends, [None, Some(1)]);
}

/// What another thread hears that asks twice, and how often it was rejected, while this one does so.
fn ask_twice_beside(
    breaker: impl Fn() -> CircuitBreaker + Send + Sync + 'static,
    steps: fn(&CircuitBreaker),
) -> Vec<[&'static str; 2]> {
    explore(move || {
        let breaker = breaker();
        let asking = elsewhere(&breaker, |breaker| {
            [(); 2].map(|()| {
                let asked = breaker.try_acquire();
                if let Err(Rejected { reason: Reason::Open, retry_after }) = asked {
                    assert_eq!(retry_after, Some(WAIT), "the clock stands still");
                }
                answer_to(&asked)
            })
        });
        steps(&breaker);
        let answers = asking.join().unwrap();
        let rejections = answers.iter().filter(|answer| **answer != "admitted").count() as u64;
        assert_eq!(breaker.snapshot().rejected, rejections);
        answers
    })
}

fn open() -> CircuitBreaker {
    let breaker = opens_after(1).build().unwrap();
    breaker.open_for(WAIT);
    breaker
}

#[test]
fn rejections_of_two_threads_are_all_counted() {
    let counts = explore(|| {
        let breaker = open();
        let other = elsewhere(&breaker, |breaker| [(); 2].map(|()| breaker.try_acquire().is_err()));
        breaker.try_acquire().unwrap_err();
        assert_eq!(other.join().unwrap(), [true; 2]);
        breaker.snapshot().rejected
    });
    assert_eq!(counts, [3]);
}

#[test]
fn the_gate_is_shut_by_an_opening_and_stays_so() {
    let ends = ask_twice_beside(|| opens_after(1).build().unwrap(), fail);
    assert_eq!(ends, [["admitted", "admitted"], ["admitted", "open"], ["open", "open"]]);
}

#[test]
fn the_gate_is_opened_by_a_reset_and_stays_so() {
    let ends = ask_twice_beside(open, CircuitBreaker::reset);
    assert_eq!(ends, [["admitted", "admitted"], ["open", "admitted"], ["open", "open"]]);
}

#[test]
fn the_gate_follows_from_open_to_forced_open() {
    let ends = ask_twice_beside(open, CircuitBreaker::force_open);
    assert_eq!(ends, [["forced open", "forced open"], ["open", "forced open"], ["open", "open"]]);
}

/// What is read without the lock, word and gate, is what was written last under it.
#[test]
fn changes_by_hand_that_meet_leave_one_state_whoever_looks() {
    let ends = explore(|| {
        let breaker = opens_after(1).build().unwrap();
        let other = elsewhere(&breaker, CircuitBreaker::force_open);
        breaker.open_for(WAIT);
        other.join().unwrap();
        let (state, answer) = (breaker.state(), answer_to(&breaker.try_acquire()));
        [word_for(state), answer, word_for(breaker.snapshot().state)]
    });
    assert_eq!(ends, [["forced open"; 3], ["open"; 3]]);
}

#[test]
fn the_gate_is_opened_by_a_probe_that_closes() {
    let ends = explore(|| {
        let (breaker, probe) = probing(opens_after(1));
        let asking = elsewhere(&breaker, |breaker| [(); 2].map(|()| answer_to(&breaker.try_acquire())));
        probe.success();
        asking.join().unwrap()
    });
    assert_eq!(ends, [["admitted", "admitted"], ["saturated", "admitted"], ["saturated", "saturated"]]);
}

/// Whoever knows of a change, or of a listener, is not turned away past it.
fn reject_beside(steps: fn(&CircuitBreaker, &Heard) -> Option<Subscription>) -> Vec<(bool, &'static str, bool)> {
    explore(move || {
        let (breaker, heard) = (open(), Heard::default());
        let is_done = Arc::new(AtomicU32::new(0));
        let asking = elsewhere(&breaker, {
            let is_done = Arc::clone(&is_done);
            move |breaker| {
                let knows = is_done.load(Ordering::Acquire) == 1;
                (knows, answer_to(&breaker.try_acquire()))
            }
        });
        let _subscription = steps(&breaker, &heard);
        is_done.store(1, Ordering::Release);
        let (knows, answer) = asking.join().unwrap();
        (knows, answer, heard.has("rejected"))
    })
}

#[test]
fn who_knows_of_a_reset_passes_the_gate() {
    let ends = reject_beside(|breaker, _| {
        breaker.reset();
        None
    });
    assert_eq!(ends, [(false, "admitted", false), (false, "open", false), (true, "admitted", false)]);
}

#[test]
fn a_rejection_is_told_to_a_listener_it_knows_of() {
    let ends = reject_beside(|breaker, heard| Some(heard.subscribe_to(breaker)));
    assert_eq!(ends, [(false, "open", false), (false, "open", true), (true, "open", true)]);
}

#[test]
fn at_the_end_of_the_wait_the_gate_lets_one_ask() {
    let ends = explore(|| {
        let clock = Hand::at_zero();
        let breaker = opens_after(1).clock(clock.clone()).build().unwrap();
        breaker.open_for(WAIT);
        let other = elsewhere(&breaker, |breaker| {
            let asked = breaker.try_acquire();
            (answer_to(&asked), asked)
        });
        clock.set(WAIT);
        let own = breaker.try_acquire();
        let (other, _permit) = other.join().unwrap();
        assert_eq!(breaker.snapshot().rejected, 1, "one of the two");
        (answer_to(&own), other)
    });
    assert_eq!(ends, [("admitted", "open"), ("admitted", "saturated"), ("saturated", "admitted")]);
}

/// A window of time, in which nothing but fast successes is counted apart.
fn timed() -> BreakerBuilder {
    let window = Window::Time { span: WAIT, buckets: 2 };
    opens_after(1).failure_policy(FailurePolicy::Rate { threshold: 1.0, window, minimum_calls: 9 })
}

/// A breaker by these rules that has seen a success, and so counts others apart.
fn that_counts_apart(rules: BreakerBuilder) -> CircuitBreaker {
    let breaker = rules.build().unwrap();
    succeed(&breaker);
    breaker
}

/// What became of a success elsewhere, and the calls and failures in the window after it and these steps.
fn succeed_beside(steps: fn(&CircuitBreaker)) -> Vec<(&'static str, u32, u32)> {
    explore(move || {
        let breaker = that_counts_apart(timed());
        let call = breaker.try_acquire().unwrap();
        let succeeding = thread::spawn(|| call.success());
        steps(&breaker);
        let recorded = succeeding.join().unwrap();
        let seen = breaker.snapshot();
        assert_eq!(seen.late_results == 1, recorded == Recorded::Stale);
        let window = seen.window.unwrap();
        (what_became_of(recorded), window.calls, window.failures)
    })
}

#[test]
fn a_success_counted_apart_and_a_failure_are_both_in_the_window() {
    assert_eq!(succeed_beside(fail), [("counted", 3, 1)]);
}

#[test]
fn a_success_counted_apart_and_a_look_at_it_are_both_there() {
    let look = |breaker: &CircuitBreaker| {
        let calls = breaker.snapshot().window.unwrap().calls;
        assert!(calls == 1 || calls == 2);
    };
    assert_eq!(succeed_beside(look), [("counted", 2, 0)]);
}

#[test]
fn a_success_counted_apart_comes_before_a_reset_or_is_late() {
    assert_eq!(succeed_beside(CircuitBreaker::reset), [("counted", 0, 0), ("late", 0, 0)]);
}

/// The state after the reset counts apart too.
#[test]
fn a_success_of_an_earlier_state_is_not_counted_apart_in_the_next() {
    let ends = succeed_beside(|breaker| {
        breaker.reset();
        succeed(breaker);
    });
    assert_eq!(ends, [("counted", 1, 0), ("late", 1, 0)]);
}

#[test]
fn a_success_counted_apart_is_told_to_a_listener_it_knows_of() {
    let ends = explore(|| {
        let (breaker, heard) = (that_counts_apart(timed()), Heard::default());
        let is_subscribed = Arc::new(AtomicU32::new(0));
        let succeeding = elsewhere(&breaker, {
            let is_subscribed = Arc::clone(&is_subscribed);
            move |breaker| {
                let knows = is_subscribed.load(Ordering::Acquire) == 1;
                succeed(breaker);
                knows
            }
        });
        let _subscription = heard.subscribe_to(&breaker);
        is_subscribed.store(1, Ordering::Release);
        let knows = succeeding.join().unwrap();
        assert_eq!(breaker.snapshot().window.unwrap().calls, 2);
        (knows, heard.has("success"))
    });
    assert_eq!(ends, [(false, false), (false, true), (true, true)]);
}

#[test]
fn successes_counted_apart_at_the_end_of_a_bucket_are_counted_once() {
    let ends = explore(|| {
        let clock = Hand::at_zero();
        let breaker = that_counts_apart(timed().clock(clock.clone()));
        let other = elsewhere(&breaker, succeed);
        clock.set(WAIT / 2);
        succeed(&breaker);
        other.join().unwrap();
        let both = breaker.snapshot().window.unwrap().calls;
        clock.set(WAIT);
        (both, breaker.snapshot().window.unwrap().calls)
    });
    assert_eq!(ends, [(3, 1), (3, 2)]);
}
