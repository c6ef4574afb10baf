//! Recursions of joins: leaves that are lent to the halves, what is to come out of them, and what may not be whatever
//! the halves do.

use std::array;
use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use corepool::{Interrupted, Pool};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};

use crate::cast::{Count, Life, Outcome};

/// In programs whose every answer is known.
pub const MOST_LEAVES: usize = 8;

const PAUSE: Duration = Duration::from_micros(50);

/// Leaves, and how they are halved.
#[derive(Clone, Copy, Debug)]
pub struct Fork {
    shape: Shape,
    leaves: [Option<Leaf>; MOST_LEAVES],
}

/// How many leaves the first half gets.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Half,
    One,
    AllButOne,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    Return,
    /// Long enough for others to take halves.
    Pause,
    Panic,
    Checkpoint,
    /// A quick job whose handle is dropped, in the way of a burst.
    Submit,
}

/// What comes out of a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    Values([Option<Value>; MOST_LEAVES]),
    /// With what this leaf threw.
    Panicked(usize),
    Wrong(&'static str),
}

/// What a leaf returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Nothing,
    Checkpoint(Result<(), Interrupted>),
    Accepted(usize),
}

pub fn forks() -> impl Strategy<Value = Fork> {
    let leaf = prop_oneof![
        4 => Just(Leaf::Return),
        3 => Just(Leaf::Pause),
        2 => Just(Leaf::Panic),
        2 => Just(Leaf::Checkpoint),
        1 => Just(Leaf::Submit),
    ];
    (shape(), vec(leaf, 2..=MOST_LEAVES)).prop_map(|(shape, leaves)| Fork::new(shape, &leaves))
}

pub fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::Half), Just(Shape::One), Just(Shape::AllButOne)]
}

impl Fork {
    fn new(shape: Shape, leaves: &[Leaf]) -> Self {
        Self { shape, leaves: array::from_fn(|place| leaves.get(place).copied()) }
    }

    pub fn leaves(&self) -> impl Iterator<Item = Leaf> {
        self.leaves.into_iter().flatten()
    }

    pub fn submits(&self) -> bool {
        self.leaves().any(|leaf| leaf == Leaf::Submit)
    }

    /// With one leaf at the most that submits, as two would do so in any order, and none behind one that panics: whether
    /// those run is open. `None` at all if `may_submit` says so.
    pub fn made_exact(&self, mut may_submit: MaySubmit) -> Self {
        let leaves = self.leaves().map(|leaf| match leaf {
            Leaf::Submit => match std::mem::replace(&mut may_submit, MaySubmit::No) {
                MaySubmit::Yes => leaf,
                MaySubmit::No => Leaf::Return,
            },
            Leaf::Panic => {
                may_submit = MaySubmit::No;
                leaf
            }
            leaf => leaf,
        });
        Self::new(self.shape, &Vec::from_iter(leaves))
    }

    /// Joins on the real pool; `visit` does what a leaf does, but for its panic.
    pub fn play(&self, pool: &Pool, visit: impl Fn(Leaf) -> Value + Sync) -> Forked {
        let leaves: Vec<_> = self.leaves().collect();
        let first_panic = leaves.iter().position(|leaf| *leaf == Leaf::Panic);
        let visit = |_, leaf: &Leaf| (*leaf != Leaf::Panic).then(|| visit(*leaf));
        match join_all(pool, self.shape, &leaves, first_panic, visit) {
            Ok(Ok(values)) => Forked::Values(array::from_fn(|place| values.get(place).copied())),
            Ok(Err(leaf)) => Forked::Panicked(leaf),
            Err(what) => Forked::Wrong(what),
        }
    }
}

#[derive(Clone, Copy)]
pub enum MaySubmit {
    Yes,
    No,
}

/// On a busy machine a single turn may be enough.
pub fn pause() {
    let begin = Instant::now();
    while begin.elapsed() < PAUSE {
        thread::yield_now();
    }
}

/// What a leaf panics with.
struct Thrown {
    leaf: usize,
    _outcome: Outcome,
}

/// What all the halves of one recursion share.
struct Shared<'p, V> {
    pool: &'p Pool,
    shape: Shape,
    visit: V,
    begun: Vec<Count>,
    ended: Count,
    life: Arc<Life>,
}

/// Visits all leaves in a recursion of joins. Gives their values in order or, if some panic (`visit` gives `None`), the one
/// whose payload came out. An error is what may not be.
pub fn join_all<L, R, V>(
    pool: &Pool,
    shape: Shape,
    leaves: &[L],
    first_panic: Option<usize>,
    visit: V,
) -> Result<Result<Vec<R>, usize>, &'static str>
where
    L: Sync,
    R: Send,
    V: Fn(usize, &L) -> Option<R> + Sync,
{
    let begun = leaves.iter().map(|_| Count::default()).collect();
    let shared = Shared { pool, shape, visit, begun, ended: Count::default(), life: Arc::default() };
    let joined = catch_unwind(AssertUnwindSafe(|| shared.visit_all(leaves, 0)));
    shared.judge(first_panic)?;
    let joined = match joined {
        Ok(values) => Ok(values.into_iter().map(|(value, _)| value).collect()),
        Err(payload) => Err(payload.downcast::<Thrown>().map_err(|_| "a payload of nobody's came out")?.leaf),
    };
    let [_, _, outcomes, gone] = shared.life.read();
    if outcomes == gone { Ok(joined) } else { Err("a value or a payload is still there") }
}

impl<V> Shared<'_, V> {
    fn visit_all<L, R>(&self, leaves: &[L], first: usize) -> Vec<(R, Outcome)>
    where
        L: Sync,
        R: Send,
        V: Fn(usize, &L) -> Option<R> + Sync,
    {
        if let [leaf] = leaves {
            return vec![self.visit_one(leaf, first)];
        }
        let (lefts, rights) = leaves.split_at(match self.shape {
            Shape::Half => leaves.len() / 2,
            Shape::One => 1,
            Shape::AllButOne => leaves.len() - 1,
        });
        let second = first + lefts.len();
        let (mut values, others) = self.pool.join(|| self.visit_all(lefts, first), || self.visit_all(rights, second));
        values.extend(others);
        values
    }

    fn visit_one<L, R>(&self, leaf: &L, place: usize) -> (R, Outcome)
    where
        V: Fn(usize, &L) -> Option<R>,
    {
        self.begun[place].add();
        let value = (self.visit)(place, leaf);
        let outcome = Outcome::of(&self.life);
        self.ended.add();
        match value {
            Some(value) => (value, outcome),
            None => panic_any(Thrown { leaf: place, _outcome: outcome }),
        }
    }

    /// As the outermost join is over, before what came out of it goes.
    fn judge(&self, first_panic: Option<usize>) -> Result<(), &'static str> {
        let begun = self.begun.iter().map(Count::get);
        let must_begin = first_panic.map_or(self.begun.len(), |leaf| leaf + 1);
        let require = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
        require(begun.clone().all(|times| times <= 1), "a leaf ran twice")?;
        require(begun.clone().take(must_begin).all(|times| times == 1), "a leaf did not run")?;
        require(begun.sum::<usize>() == self.ended.get(), "a leaf still runs")?;
        let [_, _, outcomes, gone] = self.life.read();
        let left = if first_panic.is_some() { 1 } else { outcomes };
        require(outcomes - gone == left, "values or payloads are left beside the one that came out, or have gone")
    }
}

impl Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fork, {:?} first, {:?}", self.shape, Vec::from_iter(self.leaves()))
    }
}
