//! A job as Redis has it, and what becomes of it.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::program::quoted;

/// A name that a producer gives to a job, so that it can add it twice and have it once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Id(String);

const LONGEST_ID: usize = 64;

impl Id {
    pub(crate) fn random() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }

    /// It becomes part of a key.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match !text.is_empty() && text.len() <= LONGEST_ID && text.chars().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => {
                let text = quoted(text);
                Err(format!("the id is {text}: give 1 to {LONGEST_ID} letters, digits, '-' or '_'"))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What to do. Which kinds there are is for the workers to know: a producer may be newer than they are, or older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) kind: String,
    pub(crate) input: String,
    /// By entries before this one: see *hand back*.
    pub(crate) deliveries: u64,
}

/// An entry that is no job: somebody else has written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// By which somebody may ask for it.
    pub(super) id: Option<Id>,
    pub(crate) why: String,
}

/// Of an entry. Whoever may write to Redis may have written anything there.
pub(super) type Fields = HashMap<Vec<u8>, Vec<u8>>;

impl Job {
    pub(super) fn of(fields: &Fields) -> Result<Self, Malformed> {
        let text = |name: &str| match fields.get(name.as_bytes()) {
            Some(value) => String::from_utf8(value.clone()).map_err(|_| format!("its {name} is no text")),
            None => Err(format!("it has no {name}")),
        };
        let id = text("id").and_then(|id| Id::parse(&id)).map_err(|why| Malformed { id: None, why })?;
        let of_id = |why| Malformed { id: Some(id.clone()), why };
        let deliveries = match fields.contains_key("deliveries".as_bytes()) {
            true => text("deliveries").and_then(|it| it.parse().map_err(|_| "its deliveries are no number".to_owned())),
            false => Ok(0),
        };
        Ok(Self {
            kind: text("kind").map_err(of_id)?,
            input: text("input").map_err(of_id)?,
            deliveries: deliveries.map_err(of_id)?,
            id,
        })
    }
}

/// What has become of a job, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(crate) enum Record {
    /// It waits or runs.
    Queued,
    Done {
        value: String,
        worker: String,
        deliveries: u64,
    },
    Dead {
        reason: String,
        deliveries: u64,
    },
}

impl Record {
    pub(super) fn of(mut fields: HashMap<String, String>) -> Option<Self> {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let status = take("status");
        let deliveries = take("deliveries").parse().unwrap_or_default();
        match status.as_str() {
            "" => None,
            "done" => Some(Self::Done { value: take("value"), worker: take("worker"), deliveries }),
            "dead" => Some(Self::Dead { reason: take("reason"), deliveries }),
            _ => Some(Self::Queued),
        }
    }
}
