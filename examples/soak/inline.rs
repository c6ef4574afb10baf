//! An executor without threads: a task is polled within `wake`, on whichever thread that is.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use parking_lot::Mutex;

use crate::job::contain;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Inline(Mutex<State>);

enum State {
    Waiting(Task),
    Polled,
    /// Woken while it was polled: it is polled once more.
    PolledAndWoken,
    Done,
}

pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    Arc::new(Inline(Mutex::new(State::Waiting(Box::pin(task))))).wake();
}

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        let mut state = self.0.lock();
        let mut task = match std::mem::replace(&mut *state, State::Polled) {
            State::Waiting(task) => task,
            State::Polled | State::PolledAndWoken => return *state = State::PolledAndWoken,
            State::Done => return *state = State::Done,
        };
        drop(state);
        let waker = Waker::from(Arc::clone(&self));
        loop {
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                *self.0.lock() = State::Done;
                return contain(|| drop(task));
            }
            let mut state = self.0.lock();
            match *state {
                State::PolledAndWoken => *state = State::Polled,
                _ => return *state = State::Waiting(task),
            }
        }
    }
}
