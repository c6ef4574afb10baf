//! The state machine: plain code, without locks, clocks or user code. Time comes in as a value that never goes back, and
//! what happened goes out as a value.
//!
//! ```text
//!                      failures reach the policy
//!            +--------------------------------------------+
//!            |                                            v
//!         Closed                                         Open <------------------------+
//!            ^                                            |                            |
//!            |                          the wait is over, |                            |
//!            |                        and a call asks     v                            |
//!            +------------------------------------- HalfOpen --------------------------+
//!                 probes succeed (or the lease            a probe fails (or the lease
//!                 ends: Expired::Close)                   ends: Expired::Reopen)
//!
//!      by hand, from any state:  force_open -> ForcedOpen    open_for -> Open       reset -> Closed
//!                                disable -> Disabled         metrics_only -> MetricsOnly
//! ```
//!
//! | state | `admit` | `record`: success, failure | `lapse` |
//! |---|---|---|---|
//! | Closed | yes | counted; **Open** when the policy says so | calls that have become slow are counted; **Open** when the policy says so |
//! | Open, wait not over or not known | rejected | | |
//! | Open, wait over | **HalfOpen**, the first probe admitted in the same step | | |
//! | HalfOpen | yes while a place is free, else rejected | counted; **Closed** or **Open** when they decide | the lease of a probe that is out is over: **Open**, **Closed** or **HalfOpen** anew |
//! | ForcedOpen | rejected | | |
//! | Disabled | yes | nothing | |
//! | MetricsOnly | yes | counted | calls that have become slow are counted |
//!
//! Every entry of a state, by hand into the same one too, starts a generation. A result of another generation is late in any
//! state. `lapse` comes before any other step: it does what time has done by itself.
//!
//! A call is admitted in one step and sent out in another, as listeners may be told of its admission in between: its lease and
//! its own time begin when they have been. Where nobody listens both steps are one.
//!
//! An Open state whose wait only a back-off function can tell begins with an unknown wait and leaves a [`Question`]; whoever
//! made the step asks the function without a lock and brings the answer. Until then the state admits nobody, and a state
//! entered in between makes the answer void.

#[cfg(all(test, not(corepool_loom)))]
mod table;

use std::sync::Arc;
use std::time::Duration;

use super::clock::Now;
use super::events::{Event, Outbox};
use super::in_flight::{Flight, InFlight};
use super::rules::{DEFAULT_WAIT, Expired, HalfOpenPolicy, Rules};
use super::state::{Reason, Recorded, Rejected, Snapshot, State};
use super::window::{Ending, Entry, Mark, Pace, Tally, Windows};
use super::word::{Barrier, Word};

/// What a step has at hand beside the machine: the time, and where it tells what it does.
pub(super) struct Step<'a> {
    pub(super) now: Now<'a>,
    pub(super) outbox: &'a mut Outbox,
}

/// What an admitted call carries. Small, so that a call which needs little of it keeps it in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    /// The one that admitted it.
    pub(super) generation: u64,
    pub(super) began: Began,
    pub(super) flight: Flight,
}

/// When a call began, in nanoseconds of the clock. Calls are timed in the clock's first 584 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Began(u64);

impl Ticket {
    /// Of a call that is not timed and not in flight.
    #[inline]
    pub(super) fn unlisted(generation: u64) -> Self {
        Self { generation, began: Began::UNKNOWN, flight: Flight::NONE }
    }
}

/// How long is the wait of this attempt?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) attempt: u32,
    generation: u64,
}

/// A change by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    ForceOpen,
    OpenFor(Duration),
    Disable,
    MetricsOnly,
    Reset,
}

/// A state with what it needs to know.
#[derive(Clone, Debug)]
enum Phase {
    Closed,
    Open(Wait),
    HalfOpen(Trial),
    ForcedOpen,
    Disabled,
    MetricsOnly,
}

/// How long an open breaker stays so.
#[derive(Clone, Debug)]
struct Wait {
    since: Duration,
    /// `None` until the back-off function has answered.
    length: Option<Duration>,
    /// What the probes brought that opened it; `None` if the windows know.
    probes: Option<Tally>,
}

/// The probes of one half-open generation.
#[derive(Clone, Debug)]
struct Trial {
    /// How long each of them may be out.
    lease: Duration,
    /// Admitted, and not back.
    out: u32,
    /// What the others brought.
    tally: Tally,
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    rules: Arc<Rules>,
    generation: u64,
    phase: Phase,
    /// Empty but in Closed, in the Open that follows it, and in MetricsOnly.
    windows: Windows,
    consecutive_failures: u32,
    in_flight: InFlight,
    /// Openings since it was last closed, those by hand apart.
    attempt: u32,
    question: Option<Question>,
    rejected: u64,
    late_results: u64,
}

