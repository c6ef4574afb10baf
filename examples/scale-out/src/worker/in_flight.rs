//! What this worker has, from when it is taken until Redis knows how it ended.
//!
//! | state | on a stop | when another worker has it by now |
//! |---|---|---|
//! | waiting in the pool's queue | handed back | dropped |
//! | waiting for its turn alone | left as it is | dropped |
//! | running | finished | stopped at its next checkpoint, and dropped |
//! | ending: its end is on its way to Redis | sent | sent: Redis keeps the first result |

use std::collections::HashMap;

use corepool::CancelToken;
use parking_lot::Mutex;
use tokio::sync::watch;

/// Shared by the takers, the jobs and those who extend them.
#[derive(Debug)]
pub(super) struct InFlight {
    most: usize,
    jobs: Mutex<HashMap<String, (State, CancelToken)>>,
    count: watch::Sender<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ending,
}

impl InFlight {
    pub(super) fn new(most: usize) -> Self {
        Self { most, jobs: Mutex::default(), count: watch::Sender::new(0) }
    }

    /// By the token it is stopped.
    pub(super) fn add(&self, entry: &str) -> CancelToken {
        let token = CancelToken::new();
        let mut jobs = self.jobs.lock();
        jobs.insert(entry.to_owned(), (State::Waiting, token.clone()));
        self.count.send_replace(jobs.len());
        token
    }

    pub(super) fn runs(&self, entry: &str) {
        self.becomes(entry, State::Running);
    }

    /// A stop will let it run from now on. `false`: it was stopped before.
    pub(super) fn begin(&self, entry: &str) -> bool {
        match self.jobs.lock().get_mut(entry) {
            Some((state, token)) if !token.is_cancelled() => {
                *state = State::Running;
                true
            }
            _ => false,
        }
    }

    pub(super) fn ends(&self, entry: &str) {
        self.becomes(entry, State::Ending);
    }

    fn becomes(&self, entry: &str, state: State) {
        if let Some(job) = self.jobs.lock().get_mut(entry) {
            job.0 = state;
        }
    }

    pub(super) fn remove(&self, entry: &str) {
        let mut jobs = self.jobs.lock();
        jobs.remove(entry);
        self.count.send_replace(jobs.len());
    }

    pub(super) fn has(&self, entry: &str) -> bool {
        self.jobs.lock().contains_key(entry)
    }

    pub(super) fn entries(&self) -> Vec<String> {
        self.jobs.lock().keys().cloned().collect()
    }

    /// Another worker has it. `false`: that is no news, as it ends just now.
    pub(super) fn lose(&self, entry: &str) -> bool {
        match self.jobs.lock().get(entry) {
            Some((State::Waiting | State::Running, token)) => {
                token.cancel();
                true
            }
            Some((State::Ending, _)) | None => false,
        }
    }

    /// Those that do not run yet will not.
    pub(super) fn stop_waiting(&self) {
        let jobs = self.jobs.lock();
        jobs.values().filter(|(state, _)| *state == State::Waiting).for_each(|(_, token)| token.cancel());
    }

    /// Until there is room for one; and for how many.
    pub(super) async fn room(&self) -> usize {
        self.at_most(self.most - 1).await;
        self.most - *self.count.borrow()
    }

    /// Until there are no more than so many.
    pub(super) async fn at_most(&self, most: usize) {
        // The sender is `self`'s.
        let _ = self.count.subscribe().wait_for(|&count| count <= most).await;
    }
}
