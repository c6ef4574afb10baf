//! The jobs that run on one worker: the outermost was taken from the queue, each other one runs inside a join of the one
//! before it. It is how a job is asked to stop, and how a join finds that it would wait for itself.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::job::header::Header;
use crate::job::runnable::{RunEnd, Runnable};

/// Holds a job while it runs, so that code that knows nothing of the job, but runs inside it, can get at it.
type Frame = RefCell<Option<Arc<dyn RunEnd>>>;

/// Frames kept for the next time jobs nest so deep.
const KEPT: usize = 64;

#[derive(Default)]
pub(crate) struct Stack {
    depth: Cell<usize>,
    /// Apart from the others, as most jobs are outermost.
    outermost: Frame,
    /// The frames of depth 1 and more, those below `depth` in use.
    inner: RefCell<Vec<Rc<Frame>>>,
}

impl Stack {
    /// Runs a job as the innermost. `run` contains whatever the job throws.
    pub(crate) fn run<R>(&self, job: Runnable, run: impl FnOnce(&dyn RunEnd) -> R) -> R {
        let depth = self.depth.get();
        let inner;
        let frame = match depth {
            0 => &self.outermost,
            depth => {
                inner = self.inner_frame(depth);
                &*inner
            }
        };
        frame.replace(Some(job.into_cell()));
        self.depth.set(depth + 1);
        let result = run(frame.borrow().as_deref().expect("it was put there just now"));
        self.depth.set(depth);
        // Last, as dropping the cell may drop what the job left for nobody.
        drop(frame.take());
        result
    }

    fn inner_frame(&self, depth: usize) -> Rc<Frame> {
        let mut inner = self.inner.borrow_mut();
        if depth == 1 {
            inner.truncate(KEPT);
        }
        if inner.len() < depth {
            inner.push(Rc::default());
        }
        Rc::clone(&inner[depth - 1])
    }

    /// Shows the innermost job.
    pub(crate) fn innermost<R>(&self, look: impl FnOnce(&dyn RunEnd) -> R) -> Option<R> {
        match self.depth.get() {
            0 => None,
            1 => self.outermost.borrow().as_deref().map(look),
            depth => self.inner_frame(depth - 1).borrow().as_deref().map(look),
        }
    }

    pub(crate) fn holds(&self, header: &Header) -> bool {
        let holds = |frame: &Frame| frame.borrow().as_ref().is_some_and(|job| job.header().is(header));
        let depth = self.depth.get();
        depth > 0 && (holds(&self.outermost) || self.inner.borrow()[..depth - 1].iter().any(|frame| holds(frame)))
    }
}
