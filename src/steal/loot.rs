//! Halves that were stolen together, as the thread of their joins and the one that runs them see them.

use std::sync::Arc;
use std::task::Waker;

use crate::base::sync::{AtomicBool, Mutex, Ordering};
use crate::steal::lane::Lane;

/// A closure on the stack of a join. It is there until the half was taken back, or has been run; whoever has this calls it
/// once at most. Lets no panic out.
pub(crate) type Lent = &'static mut (dyn FnMut() + Send);

/// What the code of a half speaks for, on whatever thread it runs. Keeps nothing alive but the address of what that is.
pub(crate) trait Context: Send + Sync {
    /// Runs halves. Nothing of this is left on the thread when it returns.
    fn run(&self, halves: &mut dyn FnMut());
}

/// One or several halves, the oldest first.
pub(crate) struct Loot {
    is_done: AtomicBool,
    inner: Mutex<Inner>,
}

struct Inner {
    task: Option<(Vec<Lent>, Arc<dyn Context>)>,
    /// Of the thread that runs them, until that is done.
    runner: Option<Arc<Lane>>,
    waiter: Option<Waker>,
}

impl Loot {
    pub(super) fn new(halves: Vec<Lent>, context: Arc<dyn Context>, runner: Arc<Lane>) -> Arc<Self> {
        let inner = Inner { task: Some((halves, context)), runner: Some(runner), waiter: None };
        Arc::new(Self { is_done: AtomicBool::new(false), inner: Mutex::new(inner) })
    }

    /// For who has stolen them, once.
    pub(crate) fn run(&self) {
        let task = self.inner.lock().task.take();
        if let Some((mut halves, context)) = task {
            context.run(&mut || halves.drain(..).for_each(|half| half()));
            // Nothing of the job is left here by the time that they are done.
            drop((halves, context));
        }
        self.finish();
    }

    fn finish(&self) {
        let (waiter, runner) = {
            let mut inner = self.inner.lock();
            // ORDERING: Release pairs with the Acquire in `is_done`: what the halves have done is seen by who joins them.
            self.is_done.store(true, Ordering::Release);
            (inner.waiter.take(), inner.runner.take())
        };
        drop(runner);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        // ORDERING: Acquire, see `finish`.
        self.is_done.load(Ordering::Acquire)
    }

    /// Wakes who waits once they are done; that has to look after this whether they are.
    pub(crate) fn wait_with(&self, waker: Waker) {
        let old = self.inner.lock().waiter.replace(waker);
        drop(old);
    }

    /// The lane of the thread that runs them; none once they are done.
    pub(super) fn runner(&self) -> Option<Arc<Lane>> {
        self.inner.lock().runner.clone()
    }
}
