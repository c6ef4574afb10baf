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
//! | Closed | yes | counted; **Open** when the policy says so | |
//! | Open, wait not over or not known | rejected | | |
//! | Open, wait over | **HalfOpen**, the first probe admitted in the same step | | |
//! | HalfOpen | yes while a place is free, else rejected | counted; **Closed** or **Open** when they decide | lease over: **Open**, **Closed** or **HalfOpen** anew |
//! | ForcedOpen | rejected | | |
//! | Disabled | yes | nothing | |
//! | MetricsOnly | yes | counted | |
//!
//! Every entry of a state, by hand into the same one too, starts a generation. A result of another generation is late in any
//! state. `lapse` comes before any other step: it does what time has done by itself.
//!
//! An Open state whose wait only a back-off function can tell begins with an unknown wait and leaves a [`Question`]; whoever
//! made the step asks the function without a lock and brings the answer. Until then the state admits nobody, and a state
//! entered in between makes the answer void.

#[cfg(all(test, not(corepool_loom)))]
mod table;

use std::sync::Arc;
use std::time::Duration;

use super::error::Rejected;
use super::phase::{Decision, Phase, Trial, Wait};
use super::rules::{DEFAULT_WAIT, Expired, Rules};
use super::state::{Snapshot, State};
use super::step::{Admission, Command, Ending, Question, Transition, Verdict};
use super::tally::{Entry, Pace, Tally};
use super::window::Windows;

#[derive(Clone, Debug)]
pub(super) struct Machine {
    rules: Arc<Rules>,
    generation: u64,
    phase: Phase,
    /// Empty but in Closed, in the Open that follows it, and in MetricsOnly.
    windows: Windows,
    consecutive_failures: u32,
    /// Openings since it was last closed, those by hand apart.
    attempt: u32,
    question: Option<Question>,
    rejected: u64,
    late_results: u64,
}

