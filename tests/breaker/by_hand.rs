//! Manual control.

use corepool::breaker::{Recorded, State, Window};

use crate::support::{bench, consecutive, rate, secs};

#[test]
fn any_state_can_be_left_for_any_other_by_hand() {
    let commands: [(&str, State); 5] = [
        ("force_open", State::ForcedOpen),
        ("open_for", State::Open),
        ("disable", State::Disabled),
        ("metrics_only", State::MetricsOnly),
        ("reset", State::Closed),
    ];
    let bench = consecutive(1);
    let command = |name: &str| match name {
        "force_open" => bench.breaker.force_open(),
        "open_for" => bench.breaker.open_for(secs(5.0)),
        "disable" => bench.breaker.disable(),
        "metrics_only" => bench.breaker.metrics_only(),
        _ => bench.breaker.reset(),
    };
    for (first, from) in commands {
        for (second, to) in commands {
            command(first);
            let before = bench.breaker.snapshot();
            assert_eq!(before.state, from);
            let (log, _subscription) = bench.listen();
            command(second);
            let after = bench.breaker.snapshot();
            assert_eq!((bench.state(), after.state, after.generation), (to, to, before.generation + 1));
            let told = log.take();
            match from == to {
                true => assert!(told.is_empty(), "{first} then {second} told {told:?}"),
                false => assert_eq!(told, [format!("{from} -> {to} #{}", after.generation)]),
            }
        }
    }
}

#[test]
fn open_for_opens_for_so_long_and_then_admits_a_probe() {
    let bench = consecutive(5);
    bench.breaker.open_for(secs(5.0));
    bench.wait(4.0);
    assert_eq!(bench.breaker.try_acquire().unwrap_err().retry_after, Some(secs(1.0)));
    bench.breaker.open_for(secs(5.0)); // anew
    bench.wait(4.0);
    assert!(bench.is_rejected());
    bench.wait(1.0);
    bench.calls("S");
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn a_disabled_breaker_admits_all_and_hears_nothing_not_even_late_results() {
    let bench = bench(|rules| rules.failure_policy(rate(0.5, Window::Count(10), 1)));
    let (early, dropped) = (bench.acquire(), bench.acquire());
    bench.breaker.disable();
    let (log, _subscription) = bench.listen();
    assert_eq!(early.failure(), Recorded::Stale);
    drop(dropped);
    bench.calls("FFFISS");
    drop(bench.acquire());
    let snapshot = bench.breaker.snapshot();
    assert_eq!((snapshot.late_results, snapshot.rejected, bench.counts()), (0, 0, (0, 0)));
    assert!(log.take().is_empty());
    assert!(bench.breaker.is_call_permitted());
}

#[test]
fn what_a_disabled_breaker_admitted_is_late_after_it() {
    let bench = consecutive(1);
    bench.breaker.disable();
    let permit = bench.acquire();
    bench.breaker.reset();
    assert_eq!(permit.failure(), Recorded::Stale);
    assert_eq!((bench.state(), bench.breaker.snapshot().late_results), (State::Closed, 1));
}

#[test]
fn metrics_only_records_and_never_trips() {
    let bench = bench(|rules| rules.failure_policy(rate(0.5, Window::Count(10), 2)));
    bench.breaker.metrics_only();
    bench.calls("FFFFS");
    assert_eq!((bench.state(), bench.counts()), (State::MetricsOnly, (5, 4)));
    assert_eq!(bench.breaker.snapshot().failure_rate, Some(0.8));
    bench.breaker.reset();
    assert_eq!((bench.state(), bench.counts()), (State::Closed, (0, 0)));
}

#[test]
fn forced_open_says_nothing_of_when_to_come_back() {
    let bench = consecutive(1);
    bench.breaker.force_open();
    assert_eq!(bench.breaker.try_acquire().unwrap_err().retry_after, None);
    assert!(!bench.breaker.is_call_permitted());
    assert_eq!(bench.breaker.snapshot().retry_after, None);
}

/// What time did by itself is told before what was done by hand.
#[test]
fn a_change_by_hand_comes_after_a_lease_that_has_run_out() {
    let bench = consecutive(1);
    let _probe = bench.probe();
    bench.wait(30.0);
    let (log, _subscription) = bench.listen();
    bench.breaker.disable();
    assert_eq!(log.take(), ["half-open -> open #3", "open -> disabled #4"]);
}
