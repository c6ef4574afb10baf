//! Letting go of cells without recursion. A job's outcome may own the handle of another job, whose outcome owns another: to
//! drop such a chain as it nests would need a stack as deep as the chain is long.
//!
//! 1. A handle that is dropped while no other one is, on this thread, drops its cell.
//! 2. Those that are dropped within that are put on a list.
//! 3. The first one then drops the cells on the list, one after the other.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use crate::base::sync::thread_local;
use crate::job::cell::Remains;

type List = Option<Vec<Arc<dyn Remains>>>;

thread_local! {
    /// `None` while no handle is dropped. Has no destructor, so that thread-local destructors may drop handles; the first
    /// of a chain leaves nothing in it.
    static LIST: ManuallyDrop<RefCell<List>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Lets go of a cell, now or once those further up are gone. What its outcome's destructor throws stays in the cell's own.
pub(crate) fn let_go(cell: Arc<dyn Remains>) {
    let first = LIST.with(|list| match &mut *list.borrow_mut() {
        Some(list) => {
            list.push(cell);
            None
        }
        none => {
            *none = Some(Vec::new());
            Some(cell)
        }
    });
    let mut next = first;
    while let Some(cell) = next {
        drop(cell);
        next = LIST.with(|list| {
            let mut list = list.borrow_mut();
            let next = list.as_mut().and_then(Vec::pop);
            if next.is_none() {
                *list = None;
            }
            next
        });
    }
}