impl Machine {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self {
            windows: Windows::new(&rules),
            rules,
            generation: 0,
            phase: Phase::Closed,
            consecutive_failures: 0,
            attempt: 0,
            question: None,
            rejected: 0,
            late_results: 0,
        }
    }

    /// Does what time has done by itself: ends a lease that is over.
    #[must_use = "a transition must be told"]
    #[inline]
    pub(super) fn lapse(&mut self, now: Duration) -> Option<Transition> {
        let (due, trial) = self.phase.overdue(now)?;
        let (probes, again) = (trial.judged(&self.rules), trial.again());
        Some(match self.rules.expired {
            Expired::Reopen => self.open(due, Some(probes)),
            Expired::Close => self.close(due),
            Expired::Reprobe => {
                self.forget_calls();
                self.enter(Phase::HalfOpen(again), due)
            }
        })
    }

    pub(super) fn admit(&mut self, now: Duration) -> Admission {
        if let Some(rejected) = self.reject(now) {
            return Admission::Rejected(rejected);
        }
        let began = match &mut self.phase {
            Phase::Open(_) => Some(self.try_again(now)),
            Phase::HalfOpen(trial) => {
                trial.admit(now);
                None
            }
            _ => None,
        };
        Admission::Admitted { generation: self.generation, began }
    }

    /// Rejects a call, unless it is to be admitted.
    #[inline]
    pub(super) fn reject(&mut self, now: Duration) -> Option<Rejected> {
        let rejected = self.rejection(now)?;
        self.rejected += 1;
        Some(rejected)
    }

    /// Takes the end of a permit of this generation or an earlier one.
    #[inline]
    pub(super) fn record(&mut self, generation: u64, ending: Ending, pace: Pace, now: Duration) -> Verdict {
        let (outcome, entry) = self.rules.classify(ending, pace);
        let is_late = generation != self.generation;
        if let Phase::Disabled = self.phase {
            return Verdict::Unheard { is_late };
        }
        if is_late {
            self.late_results += 1;
            return Verdict::Late { outcome };
        }
        let moved = match entry {
            Some(entry) => self.count(entry, now),
            None => {
                if let Phase::HalfOpen(trial) = &mut self.phase {
                    trial.ignore();
                }
                None
            }
        };
        Verdict::Counted { outcome, moved }
    }

    /// Counts a fast success, if it is not late and comes after none but such: then it moves nothing.
    #[inline]
    pub(super) fn count_good_call(&mut self, generation: u64, now: Duration) -> bool {
        matches!(self.phase, Phase::Closed)
            && generation == self.generation
            && self.consecutive_failures == 0
            && self.windows.add_good_call(now)
    }

    #[inline]
    fn count(&mut self, entry: Entry, now: Duration) -> Option<Transition> {
        match entry {
            Entry::Success(_) => self.consecutive_failures = 0,
            Entry::Failure(_) => self.consecutive_failures = self.consecutive_failures.saturating_add(1),
            Entry::Abandoned => {}
        }
        match &mut self.phase {
            Phase::Closed => {
                let is_over = self.windows.add(entry, now, &self.rules);
                (is_over || self.is_over_in_a_row()).then(|| self.open(now, None))
            }
            Phase::MetricsOnly => {
                self.windows.add(entry, now, &self.rules);
                None
            }
            Phase::HalfOpen(trial) => {
                let decision = trial.add(entry, &self.rules);
                let probes = trial.judged(&self.rules);
                match decision {
                    Decision::Undecided => None,
                    Decision::Close => Some(self.close(now)),
                    Decision::Reopen => Some(self.open(now, Some(probes))),
                }
            }
            Phase::Open(_) | Phase::ForcedOpen | Phase::Disabled => unreachable!("no permit is of such a generation"),
        }
    }

    fn is_over_in_a_row(&self) -> bool {
        self.rules.consecutive.is_some_and(|limit| self.consecutive_failures >= limit)
    }

    /// A change by hand.
    #[must_use = "a transition must be told"]
    pub(super) fn command(&mut self, command: Command, now: Duration) -> Transition {
        let phase = match command {
            Command::Reset => return self.close(now),
            Command::ForceOpen => Phase::ForcedOpen,
            Command::Disable => Phase::Disabled,
            Command::MetricsOnly => Phase::MetricsOnly,
            Command::OpenFor(length) => Phase::Open(Wait { since: now, length: Some(length), probes: None }),
        };
        self.forget_calls();
        self.enter(phase, now)
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
    fn open(&mut self, at: Duration, probes: Option<Tally>) -> Transition {
        self.attempt = self.attempt.saturating_add(1);
        let length = self.rules.backoff.known_wait(self.attempt);
        let transition = self.enter(Phase::Open(Wait { since: at, length, probes }), at);
        if length.is_none() {
            self.question = Some(Question { attempt: self.attempt, generation: self.generation });
        }
        transition
    }

    /// Open, and its wait over: half-open, with the first probe sent out.
    fn try_again(&mut self, now: Duration) -> Transition {
        let waited = match &self.phase {
            Phase::Open(wait) => wait.length.filter(|length| !length.is_zero()),
            _ => None,
        };
        let mut trial = Trial::new(self.rules.lease.or(waited).unwrap_or(DEFAULT_WAIT));
        trial.admit(now);
        self.forget_calls();
        self.enter(Phase::HalfOpen(trial), now)
    }

    fn close(&mut self, at: Duration) -> Transition {
        self.attempt = 0;
        self.forget_calls();
        self.enter(Phase::Closed, at)
    }

    fn forget_calls(&mut self) {
        self.consecutive_failures = 0;
        self.windows.clear();
    }

    fn enter(&mut self, phase: Phase, at: Duration) -> Transition {
        let from = self.state();
        self.phase = phase;
        self.generation += 1;
        self.question = None;
        Transition { from, to: self.state(), generation: self.generation, at }
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
        self.phase.overdue(now).is_some()
    }

    /// The state that `lapse` would leave.
    pub(super) fn state_at(&self, now: Duration) -> State {
        match self.rules.expired {
            _ if !self.is_overdue(now) => self.state(),
            Expired::Reopen => State::Open,
            Expired::Close => State::Closed,
            Expired::Reprobe => State::HalfOpen,
        }
    }

    /// What a call would hear now that `admit` would reject.
    pub(super) fn rejection(&self, now: Duration) -> Option<Rejected> {
        self.phase.rejection(&self.rules, now)
    }

    pub(super) fn has_question(&self) -> bool {
        self.question.is_some()
    }

    /// A success of this generation would change nothing.
    pub(super) fn is_at_ease(&self) -> bool {
        matches!(self.phase, Phase::Closed) && self.consecutive_failures == 0 && self.rules.forget_successes()
    }

    /// Where the windows are timeless: whether the next success can only be counted, or is late. It moves a closed breaker
    /// only where it makes a window's calls enough for a rate.
    pub(super) fn needs_no_time_for_success(&self) -> bool {
        match self.phase {
            Phase::Closed => !self.windows.next_call_makes_a_rate(),
            Phase::HalfOpen(_) => false,
            _ => true,
        }
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
            retry_after: self.wait_left(now),
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

    /// How long an open breaker stays so.
    fn wait_left(&self, now: Duration) -> Option<Duration> {
        match &self.phase {
            Phase::Open(wait) => wait.left(now),
            _ => None,
        }
    }
}
