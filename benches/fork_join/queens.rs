//! The ways to place 12 queens: a tree whose branches end early or late.

use corepool_benches::peers::sizes;
use corepool_benches::rows::{Bench, Group};

use crate::peers::{Threads, rows};
use crate::task::{Fork, Task};

const SIZE: u32 = 12;
const WAYS: u64 = 14_200;
/// One for each choice between two sets of candidates.
const JOINS: u64 = 314_729;
const COLUMNS: u32 = (1 << SIZE) - 1;

/// The rows above have their queens; one of the candidates is for this row's. All are bits of columns.
#[derive(Clone, Copy)]
struct Queens {
    taken: u32,
    /// Attacked along the diagonals, from the right and from the left.
    from_right: u32,
    from_left: u32,
    candidates: u32,
}

impl Queens {
    const NONE: Self = Self { taken: 0, from_right: 0, from_left: 0, candidates: COLUMNS };

    /// The next row, with the queen of this one in the only candidate.
    fn placed(self) -> Self {
        let queen = self.candidates;
        let taken = self.taken | queen;
        let (from_right, from_left) = ((self.from_right | queen) << 1, (self.from_left | queen) >> 1);
        Self { taken, from_right, from_left, candidates: COLUMNS & !(taken | from_right | from_left) }
    }

    /// Some of the candidates here, the others there.
    fn halves(self) -> (Self, Self) {
        let half = self.candidates.count_ones() / 2;
        let rest = (0..half).fold(self.candidates, |rest, _| rest & (rest - 1));
        (Self { candidates: self.candidates & !rest, ..self }, Self { candidates: rest, ..self })
    }
}

impl Task for Queens {
    type Output = u64;

    fn run<F: Fork>(self, fork: F) -> u64 {
        match self.candidates.count_ones() {
            0 => u64::from(self.taken == COLUMNS),
            1 => self.placed().run(fork),
            _ => {
                let (some, others) = self.halves();
                let (a, b) = fork.join(some, others);
                a + b
            }
        }
    }
}

pub(crate) fn queens(bench: &mut dyn Bench) {
    for (name, workers) in sizes("queens") {
        let mut group = Group::new(name).jobs(JOINS);
        rows(&mut group, Threads::of(workers), || Queens::NONE, || WAYS);
        bench.measure(group);
    }
}
