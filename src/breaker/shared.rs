//! What the clones of a breaker share, and how a call goes through it.
//!
//! 1. A healthy call reads the state word when it comes and when it goes, and that is all. In a window of time it reads the clock
//!    too, and is counted apart (see `pending`). A rejected one reads the gate and the clock, and is counted (see `word`).
//! 2. Any other step takes the lock, lets the machine make it, publishes word and gate, and releases the lock.
//! 3. If the step has opened the breaker for a time that only a function of the user can tell, it asks that function, takes
//!    the lock again, and brings the answer.
//! 4. It tells the events, unless somebody is at it (see `events`).
//! 5. A call that was admitted while somebody listened is sent out only now: what was told before is no part of it.
//!
//! The clock, that function and the listeners are user code: none of them runs under the lock, and what they throw stays
//! here. The system's clock cannot throw and takes no time, so it is read when a step asks for it.

use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use super::builder::BreakerBuilder;
use super::clock::{Now, Reading, TimeSource};
use super::events::{Listen, Outbox};
use super::in_flight::Flight;
use super::machine::{Began, Command, Machine, Question, Step, Ticket};
use super::pending::Pending;
use super::rules::Rules;
use super::state::{BreakerConfigError, Outcome, Recorded, Rejected, Snapshot, State};
use super::window::Ending;
use super::word::{Gate, StateWord};
use crate::base::panic::contain;
use crate::base::sync::{Mutex, MutexGuard};

/// Stops calling what is down, and finds out when it is up again. Clones are the same breaker.
///
/// What it is and how it decides: [the module](super).
///
/// ```
/// use corepool::breaker::{CallError, CircuitBreaker};
///
/// let breaker = CircuitBreaker::new();
/// let mut asked = 0;
/// for _ in 0..100 {
///     let answer = breaker.call(|| {
///         asked += 1;
///         Err::<(), _>("connection refused")
///     });
///     assert!(answer.is_err());
/// }
/// assert_eq!(asked, 5); // the other 95 were rejected without asking
/// assert!(matches!(breaker.call(|| Ok::<_, &str>(())), Err(CallError::Rejected(_))));
/// ```
#[derive(Clone)]
pub struct CircuitBreaker(pub(super) Arc<Shared>);

pub(super) struct Shared {
    word: StateWord,
    gate: Gate,
    pending: Pending,
    rules: Arc<Rules>,
    clock: TimeSource,
    core: Apart<Mutex<Core>>,
}

/// On cache lines of its own: who counts a call does not take the word from those who only read it.
#[repr(align(128))]
struct Apart<T>(T);

/// What the lock guards.
struct Core {
    machine: Machine,
    outbox: Outbox,
    /// The latest time that a step has gone by.
    latest: Duration,
    /// Successes may be counted apart.
    counts_apart: bool,
}

// A panic leaves it whole, so whoever holds it sees nothing broken after it.
impl RefUnwindSafe for Shared {}

impl Shared {
    pub(super) fn new(rules: BreakerBuilder) -> Result<Self, BreakerConfigError> {
        let (rules, clock) = rules.check()?;
        let rules = Arc::new(rules);
        let machine = Machine::new(Arc::clone(&rules));
        Ok(Self {
            word: StateWord::new(machine.word(false, false)),
            gate: Gate::new(),
            pending: Pending::new(),
            rules,
            clock,
            core: Apart(Mutex::new(Core {
                machine,
                outbox: Outbox::new(),
                latest: Duration::ZERO,
                counts_apart: false,
            })),
        })
    }

    #[inline]
    pub(super) fn admit(&self) -> Result<Ticket, Rejected> {
        let word = self.word.load();
        match word.admits_all() {
            true => Ok(Ticket::unlisted(word.generation())),
            false => self.admit_or_reject(),
        }
    }

    #[cold]
    fn admit_or_reject(&self) -> Result<Ticket, Rejected> {
        match self.gate.reject(|| self.clock.nanos()) {
            Some(rejected) => Err(rejected),
            None => self.admit_by_machine(),
        }
    }

    /// Twice if a lease had run out and the wait after it had to be asked for.
    #[inline(never)]
    fn admit_by_machine(&self) -> Result<Ticket, Rejected> {
        loop {
            let mut is_heard = false;
            let admission = self.step(|machine, step| {
                is_heard = step.outbox.has_listeners();
                let mut admission = machine.admit(step)?;
                if let (Ok(ticket), false) = (&mut admission, is_heard) {
                    machine.send_out(ticket, &mut step.now);
                }
                Some(admission)
            });
            if let Some(mut admission) = admission {
                if let (Ok(ticket), true) = (&mut admission, is_heard) {
                    self.send_out(ticket);
                }
                return admission;
            }
        }
    }

    /// A call begins, once what was told of its admission has been heard, or begins anew.
    pub(super) fn send_out(&self, ticket: &mut Ticket) {
        let reading = self.clock.read_ahead(true);
        let mut core = self.lock();
        let Core { machine, latest, .. } = &mut *core;
        machine.send_out(ticket, &mut self.clock.now(reading, latest));
        self.publish(&mut core);
    }

    /// Starts a call's time anew.
    pub(super) fn restart(&self, ticket: &mut Ticket) {
        if self.rules.slow.is_some() {
            self.send_out(ticket);
        }
    }

    pub(super) fn pause(&self, ticket: &mut Ticket) {
        self.core.0.lock().machine.pause(ticket);
    }

