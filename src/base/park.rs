//! How a thread waits: it spins for a moment, then parks until a waker of its own wakes it.
//!
//! Threads and futures wait through the same door, a [`Waker`], so the cell and the line know one kind of waiter.
//! std's `thread::park` would do the same with a token that user code may consume or leave behind; this one is ours.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::base::sync::{Condvar, Mutex, Woken};

/// The moment `timeout` from now; `None`, no limit, if the clock cannot say it.
pub(crate) fn deadline_in(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// Whether there is any time left to wait.
pub(crate) fn is_ahead(deadline: Option<Instant>) -> bool {
    deadline.is_none_or(|deadline| Instant::now() < deadline)
}

/// A thread's own bell. A ring while nobody sleeps is remembered, so none is lost between looking and sleeping.
#[derive(Default)]
pub(crate) struct Parker {
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    /// Sleeps until rung or until `deadline`. May return early for a ring of an earlier wait: look again.
    pub(crate) fn park_until(&self, deadline: Option<Instant>) -> Woken {
        let mut rung = self.rung.lock();
        while !*rung {
            let (guard, woken) = self.bell.wait_until(rung, deadline);
            rung = guard;
            if woken == Woken::TimedOut && !*rung {
                return Woken::TimedOut;
            }
        }
        *rung = false;
        Woken::Notified
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.rung.lock() = true;
        self.bell.notify_one();
    }
}

/// Lends this thread's parker and the waker that rings it.
///
/// Kept for the thread's life so that waiting does not allocate; a thread that is already being torn down, and a
/// model, get one of their own.
pub(crate) fn with_parker<R>(wait: impl FnOnce(&Parker, &Waker) -> R) -> R {
    #[cfg(not(corepool_loom))]
    {
        std::thread_local! {
            static PARKER: (Arc<Parker>, Waker) = pair();
        }
        // The closure must be called once, inside or outside: `try_with` would drop it on failure.
        let mut wait = Some(wait);
        let waited = PARKER.try_with(|(parker, waker)| wait.take().map(|wait| wait(parker, waker)));
        if let Ok(Some(result)) = waited {
            return result;
        }
        let Some(wait) = wait else { unreachable!("the closure is only taken where its result is returned") };
        let (parker, waker) = pair();
        wait(&parker, &waker)
    }
    #[cfg(corepool_loom)]
    {
        let (parker, waker) = pair();
        wait(&parker, &waker)
    }
}

fn pair() -> (Arc<Parker>, Waker) {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    (parker, waker)
}
