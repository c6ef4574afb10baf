//! One worker: what it runs jobs with.

use std::any::Any;
use std::sync::Arc;

use crate::base::ids::Epoch;
use crate::base::job_panic::JobPanic;
use crate::base::tick::Tick;
use crate::base::unrun::Unrun;
use crate::job::runnable::{Begun, RunEnd, Runner};
use crate::observe::board::{Board, Done, Place};
use crate::observe::desk;
use crate::queue::stats::Meter;
use crate::worker::seat;
use crate::worker::shared::Shared;
use crate::worker::stack::Stack;

/// One worker, seen from its own thread.
pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    meter: Arc<Meter>,
    /// The pool's, one step nearer.
    board: Option<Arc<Board>>,
    /// Of its thread, in bytes.
    pub(super) stack_size: usize,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, meter: Arc<Meter>) -> Self {
        let (board, stack_size) = (shared.board.clone(), shared.stack_size);
        Self { shared, index, meter, board, stack_size }
    }

    /// The innermost of its jobs, on the board.
    pub(super) fn place(&self) -> Place {
        Place::Worker(self.index)
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn pool(&self) -> &Shared {
        &self.shared
    }

    /// The same worker on another thread, for while its own one waits for that: a meter has one writer.
    pub(super) fn moved_to(&self, stack_size: usize) -> Self {
        Self { stack_size, ..Self::new(Arc::clone(&self.shared), self.index, Arc::clone(&self.meter)) }
    }

    /// Runs a job; returns the epoch to retire it from, now that nothing of it is left here.
    pub(crate) fn execute(&self, job: Begun) -> Epoch {
        seat::with_stack(|stack| self.execute_on(stack, job))
    }

    /// The same with the thread's stack in hand.
    #[inline]
    pub(crate) fn execute_on(&self, stack: &Stack, job: Begun) -> Epoch {
        let Begun { job, since } = job;
        stack.run(job.into_cell(), |job| match &self.board {
            None => job.run(self, self.shared.monitor.is_aborting()),
            Some(board) => self.execute_on_board(board, job, since),
        })
    }

    #[inline(never)]
    fn execute_on_board(&self, board: &Board, job: &dyn RunEnd, since: Tick) -> Epoch {
        let (started, call) = board.begin(self.index, job, since);
        self.shared.call_keeper(call);
        job.run(&OnBoard { worker: self, board, job, started }, self.shared.monitor.is_aborting())
    }
}

impl Runner for Worker {
    fn completed(&self) {
        self.meter.count_completed();
    }

    fn panicked(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        self.meter.count_panicked();
        self.shared.hooks.report(payload, job)
    }

    fn unrun(&self, why: Unrun) {
        self.meter.count_unrun(why);
    }
}

/// A worker that runs a job of a pool with a board.
struct OnBoard<'a> {
    worker: &'a Worker,
    board: &'a Board,
    job: &'a dyn RunEnd,
    started: desk::Started,
}

impl OnBoard<'_> {
    fn end(&self, done: Done) {
        self.board.end(self.worker.index, self.job, &self.started, done);
    }
}

impl Runner for OnBoard<'_> {
    fn completed(&self) {
        self.end(Done::Ran);
        self.worker.completed();
    }

    fn panicked(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        self.end(Done::Ran);
        self.worker.panicked(payload, job)
    }

    fn unrun(&self, why: Unrun) {
        self.end(Done::Unrun);
        self.worker.unrun(why);
    }
}
