//! Jobs whose fate can be told, and what stands for their submitters.

use std::sync::atomic::AtomicU32;

use super::*;

/// What became of a closure and of the value it returned. Counted with std's atomics: not a part of the model.
#[derive(Default)]
pub(crate) struct Tally {
    runs: AtomicU32,
    closures_dropped: AtomicU32,
    values_dropped: AtomicU32,
}

impl Tally {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn runs(&self) -> u32 {
        self.runs.load(Ordering::Relaxed)
    }

    pub(crate) fn closures_dropped(&self) -> u32 {
        self.closures_dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn values_dropped(&self) -> u32 {
        self.values_dropped.load(Ordering::Relaxed)
    }

    /// Once a job has run and every end of it is gone.
    pub(crate) fn assert_ran_once(&self) {
        assert_eq!((self.runs(), self.closures_dropped(), self.values_dropped()), (1, 1, 1));
    }

    /// Once a job has resolved without running, or was rejected and dropped.
    pub(crate) fn assert_never_ran(&self) {
        assert_eq!((self.runs(), self.closures_dropped(), self.values_dropped()), (0, 1, 0));
    }

    pub(crate) fn job(self: &Arc<Self>) -> impl FnOnce() -> Value + Send + use<> {
        let closure = Closure(Arc::clone(self));
        move || closure.run()
    }
}

struct Closure(Arc<Tally>);

impl Closure {
    fn run(self) -> Value {
        self.0.runs.fetch_add(1, Ordering::Relaxed);
        Value(Arc::clone(&self.0))
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        self.0.closures_dropped.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) struct Value(Arc<Tally>);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.values_dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// In which order jobs ran, by their names.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    pub(crate) fn job(&self, name: &'static str) -> impl FnOnce() + Send + use<> {
        let log = Arc::clone(&self.0);
        move || log.lock().unwrap().push(name)
    }

    pub(crate) fn ran(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// A new job's cell and the right to run it.
#[track_caller]
pub(crate) fn new_cell<F, T, O>(job: F, extras: O) -> (Arc<JobCell<F, T, O>>, Runnable)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    O: Extras + 'static,
{
    let cell = Arc::new(JobCell::new(job, extras, Location::caller()));
    let job = Runnable::of(&cell);
    (cell, job)
}

/// Both ends of a new job.
#[track_caller]
pub(crate) fn new_job<F, T>(job: F) -> (Runnable, JobHandle<T>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (cell, job) = new_cell(job, ());
    (job, JobHandle::new(cell, PoolId::new(false)))
}

/// A waker and what it rings.
pub(crate) fn bell() -> (Arc<Parker>, Waker) {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    (parker, waker)
}

pub(crate) fn poll<T>(handle: &mut JobHandle<T>, waker: &Waker) -> Poll<Result<T, JobError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

pub(crate) fn is_aborted<T>(outcome: &Result<T, JobError>) -> bool {
    matches!(outcome, Err(JobError::Aborted))
}

/// What a job returned, unless it did not run.
pub(crate) fn value_of<T>(outcome: Result<T, JobError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(JobError::Cancelled | JobError::Expired | JobError::Aborted) => None,
        Err(other) => panic!("{other}"),
    }
}

/// How a job ended, by its handle and by its closure, which must agree.
pub(crate) fn end_of(outcome: Result<Value, JobError>, tally: &Tally) -> &'static str {
    let end = match outcome {
        Ok(value) => {
            drop(value);
            tally.assert_ran_once();
            return "ran";
        }
        Err(JobError::Cancelled) => "cancelled",
        Err(JobError::Expired) => "expired",
        Err(JobError::Aborted) => "aborted",
        Err(other) => unreachable!("{other}"),
    };
    tally.assert_never_ran();
    end
}

/// How a submission ended: as its job did, or without one.
pub(crate) fn end_of_submission<F>(submitted: Result<JobHandle<Value>, SubmitError<F>>, tally: &Tally) -> &'static str {
    let rejected = match submitted {
        Ok(job) => return end_of(job.join(), tally),
        Err(rejected) => rejected,
    };
    let end = match rejected.kind() {
        SubmitErrorKind::Cancelled | SubmitErrorKind::TimedOut => "ended in line",
        SubmitErrorKind::ShutDown => "rejected",
        other => unreachable!("{other:?}"),
    };
    drop(rejected);
    tally.assert_never_ran();
    end
}

/// A job as it comes out of the queue.
pub fn begun(job: Runnable) -> Begun {
    Begun { job, since: Tick::ZERO }
}
