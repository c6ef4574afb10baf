//! The contract in plain words: a list of the states there have been, a list of the calls that have ended, and what follows
//! from them, found anew each time. It predicts what every step of a [`Program`](super::program::Program) answers and what
//! is seen and heard after it.

mod calls;
mod meaning;
mod outlook;

use corepool::breaker::{Expired, HalfOpenPolicy, State};

use super::program::{Command, Id, Step, Tag};
use super::rules::{Rules, Time, Waits, nanos};
use super::seen::{Answer, Heard, Told};
use super::tally::{Past, Rate, What};

/// One state in the breaker's life; its place in the list is its generation.
#[derive(Clone, Copy, Debug)]
enum Era {
    Closed,
    /// `judged`: it followed from calls, those of the era before.
    Open {
        since: Time,
        wait: Time,
        judged: bool,
    },
    HalfOpen {
        lease: Time,
    },
    ForcedOpen,
    Disabled,
    MetricsOnly,
}

/// An admitted call: its place in the list of them.
type Call = usize;

#[derive(Clone, Copy, Debug)]
struct Flight {
    generation: usize,
    sent: Time,
    /// Nothing while it is paused.
    began: Option<Time>,
    /// Of calls that began at the same time, which came first.
    turn: usize,
    is_out: bool,
    /// Where it stands among the past calls, if it has become slow while it was out.
    counted: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Held {
    Permit(Call),
    NewFuture,
    Future(Call),
    Gone,
}

#[derive(Clone)]
pub struct Plain {
    rules: Rules,
    rates: Vec<Rate>,
    now: Time,
    eras: Vec<Era>,
    /// Each call that was admitted.
    flights: Vec<Flight>,
    turns: usize,
    /// Those that ended in their generation, or became slow in it.
    past: Vec<Past>,
    /// Those that ended in their generation.
    ends: Vec<(usize, What)>,
    rejected: u64,
    late: u64,
    held: Vec<(Held, Tag)>,
    listeners: Vec<usize>,
    subscribed: usize,
    heard: Vec<Heard>,
}

impl Plain {
    pub fn new(rules: Rules) -> Self {
        Self {
            rates: rules.rates(),
            rules,
            now: 0,
            eras: vec![Era::Closed],
            flights: Vec::new(),
            turns: 0,
            past: Vec::new(),
            ends: Vec::new(),
            rejected: 0,
            late: 0,
            held: Vec::new(),
            listeners: Vec::new(),
            subscribed: 0,
            heard: Vec::new(),
        }
    }

    pub fn perform(&mut self, step: Step<Id>) -> Answer {
        match step {
            Step::Acquire(tag) => self.acquire(tag),
            Step::CallAsync(tag) => self.hold(Held::NewFuture, tag, Answer::Done),
            Step::Poll(held) => self.poll(held).err().unwrap_or(Answer::Pending),
            Step::Start(held) => self.restart(held, Some(self.now)),
            Step::Pause(held) => self.restart(held, None),
            Step::End(held, end) => self.end_held(held, end),
            Step::Call(end, takes) => self.call(end, takes),
            Step::Burst(calls, end) => (0..calls).fold(Answer::Done, |_, _| self.call(end, 0)),
            Step::Advance(by) => self.advance(by),
            Step::AdvanceTo(..) => unreachable!("resolved"),
            Step::Command(command) => self.command(command),
            Step::Subscribe => {
                self.listeners.push(self.subscribed);
                self.subscribed += 1;
                Answer::Done
            }
            Step::Unsubscribe(age) => {
                age.take(&mut self.listeners);
                Answer::Done
            }
        }
    }

    fn advance(&mut self, by: Time) -> Answer {
        self.now += by;
        Answer::Done
    }

    fn command(&mut self, command: Command) -> Answer {
        self.catch_up();
        let era = match command {
            Command::Reset => Era::Closed,
            Command::ForceOpen => Era::ForcedOpen,
            Command::OpenFor(wait) => Era::Open { since: self.now, wait, judged: false },
            Command::Disable => Era::Disabled,
            Command::MetricsOnly => Era::MetricsOnly,
        };
        self.enter(era, self.now);
        Answer::Done
    }

    /// What time has done by itself: a lease is over, a call has become slow.
    fn catch_up(&mut self) {
        while let Some((call, at)) = self.becomes_slow().filter(|(_, at)| *at <= self.now) {
            self.flights[call].counted = Some(self.past.len());
            let generation = self.generation();
            self.past.push(Past { generation, at, what: What::Unknown, is_slow: true });
            self.judge(at);
        }
        let Some((lease, end)) = self.lease().filter(|(_, end)| self.now >= *end) else { return };
        match self.rules.max_wait.map_or(Expired::Reopen, |(_, then)| then) {
            Expired::Reopen => self.open(end),
            Expired::Close => self.enter(Era::Closed, end),
            Expired::Reprobe => self.enter(Era::HalfOpen { lease }, end),
        }
    }

