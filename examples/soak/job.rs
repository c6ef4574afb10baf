//! What the closures do on the workers: return, panic, burst, nest.

use std::hint;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use corepool::{Pool, Shutdown, WaitError, checkpoint};
use fastrand::Rng;

use crate::ledger::{Fate, Record};
use crate::plan::{Plan, Rejection, Verb, Work};
use crate::submitter::{Later, Pending, Submitter};

pub struct Job {
    pub record: Arc<Record>,
    pub work: Work,
    pub depth: u8,
    pub seed: u64,
    pub burst: Burst,
    /// Only of a job that uses it: it may become the last to hold its pool.
    pub submitter: Option<Submitter>,
    pub later: Option<Arc<Later>>,
}

/// What a job returns, or panics with.
pub struct Output {
    pub record: Arc<Record>,
    _burst: Burst,
}

/// What all other panics of this program carry. Of no size: where a pool forgets it, as it does with what a destructor
/// throws, no memory is lost.
struct Expected;

/// A destructor that panics, but for while a panic unwinds, where that would end the process.
pub struct Burst(pub bool);

impl Drop for Burst {
    fn drop(&mut self) {
        if self.0 && !thread::panicking() {
            panic::panic_any(Expected);
        }
    }
}

/// Contains what bursts in the hands of somebody who is no pool, the payload of that included.
pub fn contain(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // A bursting payload throws one that does not.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    }
}

/// Keeps the panics of this program off stderr, and no others.
pub fn silence_expected_panics() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Expected>() && !info.payload().is::<Output>() {
            default(info);
        }
    }));
}

impl Job {
    pub fn run(self) -> Output {
        match (self.work, &self.submitter) {
            (Work::Return | Work::BurstingValue | Work::BurstingClosure | Work::JoiningClosure, _) => {}
            (Work::Busy(turns), _) => (0..turns).for_each(|_| hint::spin_loop()),
            (Work::Checkpoints, _) => {
                if let Some(why) = (0..100).find_map(|_| checkpoint().inspect(|()| hint::spin_loop()).err()) {
                    self.record.told(why);
                }
            }
            (Work::Panic, _) => {
                self.record.ran(Fate::Panicked);
                panic::panic_any(Expected);
            }
            (Work::PanicWithValue | Work::PanicWithBurstingValue, _) => {
                self.record.ran(Fate::Panicked);
                panic::panic_any(self.output());
            }
            (Work::Nest | Work::NestElsewhere, Some(submitter)) => self.nest(submitter),
            (Work::WaitForItself, Some(submitter)) => self.wait_for_itself(&submitter.subject.pool),
            (Work::CancelToken, Some(submitter)) => submitter.token.cancel(),
            (_, None) => self.record.books.check(false),
        }
        let output = self.output();
        let Self { record, burst, later, .. } = self;
        drop(later);
        record.ran(if burst.0 { Fate::Panicked } else { Fate::Returned });
        // Not at the very end of the closure: what it returns then leaks, by a flaw of the language (rust#47949).
        drop(burst);
        output
    }

    fn output(&self) -> Output {
        let bursts = matches!(self.work, Work::BurstingValue | Work::PanicWithBurstingValue);
        Output { record: Arc::clone(&self.record), _burst: Burst(bursts) }
    }

    /// The children may have children of their own.
    fn nest(&self, submitter: &Submitter) {
        let mut rng = Rng::with_seed(self.seed);
        let mut children = Vec::new();
        for _ in 0..rng.u8(1..4) {
            let mut plan = Plan::draw(&mut rng, self.depth + 1);
            if matches!(self.work, Work::NestElsewhere) {
                // Two pools whose jobs wait for room in each other would wait for ever.
                plan = Plan { verb: Verb::Try, rejection: Rejection::Drop, ..plan };
            }
            children.extend(submitter.submit(&plan));
        }
        children.into_iter().for_each(Pending::see_to_inside);
    }

    fn wait_for_itself(&self, pool: &Pool) {
        let answers = [pool.wait_idle(None), pool.shutdown(Shutdown::Abort, None).map(drop)];
        self.record.books.check(answers == [Err(WaitError::WouldDeadlock); 2]);
    }
}
