//! What a breaker shows and tells, in the words that the model and the real one have in common.

use std::time::Duration;

use corepool::breaker::{CallError, CircuitBreaker, Event, Outcome, Recorded, Rejected, State, WindowCounts};

/// What a step answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    Admitted,
    Rejected(Rejected),
    Recorded(Recorded),
    /// The future waits.
    Pending,
    /// What the call itself returned.
    Returned(Result<(), ()>),
    Panicked,
}

impl From<Result<(), CallError<()>>> for Answer {
    fn from(result: Result<(), CallError<()>>) -> Self {
        match result {
            Ok(()) => Answer::Returned(Ok(())),
            Err(CallError::Inner(())) => Answer::Returned(Err(())),
            Err(CallError::Rejected(rejected)) => Answer::Rejected(rejected),
        }
    }
}

/// All that there is to see between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub state: State,
    pub is_permitted: bool,
    pub generation: u64,
    pub window: Option<WindowCounts>,
    pub failure_rate: Option<f64>,
    pub slow_rate: Option<f64>,
    pub consecutive_failures: u32,
    pub attempt: u32,
    pub retry_after: Option<Duration>,
    pub rejected: u64,
    pub late_results: u64,
}

impl Seen {
    /// Nothing if the breaker says two things about its state.
    pub fn of(breaker: &CircuitBreaker) -> Option<Self> {
        let (is_permitted, state, snapshot) = (breaker.is_call_permitted(), breaker.state(), breaker.snapshot());
        (state == snapshot.state).then_some(Self {
            state,
            is_permitted,
            generation: snapshot.generation,
            window: snapshot.window,
            failure_rate: snapshot.failure_rate,
            slow_rate: snapshot.slow_rate,
            consecutive_failures: snapshot.consecutive_failures,
            attempt: snapshot.attempt,
            retry_after: snapshot.retry_after,
            rejected: snapshot.rejected,
            late_results: snapshot.late_results,
        })
    }
}

/// What one of the listeners heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub by: usize,
    pub told: Told,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    StateChanged { from: State, to: State, generation: u64, at: Duration },
    Rejected { rejected: Rejected, generation: u64 },
    Recorded { outcome: Outcome, slow: bool, abandoned: bool, generation: u64 },
    LateResult { outcome: Outcome, generation: u64 },
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        match *event {
            Event::StateChanged { from, to, generation, at, .. } => Told::StateChanged { from, to, generation, at },
            Event::Rejected { rejected, generation, .. } => Told::Rejected { rejected, generation },
            Event::Recorded { outcome, slow, abandoned, generation, .. } => {
                Told::Recorded { outcome, slow, abandoned, generation }
            }
            Event::LateResult { outcome, generation, .. } => Told::LateResult { outcome, generation },
            _ => unreachable!("an event the contract does not know: {event:?}"),
        }
    }
}