    #[inline]
    pub(super) fn record(&self, ticket: Ticket, ending: Ending) -> Recorded {
        match self.word.load().is_unmoved_by(ticket.generation, ending) {
            true => Recorded::Counted,
            // One by one: a ticket that is passed by reference is kept in memory.
            false => self.count(ticket.generation, ticket.began, ticket.flight, ending),
        }
    }

    #[inline(never)]
    fn count(&self, generation: u64, began: Began, flight: Flight, ending: Ending) -> Recorded {
        let word = self.word.load();
        let is_counted = match word.counts_apart(generation, ending) {
            true if ending == Ending::Reported(Outcome::Ignored) => true,
            true => self.pending.add(generation, || self.clock.nanos()),
            false => word.is_deaf_to(generation),
        };
        match is_counted {
            true => Recorded::Counted,
            false => {
                let ticket = Ticket { generation, began, flight };
                self.step(|machine, step| machine.record(&ticket, ending, step))
            }
        }
    }

    /// A change by hand. Time goes on from what the clock says now, if it had been ahead.
    pub(super) fn command(&self, command: Command) {
        let read = self.clock.read();
        let mut core = self.lock();
        if let Some(read) = read {
            core.latest = read;
            self.clock.forget_the_furthest(read);
        }
        self.step_under(core, Reading::Read(read), |machine, step| machine.command(command, step));
    }

    /// The second to fourth point above.
    #[inline]
    fn step<R>(&self, step: impl FnOnce(&mut Machine, &mut Step<'_>) -> R) -> R {
        let reading = self.clock.read_ahead(self.rules.need_time());
        self.step_under(self.lock(), reading, step)
    }

    #[inline]
    fn step_under<R>(
        &self,
        mut core: MutexGuard<'_, Core>,
        reading: Reading,
        step: impl FnOnce(&mut Machine, &mut Step<'_>) -> R,
    ) -> R {
        let Core { machine, outbox, latest, .. } = &mut *core;
        let mut at_hand = Step { now: self.clock.now(reading, latest), outbox };
        let result = step(machine, &mut at_hand);
        let question = machine.take_question();
        let mut tells = question.is_none() && outbox.begin();
        self.publish(&mut core);
        drop(core);
        if let Some(question) = question {
            tells = self.answer(question);
        }
        if tells {
            self.tell();
        }
        result
    }

    /// With nothing pending. Who takes the lock like this publishes before it lets go of it.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Core> {
        let mut core = self.core.0.lock();
        if core.counts_apart {
            core.counts_apart = false;
            core.machine.add_successes(self.pending.settle());
        }
        core
    }

    /// Under the lock, after every change.
    #[inline]
    fn publish(&self, core: &mut Core) {
        let (machine, is_heard) = (&core.machine, core.outbox.has_listeners());
        let apart = if is_heard { None } else { machine.counts_apart_until() };
        self.word.publish(machine.word(is_heard, apart.is_some()));
        self.gate.publish(if is_heard { None } else { machine.barrier() });
        if let Some(until) = apart {
            self.pending.let_in(machine.generation(), until);
            core.counts_apart = true;
        }
    }

    /// Whether the caller is to tell what there is: not before, as others may tell it while the function takes its time.
    fn answer(&self, question: Question) -> bool {
        let wait = self.ask(question);
        let mut core = self.lock();
        core.machine.answer(question, wait);
        self.publish(&mut core);
        core.outbox.begin()
    }

    fn ask(&self, question: Question) -> Duration {
        contain(|| self.rules.backoff.wait(question.attempt)).unwrap_or(self.rules.fallback_wait)
    }

    /// By whom the outbox has chosen.
    fn tell(&self) {
        loop {
            let delivery = self.core.0.lock().outbox.next();
            match delivery {
                Some(delivery) => delivery.hand_over(),
                None => return,
            }
        }
    }

    pub(super) fn subscribe(&self, listen: Arc<Listen>) -> u64 {
        let mut core = self.lock();
        let id = core.outbox.add(listen);
        self.publish(&mut core);
        id
    }

    pub(super) fn unsubscribe(&self, id: u64) {
        let mut core = self.lock();
        let removed = core.outbox.remove(id);
        self.publish(&mut core);
        drop(core);
        drop(removed);
    }
}

/// What reads, and changes nothing.
impl Shared {
    pub(super) fn state(&self) -> State {
        self.word.load().lasting_state().unwrap_or_else(|| self.look(false, |machine, _| machine.state()))
    }

    pub(super) fn is_call_permitted(&self) -> bool {
        self.word.load().admits_all()
            || self.look(true, |machine, mut now| machine.rejection(&mut Now::at(&mut now)).is_none())
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.look(true, Machine::snapshot);
        snapshot.rejected += self.gate.rejected();
        snapshot
    }

    /// Shows the machine as it would be if it had done what time has done by itself; with the wait, where only a back-off function
    /// can tell that.
    fn look<R>(&self, with_wait: bool, look: impl FnOnce(&Machine, Duration) -> R) -> R {
        let read = self.clock.read();
        let mut core = self.lock();
        self.publish(&mut core);
        let mut now = self.clock.peek(read, core.latest);
        if !core.machine.is_overdue(now) {
            return look(&core.machine, now);
        }
        let mut machine = core.machine.clone();
        drop(core);
        machine.lapse(&mut Step { now: Now::at(&mut now), outbox: &mut Outbox::new() });
        if let Some(question) = machine.take_question().filter(|_| with_wait) {
            machine.answer(question, self.ask(question));
        }
        look(&machine, now)
    }
}
