//! A destructor that joins a job which was submitted after its own.

use std::mem;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::submitter::Pending;

/// Where the later job is put for the one before it.
pub(crate) struct Slot(Arc<Mutex<State>>);

/// Belongs to a closure.
pub(crate) struct JoinsWhenDropped(Arc<Mutex<State>>);

enum State {
    Empty,
    Filled(Box<Pending>),
    /// The closure has gone.
    Late,
}

impl Slot {
    pub(crate) fn pair() -> (Self, JoinsWhenDropped) {
        let state = Arc::new(Mutex::new(State::Empty));
        (Self(Arc::clone(&state)), JoinsWhenDropped(state))
    }

    /// Where the closure has gone already, the job is seen to here.
    pub(crate) fn fill(self, job: Option<Pending>) {
        let Some(job) = job else { return };
        let mut state = self.0.lock();
        if matches!(*state, State::Empty) {
            *state = State::Filled(Box::new(job));
            return;
        }
        drop(state);
        job.see_to_inside();
    }
}

impl Drop for JoinsWhenDropped {
    fn drop(&mut self) {
        let state = mem::replace(&mut *self.0.lock(), State::Late);
        if let State::Filled(job) = state {
            job.see_to_inside();
        }
    }
}