    /// The next call that becomes slow before it ends, and when.
    fn becomes_slow(&self) -> Option<(Call, Time)> {
        let (limit, _) = self.rules.slow.filter(|_| matches!(self.era(), Era::Closed | Era::MetricsOnly))?;
        let out = self.out().filter(|(_, flight)| flight.counted.is_none());
        let due = out.filter_map(|(call, flight)| Some((call, flight.began? + limit + 1, flight.turn)));
        due.min_by_key(|(_, at, turn)| (*at, *turn)).map(|(call, at, _)| (call, at))
    }

    /// How long it is, and when that of the probe is over that has been out longest.
    fn lease(&self) -> Option<(Time, Time)> {
        let Era::HalfOpen { lease } = self.era() else { return None };
        Some((lease, self.out().map(|(_, flight)| flight.sent + lease).min()?))
    }

    /// The calls of this generation that are out.
    fn out(&self) -> impl Iterator<Item = (Call, &Flight)> {
        let generation = self.generation();
        let flights = self.flights.iter().enumerate();
        flights.filter(move |(_, flight)| flight.is_out && flight.generation == generation)
    }

    fn enter(&mut self, era: Era, at: Time) {
        let from = self.era().state();
        self.eras.push(era);
        let (to, generation) = (era.state(), self.generation() as u64);
        if from != to {
            self.tell(&Told::StateChanged { from, to, generation, at: nanos(at) });
        }
    }

    fn open(&mut self, since: Time) {
        let wait = self.wait_of(self.attempt() + 1);
        self.enter(Era::Open { since, wait, judged: true }, since);
    }

    fn wait_of(&self, attempt: u32) -> Time {
        match self.rules.backoff {
            Some(Waits::Exponential { first, factor, cap }) => {
                let wait = first * u64::from(factor).pow(attempt - 1);
                cap.map_or(wait, |cap| wait.min(cap))
            }
            Some(Waits::Linear(each)) => each * u64::from(attempt),
            Some(Waits::Panics) | None => self.rules.open_wait,
        }
    }

    /// Judges the calls of this generation after one that was a success, a failure, or abandoned.
    fn judge(&mut self, at: Time) {
        match self.era() {
            Era::Closed if self.is_too_much(at) => self.open(at),
            Era::HalfOpen { .. } => match self.verdict() {
                Some(State::Closed) => self.enter(Era::Closed, at),
                Some(_) => self.open(at),
                None => {}
            },
            _ => {}
        }
    }

    fn is_too_much(&self, at: Time) -> bool {
        let calls = self.counted(self.generation());
        let is_reached = |rate: &Rate| {
            let tally = self.rules.tally(&rate.window_of(&calls, at));
            tally.calls >= rate.needed_in(tally) && rate.is_reached_by(tally)
        };
        self.rates.iter().any(is_reached) || self.row_limit().is_some_and(|limit| self.failures_in_a_row() >= limit)
    }

    /// What the probes have decided.
    fn verdict(&self) -> Option<State> {
        let tally = self.rules.tally(&self.counted(self.generation()));
        let (is_bad, is_enough) = match self.rules.half_open {
            HalfOpenPolicy::Consecutive => (tally.failures > 0, tally.calls >= self.rules.successes as usize),
            HalfOpenPolicy::Rate => {
                let is_enough = tally.calls >= self.probes_needed();
                (is_enough && self.rates[0].is_reached_by(tally), is_enough)
            }
        };
        match (is_bad, is_enough) {
            (true, _) => Some(State::Open),
            (false, true) => Some(State::Closed),
            (false, false) => None,
        }
    }

    fn tell(&mut self, told: &Told) {
        let heard = self.listeners.iter().map(|by| Heard { by: *by, told: told.clone() });
        self.heard.extend(heard);
    }

    fn era(&self) -> Era {
        self.eras[self.generation()]
    }

    fn generation(&self) -> usize {
        self.eras.len() - 1
    }

    /// The calls of a generation that say something.
    fn counted(&self, generation: usize) -> Vec<Past> {
        let counts = |call: &&Past| call.generation == generation && call.what != What::Nothing;
        self.past.iter().filter(counts).copied().collect()
    }
}

impl Era {
    fn state(self) -> State {
        match self {
            Era::Closed => State::Closed,
            Era::Open { .. } => State::Open,
            Era::HalfOpen { .. } => State::HalfOpen,
            Era::ForcedOpen => State::ForcedOpen,
            Era::Disabled => State::Disabled,
            Era::MetricsOnly => State::MetricsOnly,
        }
    }
}
