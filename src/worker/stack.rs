//! The jobs that this thread is in the middle of: it runs them, or drops one that it aborts. On a worker the outermost was
//! taken from the queue; each other one runs inside a join of the one before it, or is ended in its code. It is how a job is
//! asked to stop, and how a wait finds that it would be for itself.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::base::ids::PoolId;
use crate::job::header::Header;
use crate::job::runnable::RunEnd;
use crate::observe::board;
use crate::steal::lane::Place;
use crate::worker::shared::Shared;

/// What a thread does with a job.
pub(crate) enum Role {
    /// Runs it, as a worker of its pool.
    Worker,
    /// Runs it, as a worker of another pool; where that pool's board has it.
    Guest(Arc<Shared>, Option<board::Place>),
    /// Runs a half that another thread has handed over: of a join that the job has called, on whatever thread of whatever pool;
    /// or, if there is none, of one that was called outside of jobs.
    Half(Arc<Shared>),
    /// Ends it without running it, on whatever thread.
    Aborter(PoolId),
}

/// Holds a job meanwhile, so that code that knows nothing of the job, but runs inside it, can get at it.
struct Frame {
    job: RefCell<Option<Arc<dyn RunEnd>>>,
    role: RefCell<Role>,
}

/// Frames kept for the next time jobs nest so deep.
const KEPT: usize = 64;

pub(crate) struct Stack {
    depth: Cell<usize>,
    /// Frames in use whose role is not `Worker`.
    strangers: Cell<usize>,
    /// Apart from the others, as most jobs are outermost.
    outermost: Frame,
    /// The frames of depth 1 and more, those below `depth` in use.
    inner: RefCell<Vec<Rc<Frame>>>,
}

impl Frame {
    const fn new() -> Self {
        Self { job: RefCell::new(None), role: RefCell::new(Role::Worker) }
    }
}

impl Stack {
    pub(crate) const fn new() -> Self {
        let (depth, strangers) = (Cell::new(0), Cell::new(0));
        Self { depth, strangers, outermost: Frame::new(), inner: RefCell::new(Vec::new()) }
    }

    /// Does with a job what its pool's worker does: runs it, as the innermost. `run` contains whatever the job throws.
    #[inline]
    pub(crate) fn run<R>(&self, job: Arc<dyn RunEnd>, run: impl FnOnce(&dyn RunEnd) -> R) -> R {
        let depth = self.depth.get();
        let inner;
        let frame = match depth {
            0 => &self.outermost,
            depth => {
                inner = self.inner_frame(depth);
                &*inner
            }
        };
        frame.job.replace(Some(job));
        self.depth.set(depth + 1);
        let result = run(frame.job.borrow().as_deref().expect("it was put there just now"));
        self.depth.set(depth);
        // Last, as dropping the cell may drop what the job left for nobody.
        drop(frame.job.take());
        result
    }

    /// The same in another role.
    pub(crate) fn run_as<R>(&self, role: Role, job: Arc<dyn RunEnd>, run: impl FnOnce(&dyn RunEnd) -> R) -> R {
        let result = self.run(job, |job| self.with_role(role, || run(job)));
        self.forget_frames_if_outside();
        result
    }

    /// Runs a half that was taken; `pool` is that of its job or, if it has none, of its join.
    pub(crate) fn run_half(&self, pool: Arc<Shared>, job: Option<Arc<dyn RunEnd>>, half: impl FnOnce()) {
        let role = Role::Half(pool);
        match job {
            Some(job) => self.run_as(role, job, |_job| half()),
            None => {
                let depth = self.depth.get();
                if depth > 0 {
                    drop(self.inner_frame(depth));
                }
                self.depth.set(depth + 1);
                self.with_role(role, half);
                self.depth.set(depth);
                self.forget_frames_if_outside();
            }
        }
    }

    /// Changes the role of the innermost frame meanwhile.
    fn with_role<R>(&self, role: Role, run: impl FnOnce() -> R) -> R {
        let innermost = self.depth.get() - 1;
        self.strangers.set(self.strangers.get() + 1);
        self.with_frame(innermost, |frame| frame.role.replace(role));
        let result = run();
        let role = self.with_frame(innermost, |frame| frame.role.replace(Role::Worker));
        self.strangers.set(self.strangers.get() - 1);
        // It may be the last to know of a pool.
        drop(role);
        result
    }

