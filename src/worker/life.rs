//! A worker thread's whole life, from its start hook to its stop hook.

use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;

use crate::base::panic::{contain, message_of};
use crate::base::spin::AdaptiveSpin;
use crate::queue::back::Left;
use crate::queue::stats::Meter;
use crate::worker::hooks::WorkerHook;
use crate::worker::idle::next_job;
use crate::worker::seat;
use crate::worker::shared::Shared;
use crate::worker::worker::Worker;

/// `started` hears once whether the start hook ran through, or what its panic said; then the worker ends at once. By then
/// the worker has let go of the hook.
pub(crate) fn live(
    shared: Arc<Shared>,
    index: usize,
    meter: Arc<Meter>,
    start_hook: Option<WorkerHook>,
    started: impl FnOnce(Result<(), String>),
) {
    let worker = Rc::new(Worker::new(shared, index, meter));
    let shared = &worker.shared;
    let seated = seat::enter(Rc::clone(&worker));
    let ran = panic::catch_unwind(AssertUnwindSafe(|| {
        if let Some(hook) = &start_hook {
            hook(index);
        }
    }));
    drop(start_hook);
    match ran {
        Ok(()) => {
            started(Ok(()));
            run_jobs(&worker);
            contain(|| shared.hooks.run_stop(index));
        }
        Err(payload) => {
            started(Err(message_of(&*payload).into_owned()));
            contain(|| drop(payload));
        }
    }
    drop(seated);
    if shared.monitor.exit() == Left::Nobody {
        shared.keeper.stop();
    }
}

fn run_jobs(worker: &Worker) {
    // Asked for once, as every access to a thread-local costs a job one per cent.
    seat::with_stack(|stack| {
        let (spin, mut done) = (AdaptiveSpin::default(), None);
        while let Some(job) = next_job(&worker.shared, worker.index, &spin, done) {
            done = Some(worker.execute_on(stack, job));
        }
    });
}
