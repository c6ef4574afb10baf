//! What comes out of joins: the halves are part of who joins, and no jobs.

use std::array;

use super::{Phase, Plain};
use crate::answer::Answer;
use crate::fork::{Fork, Forked, Leaf, MaySubmit, Value};
use crate::program::{By, Id, Options};

impl Plain {
    /// Who is no job may run a half on a worker, which a pool that drains takes jobs from.
    pub fn meant(&self, by: By<Id>, fork: Fork) -> Fork {
        let is_sure = by != By::Outsider || self.phase == Phase::Open;
        fork.made_exact(if is_sure { MaySubmit::Yes } else { MaySubmit::No })
    }

    pub(super) fn fork(&mut self, by: By<Id>, fork: Fork) -> Forked {
        let mut values = Vec::new();
        for (place, leaf) in fork.leaves().enumerate() {
            values.push(match leaf {
                Leaf::Return | Leaf::Pause => Value::Nothing,
                Leaf::Panic => return Forked::Panicked(place),
                Leaf::Checkpoint => Value::Checkpoint(self.checkpoint(by)),
                Leaf::Submit => match self.burst(by, Options::default(), 1) {
                    Answer::AcceptedOf(jobs) => Value::Accepted(jobs),
                    answer => unreachable!("a burst does not answer {answer:?}"),
                },
            });
        }
        Forked::Values(array::from_fn(|place| values.get(place).copied()))
    }
}
