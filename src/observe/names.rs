//! The names that are told apart: the first so many, and one for all others, so that names made up for each job do not fill
//! the memory.

use std::collections::HashMap;

const MOST: usize = 64;

/// A name's number; [`MOST`] is that of all others.
pub(crate) type NameId = usize;

/// The names of a pool, in the order of their first use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: HashMap<String, NameId>,
}

/// What one desk knows of these.
#[derive(Debug, Default)]
pub(crate) struct KnownNames {
    ids: HashMap<String, NameId>,
}

impl Names {
    /// How many names there may be, that for all others included.
    pub(crate) const ALL: usize = MOST + 1;
    /// What all others are called.
    pub(crate) const OTHER: &'static str = "other";

    pub(crate) fn id_of(&mut self, name: &str) -> NameId {
        let next = self.ids.len();
        match self.ids.get(name) {
            Some(&id) => id,
            // A job may be called that.
            None if name == Self::OTHER => MOST,
            None if next < MOST => *self.ids.entry(name.to_owned()).or_insert(next),
            None => MOST,
        }
    }

    /// By their numbers, without that for all others.
    pub(crate) fn in_order(&self) -> Vec<String> {
        let mut names: Vec<_> = self.ids.iter().map(|(name, &id)| (id, name.clone())).collect();
        names.sort_unstable_by_key(|&(id, _)| id);
        names.into_iter().map(|(_, name)| name).collect()
    }
}

impl KnownNames {
    /// Asks all names only for one that is not known here. Once they are complete, all are.
    pub(crate) fn id_of(&mut self, name: &str, ask: impl FnOnce(&str) -> NameId) -> NameId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        if self.ids.len() == MOST {
            return MOST;
        }
        let id = ask(name);
        if id < MOST {
            self.ids.insert(name.to_owned(), id);
        }
        id
    }
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_that_of_all_others_is_one_of_them() {
        let mut names = Names::default();
        assert_eq!((names.id_of("other"), names.id_of("first")), (MOST, 0));
    }

    #[test]
    fn names_beyond_the_first_64_are_one() {
        let (mut names, mut known) = (Names::default(), KnownNames::default());
        let mut id = |n: usize| known.id_of(&n.to_string(), |name| names.id_of(name));
        let ids: Vec<_> = (0..100).map(&mut id).collect();
        assert_eq!(ids[..64], (0..64).collect::<Vec<_>>());
        assert!(ids[64..].iter().all(|&id| id == MOST));
        assert_eq!((id(7), id(64)), (7, MOST));
        assert_eq!(names.in_order(), (0..64).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
