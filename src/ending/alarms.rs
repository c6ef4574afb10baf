//! The alarms that a keeper has set.
//!
//! Mostly they are set in the order in which they go off, as a pool's jobs tend to have the same timeout. Those stand in a list; a
//! map has the others.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::base::fifo::{Fifo, Key};

/// Of the list.
const CHUNK: usize = 16;

/// An alarm that is set: no other ever has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlarmKey {
    at: Instant,
    /// How many were set up to it.
    number: u64,
    /// In the list; [`IN_MAP`] if it is not there.
    place: Key,
}

const IN_MAP: Key = Key::MAX;

impl AlarmKey {
    pub(super) fn new(at: Instant, number: u64, place: Key) -> Self {
        Self { at, number, place }
    }

    pub(super) fn at(self) -> Instant {
        self.at
    }

    /// Not 0.
    pub(super) fn number(self) -> u64 {
        self.number
    }

    pub(super) fn place(self) -> Key {
        self.place
    }
}

/// Alarms, each with what to see to when it goes off.
#[derive(Debug)]
pub(super) struct Alarms<T> {
    in_order: Fifo<(AlarmKey, T), CHUNK>,
    /// When the last of the list goes off.
    last: Option<Instant>,
    others: BTreeMap<(Instant, u64), T>,
    last_number: u64,
}

impl<T> Alarms<T> {
    pub(super) fn new() -> Self {
        Self { in_order: Fifo::new(), last: None, others: BTreeMap::new(), last_number: 0 }
    }

    pub(super) fn set(&mut self, at: Instant, errand: T) -> AlarmKey {
        self.last_number += 1;
        let number = self.last_number;
        if self.in_order.is_empty() || self.last <= Some(at) {
            self.last = Some(at);
            let key = AlarmKey { at, number, place: self.in_order.next_key() };
            self.in_order.push_back((key, errand));
            key
        } else {
            self.others.insert((at, number), errand);
            AlarmKey { at, number, place: IN_MAP }
        }
    }

    /// The one that goes off next; of those at the same time, the one that was set first.
    pub(super) fn first(&self) -> Option<(AlarmKey, &T)> {
        let in_order = self.in_order.front().map(|(key, errand)| (*key, errand));
        let other = self.others.first_key_value();
        let other = other.map(|(&(at, number), errand)| (AlarmKey { at, number, place: IN_MAP }, errand));
        in_order.into_iter().chain(other).min_by_key(|(key, _)| (key.at, key.number))
    }

    /// Takes it out, if it is still set.
    pub(super) fn remove(&mut self, key: AlarmKey) -> Option<T> {
        if key.place == IN_MAP {
            return self.others.remove(&(key.at, key.number));
        }
        // Places are used again.
        self.in_order.get(key.place).filter(|(standing, _)| *standing == key)?;
        self.in_order.remove(key.place).map(|(_, errand)| errand)
    }

    #[cfg(any(test, corepool_loom))]
    #[allow(dead_code, reason = "for the models' test binary, which includes this file")]
    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.others.len()
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;
    use crate::base::random::numbers;
    use std::time::Duration;

    /// Drives it and a plain map with the same pseudo-random steps: mostly in order, as they come, or anyhow.
    #[test]
    fn behaves_like_a_map() {
        let (start, mut random) = (Instant::now(), numbers());
        let (mut alarms, mut model, mut gone) = (Alarms::new(), BTreeMap::new(), Vec::new());
        let (mut were_in_order, mut others) = (0, 0);
        for step in 0..100_000_usize {
            match random(4) {
                0 | 1 => {
                    let after = if random(8) == 0 { random(step + 1) } else { step };
                    let key = alarms.set(start + Duration::from_nanos(after as u64), step);
                    model.insert((key.at, step), key);
                }
                2 => {
                    let first = alarms.first().map(|(key, &errand)| (errand, key));
                    assert_eq!(first, model.first_key_value().map(|(&(_, errand), &key)| (errand, key)));
                    if let Some((errand, key)) = first {
                        assert_eq!(alarms.remove(key), Some(errand));
                        model.pop_first();
                        gone.push(key);
                    }
                }
                _ if !model.is_empty() => {
                    let (&at, &key) = model.iter().nth(random(model.len().min(50))).expect("it is set");
                    assert_eq!(alarms.remove(key), Some(at.1));
                    model.remove(&at);
                    gone.push(key);
                }
                _ => {}
            }
            assert_eq!(alarms.len(), model.len());
            (were_in_order, others) = (were_in_order.max(alarms.in_order.len()), others.max(alarms.others.len()));
            if !gone.is_empty() {
                let key = gone[random(gone.len())];
                assert_eq!(alarms.remove(key), None, "an alarm goes once");
            }
        }
        assert!(were_in_order > CHUNK && others > 1, "{were_in_order}, {others}");
    }
}
