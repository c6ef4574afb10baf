//! The list under the queue and under the waiting line: first in, first out, and out of the middle in O(1).
//!
//! A doubly linked list whose nodes live in chunks and point at each other by index. Chunks never move while they are in
//! use, so growing costs one allocation for every [`CHUNK`] values and never copies what is queued, and a value's key
//! stays good until the value leaves. A chunk that runs empty goes back to the allocator, unless it is the last one
//! with a free node, so that a list that breathes around a chunk's edge does not allocate each time.

use std::iter;
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

/// Invariants: `live` nodes hold `Some`; the others hold `None` and stand in the chain from `free` along `next` to
/// `last_free`. The chain is first in, first out, so that values that leave in order are followed by values in order.
struct Chunk<T> {
    nodes: Box<[Node<T>]>,
    free: Key,
    last_free: Key,
    live: usize,
    /// Where `roomy` lists this chunk, if it has a free node.
    listed: Option<usize>,
}

/// A FIFO list with removal by key.
///
/// Invariants: the nodes from `head` along `next` to `tail` hold `Some`, every other node holds `None`; `prev` mirrors
/// `next`.
pub(crate) struct Fifo<T> {
    /// By the upper part of the key.
    chunks: Vec<Option<Chunk<T>>>,
    /// Chunks with a free node; the last one is filled next.
    roomy: Vec<usize>,
    /// Places in `chunks` that hold none.
    vacant: Vec<usize>,
    head: Key,
    tail: Key,
    len: usize,
}

impl<T> Fifo<T> {
    pub(crate) fn new() -> Self {
        Self { chunks: Vec::new(), roomy: Vec::new(), vacant: Vec::new(), head: NIL, tail: NIL, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a value; returns its key and the value where it now lives.
    pub(crate) fn push_back(&mut self, value: T) -> (Key, &T) {
        let key = self.take_free();
        let tail = mem::replace(&mut self.tail, key);
        match tail {
            NIL => self.head = key,
            tail => self.node_mut(tail).next = key,
        }
        self.len += 1;
        let node = self.node_mut(key);
        (node.prev, node.next) = (tail, NIL);
        (key, node.value.insert(value))
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.remove(self.head)
    }

    /// All values, oldest first.
    pub(crate) fn into_values(mut self) -> impl Iterator<Item = T> {
        iter::from_fn(move || self.pop_front())
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let chunk = self.chunks.get(key as usize / CHUNK)?.as_ref()?;
        chunk.nodes[key as usize % CHUNK].value.as_ref()
    }

    /// Takes out the value under `key`, wherever in the list it stands.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        let node = self.node_mut(key);
        let (value, prev, next) = (node.value.take(), node.prev, node.next);
        match prev {
            NIL => self.head = next,
            prev => self.node_mut(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => self.node_mut(next).prev = prev,
        }
        self.len -= 1;
        self.give_free(key);
        value
    }

    fn chunk_mut(&mut self, index: usize) -> &mut Chunk<T> {
        self.chunks[index].as_mut().expect("keys in use lead to chunks in use")
    }

    fn node_mut(&mut self, key: Key) -> &mut Node<T> {
        &mut self.chunk_mut(key as usize / CHUNK).nodes[key as usize % CHUNK]
    }

    /// A free node, no longer in its chunk's chain.
    fn take_free(&mut self) -> Key {
        let index = match self.roomy.last() {
            Some(&index) => index,
            None => self.grow(),
        };
        let chunk = self.chunk_mut(index);
        let key = chunk.free;
        chunk.live += 1;
        if chunk.live == CHUNK {
            chunk.listed = None;
            self.roomy.pop();
        } else {
            chunk.free = chunk.nodes[key as usize % CHUNK].next;
        }
        key
    }

    /// Puts an emptied node at the end of its chunk's chain, and lets go of the chunk if that was its last value.
    fn give_free(&mut self, key: Key) {
        let index = key as usize / CHUNK;
        let position = self.roomy.len();
        let chunk = self.chunk_mut(index);
        chunk.live -= 1;
        let last = mem::replace(&mut chunk.last_free, key);
        if chunk.listed.is_some() {
            chunk.nodes[last as usize % CHUNK].next = key;
        } else {
            chunk.free = key;
            chunk.listed = Some(position);
            self.roomy.push(index);
        }
        if self.chunk_mut(index).live == 0 && self.roomy.len() > 1 {
            self.shrink(index);
        }
    }

    /// Adds a chunk of free nodes. Its bound is never met in practice: 2^32 queued jobs are some 400 GB of cells.
    fn grow(&mut self) -> usize {
        let index = self.vacant.pop().unwrap_or(self.chunks.len());
        let first = index * CHUNK;
        assert!(first + CHUNK < NIL as usize, "more than 2^32 - 513 jobs are queued");
        let node = |i: usize| Node { value: None, prev: NIL, next: (first + i + 1) as Key };
        let chunk = Chunk {
            nodes: (0..CHUNK).map(node).collect(),
            free: first as Key,
            last_free: (first + CHUNK - 1) as Key,
            live: 0,
            listed: Some(self.roomy.len()),
        };
        if index == self.chunks.len() {
            self.chunks.push(Some(chunk));
        } else {
            self.chunks[index] = Some(chunk);
        }
        self.roomy.push(index);
        index
    }

    /// Lets go of an empty chunk.
    fn shrink(&mut self, index: usize) {
        if let Some(Chunk { listed: Some(position), .. }) = self.chunks[index].take() {
            self.roomy.swap_remove(position);
            if let Some(&moved) = self.roomy.get(position) {
                self.chunk_mut(moved).listed = Some(position);
            }
        }
        self.vacant.push(index);
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
        assert!(!list.vacant.is_empty(), "the walk must have let go of a chunk");
        while let Some((_, value)) = model.pop_front() {
            assert_eq!(list.pop_front(), Some(value));
        }
        assert!(list.is_empty());
    }

    fn chunks_in_use<T>(list: &Fifo<T>) -> usize {
        list.chunks.iter().flatten().count()
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
    fn memory_shrinks_with_the_list() {
        let mut list = Fifo::new();
        for round in 0..3 {
            let keys: Vec<Key> = (0..10 * CHUNK).map(|value| list.push_back(value).0).collect();
            assert_eq!(chunks_in_use(&list), 10);
            // Alternately in order and in the reverse order.
            while list.len() > CHUNK / 2 {
                match round {
                    1 => list.remove(keys[list.len() - 1]),
                    _ => list.pop_front(),
                };
                assert!(chunks_in_use(&list) <= list.len() / CHUNK + 2);
            }
            while list.pop_front().is_some() {}
            assert_eq!(chunks_in_use(&list), 1);
        }
        assert_eq!(list.chunks.len(), 10, "vacant places are used again");
    }

    #[test]
    fn a_list_at_the_edge_of_a_chunk_keeps_its_chunks() {
        let mut list = Fifo::new();
        for value in 0..CHUNK {
            list.push_back(value);
        }
        let (edge, _) = list.push_back(CHUNK);
        list.remove(edge);
        for value in 0..100 {
            let (key, _) = list.push_back(value);
            assert_eq!(chunks_in_use(&list), 2);
            list.remove(key);
            assert_eq!(chunks_in_use(&list), 2);
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
