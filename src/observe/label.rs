//! Which job it is, in words.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use crate::job::runnable::RunEnd;

/// What tells a job from others: its name, if it has one, and where it was submitted. Its `Display` shows both.
///
/// ```
/// let pool = corepool::Pool::builder().timings(true).workers(2).build().unwrap();
/// let (go, gate) = std::sync::mpsc::channel::<()>();
/// let inner = pool.job().name("thumbnail").submit(move || gate.recv()).unwrap();
/// # while pool.stats().busy == 0 {}
/// let outer = pool.submit(move || inner.join()).unwrap();
/// let label = loop {
///     // it shows once the outer job has begun to wait
///     if let Some(label) = pool.running().jobs.into_iter().find_map(|job| job.waits_for) {
///         break label;
///     }
/// };
/// assert_eq!(label.name.as_deref(), Some("thumbnail"));
/// assert!(label.to_string().starts_with("thumbnail ("));
/// # drop(go);
/// # let _ = outer.join();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobLabel {
    /// The name that the job was given.
    pub name: Option<Cow<'static, str>>,
    /// The place in the source that submitted it.
    pub submitted_at: &'static Location<'static>,
}

impl JobLabel {
    pub(crate) fn new(name: Option<&Cow<'static, str>>, submitted_at: &'static Location<'static>) -> Self {
        Self { name: name.cloned(), submitted_at }
    }

    pub(crate) fn of(job: &dyn RunEnd) -> Self {
        Self::new(job.name(), job.header().submitted_at())
    }
}

impl fmt::Display for JobLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            // It may hold line breaks, and is one cell of a table.
            Some(name) => write!(f, "{} ({})", name.escape_debug(), self.submitted_at),
            None => self.submitted_at.fmt(f),
        }
    }
}
