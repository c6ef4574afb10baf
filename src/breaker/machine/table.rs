//! The table of transitions in `machine`, cell by cell: the machine alone, without a clock or a thread.

use std::sync::Arc;
use std::time::Duration;

use super::Machine;
use crate::breaker::backoff::Backoff;
use crate::breaker::error::Reason;
use crate::breaker::rules::{AbandonedPolicy, Expired, HalfOpenPolicy, Rules};
use crate::breaker::state::{Outcome, State};
use crate::breaker::step::{Admission, Command, Ending, Verdict};
use crate::breaker::tally::Pace;

const WAIT: Duration = Duration::from_secs(10);
const LEASE: Duration = Duration::from_secs(2);
const START: Duration = Duration::ZERO;

/// Opens at the second failure in a row, closes at the second success of two probes.
fn machine(backoff: Backoff, expired: Expired) -> Machine {
    Machine::new(Arc::new(Rules {
        consecutive: Some(2),
        rates: Vec::new(),
        slow: None,
        backoff,
        fallback_wait: WAIT,
        permits: 2,
        successes: 2,
        half_open: HalfOpenPolicy::Consecutive,
        lease: Some(LEASE),
        expired,
        abandoned: AbandonedPolicy::Ignore,
    }))
}

fn plain() -> Machine {
    machine(Backoff::exponential(WAIT, 1.0), Expired::Reopen)
}

/// A machine in the state, entered at the start; half-open with one probe out.
fn in_state(state: State) -> Machine {
    let mut machine = plain();
    let command = match state {
        State::Closed => Command::Reset,
        State::Open => Command::OpenFor(WAIT),
        State::HalfOpen => Command::OpenFor(Duration::ZERO),
        State::ForcedOpen => Command::ForceOpen,
        State::Disabled => Command::Disable,
        State::MetricsOnly => Command::MetricsOnly,
    };
    let _ = machine.command(command, START);
    if state == State::HalfOpen {
        let _ = machine.admit(START);
    }
    assert_eq!((machine.state(), machine.generation()), (state, 1 + u64::from(state == State::HalfOpen)));
    machine
}

/// Why it rejects, or where the admission leaves it.
fn admit(machine: &mut Machine, now: Duration) -> Result<State, Reason> {
    match machine.admit(now) {
        Admission::Admitted { generation, began } => {
            assert_eq!(generation, machine.generation());
            assert!(began.is_none_or(|began| (began.to, began.generation) == (machine.state(), generation)));
            Ok(machine.state())
        }
        Admission::Rejected(rejected) => Err(rejected.reason),
    }
}

/// The state after a result of this generation.
fn record(machine: &mut Machine, outcome: Outcome) -> State {
    let generation = machine.generation();
    match machine.record(generation, Ending::Reported(outcome), Pace::Fast, START) {
        Verdict::Counted { outcome: counted, moved } => {
            assert_eq!(counted, outcome);
            assert_eq!(moved.is_some(), machine.generation() > generation);
            assert!(moved.is_none_or(|moved| moved.to == machine.state()));
        }
        Verdict::Unheard { is_late } => assert_eq!((machine.state(), is_late), (State::Disabled, false)),
        Verdict::Late { .. } => panic!("a result of this generation is not late"),
    }
    machine.state()
}

const ALL: [State; 6] =
    [State::Closed, State::Open, State::HalfOpen, State::ForcedOpen, State::Disabled, State::MetricsOnly];

#[test]
fn who_is_admitted() {
    for (state, at_once, after_the_wait) in [
        (State::Closed, Ok(State::Closed), Ok(State::Closed)),
        (State::Open, Err(Reason::Open), Ok(State::HalfOpen)),
        (State::ForcedOpen, Err(Reason::ForcedOpen), Err(Reason::ForcedOpen)),
        (State::Disabled, Ok(State::Disabled), Ok(State::Disabled)),
        (State::MetricsOnly, Ok(State::MetricsOnly), Ok(State::MetricsOnly)),
    ] {
        let mut machine = in_state(state);
        assert_eq!(admit(&mut machine, START), at_once);
        assert_eq!(admit(&mut machine, WAIT), after_the_wait);
    }
    let mut machine = in_state(State::HalfOpen);
    assert_eq!(admit(&mut machine, START), Ok(State::HalfOpen));
    assert_eq!(admit(&mut machine, START), Err(Reason::HalfOpenSaturated));
}

