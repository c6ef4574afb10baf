//! What ends a job from outside: a cancel by its handle, its token, its deadline.
//!
//! In go jobs that are about to be queued, registered with their token and their deadline; out comes a call of
//! [`JobPool`](crate::job::job_pool::JobPool), which is all that this floor sees of a pool. For the floors above; a token
//! is the user's too.

pub(crate) mod registry;
pub(crate) mod target;
pub(crate) mod cancel;
pub(crate) mod token;
pub(crate) mod rounds;
pub(crate) mod alarms;
pub(crate) mod keeper;
pub(crate) mod run_limit;
pub(crate) mod registration;