/// The steps.
impl Machine {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self {
            windows: Windows::new(&rules.rates),
            rules,
            generation: 0,
            phase: Phase::Closed,
            consecutive_failures: 0,
            in_flight: InFlight::new(),
            attempt: 0,
            question: None,
            rejected: 0,
            late_results: 0,
        }
    }

    /// Does what time has done by itself: ends a lease that is over, counts the calls that have become slow. Comes before any other
    /// step.
    #[inline]
    pub(super) fn lapse(&mut self, step: &mut Step<'_>) {
        match &self.phase {
            Phase::HalfOpen(trial) => {
                if let Some(ends) = trial.lease_ends(&self.in_flight).filter(|ends| step.now.get() >= *ends) {
                    self.expire(ends, step);
                }
            }
            Phase::Closed | Phase::MetricsOnly if self.rules.slow.is_some() => self.count_overdue(step),
            _ => {}
        }
    }

    /// The lease of a probe ended then.
    fn expire(&mut self, at: Duration, step: &mut Step<'_>) {
        match (&self.phase, self.rules.expired) {
            (_, Expired::Close) => self.close(at, step),
            (Phase::HalfOpen(trial), Expired::Reprobe) => {
                let again = Trial::new(trial.lease);
                self.forget_calls(step);
                self.enter(Phase::HalfOpen(again), at, step);
            }
            _ => self.open(at, step),
        }
    }

    /// Each counts as a slow call at the moment in which it became one.
    fn count_overdue(&mut self, step: &mut Step<'_>) {
        while let Some(mut at) = self.overdue_since(step.now.get()) {
            self.in_flight.mark(self.windows.next(at));
            let entry = Entry::Success(Pace::Slow);
            let is_over = self.windows.add(entry, &mut Now::at(&mut at), self.rules.abandoned_share());
            if is_over && matches!(self.phase, Phase::Closed) {
                self.open(at, step);
            }
        }
    }

    /// Admits a call, which is then to be sent out, or rejects it.
    ///
    /// `None` if it must ask again: a lease had run out, and nobody knows yet how long the wait after it is.
    pub(super) fn admit(&mut self, step: &mut Step<'_>) -> Option<Result<Ticket, Rejected>> {
        self.lapse(step);
        if self.question.is_some() {
            return None;
        }
        if let Some(rejected) = self.rejection(&mut step.now) {
            self.rejected += 1;
            let generation = self.generation;
            step.outbox.tell(|| Event::Rejected { rejected, generation });
            return Some(Err(rejected));
        }
        if let Phase::Open(_) = self.phase {
            self.try_again(step);
        }
        if let Phase::HalfOpen(trial) = &mut self.phase {
            trial.out += 1;
        }
        Some(Ok(Ticket::unlisted(self.generation)))
    }

    /// A call begins now, for the first time or anew.
    pub(super) fn send_out(&mut self, ticket: &mut Ticket, now: &mut Now<'_>) {
        if self.rules.slow.is_some() {
            ticket.began = Began::at(now.raw());
        }
        if ticket.generation != self.generation {
            return;
        }
        let is_probe = matches!(self.phase, Phase::HalfOpen(_));
        let is_timed = matches!(self.phase, Phase::Closed | Phase::MetricsOnly) && self.rules.slow.is_some();
        // A probe keeps its lease, and what has been counted as slow stays so.
        let is_out = ticket.flight != Flight::NONE && (is_probe || !self.in_flight.call_back(ticket.flight));
        if (is_probe || is_timed) && !is_out {
            ticket.flight = self.in_flight.send_out(now.get());
        }
    }

    /// The call's time stands still until it is sent out again. A probe holds its lease all the same.
    pub(super) fn pause(&mut self, ticket: &mut Ticket) {
        ticket.began = Began::UNKNOWN;
        let is_probe = matches!(self.phase, Phase::HalfOpen(_));
        if ticket.generation == self.generation && !is_probe && self.in_flight.call_back(ticket.flight) {
            ticket.flight = Flight::NONE;
        }
    }

    /// Takes the end of a call of this generation or an earlier one.
    #[inline]
    pub(super) fn record(&mut self, ticket: &Ticket, ending: Ending, step: &mut Step<'_>) -> Recorded {
        let mark = self.land(ticket, step);
        let is_late = ticket.generation != self.generation;
        let pace = if mark.is_some() { Pace::Slow } else { self.pace(ticket.began, &mut step.now) };
        let (outcome, entry) = self.rules.classify(ending, pace);
        let (slow, abandoned) = (pace == Pace::Slow, ending == Ending::Abandoned);
        let generation = ticket.generation;
        match self.phase {
            Phase::Disabled if is_late => return Recorded::Stale,
            Phase::Disabled => return Recorded::Counted,
            _ if is_late => {
                self.late_results += 1;
                step.outbox.tell(|| Event::LateResult { outcome, generation });
                return Recorded::Stale;
            }
            _ => step.outbox.tell(|| Event::Recorded { outcome, slow, abandoned, generation }),
        }
        if let Phase::HalfOpen(trial) = &mut self.phase {
            trial.out -= 1;
        }
        if let Some(entry) = entry {
            self.count(entry, mark, step);
        }
        Recorded::Counted
    }

    /// Takes a call out that has come to its end. What it counts for is up to its end now, not to what it took; but a probe may
    /// be too late.
    #[inline]
    fn land(&mut self, ticket: &Ticket, step: &mut Step<'_>) -> Option<Mark> {
        if let Phase::HalfOpen(_) = self.phase {
            self.lapse(step);
        }
        let mark = match ticket.generation == self.generation {
            true => self.in_flight.take(ticket.flight),
            false => None,
        };
        self.lapse(step);
        mark.filter(|_| ticket.generation == self.generation)
    }

    #[inline]
    fn pace(&self, began: Began, now: &mut Now<'_>) -> Pace {
        // As read, like the beginning: the breaker's own time stands still while the clock is behind it.
        match self.rules.slow {
            Some(limit) => began.pace(now.raw().unwrap_or_else(|| now.get()), limit),
            None => Pace::Fast,
        }
    }

    #[inline]
    fn count(&mut self, entry: Entry, mark: Option<Mark>, step: &mut Step<'_>) {
        match entry {
            Entry::Success(_) => self.consecutive_failures = 0,
            Entry::Failure(_) => self.consecutive_failures = self.consecutive_failures.saturating_add(1),
            Entry::Abandoned => {}
        }
        match &mut self.phase {
            Phase::Closed | Phase::MetricsOnly => {
                let share = self.rules.abandoned_share();
                let is_over = match mark {
                    None => self.windows.add(entry, &mut step.now, share),
                    Some(mark) => self.windows.revise(mark, entry, &mut step.now, share),
                };
                if matches!(self.phase, Phase::Closed) && (is_over || self.is_over_in_a_row()) {
                    self.open(step.now.get(), step);
                }
            }
            Phase::HalfOpen(trial) => {
                trial.tally.add(entry);
                match trial.decision(&self.rules) {
                    None => {}
                    Some(State::Closed) => self.close(step.now.get(), step),
                    Some(_) => self.open(step.now.get(), step),
                }
            }
            Phase::Open(_) | Phase::ForcedOpen | Phase::Disabled => unreachable!("no permit is of such a generation"),
        }
    }

    fn is_over_in_a_row(&self) -> bool {
        self.rules.consecutive.is_some_and(|limit| self.consecutive_failures >= limit)
    }

    /// A change by hand.
    pub(super) fn command(&mut self, command: Command, step: &mut Step<'_>) {
        self.lapse(step);
        let now = step.now.get();
        let phase = match command {
            Command::Reset => return self.close(now, step),
            Command::ForceOpen => Phase::ForcedOpen,
            Command::Disable => Phase::Disabled,
            Command::MetricsOnly => Phase::MetricsOnly,
            Command::OpenFor(length) => Phase::Open(Wait { since: now, length: Some(length), probes: None }),
        };
        self.forget_calls(step);
        self.enter(phase, now, step);
    }

    /// The question that the last step left, once.
    pub(super) fn take_question(&mut self) -> Option<Question> {
        self.question.take()
    }

    /// The wait that was asked for. Void if another state has been entered since.
    pub(super) fn answer(&mut self, question: Question, length: Duration) {
        match &mut self.phase {
            Phase::Open(wait) if self.generation == question.generation => wait.length = Some(length),
            _ => {}
        }
    }

    /// Opens by itself: the wait is that of the next attempt.
    fn open(&mut self, at: Duration, step: &mut Step<'_>) {
        let probes = match &self.phase {
            Phase::HalfOpen(trial) => Some(trial.judged(&self.rules)),
            _ => None,
        };
        self.attempt = self.attempt.saturating_add(1);
        let length = self.rules.backoff.known_wait(self.attempt);
        self.enter(Phase::Open(Wait { since: at, length, probes }), at, step);
        if length.is_none() {
            self.question = Some(Question { attempt: self.attempt, generation: self.generation });
        }
    }

    /// Open, and its wait over: half-open.
    fn try_again(&mut self, step: &mut Step<'_>) {
        let waited = match &self.phase {
            Phase::Open(wait) => wait.length.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let trial = Trial::new(self.rules.lease.unwrap_or(waited.max(DEFAULT_WAIT)));
        self.forget_calls(step);
        self.enter(Phase::HalfOpen(trial), step.now.get(), step);
    }

    fn close(&mut self, at: Duration, step: &mut Step<'_>) {
        self.attempt = 0;
        self.forget_calls(step);
        self.enter(Phase::Closed, at, step);
    }

    fn forget_calls(&mut self, step: &mut Step<'_>) {
        self.consecutive_failures = 0;
        self.windows.clear(&mut step.now);
    }

    fn enter(&mut self, phase: Phase, at: Duration, step: &mut Step<'_>) {
        let from = self.state();
        self.phase = phase;
        self.generation += 1;
        self.question = None;
        self.in_flight.clear();
        let (to, generation) = (self.state(), self.generation);
        if from != to {
            step.outbox.tell(|| Event::StateChanged { from, to, generation, at });
        }
    }
}

