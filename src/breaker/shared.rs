//! What the clones of a breaker share, and how a call goes through it.
//!
//! 1. A healthy call reads the state word when it comes and when it goes, and that is all (see `word`).
//! 2. Any other step reads the clock, takes the lock, lets the machine do what time has done by itself and then the step,
//!    puts the events into the outbox, publishes the word, and releases the lock.
//! 3. If the step has opened the breaker for a time that only a function of the user can tell, it asks that function, takes
//!    the lock again, and brings the answer.
//! 4. It delivers the events.
//!
//! The clock, that function and the listeners are user code: none of them runs under the lock, and what they throw stays
//! here.

use std::sync::Arc;
use std::time::Duration;

use super::clock::TimeSource;
use super::error::Rejected;
use super::event::Event;
use super::machine::Machine;
use super::outbox::{Listen, Outbox, Turn};
use super::rules::Rules;
use super::snapshot::Snapshot;
use super::state::{Recorded, State};
use super::step::{Admission, Command, Ending, Question, Transition, Verdict};
use super::tally::Pace;
use super::word::{StateWord, Word};
use crate::panic::contain;
use crate::sync::{Condvar, Mutex, MutexGuard};

pub(super) struct Shared {
    word: StateWord,
    rules: Arc<Rules>,
    clock: TimeSource,
    core: Mutex<Core>,
    /// Rung when the outbox has come on.
    delivered: Condvar,
}

struct Core {
    machine: Machine,
    outbox: Outbox,
    /// The latest time seen: for the machine, time never goes back.
    latest: Duration,
}

/// What an admitted call carries until it ends: two words, so that a call that needs neither keeps them in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    generation: u64,
    began: Began,
}

/// When a call began, in nanoseconds of the clock. Calls are timed in the clock's first 584 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Began(u64);

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

impl Shared {
    pub(super) fn new(rules: Rules, clock: TimeSource) -> Self {
        let rules = Arc::new(rules);
        let core = Core { machine: Machine::new(Arc::clone(&rules)), outbox: Outbox::new(), latest: Duration::ZERO };
        Self {
            word: StateWord::new(core.word(&rules)),
            rules,
            clock,
            core: Mutex::new(core),
            delivered: Condvar::new(),
        }
    }

    #[inline]
    pub(super) fn admit(&self) -> Result<Ticket, Rejected> {
        let word = self.word.load();
        match word.admits_all() {
            true if !word.is_timed() => Ok(Ticket { generation: word.generation(), began: Began::UNKNOWN }),
            true => Ok(Ticket { generation: word.generation(), began: Began::at(self.clock.now()) }),
            false => self.admit_by_machine(),
        }
    }

    /// Twice if a lease had run out and the wait after it had to be asked for.
    #[cold]
    fn admit_by_machine(&self) -> Result<Ticket, Rejected> {
        loop {
            let now = self.clock.now();
            let mut core = self.core.lock();
            if let Some(rejected) = core.reject_quietly(now) {
                return Err(rejected);
            }
            let admission = self.step_under(core, now, |core, now| match core.machine.has_question() {
                true => None,
                false => Some((core.admit(now), now)),
            });
            match admission {
                None => {}
                Some((Admission::Rejected(rejected), _)) => return Err(rejected),
                Some((Admission::Admitted { generation, .. }, now)) => {
                    return Ok(Ticket { generation, began: Began::at(self.rules.slow.map(|_| now)) });
                }
            }
        }
    }

    /// Starts a call's time anew.
    pub(super) fn restart(&self, ticket: &mut Ticket) {
        if self.rules.slow.is_some() {
            ticket.began = Began::at(self.clock.now());
        }
    }

    #[inline]
    pub(super) fn record(&self, ticket: Ticket, ending: Ending) -> Recorded {
        match self.word.load().is_unmoved_by(ticket.generation, ending) {
            true => Recorded::Counted,
            false => self.record_by_machine(ticket, ending),
        }
    }

    fn record_by_machine(&self, ticket: Ticket, ending: Ending) -> Recorded {
        if self.word.load().is_deaf_to(ticket.generation) {
            return Recorded::Counted;
        }
        if self.rules.is_timeless() && !ending.may_count_against() {
            let core = self.core.lock();
            if core.machine.needs_no_time_for_success() {
                return self
                    .step_under(core, None, |core, now| core.record(ticket.generation, ending, Pace::Fast, now));
            }
        }
        self.step(|core, now| {
            let pace = self.rules.slow.map_or(Pace::Fast, |limit| ticket.began.pace(now, limit));
            core.record(ticket.generation, ending, pace, now)
        })
    }

