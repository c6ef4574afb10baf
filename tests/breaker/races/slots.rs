//! Races for the places of probes, and of admissions against a change by hand.

use std::time::Duration;

use corepool::breaker::{CircuitBreaker, Permit, Reason, Recorded, Rejected, State};

use super::track::race;

/// Open, and its wait over: the next calls are probes.
fn due(permits: u32, successes: u32) -> CircuitBreaker {
    let breaker = CircuitBreaker::builder().half_open(permits, successes).build().unwrap();
    breaker.open_for(Duration::ZERO);
    breaker
}

/// The permits that some of the calls have, the others having been rejected for this reason.
fn admitted(answers: Vec<Result<Permit, Rejected>>, reason: Reason) -> Vec<Permit> {
    let mut permits = Vec::new();
    for answer in answers {
        match answer {
            Ok(permit) => permits.push(permit),
            Err(rejected) => assert_eq!(rejected.reason, reason),
        }
    }
    permits
}

#[test]
fn of_eight_threads_that_race_for_one_probe_one_gets_it() {
    race(
        8,
        10_000,
        || due(1, 1),
        |breaker, _| breaker.try_acquire(),
        |breaker, answers| {
            let probes = admitted(answers, Reason::HalfOpenSaturated);
            let seen = breaker.snapshot();
            assert_eq!((probes.len(), seen.rejected), (1, 7));
            assert_eq!((seen.state, seen.generation), (State::HalfOpen, 2));
        },
    );
}

#[test]
fn of_six_threads_that_race_for_three_probes_three_get_one() {
    race(
        6,
        4_000,
        || due(3, 3),
        |breaker, _| breaker.try_acquire(),
        |breaker, answers| {
            let probes = admitted(answers, Reason::HalfOpenSaturated);
            assert_eq!((probes.len(), breaker.snapshot().rejected), (3, 3));
            for probe in probes {
                assert_eq!(breaker.state(), State::HalfOpen);
                assert_eq!(probe.success(), Recorded::Counted);
            }
            assert_eq!((breaker.state(), breaker.snapshot().generation), (State::Closed, 3));
        },
    );
}

#[test]
fn a_place_that_an_ignored_probe_gives_back_is_taken_by_one() {
    race(
        4,
        4_000,
        || {
            let breaker = due(2, 2);
            let (kept, ignored) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
            assert_eq!(ignored.ignore(), Recorded::Counted);
            (breaker, kept)
        },
        |(breaker, _), _| breaker.try_acquire(),
        |(breaker, _), answers| {
            let probes = admitted(answers, Reason::HalfOpenSaturated);
            assert_eq!((probes.len(), breaker.snapshot().rejected), (1, 3));
        },
    );
}

#[test]
fn whoever_was_admitted_before_a_forced_opening_is_late_and_nobody_is_admitted_after_it() {
    race(
        3,
        6_000,
        CircuitBreaker::new,
        |breaker, racer| {
            if racer == 0 {
                breaker.force_open();
            }
            (0..5).map(|_| breaker.try_acquire()).collect::<Vec<_>>()
        },
        |breaker, answers| {
            assert!(answers[0].iter().all(Result::is_err));
            for answers in &answers {
                let rejected = answers.iter().skip_while(|answer| answer.is_ok());
                assert!(rejected.clone().all(Result::is_err), "admitted after a rejection");
            }
            let permits = admitted(answers.into_iter().flatten().collect(), Reason::ForcedOpen);
            let (asked, count) = (15, permits.len() as u64);
            assert!(permits.into_iter().all(|permit| permit.failure() == Recorded::Stale));
            let seen = breaker.snapshot();
            assert_eq!((seen.late_results, seen.rejected), (count, asked - count));
            assert_eq!((seen.state, seen.generation), (State::ForcedOpen, 1));
        },
    );
}

#[test]
fn commands_of_two_threads_leave_what_the_last_of_them_said_for_every_reader() {
    race(
        2,
        3_000,
        CircuitBreaker::new,
        |breaker, racer| {
            for _ in 0..20 {
                if racer == 0 { breaker.force_open() } else { breaker.disable() }
            }
        },
        |breaker, _| {
            let seen = breaker.snapshot();
            assert_eq!((breaker.state(), seen.generation), (seen.state, 40));
            assert_eq!(breaker.try_acquire().is_ok(), seen.state == State::Disabled);
        },
    );
}
