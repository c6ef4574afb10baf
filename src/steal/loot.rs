//! Halves that were stolen together, as the thread of their joins and those that run them see them.
//!
//! ```text
//!   index:   0     1     2        3     4
//!         [done][done][running][left][left]
//!                      thief ->      <- the thread of the joins
//! ```
//!
//! The thief runs them one by one, the oldest first; if one takes long, others help with what is left. The thread of their joins comes
//! to the youngest first: it takes back what is left. So it waits for none but one that is running, and what the others do, or wait
//! for, is no matter of its.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::base::panic::AbortOnUnwind;
use crate::base::sync::{AtomicU64, Mutex, Ordering};
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
    /// A bit for each that is done.
    done: AtomicU64,
    context: Arc<dyn Context>,
    state: Mutex<State>,
}

struct State {
    left: VecDeque<(usize, Lent)>,
    /// Those that are running, each with the lane of the thread that it runs on.
    running: Vec<(usize, Arc<Lane>)>,
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
    pub(crate) fn is_done(&self) -> bool {
        self.loot.is_done(self.index)
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

    /// Those of a loot that are running.
    pub(super) fn running(loot: &Arc<Loot>) -> Vec<Self> {
        let state = loot.state.lock();
        state.running.iter().map(|&(index, _)| Self { loot: Arc::clone(loot), index }).collect()
    }

    /// The lane of the thread that runs it; none unless it is running.
    pub(super) fn runner(&self) -> Option<Arc<Lane>> {
        let state = self.loot.state.lock();
        state.running.iter().find(|(index, _)| *index == self.index).map(|(_, lane)| Arc::clone(lane))
    }
}

impl Loot {
    /// At most so many are stolen together.
    pub(crate) const MOST: usize = u64::BITS as usize;

    pub(super) fn new(halves: impl Iterator<Item = Lent>, context: Arc<dyn Context>) -> Arc<Self> {
        let state = State { left: halves.enumerate().collect(), running: Vec::new(), waiter: None };
        Arc::new(Self { done: AtomicU64::new(0), context, state: Mutex::new(state) })
    }

    #[inline]
    pub(super) fn is_done(&self, index: usize) -> bool {
        // ORDERING: Acquire pairs with the Release in `end`: what the half has done is seen by who joins it.
        self.done.load(Ordering::Acquire) >> index & 1 == 1
    }

    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.state.lock().left.len()
    }

    /// Runs those that are left, on the thread with the lane `own`, and tells after each how many are still left. Returns how many
    /// it has run.
    pub(crate) fn run(&self, own: &Arc<Lane>, tell: impl Fn(usize)) -> usize {
        // The first one is out before the context is used, which is good for as long as a half is not done.
        let Some(first) = self.next(None, own, &tell) else { return 0 };
        // Its join would wait for ever for a half that has come out and does not end.
        let guard = AbortOnUnwind;
        let (mut ran, mut last, mut next) = (0, first.0, Some(first));
        self.context.run(&mut || {
            while let Some((index, half)) = next.take() {
                half();
                (ran, last) = (ran + 1, index);
                next = self.next(Some(index), own, &tell);
            }
        });
        let waiter = {
            let mut state = self.state.lock();
            state.running.retain(|(running, _)| *running != last);
            self.end(last, &mut state)
        };
        wake(waiter);
        guard.disarm();
        ran
    }

    /// The next one to run, on the thread that has run the one `done`. The last one is not done before all is left that it was
    /// run in.
    fn next(&self, done: Option<usize>, own: &Arc<Lane>, tell: impl Fn(usize)) -> Option<(usize, Lent)> {
        let mut state = self.state.lock();
        let (index, half) = state.left.pop_front()?;
        let before = done.and_then(|done| state.running.iter_mut().find(|(running, _)| *running == done));
        match before {
            Some((running, _)) => *running = index,
            None => state.running.push((index, Arc::clone(own))),
        }
        let waiter = done.and_then(|done| self.end(done, &mut state));
        tell(state.left.len());
        drop(state);
        wake(waiter);
        Some((index, half))
    }

    fn end(&self, index: usize, state: &mut State) -> Option<Waker> {
        // ORDERING: Release, see `is_done`; Relaxed to read, as it changes under the lock.
        self.done.store(self.done.load(Ordering::Relaxed) | 1 << index, Ordering::Release);
        state.waiter.take()
    }
}

fn wake(waiter: Option<Waker>) {
    if let Some(waiter) = waiter {
        waiter.wake();
    }
}
