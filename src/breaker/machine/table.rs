//! The table of transitions in `machine`, cell by cell: the machine alone, without a clock or a thread.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Command, Machine, Step, Ticket};
use crate::base::panic::Contained;
use crate::breaker::backoff::Backoff;
use crate::breaker::clock::Now;
use crate::breaker::events::{Event, Outbox};
use crate::breaker::rules::{AbandonedPolicy, Expired, HalfOpenPolicy, Rules};
use crate::breaker::state::{Outcome, Reason, Recorded, State};
use crate::breaker::window::Ending;

const WAIT: Duration = Duration::from_secs(10);
const LEASE: Duration = Duration::from_secs(2);
const START: Duration = Duration::ZERO;
const NANO: Duration = Duration::from_nanos(1);

/// A machine, its steps at any time, and the changes of state that it tells.
struct Stage {
    machine: Machine,
    outbox: Outbox,
    told: Arc<Mutex<Vec<Told>>>,
}

/// From, to, which generation, when.
type Told = (State, State, u64, Duration);

impl Stage {
    /// Opens at the second failure in a row, closes at the second success of two probes.
    fn new(backoff: Backoff, expired: Expired) -> Self {
        let rules = Rules {
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
        };
        let (mut outbox, told) = (Outbox::new(), Arc::<Mutex<Vec<Told>>>::default());
        let tells = Arc::clone(&told);
        outbox.add(Arc::new(Contained::new(Box::new(move |event: &Event| {
            if let Event::StateChanged { from, to, generation, at } = *event {
                tells.lock().unwrap().push((from, to, generation, at));
            }
        }))));
        Self { machine: Machine::new(Arc::new(rules)), outbox, told }
    }

    fn plain() -> Self {
        Self::new(Backoff::exponential(WAIT, 1.0), Expired::Reopen)
    }

    /// In the state, entered at the start; half-open with one probe out.
    fn in_state(state: State) -> Self {
        let mut stage = Self::plain();
        let command = match state {
            State::Closed => Command::Reset,
            State::Open => Command::OpenFor(WAIT),
            State::HalfOpen => Command::OpenFor(Duration::ZERO),
            State::ForcedOpen => Command::ForceOpen,
            State::Disabled => Command::Disable,
            State::MetricsOnly => Command::MetricsOnly,
        };
        stage.command(command, START);
        if state == State::HalfOpen {
            assert_eq!(stage.admit(START), Ok(State::HalfOpen));
        }
        assert_eq!(stage.now_in(), (state, 1 + u64::from(state == State::HalfOpen)));
        stage
    }

    fn step<R>(&mut self, mut now: Duration, step: impl FnOnce(&mut Machine, &mut Step<'_>) -> R) -> R {
        let result = step(&mut self.machine, &mut Step { now: Now::at(&mut now), outbox: &mut self.outbox });
        while let Some(delivery) = self.outbox.next() {
            delivery.hand_over();
        }
        result
    }

    fn now_in(&self) -> (State, u64) {
        (self.machine.state(), self.machine.generation)
    }

    fn command(&mut self, command: Command, now: Duration) {
        self.step(now, |machine, step| machine.command(command, step));
    }

    fn lapse(&mut self, now: Duration) -> Option<(State, State, Duration)> {
        self.told.lock().unwrap().clear();
        self.step(now, |machine, step| machine.lapse(step));
        self.told.lock().unwrap().pop().map(|(from, to, _, at)| (from, to, at))
    }

    /// Why it rejects, or where the admission leaves it.
    fn admit(&mut self, now: Duration) -> Result<State, Reason> {
        let admission = self.step(now, |machine, step| {
            let mut ticket = machine.admit(step).expect("no wait is asked for")?;
            machine.send_out(&mut ticket, &mut step.now);
            Ok(ticket)
        });
        let ticket = admission.map_err(|rejected: crate::breaker::Rejected| rejected.reason)?;
        assert_eq!(ticket.generation, self.machine.generation);
        Ok(self.machine.state())
    }

    fn record(&mut self, generation: u64, outcome: Outcome, now: Duration) -> Recorded {
        let ticket = Ticket::unlisted(generation);
        self.step(now, |machine, step| machine.record(&ticket, Ending::Reported(outcome), step))
    }

    /// The state after a result of this generation.
    fn report(&mut self, outcome: Outcome) -> State {
        let generation = self.machine.generation;
        assert_eq!(self.record(generation, outcome, START), Recorded::Counted);
        self.machine.state()
    }

    fn wait_left(&self, mut now: Duration) -> Option<Duration> {
        self.machine.rejection(&mut Now::at(&mut now))?.retry_after
    }
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
        let mut stage = Stage::in_state(state);
        assert_eq!(stage.admit(START), at_once);
        assert_eq!(stage.admit(WAIT), after_the_wait);
    }
    let mut stage = Stage::in_state(State::HalfOpen);
    assert_eq!(stage.admit(START), Ok(State::HalfOpen));
    assert_eq!(stage.admit(START), Err(Reason::HalfOpenSaturated));
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
        let mut stage = Stage::in_state(state);
        if state == State::HalfOpen {
            assert_eq!(stage.admit(START), Ok(State::HalfOpen));
        }
        assert_eq!(results.map(|outcome| stage.report(outcome)), ends, "{state}: {results:?}");
    }
}