    fn forget_frames_if_outside(&self) {
        if self.depth.get() == 0 {
            // Outside of any job: this thread may be no worker, which lets go of them as it ends.
            self.forget_frames();
        }
    }

    pub(crate) fn forget_frames(&self) {
        drop(self.inner.take());
    }

    fn with_frame<R>(&self, index: usize, look: impl FnOnce(&Frame) -> R) -> R {
        match index {
            0 => look(&self.outermost),
            index => {
                let frame = Rc::clone(&self.inner.borrow()[index - 1]);
                look(&frame)
            }
        }
    }

    /// The frame of a job that is about to run at that depth.
    fn inner_frame(&self, depth: usize) -> Rc<Frame> {
        let mut inner = self.inner.borrow_mut();
        if depth == 1 {
            inner.truncate(KEPT);
        }
        if inner.len() < depth {
            inner.push(Rc::new(Frame::new()));
        }
        Rc::clone(&inner[depth - 1])
    }

    /// Shows the innermost job that runs here, and in which role.
    pub(crate) fn innermost_running<R>(&self, look: impl FnOnce(&dyn RunEnd, &Role) -> R) -> Option<R> {
        self.running_among(self.depth.get(), |job, role| look(&**job, role))
    }

    /// How many jobs this thread is in the middle of.
    pub(crate) fn depth(&self) -> usize {
        self.depth.get()
    }

    /// Where this thread is, for what it does to speak for the job that it runs.
    pub(crate) fn place(&self) -> Place {
        let depth = self.depth.get();
        let innermost = self.running_among(depth, |job, _role| Arc::as_ptr(job).cast::<()>().addr());
        Place { depth, innermost: innermost.unwrap_or(0) }
    }

    /// The innermost job that runs here among the outermost `depth`, and in which role.
    pub(crate) fn running_among<R>(&self, depth: usize, look: impl FnOnce(&Arc<dyn RunEnd>, &Role) -> R) -> Option<R> {
        let runs = |&index: &usize| self.with_frame(index, |frame| !matches!(*frame.role.borrow(), Role::Aborter(_)));
        let index = (0..depth).rev().find(runs)?;
        self.with_frame(index, |frame| frame.job.borrow().as_ref().map(|job| look(job, &frame.role.borrow())))
    }

    /// Whether a job is run or aborted here.
    pub(crate) fn holds(&self, header: &Header) -> bool {
        self.any(|frame| frame.job.borrow().as_ref().is_some_and(|job| job.header().is(header)))
    }

    /// Whether a job of this pool, which is not the worker's own, runs here.
    #[inline]
    pub(crate) fn is_guest_of(&self, pool: PoolId) -> bool {
        self.any_stranger(|role| matches!(role, Role::Guest(shared, _) | Role::Half(shared) if shared.id == pool))
    }

    /// Whether a half runs here that another thread waits for.
    pub(crate) fn runs_half(&self) -> bool {
        self.any_stranger(|role| matches!(role, Role::Half(_)))
    }

    /// Whether a job of this pool is aborted here.
    pub(crate) fn aborts_for(&self, pool: PoolId) -> bool {
        self.any_stranger(|role| matches!(role, Role::Aborter(aborted) if *aborted == pool))
    }

    /// Whether there is any that the worker does not run as its own.
    #[inline]
    pub(crate) fn has_strangers(&self) -> bool {
        self.strangers.get() > 0
    }

    #[inline]
    fn any_stranger(&self, matches: impl Fn(&Role) -> bool) -> bool {
        self.has_strangers() && self.any(|frame| matches(&frame.role.borrow()))
    }

    #[cold]
    fn any(&self, matches: impl Fn(&Frame) -> bool) -> bool {
        let depth = self.depth.get();
        depth > 0 && (matches(&self.outermost) || self.inner.borrow()[..depth - 1].iter().any(|frame| matches(frame)))
    }
}
