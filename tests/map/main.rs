//! `Pool::map` and `Pool::map_unordered`: a job for each item of an iterator.

#[path = "../common/mod.rs"]
mod common;

mod ends;
mod inside;
mod lazy;
mod manners;
mod panics;
mod room;

use corepool::{JobError, Pool};

type Outcome = Result<usize, JobError>;
/// Either kind of iterator.
type Outcomes = Box<dyn Iterator<Item = Outcome> + Send>;

/// Which of the two is called. What is true of both is tested with both.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Map,
    Unordered,
}

const BOTH: [Call; 2] = [Call::Map, Call::Unordered];

impl Call {
    fn on(
        self,
        pool: &Pool,
        window: usize,
        items: impl Iterator<Item = usize> + Send + 'static,
        f: impl Fn(usize) -> usize + Send + Sync + 'static,
    ) -> Outcomes {
        match self {
            Self::Map => Box::new(pool.map(items, f).buffered(window)),
            Self::Unordered => Box::new(pool.map_unordered(items, f).buffered(window)),
        }
    }
}

/// The values, of items that all have one; sorted, as they may come in any order.
fn sorted(outcomes: impl IntoIterator<Item = Outcome>) -> Vec<usize> {
    let mut values: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    values.sort_unstable();
    values
}

/// How many were aborted, of items that have a value or were.
fn aborted(outcomes: &[Outcome]) -> usize {
    let is_aborted = |outcome: &&Outcome| match outcome {
        Ok(_) => false,
        Err(JobError::Aborted) => true,
        Err(other) => panic!("{other}"),
    };
    outcomes.iter().filter(is_aborted).count()
}
