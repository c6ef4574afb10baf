//! What the closures do on the workers: return, panic, burst, nest.

use std::hint;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::thread;

use corepool::{CancelToken, Shutdown, WaitError, checkpoint, current_worker};
use fastrand::Rng;

use crate::joined::JoinsWhenDropped;
use crate::ledger::{Fate, Receipt, Ticket};
use crate::plan::{Payload, Plan, Rejection, Verb, Work};
use crate::submitter::{Subject, Submitter};

pub(crate) struct Job {
    pub(crate) ticket: Ticket,
    pub(crate) burst: Burst,
    pub(crate) work: Work,
    pub(crate) depth: u8,
    pub(crate) seed: u64,
    /// Only of a job that uses its pool: it may become the last to hold it.
    pub(crate) subject: Option<Subject>,
    pub(crate) elsewhere: Option<Subject>,
    pub(crate) token: Option<CancelToken>,
    pub(crate) joined: Option<JoinsWhenDropped>,
}

/// What a job returns.
pub(crate) struct Output {
    pub(crate) receipt: Receipt,
    _burst: Burst,
}

/// What all panics of this program carry. Of no size: where a pool forgets it, as it does with what a destructor throws,
/// no memory is lost.
pub(crate) struct Expected;

/// A destructor that panics, but for while a panic unwinds, where that would end the process.
pub(crate) struct Burst(pub bool);

impl Drop for Burst {
    fn drop(&mut self) {
        if self.0 && !thread::panicking() {
            panic::panic_any(Expected);
        }
    }
}

/// A payload that is counted, and may burst.
struct Thrown {
    _receipt: Receipt,
    _burst: Burst,
}

/// Contains what bursts in the hands of somebody who is no pool, the payload of that included.
pub(crate) fn contain(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // A bursting payload throws one that does not.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    }
}

/// Keeps the panics of this program off stderr, and no others.
pub(crate) fn silence_expected_panics() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        if !payload.is::<Expected>() && !payload.is::<Thrown>() {
            default(info);
        }
    }));
}

impl Job {
    pub(crate) fn run(self) -> Output {
        let work = self.work;
        self.ticket.begin();
        match work {
            Work::Busy(turns) => (0..turns).for_each(|_| hint::spin_loop()),
            Work::Checkpoints => self.run_until_told(),
            Work::Panic(payload) => self.panic(payload),
            Work::Nest | Work::NestElsewhere => self.nest(),
            Work::WaitForItself => self.wait_for_itself(),
            Work::CancelToken => self.token.iter().for_each(CancelToken::cancel),
            Work::Return | Work::BurstingValue | Work::BurstingClosure | Work::JoiningClosure => {}
        }
        let Self { ticket, burst, joined, .. } = self;
        drop(joined);
        let output = Output { receipt: ticket.receipt(), _burst: Burst(matches!(work, Work::BurstingValue)) };
        ticket.end(if burst.0 { Fate::Panicked } else { Fate::Returned });
        // Not at the very end of the closure: what it returns then leaks, by a flaw of the language (rust#47949).
        drop(burst);
        output
    }

    fn run_until_told(&self) {
        for _ in 0..100 {
            if let Err(why) = checkpoint() {
                if !self.ticket.may_be_told(why) {
                    self.ticket.wrong();
                }
                return;
            }
            hint::spin_loop();
        }
    }

    fn panic(&self, payload: Payload) -> ! {
        let bursts = match payload {
            Payload::Expected => {
                self.ticket.end(Fate::Panicked);
                panic::panic_any(Expected);
            }
            Payload::Value => false,
            Payload::Bursting => true,
        };
        let thrown = Thrown { _receipt: self.ticket.receipt(), _burst: Burst(bursts) };
        self.ticket.end(Fate::Panicked);
        panic::panic_any(thrown)
    }

    /// The children may have children of their own.
    fn nest(&self) {
        let (Some(own), Some(other), Some(token)) = (&self.subject, &self.elsewhere, &self.token) else {
            return self.ticket.wrong();
        };
        let mut rng = Rng::with_seed(self.seed);
        let is_elsewhere = matches!(self.work, Work::NestElsewhere);
        let (subject, elsewhere) = if is_elsewhere { (other, own) } else { (own, other) };
        let submitter = Submitter { subject, elsewhere, token };
        let draw = |rng: &mut Rng| {
            let plan = Plan::draw(rng, self.depth + 1);
            // Two pools whose jobs wait for room in each other would wait for ever.
            if is_elsewhere { Plan { verb: Verb::Try, rejection: Rejection::Drop, ..plan } } else { plan }
        };
        let children: Vec<_> = (0..rng.u8(1..4)).filter_map(|_| submitter.submit(&draw(&mut rng))).collect();
        for child in children {
            child.see_to_inside();
        }
    }

    fn wait_for_itself(&self) {
        let Some(Subject { pool, .. }) = &self.subject else { return self.ticket.wrong() };
        // Handed back and called outside of the pool, it would really wait.
        if current_worker().is_none() {
            return;
        }
        let rejected = [pool.wait_idle(None), pool.shutdown(Shutdown::Abort, None).map(drop)];
        if rejected != [Err(WaitError::WouldDeadlock); 2] {
            self.ticket.wrong();
        }
    }
}
