//! What the breaker's lock guards: the machine, whose every step is told to the outbox as it is made.

use std::sync::Arc;
use std::time::Duration;

use super::error::Rejected;
use super::event::{Event, Outbox};
use super::machine::Machine;
use super::rules::Rules;
use super::state::{Outcome, Recorded};
use super::step::{Admission, Command, Ending, Transition, Verdict};
use super::tally::Pace;
use super::word::Word;

/// The machine, and what its steps have to tell.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) machine: Machine,
    pub(super) outbox: Outbox,
    /// The latest time seen: for the machine, time never goes back.
    latest: Duration,
}

impl Core {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self { machine: Machine::new(rules), outbox: Outbox::new(), latest: Duration::ZERO }
    }

    /// The time, never before one seen earlier. `None`: the clock could not say.
    #[inline]
    pub(super) fn tick(&mut self, now: Option<Duration>) -> Duration {
        self.latest = self.time(now);
        self.latest
    }

    /// The same for who must not change anything.
    #[inline]
    pub(super) fn time(&self, now: Option<Duration>) -> Duration {
        self.latest.max(now.unwrap_or_default())
    }

    /// Does what time has done by itself.
    #[inline]
    pub(super) fn lapse(&mut self, now: Duration) {
        if let Some(transition) = self.machine.lapse(now) {
            self.tell_transition(transition);
        }
    }

    pub(super) fn command(&mut self, command: Command, now: Duration) {
        let transition = self.machine.command(command, now);
        self.tell_transition(transition);
    }

    /// Where a rejection is only counted, that is all there is to do.
    #[inline]
    pub(super) fn reject_quietly(&mut self, now: Option<Duration>) -> Option<Rejected> {
        let now = self.tick(now);
        match self.outbox.has_listeners() || self.machine.is_overdue(now) {
            true => None,
            false => self.machine.reject(now),
        }
    }

    /// Where a success is only counted, that is all there is to do.
    #[inline]
    pub(super) fn count_quietly(&mut self, generation: u64, ending: Ending, pace: Pace, now: Option<Duration>) -> bool {
        let now = self.tick(now);
        let is_good = matches!((ending, pace), (Ending::Reported(Outcome::Success), Pace::Fast));
        is_good && !self.outbox.has_listeners() && self.machine.count_good_call(generation, now)
    }

    #[inline]
    pub(super) fn word(&self, rules: &Rules) -> Word {
        let mut word = Word::new(self.machine.state(), self.machine.generation());
        if self.machine.is_at_ease() && !self.outbox.has_listeners() {
            word = word.at_ease();
        }
        if rules.slow.is_some() {
            word = word.timed();
        }
        word
    }

    pub(super) fn admit(&mut self, now: Duration) -> Admission {
        let admission = self.machine.admit(now);
        match admission {
            Admission::Admitted { began: Some(transition), .. } => self.tell_transition(transition),
            Admission::Admitted { began: None, .. } => {}
            Admission::Rejected(rejected) => {
                let generation = self.machine.generation();
                self.outbox.tell(|| Event::Rejected { rejected, generation });
            }
        }
        admission
    }

    #[inline]
    pub(super) fn record(&mut self, generation: u64, ending: Ending, pace: Pace, now: Duration) -> Recorded {
        let (slow, abandoned) = (pace == Pace::Slow, ending == Ending::Abandoned);
        match self.machine.record(generation, ending, pace, now) {
            Verdict::Counted { outcome, moved } => {
                self.outbox.tell(|| Event::Recorded { outcome, slow, abandoned, generation });
                if let Some(transition) = moved {
                    self.tell_transition(transition);
                }
                Recorded::Counted
            }
            Verdict::Late { outcome } => {
                self.outbox.tell(|| Event::LateResult { outcome, generation });
                Recorded::Stale
            }
            Verdict::Unheard { is_late: true } => Recorded::Stale,
            Verdict::Unheard { is_late: false } => Recorded::Counted,
        }
    }

    fn tell_transition(&mut self, transition: Transition) {
        let Transition { from, to, generation, at } = transition;
        if from != to {
            self.outbox.tell(|| Event::StateChanged { from, to, generation, at });
        }
    }
}
