//! Halves that were stolen together, as the thread of their joins and the one that runs them see them.
//!
//! ```text
//!   index:   0     1     2        3     4
//!         [done][done][running][left][left]
//!                      thief ->      <- the thread of the joins
//! ```
//!
//! The thief runs them one by one, the oldest first. The thread of their joins comes to the youngest first: it takes back what is
//! left. So it waits for none but the one that is running, and what the others do, or wait for, is no matter of its.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::base::sync::{AtomicUsize, Mutex, Ordering};
use crate::steal::lane::Lane;

/// A closure on the stack of a join. It is there until the half was taken back, or has been run; whoever has this calls it
/// once at most. Lets no panic out.
pub(crate) type Lent = &'static mut (dyn FnMut() + Send);

/// What the code of a half speaks for, on whatever thread it runs. Keeps nothing alive but the address of what that is.
pub(crate) trait Context: Send + Sync {
    /// Runs halves. Nothing of this is left on the thread when it returns.
    fn run(&self, halves: &mut dyn FnMut());
}

/// Some halves, by their index: the oldest has 0.
pub(crate) struct Loot {
    /// How many are done.
    done: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    left: VecDeque<Lent>,
    context: Option<Arc<dyn Context>>,
    /// Of the thread that runs them, until that is done.
    runner: Option<Arc<Lane>>,
    waiter: Option<Waker>,
}

/// One of them, to the thread of its join.
#[derive(Clone)]
pub(crate) struct Share {
    pub(super) loot: Arc<Loot>,
    pub(super) index: usize,
}

/// What the thread of the joins finds that comes to one of them.
#[must_use]
pub(crate) enum Reclaimed {
    /// It is its thread's again.
    TakenBack,
    Done,
    Running,
}

impl Share {
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `count_done`: what the half has done is seen by who joins it.
        self.loot.done.load(Ordering::Acquire) > self.index
    }

    /// For the thread of the joins, which comes to them the youngest first.
    pub(crate) fn reclaim(&self) -> Reclaimed {
        if self.is_done() {
            return Reclaimed::Done;
        }
        let half = self.loot.state.lock().left.pop_back();
        match half {
            Some(_its_own) => Reclaimed::TakenBack,
            None if self.is_done() => Reclaimed::Done,
            None => Reclaimed::Running,
        }
    }

    /// Wakes who waits once one more is done; that has to look after this whether it is this one.
    pub(crate) fn wait_with(&self, waker: Waker) {
        let old = self.loot.state.lock().waiter.replace(waker);
        drop(old);
    }

    /// The lane of the thread that runs it; none once it is done.
    pub(super) fn runner(&self) -> Option<Arc<Lane>> {
        self.loot.state.lock().runner.clone()
    }
}

impl Loot {
    pub(super) fn new(left: VecDeque<Lent>, context: Arc<dyn Context>, runner: Arc<Lane>) -> Arc<Self> {
        let state = State { left, context: Some(context), runner: Some(runner), waiter: None };
        Arc::new(Self { done: AtomicUsize::new(0), state: Mutex::new(state) })
    }

    /// For who has stolen them, once. Tells how many it has run.
    pub(crate) fn run(&self) -> usize {
        let context = self.state.lock().context.take();
        let mut ran = 0;
        // The first one is out before the context is used, which is good for as long as a half is not done.
        if let (Some(context), Some(first)) = (context, self.next(0)) {
            let mut next = Some(first);
            context.run(&mut || {
                while let Some(half) = next.take() {
                    half();
                    ran += 1;
                    next = self.next(ran);
                }
            });
        }
        self.finish(ran);
        ran
    }

    /// The next one to run, after so many. The last one is not done before all is left that it was run in.
    fn next(&self, ran: usize) -> Option<Lent> {
        let mut state = self.state.lock();
        let next = state.left.pop_front()?;
        let waiter = self.count_done(ran, &mut state);
        drop(state);
        wake(waiter);
        Some(next)
    }

    fn finish(&self, ran: usize) {
        let mut state = self.state.lock();
        let waiter = self.count_done(ran, &mut state);
        let runner = state.runner.take();
        drop(state);
        drop(runner);
        wake(waiter);
    }

    fn count_done(&self, done: usize, state: &mut State) -> Option<Waker> {
        // ORDERING: Release, see `Share::is_done`.
        self.done.store(done, Ordering::Release);
        state.waiter.take()
    }
}

fn wake(waiter: Option<Waker>) {
    if let Some(waiter) = waiter {
        waiter.wake();
    }
}
