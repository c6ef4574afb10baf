//! What the tests do as a thread ends.

use std::any::Any;
use std::cell::RefCell;

use crate::common::on_drop;

thread_local! {
    static AT_THREAD_END: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Has `f` run by a thread-local destructor of this thread.
pub(crate) fn at_thread_end(f: impl FnOnce() + 'static) {
    AT_THREAD_END.with_borrow_mut(|list| list.push(Box::new(on_drop(f))));
}
