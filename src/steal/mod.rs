//! What threads in joins expose, and others steal: plain data behind locks of its own, under which no code of the user's runs.
//!
//! In go the second halves of joins; out they come again, for their own threads or for others, each of them once. For the worker, which
//! looks here when it has no job, and for the joins themselves ([`crate::fork`]).

pub(crate) mod limit;
pub(crate) mod loot;
pub(crate) mod lane;
pub(crate) mod lanes;
