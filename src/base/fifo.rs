//! The list under the queue and under the waiting line: first in, first out, and out of the middle in O(1).
//!
//! A doubly linked list whose nodes live in chunks and point at each other by index. A chunk in use never moves, so
//! growing costs one allocation for every `CHUNK` values and never copies what is queued, and a value's key stays good
//! until the value leaves. A chunk that runs empty goes back to the allocator, unless no other has a free node, so that
//! a list that breathes around a chunk's edge keeps its chunks.
//!
//! A free node stands in one of two kinds of chain: new values take from the list's own, which is one chunk's, taken
//! over whole; values that leave give to their chunk's. So pushing needs no bookkeeping but that chain.

use std::iter;
use std::mem;

/// Where a value stands. Keys are used again, so a key alone proves nothing: compare what it leads to.
pub(crate) type Key = u32;

const NIL: Key = Key::MAX;
/// For lists that grow long.
const LARGE_CHUNK: usize = 512;

#[derive(Clone, Debug)]
struct Node<T> {
    value: Option<T>,
    prev: Key,
    /// In the list, or in a chain of free nodes.
    next: Key,
}

type Chunk<T> = Box<[Node<T>]>;

/// What is known of a chunk. Kept apart from the nodes, as it is written whenever a value leaves, and who pushes on
/// another core reads where the nodes are.
#[derive(Clone, Debug)]
struct Ledger {
    /// The nodes given back since the list last took them over: the first of them, and how many.
    free: Key,
    given_back: u32,
    /// Its neighbours among the chunks that nodes were given back to, or the next of those let go of.
    prev: u32,
    next: u32,
}

/// A FIFO list with removal by key.
///
/// Invariants: the nodes from `head` along `next` to `tail` hold `Some`, every other node holds `None`; `prev` mirrors
/// `next`. Laid out as declared: what every push and pop touches comes first.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Fifo<T, const CHUNK: usize = LARGE_CHUNK> {
    head: Key,
    tail: Key,
    /// The free nodes that are used next.
    free: Key,
    len: u32,
    /// By the upper part of the key; empty where a chunk was let go of.
    chunks: Vec<Chunk<T>>,
    /// The first of the chunks that nodes were given back to.
    roomy: u32,
    /// The first of those let go of.
    vacant: u32,
    ledgers: Vec<Ledger>,
}

impl<T, const CHUNK: usize> Fifo<T, CHUNK> {
    pub(crate) fn new() -> Self {
        let (chunks, ledgers) = (Vec::new(), Vec::new());
        Self { head: NIL, tail: NIL, free: NIL, len: 0, chunks, roomy: NIL, vacant: NIL, ledgers }
    }

    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The key of the next value to be appended.
    pub(crate) fn next_key(&mut self) -> Key {
        if self.free == NIL {
            self.free = self.take_over();
        }
        self.free
    }

    /// Appends a value under [`next_key`](Self::next_key), which it returns.
    pub(crate) fn push_back(&mut self, value: T) -> Key {
        let key = self.next_key();
        let tail = mem::replace(&mut self.tail, key);
        match tail {
            NIL => self.head = key,
            tail => self.node_mut(tail).next = key,
        }
        self.len += 1;
        let node = &mut self.chunks[key as usize / CHUNK][key as usize % CHUNK];
        self.free = mem::replace(&mut node.next, NIL);
        node.prev = tail;
        node.value = Some(value);
        key
    }

    /// The oldest value.
    pub(crate) fn front(&self) -> Option<&T> {
        self.get(self.head)
    }

    /// The key of the oldest value.
    pub(crate) fn front_key(&self) -> Option<Key> {
        Some(self.head).filter(|head| *head != NIL)
    }

    /// The key of the value that came after that under `key`.
    pub(crate) fn after(&self, key: Key) -> Option<Key> {
        let node = self.chunks.get(key as usize / CHUNK)?.get(key as usize % CHUNK)?;
        node.value.as_ref()?;
        Some(node.next).filter(|next| *next != NIL)
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.remove(self.head)
    }

    /// All values, oldest first.
    pub(crate) fn into_values(mut self) -> impl Iterator<Item = T> {
        iter::from_fn(move || self.pop_front())
    }

