//! What a pool knows, as plain data: no lock is taken here, no thread waits, no code of the user's runs. A method is a
//! transition, which leaves the data whole and says what its caller has to do once its locks are free.
//!
//! The data has two sides ([`front`], [`back`]), each behind a lock of its own; [`sides`] holds the transitions that
//! need both. In go jobs that were accepted or wait for room; out come jobs to run, to abort or to reject, and who is to
//! be woken. Only the monitor may change it; the floors above know its plain words (who submits, the phases, the counts).

pub(crate) mod hint;
pub(crate) mod rejections;
pub(crate) mod room;
pub(crate) mod line;
mod since;
pub(crate) mod lanes;
pub(crate) mod turn;
pub(crate) mod sleep;
pub(crate) mod epochs;
pub(crate) mod idle;
pub(crate) mod aborts;
pub(crate) mod stats;
pub(crate) mod guests;
pub(crate) mod mailboxes;
pub(crate) mod watchers;
pub(crate) mod front;
pub(crate) mod back;
pub(crate) mod sides;
pub(crate) mod awaited;