#[test]
fn a_result_of_an_earlier_generation_is_late_in_any_state() {
    for state in ALL {
        let mut stage = Stage::in_state(state);
        let before = stage.now_in();
        assert_eq!(stage.record(0, Outcome::Failure, START), Recorded::Stale);
        assert_eq!(stage.now_in(), before);
        let machine = stage.machine;
        assert_eq!((machine.late_results, machine.consecutive_failures), (u64::from(state != State::Disabled), 0));
    }
}

#[test]
fn only_a_lease_lapses_and_goes_where_it_should() {
    for state in ALL {
        let expected = (state == State::HalfOpen).then_some((State::HalfOpen, State::Open, LEASE));
        assert_eq!(Stage::in_state(state).lapse(LEASE), expected);
    }
    for (expired, to) in
        [(Expired::Reopen, State::Open), (Expired::Close, State::Closed), (Expired::Reprobe, State::HalfOpen)]
    {
        let mut stage = Stage::new(Backoff::exponential(WAIT, 1.0), expired);
        stage.command(Command::OpenFor(Duration::ZERO), START);
        assert_eq!(stage.admit(START), Ok(State::HalfOpen));
        assert!(!stage.machine.is_overdue(LEASE - NANO) && stage.machine.is_overdue(LEASE));
        assert_eq!(stage.lapse(LEASE - NANO), None);
        let told = stage.lapse(LEASE * 3);
        assert_eq!(told, (expired != Expired::Reprobe).then_some((State::HalfOpen, to, LEASE)));
        assert_eq!((stage.now_in(), stage.lapse(LEASE * 3)), ((to, 3), None));
    }
}

#[test]
fn no_lease_lapses_while_no_probe_is_out() {
    for back in [Outcome::Success, Outcome::Ignored] {
        let mut stage = Stage::plain();
        stage.command(Command::OpenFor(Duration::ZERO), START);
        let probe = stage.step(START, |machine, step| {
            let mut ticket = machine.admit(step).unwrap().unwrap();
            assert_eq!(machine.barrier(), None);
            machine.send_out(&mut ticket, &mut step.now);
            ticket
        });
        stage.step(START, |machine, step| machine.record(&probe, Ending::Reported(back), step));
        assert_eq!((stage.lapse(LEASE * 100), stage.now_in()), (None, (State::HalfOpen, 2)));
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
            let mut stage = Stage::in_state(from);
            let generation = stage.machine.generation + 1;
            stage.told.lock().unwrap().clear();
            stage.command(command, NANO);
            let told = stage.told.lock().unwrap().pop();
            assert_eq!(told, (from != to).then_some((from, to, generation, NANO)));
            assert_eq!(stage.now_in(), (to, generation));
        }
    }
}

#[test]
fn an_unknown_wait_admits_nobody_until_it_is_answered_and_then_counts_from_the_opening() {
    let mut stage = Stage::new(Backoff::from_fn(|_| WAIT), Expired::Reopen);
    assert_eq!([Outcome::Failure; 2].map(|failure| stage.report(failure)), [State::Closed, State::Open]);
    let question = stage.machine.take_question().expect("only a function knows the wait");
    assert_eq!((question.attempt, stage.machine.take_question()), (1, None));
    assert_eq!((stage.admit(Duration::MAX), stage.wait_left(WAIT)), (Err(Reason::Open), None));
    stage.machine.answer(question, WAIT);
    assert_eq!(stage.wait_left(LEASE), Some(WAIT - LEASE));
    assert_eq!(stage.admit(WAIT), Ok(State::HalfOpen));
}

#[test]
fn an_answer_to_another_state_is_void() {
    let mut stage = Stage::new(Backoff::from_fn(|_| WAIT), Expired::Reopen);
    let _ = [Outcome::Failure; 2].map(|failure| stage.report(failure));
    let question = stage.machine.take_question().expect("only a function knows the wait");
    stage.command(Command::OpenFor(LEASE), START);
    stage.machine.answer(question, WAIT);
    assert_eq!(stage.wait_left(START), Some(LEASE));
}
