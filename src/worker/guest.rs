//! Running a job of one pool on a worker of another, which has joined it while it was queued. So jobs of several pools may
//! wait for each other's children, however few workers each has.
//!
//! The job stays its pool's: it is counted there, as running and as it ends; its pool's hook sees its panic; `checkpoint()`
//! speaks for it and its pool; what it submits to its pool comes from inside, and its pool waits for it when it shuts down.
//! The thread stays the worker's: `current_worker()` and thread-locals are those of the job that joins. Only where its stack is
//! smaller than those of the job's pool does the worker move to a larger one, on a thread that is started for the job.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::job_panic::JobPanic;
use crate::base::thread;
use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::runnable::{Begun, RunEnd, Runner};
use crate::observe::board::{Done, Place};
use crate::observe::desk;
use crate::observe::label::JobLabel;
use crate::queue::front::Origin;
use crate::worker::seat;
use crate::worker::shared::Shared;
use crate::worker::stack::Role;
use crate::worker::worker::Worker;

/// Runs a job of `pool` on this thread, a worker of another one or in a job of an inline one, if it is still queued. Says whether
/// it did.
pub(crate) fn run_as_guest(pool: &Arc<Shared>, header: &Header) -> bool {
    let Some(job) = pool.monitor.claim(header, Origin::Outside) else { return false };
    let _shown = seat::show_wait(|| JobLabel::of(job.job.cell()));
    match seat::current() {
        Some(worker) if worker.stack_size < pool.stack_size => run_on_a_larger_stack(&worker, pool, job),
        _ => run(pool, job),
    }
    true
}

/// The worker moves to a thread of its own for this job. To leave the job to its pool's workers would not do: they may all be
/// in jobs that wait for this one.
#[cold]
fn run_on_a_larger_stack(worker: &Worker, pool: &Arc<Shared>, job: Begun) {
    let (moved, job) = (worker.moved_to(pool.stack_size), Mutex::new(Some(job)));
    let run_it = || job.lock().take().map(|job| run(pool, job));
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    std::thread::scope(|scope| {
        let spawned = thread::named(name, Some(pool.stack_size)).spawn_scoped(scope, || {
            seat::reserve(moved.shared.id);
            let seated = seat::enter(Rc::new(moved));
            run_it();
            drop(seated);
        });
        if spawned.is_err() {
            // It may do with less.
            run_it();
        }
    });
}

pub(super) fn run(pool: &Arc<Shared>, job: Begun) {
    let Begun { job, since } = job;
    let job = job.into_cell();
    let on_board = pool.board.as_ref().map(|board| {
        let (place, started, call) = board.begin_outside(&*job, since);
        pool.call_keeper(call);
        (place, started)
    });
    let role = Role::Guest(Arc::clone(pool), on_board.map(|(place, _)| place));
    let epoch = seat::with_stack(|stack| {
        stack.run_as(role, job, |job| job.run(&Guest { pool, job, on_board }, pool.monitor.is_aborting()))
    });
    pool.monitor.retire_guest(epoch);
}

struct Guest<'a> {
    pool: &'a Shared,
    job: &'a dyn RunEnd,
    on_board: Option<(Place, desk::Started)>,
}

impl Guest<'_> {
    fn end(&self, done: Done) {
        if let (Some(board), Some((place, started))) = (&self.pool.board, &self.on_board) {
            board.end_outside(*place, self.job, started, done);
        }
    }
}

impl Runner for Guest<'_> {
    fn completed(&self) {
        self.end(Done::Ran);
        self.pool.monitor.count_for_guest(|meter| meter.count_completed());
    }

    fn panicked(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        self.end(Done::Ran);
        self.pool.monitor.count_for_guest(|meter| meter.count_panicked());
        self.pool.hooks.report(payload, job)
    }

    fn unrun(&self, why: Unrun) {
        self.end(Done::Unrun);
        self.pool.monitor.count_for_guest(|meter| meter.count_unrun(why));
    }
}
