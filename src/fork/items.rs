//! What can be cut in two anywhere: the items of a slice, or its chunks.

/// Some items in a row.
pub(crate) trait Items: Send + Sized {
    type Item;

    fn len(&self) -> usize;

    /// Those before the one at this index, and the others.
    fn cut(self, at: usize) -> (Self, Self);

    fn each(self) -> impl Iterator<Item = Self::Item>;
}

impl<'a, T: Sync> Items for &'a [T] {
    type Item = &'a T;

    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at(at)
    }

    fn each(self) -> impl Iterator<Item = &'a T> {
        self.iter()
    }
}

impl<'a, T: Send> Items for &'a mut [T] {
    type Item = &'a mut T;

    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }

    fn each(self) -> impl Iterator<Item = &'a mut T> {
        self.iter_mut()
    }
}

/// Pieces of a slice, each as long as the others but perhaps the last.
pub(crate) struct Chunks<'a, T> {
    items: &'a mut [T],
    /// Of a chunk.
    length: usize,
    /// The index of the first.
    first: usize,
}

impl<'a, T> Chunks<'a, T> {
    pub(crate) fn new(items: &'a mut [T], length: usize) -> Self {
        Self { items, length, first: 0 }
    }
}

impl<'a, T: Send> Items for Chunks<'a, T> {
    type Item = (usize, &'a mut [T]);

    fn len(&self) -> usize {
        self.items.len().div_ceil(self.length)
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let Self { items, length, first } = self;
        let end = items.len().min(at.saturating_mul(length));
        let (before, after) = items.split_at_mut(end);
        (Self { items: before, length, first }, Self { items: after, length, first: first + at })
    }

    fn each(self) -> impl Iterator<Item = Self::Item> {
        (self.first..).zip(self.items.chunks_mut(self.length))
    }
}