    pub(super) fn command(&self, command: Command) {
        self.step(|core, now| {
            let transition = core.machine.command(command, now);
            core.tell_transition(transition);
        });
    }

    /// The second to fourth point above.
    fn step<R>(&self, step: impl FnOnce(&mut Core, Duration) -> R) -> R {
        let now = self.clock.now();
        self.step_under(self.core.lock(), now, step)
    }

    #[inline]
    fn step_under<R>(
        &self,
        mut core: MutexGuard<'_, Core>,
        now: Option<Duration>,
        step: impl FnOnce(&mut Core, Duration) -> R,
    ) -> R {
        let (before, now) = (core.outbox.told(), core.tick(now));
        if let Some(transition) = core.machine.lapse(now) {
            core.tell_transition(transition);
        }
        let result = step(&mut core, now);
        self.word.publish(core.word(&self.rules));
        let (question, told) = (core.machine.take_question(), core.outbox.told());
        drop(core);
        if let Some(question) = question {
            let wait = self.ask(question);
            self.core.lock().machine.answer(question, wait);
        }
        if told > before {
            self.deliver(told);
        }
        result
    }

    fn ask(&self, question: Question) -> Duration {
        contain(|| self.rules.backoff.wait(question.attempt)).unwrap_or(self.rules.fallback_wait)
    }

    /// Sees to it that the events up to `told` are delivered: see `outbox`.
    fn deliver(&self, told: u64) {
        let mut core = self.core.lock();
        loop {
            match core.outbox.turn(told) {
                Turn::Over => return,
                Turn::Wait => core = self.delivered.wait(core),
                Turn::Deliver => break,
            }
        }
        while let Some(delivery) = core.outbox.take() {
            drop(core);
            delivery.hand_over();
            core = self.core.lock();
            core.outbox.count_delivered();
            // They find the next event counted, or no courier: the lock is held until `take` has looked.
            self.delivered.notify_all();
        }
    }

    pub(super) fn subscribe(&self, listen: Arc<Listen>) -> u64 {
        let mut core = self.core.lock();
        let id = core.outbox.add(listen);
        self.word.publish(core.word(&self.rules));
        id
    }

    pub(super) fn unsubscribe(&self, id: u64) {
        let mut core = self.core.lock();
        let removed = core.outbox.remove(id);
        self.word.publish(core.word(&self.rules));
        drop(core);
        contain(|| drop(removed));
    }
}

/// What reads, and changes nothing.
impl Shared {
    pub(super) fn state(&self) -> State {
        self.word.load().lasting_state().unwrap_or_else(|| {
            let now = self.clock.now();
            let core = self.core.lock();
            core.machine.state_at(core.latest.max(now.unwrap_or_default()))
        })
    }

    pub(super) fn is_call_permitted(&self) -> bool {
        self.word.load().admits_all() || self.look(|machine, now| machine.rejection(now).is_none())
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.look(Snapshot::of)
    }

    /// Shows the machine as it would be if it had done what time has done by itself.
    fn look<R>(&self, look: impl FnOnce(&Machine, Duration) -> R) -> R {
        let now = self.clock.now();
        let core = self.core.lock();
        let now = core.latest.max(now.unwrap_or_default());
        if !core.machine.is_overdue(now) {
            return look(&core.machine, now);
        }
        let mut machine = core.machine.clone();
        drop(core);
        let _ = machine.lapse(now);
        if let Some(question) = machine.take_question() {
            machine.answer(question, self.ask(question));
        }
        look(&machine, now)
    }
}

impl Core {
    #[inline]
    fn tick(&mut self, now: Option<Duration>) -> Duration {
        self.latest = self.latest.max(now.unwrap_or_default());
        self.latest
    }

    /// Where a rejection is only counted, that is all there is to do.
    #[inline]
    fn reject_quietly(&mut self, now: Option<Duration>) -> Option<Rejected> {
        let now = self.tick(now);
        match self.outbox.has_listeners() || self.machine.is_overdue(now) {
            true => None,
            false => self.machine.reject(now),
        }
    }

    #[inline]
    fn word(&self, rules: &Rules) -> Word {
        let mut word = Word::new(self.machine.state(), self.machine.generation());
        if self.machine.is_at_ease() && !self.outbox.has_listeners() {
            word = word.at_ease();
        }
        if rules.slow.is_some() {
            word = word.timed();
        }
        word
    }

    fn admit(&mut self, now: Duration) -> Admission {
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
    fn record(&mut self, generation: u64, ending: Ending, pace: Pace, now: Duration) -> Recorded {
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