    /// Looks at all values, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut key = self.head;
        iter::from_fn(move || {
            let node = self.chunks.get(key as usize / CHUNK)?.get(key as usize % CHUNK)?;
            key = node.next;
            node.value.as_ref()
        })
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.chunks.get(key as usize / CHUNK)?.get(key as usize % CHUNK)?.value.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.chunks.get_mut(key as usize / CHUNK)?.get_mut(key as usize % CHUNK)?.value.as_mut()
    }

    /// Takes out the value under `key`, wherever in the list it stands.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let index = key / CHUNK as u32;
        let node = self.chunks.get_mut(index as usize)?.get_mut(key as usize % CHUNK)?;
        let value = node.value.take()?;
        let ledger = &mut self.ledgers[index as usize];
        ledger.given_back += 1;
        let given_back = ledger.given_back;
        let (prev, next) = (node.prev, mem::replace(&mut node.next, mem::replace(&mut ledger.free, key)));
        match prev {
            NIL => self.head = next,
            prev => self.node_mut(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => self.node_mut(next).prev = prev,
        }
        self.len -= 1;
        if given_back == 1 {
            self.list_roomy(index);
        } else if given_back == CHUNK as u32 {
            self.let_go_unless_last(index);
        }
        Some(value)
    }

    fn node_mut(&mut self, key: Key) -> &mut Node<T> {
        &mut self.chunks[key as usize / CHUNK][key as usize % CHUNK]
    }

    fn ledger_mut(&mut self, index: u32) -> &mut Ledger {
        &mut self.ledgers[index as usize]
    }

    /// Takes over the free nodes of a chunk, of a new one if none has any; gives the first.
    fn take_over(&mut self) -> Key {
        if self.roomy == NIL {
            return self.grow();
        }
        let index = self.roomy;
        self.unlist_roomy(index);
        let ledger = self.ledger_mut(index);
        ledger.given_back = 0;
        mem::replace(&mut ledger.free, NIL)
    }

    fn list_roomy(&mut self, index: u32) {
        let next = mem::replace(&mut self.roomy, index);
        let ledger = self.ledger_mut(index);
        (ledger.prev, ledger.next) = (NIL, next);
        if next != NIL {
            self.ledger_mut(next).prev = index;
        }
    }

    fn unlist_roomy(&mut self, index: u32) {
        let &mut Ledger { prev, next, .. } = self.ledger_mut(index);
        match prev {
            NIL => self.roomy = next,
            prev => self.ledger_mut(prev).next = next,
        }
        if next != NIL {
            self.ledger_mut(next).prev = prev;
        }
    }

    /// Lets go of a chunk that all nodes were given back to, if another has free nodes too.
    fn let_go_unless_last(&mut self, index: u32) {
        let &mut Ledger { prev, next, .. } = self.ledger_mut(index);
        if (prev, next) == (NIL, NIL) {
            return;
        }
        self.unlist_roomy(index);
        self.chunks[index as usize] = Box::default();
        let next = mem::replace(&mut self.vacant, index);
        self.ledger_mut(index).next = next;
    }

    /// Adds a chunk whose nodes are taken over at once; gives the first. Its bound is never met in practice: 2^32 queued
    /// jobs are some 400 GB of cells.
    fn grow(&mut self) -> Key {
        let index = if self.vacant == NIL { self.chunks.len() } else { self.vacant as usize };
        let first = index * CHUNK;
        assert!(first + CHUNK < NIL as usize, "more than 2^32 - 513 jobs are queued");
        let free = |i: usize| if i + 1 < CHUNK { (first + i + 1) as Key } else { NIL };
        let chunk = (0..CHUNK).map(|i| Node { value: None, prev: NIL, next: free(i) }).collect();
        let ledger = Ledger { free: NIL, given_back: 0, prev: NIL, next: NIL };
        match self.ledgers.get_mut(index) {
            Some(old) => {
                self.vacant = mem::replace(old, ledger).next;
                self.chunks[index] = chunk;
            }
            None => {
                self.ledgers.push(ledger);
                self.chunks.push(chunk);
            }
        }
        first as Key
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const CHUNK: usize = LARGE_CHUNK;
    type Fifo<T> = super::Fifo<T, CHUNK>;

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
            if step % 1_000 == 0 {
                assert!(list.iter().eq(model.iter().map(|(_, value)| value)));
                assert_eq!(list.front(), model.front().map(|(_, value)| value));
                let mut keys = model.iter().map(|(key, _)| *key);
                let first = keys.next();
                assert!(iter::successors(first.and_then(|key| list.after(key)), |key| list.after(*key)).eq(keys));
            }
        }
        assert!(list.chunks.len() > 1, "the walk must have crossed a chunk");
        assert!(list.vacant != NIL, "the walk must have let go of a chunk");
        while let Some((_, value)) = model.pop_front() {
            assert_eq!(list.pop_front(), Some(value));
        }
        assert!(list.is_empty());
    }

    fn chunks_in_use<T>(list: &Fifo<T>) -> usize {
        list.chunks.iter().filter(|chunk| !chunk.is_empty()).count()
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
            let keys: Vec<Key> = (0..10 * CHUNK).map(|value| list.push_back(value)).collect();
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
        let edge = list.push_back(CHUNK);
        list.remove(edge);
        for value in 0..100 {
            let key = list.push_back(value);
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
