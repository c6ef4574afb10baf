//! A merge sort in two buffers, between which the numbers go back and forth: nothing is allocated, and nothing copied but
//! by merging.

use crate::task::{Fork, Task};

/// So many numbers are sorted without a fork: they fit into a core's own cache.
const SORTED_ALONE: usize = 8_192;
/// So many are merged without one.
const MERGED_ALONE: usize = 16_384;
/// Steps that are not worth a loop of their own.
const FEW: usize = 8;

/// Where the sorted numbers are in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merged {
    IntoValues,
    IntoScratch,
}

/// Sorts the values, with scratch of the same length.
pub(crate) struct Sort<'a> {
    pub(crate) values: &'a mut [u64],
    pub(crate) scratch: &'a mut [u64],
    pub(crate) merged: Merged,
}

impl<'a> Sort<'a> {
    /// Each half, sorted into the buffer from which both are merged into the other.
    fn halves(values: &'a mut [u64], scratch: &'a mut [u64], merged: Merged) -> (Self, Self) {
        let middle = values.len() / 2;
        let ((a, b), (c, d)) = (values.split_at_mut(middle), scratch.split_at_mut(middle));
        let merged = match merged {
            Merged::IntoValues => Merged::IntoScratch,
            Merged::IntoScratch => Merged::IntoValues,
        };
        (Sort { values: a, scratch: c, merged }, Sort { values: b, scratch: d, merged })
    }
}

impl Task for Sort<'_> {
    type Output = ();

    fn run<F: Fork>(self, mut fork: F) {
        let Self { values, scratch, merged } = self;
        if values.len() <= SORTED_ALONE {
            values.sort_unstable();
            if merged == Merged::IntoScratch {
                scratch.copy_from_slice(values);
            }
            return;
        }
        let (left, right) = Sort::halves(values, scratch, merged);
        fork.reborrow().join(left, right);
        let (from, to) = match merged {
            Merged::IntoValues => (scratch, values),
            Merged::IntoScratch => (values, scratch),
        };
        let (left, right) = from.split_at(from.len() / 2);
        Merge { left, right, to }.run(fork);
    }
}

/// Both are sorted, and as long together as what they are merged into.
struct Merge<'a> {
    left: &'a [u64],
    right: &'a [u64],
    to: &'a mut [u64],
}

impl<'a> Merge<'a> {
    /// What is below the middle of the longer one, and what is not.
    fn halves(self) -> (Self, Self) {
        let Self { left, right, to } = self;
        let (long, short) = if left.len() < right.len() { (right, left) } else { (left, right) };
        let middle = long.len() / 2;
        let (low, high) = long.split_at(middle);
        let (short_low, short_high) = short.split_at(short.partition_point(|value| *value < high[0]));
        let (to_low, to_high) = to.split_at_mut(low.len() + short_low.len());
        (Merge { left: low, right: short_low, to: to_low }, Merge { left: high, right: short_high, to: to_high })
    }

    /// From both ends at once, which keep a core busier than one.
    fn alone(mut self) {
        loop {
            // So many steps cannot use up either of them, even if both ends take all from the same one.
            let steps = self.left.len().min(self.right.len()) / 2;
            if steps < FEW {
                return self.last();
            }
            self = self.after(steps);
        }
    }

    /// Merges so many from the front and as many from the back; what is left. Without a branch on the numbers, which
    /// could not be predicted.
    fn after(self, steps: usize) -> Self {
        let Self { left, right, to } = self;
        let (mut l, mut r) = (0, 0);
        let (mut left_end, mut right_end) = (left.len(), right.len());
        let (front, rest) = to.split_at_mut(steps);
        let (to, back) = rest.split_at_mut(rest.len() - steps);
        for (low, high) in front.iter_mut().zip(back.iter_mut().rev()) {
            let (a, b) = (left[l], right[r]);
            let is_right = b < a;
            *low = if is_right { b } else { a };
            l += usize::from(!is_right);
            r += usize::from(is_right);

            let (a, b) = (left[left_end - 1], right[right_end - 1]);
            let is_left = b < a;
            *high = if is_left { a } else { b };
            left_end -= usize::from(is_left);
            right_end -= usize::from(!is_left);
        }
        Merge { left: &left[l..left_end], right: &right[r..right_end], to }
    }

    /// The few that are left of one of them, or all of the other.
    fn last(self) {
        let Self { mut left, mut right, to } = self;
        for next in to {
            let from = match (left, right) {
                ([a, ..], [b, ..]) if b < a => &mut right,
                ([], _) => &mut right,
                _ => &mut left,
            };
            *next = from[0];
            *from = &from[1..];
        }
    }
}

impl Task for Merge<'_> {
    type Output = ();

    fn run<F: Fork>(self, fork: F) {
        if self.to.len() <= MERGED_ALONE {
            return self.alone();
        }
        let (low, high) = self.halves();
        fork.join(low, high);
    }
}
