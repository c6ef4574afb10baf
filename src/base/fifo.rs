//! The list under the queue and under the waiting line: first in, first out, and out of the middle in O(1).
//!
//! An unrolled linked list: a doubly linked list of chunks, each a row of places that are filled in order.
//!
//! ```text
//!     head: the first value                                tail: the next place
//!       v                                                    v
//!   [ . a b . c d ] <--> [ e . f g h i ] <--> [ j k l . m    _ ]
//!         ^ taken out of the middle
//! ```
//!
//! So a value takes no more than its place, whose number is its key and stays good until it leaves. A chunk is filled anew only once
//! it is without values; then it goes back to the allocator, but for one, so that a list that breathes around a chunk's edge
//! keeps its chunks. In the worst case one value keeps a whole chunk: who appends to a list that [is sparse](Fifo::is_sparse) may
//! begin a new one.

use std::iter;
use std::mem;

use slab::Slab;

/// Where a value stands. Keys are used again, so a key alone proves nothing: compare what it leads to.
pub(crate) type Key = u32;

const NIL: Key = Key::MAX;
/// For lists that grow long: with 64 places a burst of jobs takes a sixth longer.
const LARGE_CHUNK: usize = 512;
/// Once it has had more places than this at a time, a list begins anew when the last value leaves: it gives back what it knew of its
/// chunks, and its keys are small again.
const KEPT: usize = 2_048;

/// A row of places. Each chunk of the list holds a value, but for the last, which may be without any.
///
/// Who pushes writes nothing here but the place: what else there is belongs to whoever takes values out, mostly on another core.
#[derive(Clone, Debug)]
struct Chunk<T, const PLACES: usize> {
    /// Places that values have left.
    left: u32,
    /// Its neighbours.
    prev: u32,
    next: u32,
    places: [Option<T>; PLACES],
}

/// A FIFO list with removal by key. Laid out as declared: what every push and pop touches comes first.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Fifo<T, const PLACES: usize = LARGE_CHUNK> {
    /// The key of the first value, where there is one.
    head: Key,
    /// The key of the next value to be appended, unless that needs another chunk: then the place after the last of a chunk.
    tail: Key,
    len: u32,
    /// The chunk that values are appended to.
    last: u32,
    /// By the upper part of the key.
    chunks: Slab<Box<Chunk<T, PLACES>>>,
    /// A chunk that is not of the list.
    spare: u32,
}

impl<T, const PLACES: usize> Fifo<T, PLACES> {
    pub(crate) fn new() -> Self {
        Self { head: NIL, tail: 0, len: 0, last: NIL, chunks: Slab::new(), spare: NIL }
    }

    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the next value needs another chunk although the places of the others are mostly empty.
    #[inline]
    pub(crate) fn is_sparse(&self) -> bool {
        self.tail == Self::end_of(self.last) && self.chunks.len() * PLACES > Self::SPARSE * (self.len() + PLACES)
    }

    /// The key of the next value to be appended.
    #[inline]
    pub(crate) fn next_key(&mut self) -> Key {
        if self.tail == Self::end_of(self.last) {
            self.append_chunk();
        }
        self.tail
    }

    /// Appends a value under [`next_key`](Self::next_key), which it returns.
    #[inline]
    pub(crate) fn push_back(&mut self, value: T) -> Key {
        let key = self.next_key();
        let place = &mut self.chunks[self.last as usize].places[Self::place_of(key)];
        let empty = place.replace(value);
        debug_assert!(empty.is_none());
        // Spares the look at it, for which the value would go through the stack.
        mem::forget(empty);
        self.tail = key + 1;
        if self.len == 0 {
            self.head = key;
        }
        self.len += 1;
        key
    }

    /// The oldest value.
    pub(crate) fn front(&self) -> Option<&T> {
        self.get(self.front_key()?)
    }

    /// The key of the oldest value.
    pub(crate) fn front_key(&self) -> Option<Key> {
        (self.len > 0).then_some(self.head)
    }

    /// The key of the value that came after that under `key`.
    pub(crate) fn after(&self, key: Key) -> Option<Key> {
        self.get(key)?;
        self.first_after(key)
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.remove(self.front_key()?)
    }

