//! What the clones of a breaker share, and how a call goes through it.
//!
//! 1. A healthy call reads the state word when it comes and when it goes, and that is all (see `word`).
//! 2. Where there is only something to count, a good call in a window or a rejection, it is counted under the lock.
//! 3. Any other step takes the lock, lets the machine do what time has done by itself and then the step, puts the events into
//!    the outbox, publishes the word, and releases the lock. The clock is read before the lock is taken.
//! 4. If the step has opened the breaker for a time that only a function of the user can tell, it asks that function, takes
//!    the lock again, and brings the answer.
//! 5. It delivers the events.
//!
//! The clock, that function and the listeners are user code: none of them runs under the lock, and what they throw stays
//! here.

use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use super::clock::TimeSource;
use super::core::Core;
use super::error::Rejected;
use super::event::{Listen, Turn};
use super::machine::Machine;
use super::rules::Rules;
use super::state::{Recorded, Snapshot, State};
use super::step::{Admission, Began, Command, Ending, Question, Ticket};
use super::tally::Pace;
use super::word::StateWord;
use crate::base::panic::contain;
use crate::base::sync::{Condvar, Mutex, MutexGuard};

pub(super) struct Shared {
    word: StateWord,
    rules: Arc<Rules>,
    clock: TimeSource,
    core: Mutex<Core>,
    /// Rung when the outbox has come on.
    delivered: Condvar,
}

// A panic leaves it whole, so whoever holds it sees nothing broken after it.
impl RefUnwindSafe for Shared {}

impl Shared {
    pub(super) fn new(rules: Rules, clock: TimeSource) -> Self {
        let rules = Arc::new(rules);
        let core = Core::new(Arc::clone(&rules));
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
                false => Some(core.admit(now)),
            });
            match admission {
                None => {}
                Some(Admission::Rejected(rejected)) => return Err(rejected),
                Some(Admission::Admitted { generation, .. }) => {
                    return Ok(Ticket { generation, began: Began::at(self.rules.slow.and(now)) });
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
            let mut core = self.core.lock();
            if core.count_quietly(ticket.generation, ending, Pace::Fast, None) {
                return Recorded::Counted;
            }
            if core.machine.needs_no_time_for_success() {
                return self
                    .step_under(core, None, |core, now| core.record(ticket.generation, ending, Pace::Fast, now));
            }
        }
        self.record_in_time(ticket, ending)
    }

    fn record_in_time(&self, ticket: Ticket, ending: Ending) -> Recorded {
        let read = self.clock.now();
        let mut core = self.core.lock();
        // As read, like the beginning: the breaker's own time stands still while the clock is behind it.
        let pace_by = |limit| ticket.began.pace(read.unwrap_or_else(|| core.time(None)), limit);
        let pace = self.rules.slow.map_or(Pace::Fast, pace_by);
        match core.count_quietly(ticket.generation, ending, pace, read) {
            true => Recorded::Counted,
            false => self.step_under(core, read, |core, now| core.record(ticket.generation, ending, pace, now)),
        }
    }

    pub(super) fn command(&self, command: Command) {
        self.step(|core, now| core.command(command, now));
    }

    /// The third to fifth point above.
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
        core.lapse(now);
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

    /// Sees to it that the events up to `told` are delivered: see `event`.
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
        drop(removed);
    }
}

/// What reads, and changes nothing.
impl Shared {
    pub(super) fn state(&self) -> State {
        self.word.load().lasting_state().unwrap_or_else(|| {
            let now = self.clock.now();
            let core = self.core.lock();
            core.machine.state_at(core.time(now))
        })
    }

    pub(super) fn is_call_permitted(&self) -> bool {
        self.word.load().admits_all() || self.look(|machine, now| machine.rejection(now).is_none())
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.look(Machine::snapshot)
    }

    /// Shows the machine as it would be if it had done what time has done by itself.
    fn look<R>(&self, look: impl FnOnce(&Machine, Duration) -> R) -> R {
        let now = self.clock.now();
        let core = self.core.lock();
        let now = core.time(now);
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
