//! Values that are made one after the other in the places where they are to stay. Unless all of them come to be made, those that
//! were are dropped.

use std::mem::{self, MaybeUninit};

use crate::base::panic::contain;

/// Makes so many values. `None` where `make` says so: then nothing is left of them.
pub(super) fn collect<R>(count: usize, make: impl FnOnce(&mut Made<'_, R>) -> Option<()>) -> Option<Vec<R>> {
    let mut values = Vec::with_capacity(count);
    let mut made = Made::none(&mut values.spare_capacity_mut()[..count]);
    make(&mut made)?;
    made.keep_all();
    // SAFETY: there is room for as many, and `keep_all` has found a value in each of these places, which nobody drops.
    unsafe { values.set_len(count) };
    Some(values)
}

/// A row of places, of which the first ones hold values.
pub(super) struct Made<'a, R> {
    places: &'a mut [MaybeUninit<R>],
    /// So many. Changes only with the values.
    count: usize,
}

impl<'a, R> Made<'a, R> {
    fn none(places: &'a mut [MaybeUninit<R>]) -> Self {
        Self { places, count: 0 }
    }

    /// Adds values while there are any, and places for them. `None` once one says so.
    #[inline]
    pub(super) fn extend(&mut self, values: impl Iterator<Item = Option<R>>) -> Option<()> {
        for (place, value) in self.places[self.count..].iter_mut().zip(values) {
            place.write(value?);
            self.count += 1;
        }
        Some(())
    }

    /// Has two others make all that is missing, the first one so many.
    pub(super) fn complete(
        &mut self,
        first: usize,
        make: impl FnOnce(&mut Made<'_, R>, &mut Made<'_, R>) -> Option<()>,
    ) -> Option<()> {
        let (left, right) = self.places[self.count..].split_at_mut(first);
        let (mut left, mut right) = (Made::none(left), Made::none(right));
        make(&mut left, &mut right)?;
        left.keep_all();
        right.keep_all();
        self.count = self.places.len();
        Some(())
    }

    /// Leaves the values where they are, one in each place.
    fn keep_all(self) {
        assert_eq!(self.count, self.places.len(), "a value is missing");
        mem::forget(self);
    }
}

impl<R> Drop for Made<'_, R> {
    fn drop(&mut self) {
        for place in &mut self.places[..self.count] {
            // SAFETY: the first `count` places hold values, which nobody else drops; and this is the last that is done with them.
            contain(|| unsafe { place.assume_init_drop() });
        }
    }
}
