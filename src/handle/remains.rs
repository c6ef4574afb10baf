//! Letting go of what a handle leaves without deep recursion: its cell, and the waker it left there. A job's outcome may own
//! the handle of another job, whose outcome owns another; so may the task behind a waker. To drop such a chain as it nests
//! would need a stack as deep as the chain is long.
//!
//! 1. A handle that is dropped drops what it leaves there and then, also within the destructor of another one's outcome, as
//!    destructors may count on: up to [`DEEPEST`] deep.
//! 2. There what is left by handles that are dropped further down is put on a list.
//! 3. The one at that depth then drops what is on the list, one after the other.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::Waker;

use crate::base::panic::contain;
use crate::base::sync::thread_local;
use crate::job::cell::Remains;

/// Handles that are dropped within each other. Few enough for any stack.
const DEEPEST: usize = 32;

/// What a handle leaves.
pub(crate) enum Left {
    Cell(Arc<dyn Remains>),
    Waker(Waker),
}

impl Left {
    /// What an outcome's destructor throws stays in the cell's own.
    fn let_go(self) {
        match self {
            Self::Cell(cell) => drop(cell),
            Self::Waker(waker) => drop(contain(|| drop(waker))),
        }
    }
}

type List = Vec<Left>;

/// Has no destructor, so that thread-local destructors may drop handles; the first of a chain leaves nothing in it.
struct Chain {
    depth: Cell<usize>,
    /// `None` but for while somebody is at step 3.
    list: ManuallyDrop<RefCell<Option<List>>>,
}

thread_local! {
    static CHAIN: Chain = const { Chain { depth: Cell::new(0), list: ManuallyDrop::new(RefCell::new(None)) } };
}

pub(crate) fn let_go(left: Left) {
    CHAIN.with(|chain| {
        let depth = chain.depth.get();
        if depth < DEEPEST {
            chain.depth.set(depth + 1);
            left.let_go();
            chain.depth.set(depth);
        } else if let Some(left) = chain.put_on_list(left) {
            left.let_go();
            while let Some(next) = chain.take_from_list() {
                next.let_go();
            }
        }
    });
}

impl Chain {
    /// Gives it back where there was no list yet: then it is the caller who sees to it.
    fn put_on_list(&self, left: Left) -> Option<Left> {
        let mut list = self.list.borrow_mut();
        match &mut *list {
            Some(list) => {
                list.push(left);
                None
            }
            None => {
                *list = Some(Vec::new());
                Some(left)
            }
        }
    }

    /// The last on the list; without one there is no list any more.
    fn take_from_list(&self) -> Option<Left> {
        let mut list = self.list.borrow_mut();
        let next = list.as_mut().and_then(Vec::pop);
        if next.is_none() {
            *list = None;
        }
        next
    }
}
