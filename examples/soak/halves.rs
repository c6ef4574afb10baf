//! What a recursion of joins is about: leaves that are lent to the halves, and a sum of them that each half returns.

use std::mem;
use std::slice;
use std::sync::Arc;

use fastrand::Rng;

use super::ledger::Record;

/// A recursion has fewer leaves than two to the power of this.
pub const DEEPEST: u32 = 9;

/// What is lent to the halves.
pub struct Leaf {
    value: u64,
    is_visited: bool,
}

/// What a half returns: it differs if leaves are missing, or change places.
pub struct Sum {
    pub checksum: u64,
    pub leaves: usize,
    /// So that a value which is lost leaves its record open.
    _record: Arc<Record>,
}

/// Where a half stands in its recursion: these are in the order in which one thread would come to them.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    first_leaf: usize,
    depth: u32,
}

impl Leaf {
    pub fn draw(rng: &mut Rng) -> Self {
        Self { value: rng.u64(..), is_visited: false }
    }

    pub fn is_visited(&self) -> bool {
        self.is_visited
    }

    /// For whom it is lent to. Nobody else may have come to it before.
    pub fn visit(&mut self, record: &Arc<Record>) -> Sum {
        record.books.check(!mem::replace(&mut self.is_visited, true));
        Sum::of(slice::from_ref(self), record)
    }
}

impl Place {
    /// Of one half out of those of so many leaves: at that depth, or of the leaf itself if this is reached before.
    pub fn draw(rng: &mut Rng, leaves: usize) -> Self {
        let (leaf, deepest) = (rng.usize(..leaves), rng.u32(..=DEEPEST));
        let (mut place, mut leaves) = (Self::default(), leaves);
        while leaves > 1 && place.depth < deepest {
            let [left, right] = place.halves(leaves);
            let is_left = leaf < right.first_leaf;
            leaves = if is_left { leaves / 2 } else { leaves - leaves / 2 };
            place = if is_left { left } else { right };
        }
        place
    }

    pub fn halves(self, leaves: usize) -> [Self; 2] {
        let depth = self.depth + 1;
        [self.first_leaf, self.first_leaf + leaves / 2].map(|first_leaf| Self { first_leaf, depth })
    }
}

impl Sum {
    pub fn of(leaves: &[Leaf], record: &Arc<Record>) -> Self {
        let sum = Self { checksum: 0, leaves: 0, _record: Arc::clone(record) };
        leaves.iter().fold(sum, |sum, leaf| sum.then(leaf.value, 1))
    }

    pub fn then(self, checksum: u64, leaves: usize) -> Self {
        const BASE: u64 = 0x9E37_79B9_7F4A_7C15;
        let shifted = self.checksum.wrapping_mul(BASE.wrapping_pow(leaves as u32));
        Self { checksum: shifted.wrapping_add(checksum), leaves: self.leaves + leaves, ..self }
    }
}
