//! Letting go of cells without deep recursion. A job's outcome may own the handle of another job, whose outcome owns another:
//! to drop such a chain as it nests would need a stack as deep as the chain is long.
//!
//! 1. A handle that is dropped drops its cell there and then, also within the destructor of another one's outcome, as
//!    destructors may count on: up to [`DEEPEST`] deep.
//! 2. There the cells of handles that are dropped further down are put on a list.
//! 3. The one at that depth then drops the cells on the list, one after the other.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::sync::Arc;

use crate::base::sync::thread_local;
use crate::job::cell::Remains;

/// Handles that are dropped within each other. Few enough for any stack.
const DEEPEST: usize = 32;

type List = Vec<Arc<dyn Remains>>;

/// Has no destructor, so that thread-local destructors may drop handles; the first of a chain leaves nothing in it.
struct Chain {
    depth: Cell<usize>,
    /// `None` but for while somebody is at step 3.
    list: ManuallyDrop<RefCell<Option<List>>>,
}

thread_local! {
    static CHAIN: Chain = const { Chain { depth: Cell::new(0), list: ManuallyDrop::new(RefCell::new(None)) } };
}

/// Lets go of a cell. What its outcome's destructor throws stays in the cell's own.
pub(crate) fn let_go(cell: Arc<dyn Remains>) {
    CHAIN.with(|chain| {
        let depth = chain.depth.get();
        if depth < DEEPEST {
            chain.depth.set(depth + 1);
            drop(cell);
            chain.depth.set(depth);
        } else if let Some(cell) = chain.put_on_list(cell) {
            drop(cell);
            while let Some(next) = chain.take_from_list() {
                drop(next);
            }
        }
    });
}

impl Chain {
    /// Gives the cell back where there was no list yet: then it is the caller who sees to it.
    fn put_on_list(&self, cell: Arc<dyn Remains>) -> Option<Arc<dyn Remains>> {
        let mut list = self.list.borrow_mut();
        match &mut *list {
            Some(list) => {
                list.push(cell);
                None
            }
            None => {
                *list = Some(Vec::new());
                Some(cell)
            }
        }
    }

    /// The last on the list; without one there is no list any more.
    fn take_from_list(&self) -> Option<Arc<dyn Remains>> {
        let mut list = self.list.borrow_mut();
        let next = list.as_mut().and_then(Vec::pop);
        if next.is_none() {
            *list = None;
        }
        next
    }
}
