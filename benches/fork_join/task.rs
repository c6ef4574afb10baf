//! A computation that forks, written once for all peers: each has it compiled for its own `join`, as if it had been written
//! for that alone.

use corepool::Pool;

/// A part of the computation. A type of its own instead of a closure, as each peer hands something else to its closures.
pub(crate) trait Task: Send {
    type Output: Send;

    fn run<F: Fork>(self, fork: F) -> Self::Output;
}

/// What a peer forks with.
pub(crate) trait Fork {
    /// Runs the first task on this thread at once; the second is offered to the other threads, and runs on this one if
    /// none has taken it.
    fn join<A: Task, B: Task>(self, first: A, offered: B) -> (A::Output, B::Output);

    /// For a task that forks more than once.
    fn reborrow(&mut self) -> impl Fork;
}

impl Fork for &Pool {
    #[inline]
    fn join<A: Task, B: Task>(self, first: A, offered: B) -> (A::Output, B::Output) {
        Pool::join(self, || first.run(self), || offered.run(self))
    }

    #[inline]
    fn reborrow(&mut self) -> impl Fork {
        *self
    }
}

/// In the pool of the thread that it is used on.
#[derive(Clone, Copy)]
pub(crate) struct ByRayon;

impl Fork for ByRayon {
    #[inline]
    fn join<A: Task, B: Task>(self, first: A, offered: B) -> (A::Output, B::Output) {
        rayon::join(|| first.run(self), || offered.run(self))
    }

    #[inline]
    fn reborrow(&mut self) -> impl Fork {
        *self
    }
}

/// chili offers the first closure, and runs the second one at once.
impl Fork for &mut chili::Scope<'_> {
    #[inline]
    fn join<A: Task, B: Task>(self, first: A, offered: B) -> (A::Output, B::Output) {
        let (offered, first) = self.join(|scope| offered.run(scope), |scope| first.run(scope));
        (first, offered)
    }

    #[inline]
    fn reborrow(&mut self) -> impl Fork {
        &mut **self
    }
}

/// As chili.
#[cfg(feature = "forte")]
impl Fork for &forte::Worker {
    #[inline]
    fn join<A: Task, B: Task>(self, first: A, offered: B) -> (A::Output, B::Output) {
        let (offered, first) = self.join(|worker| offered.run(worker), |worker| first.run(worker));
        (first, offered)
    }

    #[inline]
    fn reborrow(&mut self) -> impl Fork {
        *self
    }
}

/// One after the other.
#[derive(Clone, Copy)]
pub(crate) struct Serially;

impl Fork for Serially {
    #[inline]
    fn join<A: Task, B: Task>(self, first: A, offered: B) -> (A::Output, B::Output) {
        (first.run(self), offered.run(self))
    }

    #[inline]
    fn reborrow(&mut self) -> impl Fork {
        *self
    }
}
