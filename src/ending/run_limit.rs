//! A limit on how long a job runs. Nobody keeps it: the job asks, in `checkpoint()`.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::base::park::{deadline_in, is_ahead};

pub(crate) struct RunLimit {
    limit: Duration,
    /// When it runs out; set as the job starts.
    end: OnceLock<Option<Instant>>,
}

impl RunLimit {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, end: OnceLock::new() }
    }

    /// The time runs from here.
    pub(crate) fn start(&self) {
        self.end.get_or_init(|| deadline_in(self.limit));
    }

    pub(crate) fn has_run_out(&self) -> bool {
        self.end.get().is_some_and(|&end| !is_ahead(end))
    }
}
