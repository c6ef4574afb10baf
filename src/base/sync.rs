//! The seam between pool, breaker and their primitives: what they synchronise with comes from here, so that
//! `--cfg corepool_loom` puts the model checker in its place. Locks that only make an error `Sync`, keep what is joined
//! at the end, or hold a manual clock's time are parking_lot's own.
//!
//! `Arc` is std's in both worlds: the cell is shared as a trait object, which loom's `Arc` cannot do, and no
//! model depends on the order of reference counts.

use std::time::Instant;

#[cfg(not(corepool_loom))]
pub(crate) use self::native::{Condvar, Mutex, MutexGuard, thread_local};
#[cfg(not(corepool_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

#[cfg(corepool_loom)]
pub(crate) use self::model::{Condvar, Mutex, MutexGuard, thread_local};
#[cfg(corepool_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Locks a mutex that is held for some tens of nanoseconds at a time, and asked for by several threads all the time: spins for it, as to
/// park takes a thousand times longer.
#[cfg(not(corepool_loom))]
pub(crate) fn lock_spinning<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..100 {
        if !mutex.is_locked()
            && let Some(guard) = mutex.try_lock()
        {
            return guard;
        }
        std::hint::spin_loop();
    }
    mutex.lock()
}

#[cfg(corepool_loom)]
pub(crate) fn lock_spinning<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// What ended a timed wait on a [`Condvar`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    Notified,
    TimedOut,
}

#[cfg(not(corepool_loom))]
mod native {
    use super::{Instant, Woken};
    pub(crate) use parking_lot::{Mutex, MutexGuard};
    pub(crate) use std::thread_local;

    /// parking_lot's condition variable, with the guard passed by value as loom and std do.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self::default()
        }

        pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(&mut guard);
            guard
        }

        /// Waits until notified or until `deadline`; `None` is no limit.
        pub(crate) fn wait_until<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            deadline: Option<Instant>,
        ) -> (MutexGuard<'a, T>, Woken) {
            let Some(deadline) = deadline else {
                return (self.wait(guard), Woken::Notified);
            };
            let woken = match self.0.wait_until(&mut guard, deadline).timed_out() {
                true => Woken::TimedOut,
                false => Woken::Notified,
            };
            (guard, woken)
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}

#[cfg(corepool_loom)]
mod model {
    use super::{Instant, Woken};

    pub(crate) use loom::sync::MutexGuard;

    /// loom's macro does not take the `const` initialisers that std's does.
    macro_rules! model_thread_local {
        ($(#[$attr:meta])* static $name:ident: $type:ty = const { $init:expr };) => {
            loom::thread_local! { $(#[$attr])* static $name: $type = $init; }
        };
    }
    pub(crate) use model_thread_local as thread_local;

    /// loom's mutex with parking_lot's interface: no poisoning.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("no code that panics runs under a lock")
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().expect("no code that panics runs under a lock")
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self::default()
        }

        pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).expect("no code that panics runs under a lock")
        }

        /// loom has no clock: a wait in a model never times out. What follows a time-out is modelled by calling it.
        pub(crate) fn wait_until<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            _deadline: Option<Instant>,
        ) -> (MutexGuard<'a, T>, Woken) {
            (self.wait(guard), Woken::Notified)
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}
