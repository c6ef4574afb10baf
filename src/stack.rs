//! The jobs that run on one worker: the outermost was taken from the queue, each other one runs inside a join of the one
//! before it. It is how a job is asked to stop, and how a join finds that it would wait for itself.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::job::{Header, RunEnd, Runnable};

/// Holds a job while it runs, so that code that knows nothing of the job, but runs inside it, can get at it.
type Frame = RefCell<Option<Arc<dyn RunEnd>>>;

/// Frames kept for the next time jobs nest so deep.
const KEPT: usize = 64;

#[derive(Default)]
pub(crate) struct Stack {
    /// Those below `depth` hold a job.
    frames: RefCell<Vec<Rc<Frame>>>,
    depth: Cell<usize>,
}

impl Stack {
    /// Runs a job as the innermost. `run` contains whatever the job throws.
    pub(crate) fn run(&self, job: Runnable, run: impl FnOnce(&dyn RunEnd)) {
        let depth = self.depth.get();
        let frame = self.frame(depth);
        *frame.borrow_mut() = Some(job.into_cell());
        self.depth.set(depth + 1);
        if let Some(job) = &*frame.borrow() {
            run(&**job);
        }
        self.depth.set(depth);
        let job = frame.borrow_mut().take();
        // Last, as dropping the cell may drop what the job left for nobody.
        drop(job);
        if depth == 0 {
            self.frames.borrow_mut().truncate(KEPT);
        }
    }

    fn frame(&self, depth: usize) -> Rc<Frame> {
        let mut frames = self.frames.borrow_mut();
        if frames.len() == depth {
            frames.push(Rc::default());
        }
        Rc::clone(&frames[depth])
    }

    /// Shows the innermost job.
    pub(crate) fn innermost<R>(&self, look: impl FnOnce(&dyn RunEnd) -> R) -> Option<R> {
        let frame = self.frame(self.depth.get().checked_sub(1)?);
        let job = frame.borrow();
        job.as_deref().map(look)
    }

    pub(crate) fn holds(&self, header: &Header) -> bool {
        let frames = self.frames.borrow();
        frames[..self.depth.get()]
            .iter()
            .any(|frame| frame.borrow().as_ref().is_some_and(|job| job.header().is(header)))
    }
}
