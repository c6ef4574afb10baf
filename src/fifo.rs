//! The list under the queue and under the waiting line: first in, first out, and out of the middle in O(1).
//!
//! A doubly linked list whose nodes live in chunks and point at each other by index. Chunks never move, so growing
//! costs one allocation for every [`CHUNK`] values and never copies what is queued, and a value's key stays good
//! until the value leaves. Freed nodes are used again first; the memory of the deepest moment is kept.

use std::mem;

/// Where a value stands. Keys are used again, so a key alone proves nothing: compare what it leads to.
pub(crate) type Key = u32;

const NIL: Key = Key::MAX;
const CHUNK: usize = 512;

struct Node<T> {
    value: Option<T>,
    prev: Key,
    next: Key,
}

/// A FIFO list with removal by key.
///
/// Invariants: the nodes from `head` along `next` to `tail` hold `Some`, every other node holds `None` and stands in
/// the chain of free nodes from `free` along `next`; `prev` mirrors `next` in the list and means nothing in the chain.
pub(crate) struct Fifo<T> {
    chunks: Vec<Box<[Node<T>]>>,
    head: Key,
    tail: Key,
    free: Key,
    last_free: Key,
    len: u32,
}

impl<T> Fifo<T> {
    pub(crate) fn new() -> Self {
        Self { chunks: Vec::new(), head: NIL, tail: NIL, free: NIL, last_free: NIL, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// How many values it has had room for at once.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a value; returns its key and the value where it now lives.
    pub(crate) fn push_back(&mut self, value: T) -> (Key, &T) {
        if self.free == NIL {
            self.grow();
        }
        let (key, tail) = (self.free, self.tail);
        let node = self.node_mut(key);
        let next_free = mem::replace(&mut node.next, NIL);
        node.prev = tail;
        self.free = next_free;
        if next_free == NIL {
            self.last_free = NIL;
        }
        self.tail = key;
        match tail {
            NIL => self.head = key,
            tail => self.node_mut(tail).next = key,
        }
        self.len += 1;
        (key, self.node_mut(key).value.insert(value))
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.remove(self.head)
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let chunk = self.chunks.get(key as usize / CHUNK)?;
        chunk[key as usize % CHUNK].value.as_ref()
    }

    /// Takes out the value under `key`, wherever in the list it stands.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        let node = self.node_mut(key);
        let value = node.value.take();
        let (prev, next) = (node.prev, mem::replace(&mut node.next, NIL));
        match mem::replace(&mut self.last_free, key) {
            NIL => self.free = key,
            last => self.node_mut(last).next = key,
        }
        match prev {
            NIL => self.head = next,
            prev => self.node_mut(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => self.node_mut(next).prev = prev,
        }
        self.len -= 1;
        value
    }

    fn node_mut(&mut self, key: Key) -> &mut Node<T> {
        &mut self.chunks[key as usize / CHUNK][key as usize % CHUNK]
    }

    /// Adds a chunk of free nodes. Its bound is never met in practice: 2^32 queued jobs are some 400 GB of cells.
    fn grow(&mut self) {
        let first = self.chunks.len() * CHUNK;
        assert!(first + CHUNK < NIL as usize, "more than 2^32 - 513 jobs are queued");
        let node =
            |i: usize| Node { value: None, prev: NIL, next: if i + 1 < CHUNK { (first + i + 1) as Key } else { NIL } };
        self.chunks.push((0..CHUNK).map(node).collect());
        self.free = first as Key;
        self.last_free = (first + CHUNK - 1) as Key;
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Drives the list and a plain deque with the same pseudo-random steps and compares them after each.
    #[test]
    fn behaves_like_a_deque_with_removal_from_the_middle() {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        let mut list = Fifo::new();
        let mut model: VecDeque<(Key, u64)> = VecDeque::new();
        for step in 0..200_000_u64 {
            // Grows for a while, then shrinks, several times over, past the size of a chunk.
            let push_of_ten = if (step / 20_000) % 2 == 0 { 6 } else { 3 };
            match random(10) {
                roll if roll < push_of_ten => model.push_back((list.push_back(step).0, step)),
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
        }
        assert!(list.chunks.len() > 1, "the walk must have crossed a chunk");
        while let Some((_, value)) = model.pop_front() {
            assert_eq!(list.pop_front(), Some(value));
        }
        assert!(list.is_empty());
    }

    #[test]
    fn freed_nodes_are_used_again() {
        let mut list = Fifo::new();
        list.push_back(0);
        for value in 1..10 * CHUNK {
            list.push_back(value);
            list.pop_front();
        }
        assert_eq!(list.chunks.len(), 1);
    }

    #[test]
    fn a_key_out_of_range_finds_nothing() {
        let mut list = Fifo::<u8>::new();
        assert_eq!(list.get(0), None);
        assert_eq!(list.remove(NIL), None);
        assert_eq!(list.pop_front(), None);
    }
}
