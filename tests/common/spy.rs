//! A waker that tells what is done with it and does what a test wants in the middle of that. Cloning one made by
//! `std::task::Wake` runs no code of the test's, so this one is made by hand.

#![allow(unsafe_code, reason = "a vtable of one's own is the only way into a waker's clone")]

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{RawWaker, RawWakerVTable, Waker};

type Act = Mutex<Option<Box<dyn FnOnce() + Send>>>;

/// Counts what happens to its wakers. An act runs once, the next time that happens, and may panic.
#[derive(Default)]
pub struct Spy {
    made: AtomicUsize,
    woken: AtomicUsize,
    let_go: AtomicUsize,
    clone: Act,
    wake: Act,
    drop: Act,
}

impl Spy {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn waker(self: &Arc<Self>) -> Waker {
        self.made.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the pointer owns one reference, and the functions of `VTABLE` keep `RawWaker`'s contract: all is behind
        // an `Arc` of a `Sync` type, `clone` adds a reference, `wake` and `drop` take one away.
        unsafe { Waker::from_raw(raw(self)) }
    }

    pub fn on_clone(&self, act: impl FnOnce() + Send + 'static) {
        *self.clone.lock().unwrap() = Some(Box::new(act));
    }

    pub fn on_wake(&self, act: impl FnOnce() + Send + 'static) {
        *self.wake.lock().unwrap() = Some(Box::new(act));
    }

    pub fn on_drop(&self, act: impl FnOnce() + Send + 'static) {
        *self.drop.lock().unwrap() = Some(Box::new(act));
    }

    /// How often it was woken.
    pub fn woken(&self) -> usize {
        self.woken.load(Ordering::SeqCst)
    }

    /// Wakers that somebody still has.
    pub fn out(&self) -> usize {
        self.made.load(Ordering::SeqCst) - self.let_go.load(Ordering::SeqCst)
    }
}

fn act(act: &Act) {
    let act = act.lock().unwrap().take();
    if let Some(act) = act {
        act();
    }
}

fn raw(spy: &Arc<Spy>) -> RawWaker {
    RawWaker::new(Arc::into_raw(Arc::clone(spy)).cast(), &VTABLE)
}

const VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // SAFETY: `data` came from `raw`; the reference stays the waker's.
        let spy = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Spy>()) });
        act(&spy.clone);
        spy.made.fetch_add(1, Ordering::SeqCst);
        raw(&spy)
    },
    |data| {
        // SAFETY: `data` came from `raw`; the waker's reference is ours now.
        let spy = unsafe { Arc::from_raw(data.cast::<Spy>()) };
        spy.let_go.fetch_add(1, Ordering::SeqCst);
        spy.woken.fetch_add(1, Ordering::SeqCst);
        act(&spy.wake);
    },
    |data| {
        // SAFETY: as for `clone`.
        let spy = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Spy>()) });
        spy.woken.fetch_add(1, Ordering::SeqCst);
        act(&spy.wake);
    },
    |data| {
        // SAFETY: as for `wake`.
        let spy = unsafe { Arc::from_raw(data.cast::<Spy>()) };
        spy.let_go.fetch_add(1, Ordering::SeqCst);
        act(&spy.drop);
    },
);