/// What reads, and changes nothing.
impl Machine {
    pub(super) fn state(&self) -> State {
        self.phase.state()
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether `lapse` would do something.
    pub(super) fn is_overdue(&self, now: Duration) -> bool {
        match &self.phase {
            Phase::HalfOpen(trial) => trial.lease_ends(&self.in_flight).is_some_and(|ends| now >= ends),
            _ => self.overdue_since(now).is_some(),
        }
    }

    /// Since when the oldest call is slow that is not counted as such yet.
    fn overdue_since(&self, now: Duration) -> Option<Duration> {
        let (limit, since) = (self.rules.slow?, self.in_flight.oldest_unmarked()?);
        let is_counted = matches!(self.phase, Phase::Closed | Phase::MetricsOnly);
        let at = since.checked_add(limit)?.checked_add(Duration::from_nanos(1))?;
        (is_counted && at <= now).then_some(at)
    }

    /// What a call would hear now that `admit` would reject. Asks for the time only if that matters.
    pub(super) fn rejection(&self, now: &mut Now<'_>) -> Option<Rejected> {
        let (reason, retry_after) = match &self.phase {
            Phase::Closed | Phase::Disabled | Phase::MetricsOnly => return None,
            Phase::Open(wait) if wait.length == Some(Duration::ZERO) => return None,
            Phase::Open(wait) => match wait.left(now) {
                Some(Duration::ZERO) => return None,
                left => (Reason::Open, left),
            },
            Phase::HalfOpen(trial) if trial.has_place(&self.rules) => return None,
            Phase::HalfOpen(trial) => {
                let left = trial.lease_ends(&self.in_flight).map(|ends| ends.saturating_sub(now.get()));
                (Reason::HalfOpenSaturated, Some(left.unwrap_or(trial.lease)))
            }
            Phase::ForcedOpen => (Reason::ForcedOpen, None),
        };
        Some(Rejected { reason, retry_after })
    }

    /// What `rejection` says whatever the time, until a time.
    pub(super) fn barrier(&self) -> Option<Barrier> {
        match &self.phase {
            Phase::Open(Wait { since, length: Some(length), .. }) if !length.is_zero() => {
                Some(Barrier::Until(Reason::Open, since.saturating_add(*length)))
            }
            Phase::HalfOpen(trial) if !trial.has_place(&self.rules) => {
                Some(Barrier::Until(Reason::HalfOpenSaturated, trial.lease_ends(&self.in_flight)?))
            }
            Phase::ForcedOpen => Some(Barrier::ForGood),
            _ => None,
        }
    }

    pub(super) fn word(&self, has_listeners: bool, counts_apart: bool) -> Word {
        let is_timed = self.rules.slow.is_some();
        let word = Word::new(self.state(), self.generation);
        match self.has_seen_failures() || has_listeners {
            _ if is_timed => word.timed(),
            true => word,
            false if self.windows.are_unmoved_by_success() => word.at_ease(),
            false if counts_apart => word.apart(),
            false => word,
        }
    }

    /// Until when fast successes of this generation need only be counted, if they do.
    pub(super) fn counts_apart_until(&self) -> Option<Duration> {
        match self.rules.slow.is_some() || self.has_seen_failures() {
            true => None,
            false => self.windows.count_later_until(),
        }
    }

    /// Fast ones of this generation that were counted apart.
    pub(super) fn add_successes(&mut self, successes: u64) {
        self.windows.add_successes(successes);
    }

    fn has_seen_failures(&self) -> bool {
        !matches!(self.phase, Phase::Closed) || self.consecutive_failures > 0
    }

    pub(super) fn snapshot(&self, now: Duration) -> Snapshot {
        let tally = self.tally(now);
        Snapshot {
            state: self.state(),
            generation: self.generation,
            window: tally.map(|(tally, _)| tally.counts()),
            failure_rate: tally.and_then(|(tally, minimum)| tally.failure_rate(minimum)),
            slow_rate: tally.and_then(|(tally, minimum)| tally.slow_rate(minimum)),
            consecutive_failures: self.consecutive_failures,
            attempt: self.attempt,
            retry_after: match &self.phase {
                Phase::Open(wait) => wait.left(&mut Now::at(&mut { now })),
                _ => None,
            },
            rejected: self.rejected,
            late_results: self.late_results,
        }
    }

    /// The calls that the state is judged by, or was entered for, as the rules count them; and how many make a rate.
    fn tally(&self, now: Duration) -> Option<(Tally, u32)> {
        let rate = self.rules.rates.first()?;
        Some(match &self.phase {
            Phase::HalfOpen(trial) => (trial.judged(&self.rules), self.rules.probes_needed()),
            Phase::Open(Wait { probes: Some(probes), .. }) => (*probes, self.rules.probes_needed()),
            _ => {
                let tally = self.windows.first(now)?.judged(self.rules.abandoned_share());
                (tally, rate.needed_in(&tally))
            }
        })
    }
}

impl Phase {
    fn state(&self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::Open(_) => State::Open,
            Self::HalfOpen(_) => State::HalfOpen,
            Self::ForcedOpen => State::ForcedOpen,
            Self::Disabled => State::Disabled,
            Self::MetricsOnly => State::MetricsOnly,
        }
    }
}