#[test]
fn where_results_lead() {
    use Outcome::{Failure, Ignored, Success};
    for (state, results, ends) in [
        (State::Closed, [Success, Success], [State::Closed, State::Closed]),
        (State::Closed, [Failure, Ignored], [State::Closed, State::Closed]),
        (State::Closed, [Failure, Failure], [State::Closed, State::Open]),
        (State::HalfOpen, [Success, Success], [State::HalfOpen, State::Closed]),
        (State::HalfOpen, [Ignored, Ignored], [State::HalfOpen, State::HalfOpen]),
        (State::HalfOpen, [Success, Failure], [State::HalfOpen, State::Open]),
        (State::Disabled, [Failure, Failure], [State::Disabled, State::Disabled]),
        (State::MetricsOnly, [Failure, Failure], [State::MetricsOnly, State::MetricsOnly]),
    ] {
        let mut machine = in_state(state);
        if state == State::HalfOpen {
            let _ = machine.admit(START);
        }
        assert_eq!(results.map(|outcome| record(&mut machine, outcome)), ends, "{state}: {results:?}");
    }
}

#[test]
fn a_result_of_an_earlier_generation_is_late_in_any_state() {
    for state in ALL {
        let mut machine = in_state(state);
        let before = (machine.state(), machine.generation());
        let verdict = machine.record(0, Ending::Reported(Outcome::Failure), Pace::Fast, WAIT);
        let expected = match state {
            State::Disabled => Verdict::Unheard { is_late: true },
            _ => Verdict::Late { outcome: Outcome::Failure },
        };
        assert_eq!((verdict, (machine.state(), machine.generation())), (expected, before));
        assert_eq!((machine.late_results, machine.consecutive_failures), (u64::from(state != State::Disabled), 0));
    }
}

#[test]
fn only_a_lease_lapses_and_goes_where_it_should() {
    for state in ALL {
        let mut machine = in_state(state);
        assert_eq!(
            machine.lapse(LEASE).map(|end| (end.from, end.to, end.at)),
            match state {
                State::HalfOpen => Some((State::HalfOpen, State::Open, LEASE)),
                _ => None,
            }
        );
    }
    for (expired, to) in
        [(Expired::Reopen, State::Open), (Expired::Close, State::Closed), (Expired::Reprobe, State::HalfOpen)]
    {
        let mut machine = machine(Backoff::exponential(WAIT, 1.0), expired);
        let _ = machine.command(Command::OpenFor(Duration::ZERO), START);
        let _ = machine.admit(START);
        assert_eq!(machine.lapse(LEASE - Duration::from_nanos(1)), None);
        assert_eq!(machine.state_at(LEASE), to);
        assert_eq!(machine.lapse(LEASE * 3).map(|end| (end.to, end.at)), Some((to, LEASE)));
        assert_eq!(machine.lapse(LEASE * 3), None);
    }
}

#[test]
fn every_command_enters_its_state_from_any() {
    for from in ALL {
        for (command, to) in [
            (Command::Reset, State::Closed),
            (Command::ForceOpen, State::ForcedOpen),
            (Command::OpenFor(WAIT), State::Open),
            (Command::Disable, State::Disabled),
            (Command::MetricsOnly, State::MetricsOnly),
        ] {
            let mut machine = in_state(from);
            let generation = machine.generation() + 1;
            let transition = machine.command(command, WAIT);
            assert_eq!((transition.from, transition.to, transition.at), (from, to, WAIT));
            assert_eq!((transition.generation, machine.generation()), (generation, generation));
        }
    }
}

#[test]
fn an_unknown_wait_admits_nobody_until_it_is_answered_and_then_counts_from_the_opening() {
    let mut machine = machine(Backoff::from_fn(|_| WAIT), Expired::Reopen);
    assert_eq!([Outcome::Failure; 2].map(|failure| record(&mut machine, failure)), [State::Closed, State::Open]);
    let question = machine.take_question().expect("only a function knows the wait");
    assert_eq!((question.attempt, machine.take_question()), (1, None));
    assert_eq!((admit(&mut machine, Duration::MAX), machine.wait_left(WAIT)), (Err(Reason::Open), None));
    machine.answer(question, WAIT);
    assert_eq!(machine.wait_left(LEASE), Some(WAIT - LEASE));
    assert_eq!(admit(&mut machine, WAIT), Ok(State::HalfOpen));
}

#[test]
fn an_answer_to_another_state_is_void() {
    let mut machine = machine(Backoff::from_fn(|_| WAIT), Expired::Reopen);
    let _ = [Outcome::Failure; 2].map(|failure| record(&mut machine, failure));
    let question = machine.take_question().expect("only a function knows the wait");
    let _ = machine.command(Command::OpenFor(LEASE), START);
    machine.answer(question, WAIT);
    assert_eq!(machine.wait_left(START), Some(LEASE));
}
