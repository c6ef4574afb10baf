//! What the closures do on the workers: return, panic, burst, nest, fork, open scopes, map, fill sets.

use std::hint;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use corepool::checkpoint;
use fastrand::Rng;

use super::fork::{Thrown, fork};
use super::ledger::{Fate, Record};
use super::map::map;
use super::pending::Pending;
use super::scope::scope;
use super::set::set;
use super::submitter::{Submitter, Verb};

/// Jobs nest no deeper.
pub const DEEPEST: u8 = 3;

pub type Closure = Box<dyn FnOnce() -> Output + Send>;
/// What a closure does before it returns.
pub type Work = Box<dyn FnOnce(&Arc<Record>) + Send>;

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
        let payload = info.payload();
        if !payload.is::<Expected>() && !payload.is::<Output>() && !payload.is::<Thrown>() {
            default(info);
        }
    }));
}

/// The closure of a job: after its work it returns a value, and some values burst.
pub fn closure(record: &Arc<Record>, work: Work, rng: &mut Rng) -> Closure {
    let (record, bursts) = (Arc::clone(record), rng.u8(..16) == 0);
    Box::new(move || {
        work(&record);
        record.ran(Fate::Returned);
        Output { record, _burst: Burst(bursts) }
    })
}

/// Only work that needs its submitter holds on to it: a job may become the last to hold its pool.
pub fn draw_work(submitter: &Submitter, rng: &mut Rng, depth: u8) -> Work {
    let mut own_rng = rng.fork();
    match rng.u16(..1_000) {
        0..300 => Box::new(move |_| spin(own_rng.u16(..300))),
        300..305 => Box::new(|_| spin(5_000)),
        305..340 => Box::new(check_for_a_while),
        340..410 => Box::new(move |record| panic(record, &mut own_rng)),
        // What it has captured bursts: at the end of the work, or when it is dropped unrun.
        410..450 => {
            let burst = Burst(true);
            Box::new(move |record| {
                record.ran(Fate::Panicked);
                drop(burst);
            })
        }
        450..500 if depth < DEEPEST => {
            let submitter = submitter.clone();
            Box::new(move |_| nest(&submitter, &mut own_rng, depth))
        }
        500 => {
            let token = submitter.token.clone();
            Box::new(move |_| token.cancel())
        }
        501..511 => fork(submitter.clone(), own_rng, depth),
        511..521 if depth < DEEPEST => scope(submitter.clone(), own_rng, depth),
        521..531 if depth < DEEPEST => map(submitter.clone(), own_rng, depth),
        531..541 if depth < DEEPEST => set(submitter.clone(), own_rng, depth),
        _ => Box::new(|_| {}),
    }
}

fn spin(turns: u16) {
    (0..turns).for_each(|_| hint::spin_loop());
}

fn check_for_a_while(record: &Arc<Record>) {
    if let Some(why) = (0..100).find_map(|_| checkpoint().inspect(|()| hint::spin_loop()).err()) {
        record.told(why);
    }
}

fn panic(record: &Arc<Record>, rng: &mut Rng) {
    record.ran(Fate::Panicked);
    if rng.bool() {
        throw();
    }
    panic::panic_any(Output { record: Arc::clone(record), _burst: Burst(rng.bool()) });
}

/// Panics with what is nobody's.
pub fn throw() -> ! {
    panic::panic_any(Expected);
}

/// Submits and joins some jobs, which may do so in turn.
pub fn nest(submitter: &Submitter, rng: &mut Rng, depth: u8) {
    let turned = (rng.u8(..5) == 0).then(|| submitter.turned());
    let (submitter, verb) = match &turned {
        None => (submitter, None),
        // Two pools whose jobs wait for room in each other would wait for ever.
        Some(turned) => (turned, Some(Verb::Try)),
    };
    let children: Vec<_> = (0..rng.u8(1..4)).filter_map(|_| submitter.submit(rng.fork(), depth + 1, verb)).collect();
    children.into_iter().for_each(Pending::see_to_inside);
}