    /// All values, oldest first.
    pub(crate) fn into_values(mut self) -> impl Iterator<Item = T> {
        iter::from_fn(move || self.pop_front())
    }

    /// Looks at all values, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        iter::successors(self.front_key(), |key| self.after(*key)).filter_map(|key| self.get(key))
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.chunks.get(Self::chunk_of(key) as usize)?.places[Self::place_of(key)].as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.chunks.get_mut(Self::chunk_of(key) as usize)?.places[Self::place_of(key)].as_mut()
    }

    /// Takes out the value under `key`, wherever in the list it stands.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let index = Self::chunk_of(key);
        let chunk = self.chunks.get_mut(index as usize)?;
        let value = chunk.places[Self::place_of(key)].take()?;
        chunk.left += 1;
        let used = if index == self.last { self.tail - Self::start_of(index) } else { PLACES as u32 };
        let is_spent = chunk.left == used;
        self.len -= 1;
        if key == self.head && self.len > 0 {
            // Before its chunk leaves the list.
            self.head = self.first_after(key).expect("a value is left, and none before this one");
        }
        if is_spent {
            self.see_to_spent(index);
        }
        Some(value)
    }

    /// The key of the first value in a place after this one.
    #[inline]
    fn first_after(&self, key: Key) -> Option<Key> {
        let chunk = &self.chunks[Self::chunk_of(key) as usize];
        match chunk.places[Self::place_of(key) + 1..].iter().position(Option::is_some) {
            Some(distance) => Some(key + 1 + distance as Key),
            None => {
                let place = self.chunks.get(chunk.next as usize)?.places.iter().position(Option::is_some)?;
                Some(Self::start_of(chunk.next) + place as Key)
            }
        }
    }

    /// After the last value of a chunk has left. The chunk leaves the list, unless it is the last: that one is filled anew.
    fn see_to_spent(&mut self, index: u32) {
        if self.len == 0 && self.chunks.capacity() * PLACES > KEPT {
            *self = Self::new();
            return;
        }
        self.chunks[index as usize].left = 0;
        if index == self.last {
            self.tail = Self::start_of(index);
        } else {
            self.leave(index);
        }
    }

    /// A chunk without values, which is not the last, leaves the list.
    fn leave(&mut self, index: u32) {
        let Chunk { prev, next, .. } = *self.chunks[index as usize];
        if let Some(before) = self.chunks.get_mut(prev as usize) {
            before.next = next;
        }
        self.chunks[next as usize].prev = prev;
        if self.spare == NIL {
            self.spare = index;
        } else {
            self.chunks.remove(index as usize);
        }
    }

    /// Has the next value go to another chunk. The bound on these is never met in practice: 2^32 queued jobs are some 400 GB.
    #[cold]
    fn append_chunk(&mut self) {
        let index = match mem::replace(&mut self.spare, NIL) {
            NIL => {
                self.chunks.insert(Box::new(Chunk { left: 0, prev: NIL, next: NIL, places: [const { None }; PLACES] }))
            }
            spare => spare as usize,
        };
        assert!((index + 1) * PLACES < NIL as usize, "more than 2^32 - {PLACES} jobs are queued");
        let index = index as u32;
        let prev = mem::replace(&mut self.last, index);
        if let Some(before) = self.chunks.get_mut(prev as usize) {
            before.next = index;
        }
        let chunk = &mut self.chunks[index as usize];
        (chunk.prev, chunk.next) = (prev, NIL);
        self.tail = Self::start_of(index);
    }

    /// So many places for each value are too many.
    const SPARSE: usize = 4;

    const fn chunk_of(key: Key) -> u32 {
        key / PLACES as u32
    }

    const fn place_of(key: Key) -> usize {
        key as usize % PLACES
    }

    const fn start_of(chunk: u32) -> Key {
        chunk * PLACES as u32
    }

    /// The place after the last of a chunk; 0 for `NIL`.
    const fn end_of(chunk: u32) -> Key {
        chunk.wrapping_add(1) * PLACES as u32
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;
    use crate::base::random::numbers;
    use std::collections::VecDeque;

    const CHUNK: usize = LARGE_CHUNK;
    type Fifo<T> = super::Fifo<T, CHUNK>;

    /// Drives the list and a plain deque with the same pseudo-random steps and compares them after each.
    #[test]
    fn behaves_like_a_deque_with_removal_from_the_middle() {
        let mut random = numbers();
        let mut list = Fifo::new();
        let mut model: VecDeque<(Key, u64)> = VecDeque::new();
        let mut most_chunks = 0;
        for step in 0..200_000_u64 {
            // Grows for a while, then shrinks, several times over, past the size of a chunk.
            let push_of_ten = if (step / 20_000) % 2 == 0 { 6 } else { 3 };
            match random(10) {
                roll if roll < push_of_ten => model.push_back((list.push_back(step), step)),
                roll if roll % 2 == 0 => {
                    assert_eq!(list.pop_front(), model.pop_front().map(|(_, value)| value));
                }
                _ if !model.is_empty() => {
                    let (key, value) = model.remove(random(model.len())).expect("index is in range");
                    assert_eq!(list.get(key), Some(&value));
                    assert_eq!(list.remove(key), Some(value));
                    assert_eq!(list.remove(key), None, "a value leaves once");
                }
                _ => assert_eq!(list.pop_front(), None),
            }
            assert_eq!(list.len(), model.len());
            most_chunks = most_chunks.max(list.chunks.len());
            if step % 1_000 == 0 {
                assert!(list.iter().eq(model.iter().map(|(_, value)| value)));
                assert_eq!(list.front(), model.front().map(|(_, value)| value));
                let mut keys = model.iter().map(|(key, _)| *key);
                let first = keys.next();
                assert!(iter::successors(first.and_then(|key| list.after(key)), |key| list.after(*key)).eq(keys));
            }
        }
        assert!(most_chunks > 2, "the walk must have crossed chunks");
        while let Some((_, value)) = model.pop_front() {
            assert_eq!(list.pop_front(), Some(value));
        }
        assert!(list.is_empty());
    }

    #[test]
    fn chunks_are_used_again() {
        let mut list = Fifo::new();
        list.push_back(0);
        for value in 1..10 * CHUNK {
            list.push_back(value);
            list.pop_front();
            assert!(list.chunks.len() <= 2, "one holds the value, and one is spare");
        }
        assert!(list.chunks.capacity() <= 4);
    }

    #[test]
    fn memory_shrinks_with_the_list() {
        let mut list = Fifo::new();
        for round in 0..3 {
            let keys: Vec<Key> = (0..10 * CHUNK).map(|value| list.push_back(value)).collect();
            assert_eq!(list.chunks.len(), 10);
            // Alternately in order and in the reverse order.
            while list.len() > CHUNK / 2 {
                match round {
                    1 => list.remove(keys[list.len() - 1]),
                    _ => list.pop_front(),
                };
                // The last, and a spare one.
                assert!(list.chunks.len() <= list.len().div_ceil(CHUNK) + 2);
            }
            while list.pop_front().is_some() {}
            assert_eq!(list.chunks.capacity(), 0, "a flood leaves nothing");
            assert_eq!(list.next_key(), 0);
        }
    }

    #[test]
    fn what_leaves_from_among_others_leaves_no_chunk_behind() {
        let mut list = Fifo::new();
        list.push_back(0);
        let mut window = VecDeque::new();
        for value in 1..100 * CHUNK {
            window.push_back(list.push_back(value));
            if window.len() > CHUNK {
                assert!(list.remove(window.pop_front().expect("it is long enough")).is_some());
                assert!(list.chunks.len() <= 5);
            }
        }
        assert_eq!(list.pop_front(), Some(0));
        assert_eq!(list.front_key(), window.pop_front());
    }

    #[test]
    fn a_list_at_the_edge_of_a_chunk_keeps_its_chunks() {
        let mut list = Fifo::new();
        for value in 0..CHUNK {
            list.push_back(value);
        }
        let edge = list.push_back(CHUNK);
        list.remove(edge);
        for value in 0..100 {
            let key = list.push_back(value);
            assert_eq!(key, edge);
            list.remove(key);
            assert_eq!(list.chunks.len(), 2);
        }
    }

    #[test]
    fn a_key_out_of_range_finds_nothing() {
        let mut list = Fifo::<u8>::new();
        assert_eq!(list.get(0), None);
        assert_eq!(list.remove(NIL), None);
        assert_eq!(list.pop_front(), None);
    }
}