impl Wait {
    /// `None` as long as nobody knows.
    fn left(&self, now: &mut Now<'_>) -> Option<Duration> {
        self.length.map(|length| self.since.saturating_add(length).saturating_sub(now.get()))
    }
}

impl Trial {
    fn new(lease: Duration) -> Self {
        Self { lease, out: 0, tally: Tally::default() }
    }

    /// When the lease ends of the probe that has been out longest.
    fn lease_ends(&self, in_flight: &InFlight) -> Option<Duration> {
        Some(in_flight.oldest()?.saturating_add(self.lease))
    }

    /// So many are admitted in all, those apart that said nothing.
    fn has_place(&self, rules: &Rules) -> bool {
        u64::from(self.out) + self.judged(rules).calls < u64::from(rules.permits)
    }

    /// The results, as the rules count them.
    fn judged(&self, rules: &Rules) -> Tally {
        self.tally.judged(rules.abandoned_share())
    }

    /// Which state the results so far lead to, if they do.
    fn decision(&self, rules: &Rules) -> Option<State> {
        let tally = self.judged(rules);
        let (is_bad, is_enough) = match rules.half_open {
            HalfOpenPolicy::Consecutive => (tally.failures > 0, tally.calls >= u64::from(rules.successes)),
            HalfOpenPolicy::Rate => {
                let needed = rules.probes_needed();
                let is_bad = rules.rates.first().is_some_and(|rate| rate.is_reached_by(&tally, needed));
                (is_bad, tally.calls >= u64::from(needed))
            }
        };
        match (is_bad, is_enough) {
            (true, _) => Some(State::Open),
            (false, true) => Some(State::Closed),
            (false, false) => None,
        }
    }
}

impl Began {
    /// Calls are not timed, or the clock could not say.
    const UNKNOWN: Self = Self(u64::MAX);

    fn at(now: Option<Duration>) -> Self {
        now.and_then(|now| u64::try_from(now.as_nanos()).ok()).map_or(Self::UNKNOWN, Self)
    }

    fn pace(self, now: Duration, limit: Duration) -> Pace {
        match self != Self::UNKNOWN && now.saturating_sub(Duration::from_nanos(self.0)) > limit {
            true => Pace::Slow,
            false => Pace::Fast,
        }
    }
}
