//! Real jobs: what they do, what somebody has of them, and what became of each one's closure and outcome.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use corepool::{
    Cancel, CancelOnDrop, CancelToken, JobBuilder, JobError, JobHandle, Pool, SubmitError, SubmitErrorKind,
};

use crate::answer::{Answer, End};
use crate::program::{Deadline, Options, Time, Verb};

const HOUR: Duration = Duration::from_secs(3_600);
const MOMENT: Duration = Duration::from_micros(50);

#[derive(Debug, Default)]
pub struct Count(AtomicUsize);

impl Count {
    pub fn add(&self) {
        self.next();
    }

    /// Adds one; gives how many there were.
    pub fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.add();
    }
}

/// What a job's closure and its outcome, a value or a panic's payload, have been through.
#[derive(Debug, Default)]
pub struct Life {
    pub runs: Count,
    pub closures_gone: Count,
    pub outcomes: Count,
    pub outcomes_gone: Count,
}

impl Life {
    pub fn read(&self) -> [usize; 4] {
        [&self.runs, &self.closures_gone, &self.outcomes, &self.outcomes_gone].map(Count::get)
    }
}

/// What a job gives, or what it panics with.
pub struct Outcome(Arc<Life>);

impl Outcome {
    pub fn of(life: &Arc<Life>) -> Self {
        life.outcomes.add();
        Self(Arc::clone(life))
    }

    pub fn is_of(&self, life: &Arc<Life>) -> bool {
        Arc::ptr_eq(&self.0, life)
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        self.0.outcomes_gone.add();
    }
}

/// Belongs to a closure, and goes with it.
pub struct Closure {
    life: Arc<Life>,
    is_fragile: bool,
}

impl Closure {
    /// A fragile one panics when it is dropped unrun.
    pub fn of(life: &Arc<Life>, is_fragile: bool) -> Self {
        Self { life: Arc::clone(life), is_fragile }
    }

    pub fn run(&self) -> &Arc<Life> {
        self.life.runs.add();
        &self.life
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        self.life.closures_gone.add();
        if self.is_fragile && self.life.runs.get() == 0 {
            panic_any(());
        }
    }
}

/// Where the grip of a job is put for somebody who was there before it.
pub type Slot = Arc<Mutex<Option<Grip>>>;

/// Belongs to a closure; joins another job if it is dropped with it, unrun.
pub struct JoinsWhenDropped(pub Slot);

impl JoinsWhenDropped {
    pub fn disarm(self) {
        let grip = self.0.lock().unwrap().take();
        drop(grip);
    }
}

impl Drop for JoinsWhenDropped {
    fn drop(&mut self) {
        let grip = self.0.lock().unwrap().take();
        if let Some(grip) = grip {
            drop(grip.join());
        }
    }
}

/// What somebody has of a job.
pub enum Grip {
    Handle(JobHandle<Outcome>),
    Guard(CancelOnDrop<Outcome>),
    Future(Submission),
}

type Submission = Pin<Box<dyn Future<Output = Result<JobHandle<Outcome>, SubmitErrorKind>> + Send>>;

/// An answer, and what is left of the grip.
pub type Reply = (Answer, Option<Grip>);

/// Submits `job` as it is said; `waker` is for a future's first poll.
pub fn submit<F>(pool: &Pool, verb: Verb, options: Options, tokens: &[CancelToken], job: F, waker: &Waker) -> Reply
where
    F: FnOnce() -> Outcome + Send + 'static,
{
    let builder = (options != Options::default()).then(|| builder(pool, options, tokens));
    let submitted = match (verb, builder) {
        (Verb::Submit, None) => pool.submit(job),
        (Verb::Submit, Some(builder)) => builder.submit(job),
        (Verb::TrySubmit, None) => pool.try_submit(job),
        (Verb::TrySubmit, Some(builder)) => builder.try_submit(job),
        (Verb::Within(time), None) => pool.submit_timeout(job, time.into()),
        (Verb::Within(time), Some(builder)) => builder.submit_timeout(job, time.into()),
        (Verb::SubmitAsync, None) => return Grip::Future(boxed(pool.submit_async(job))).poll(waker),
        (Verb::SubmitAsync, Some(builder)) => return Grip::Future(boxed(builder.submit_async(job))).poll(waker),
    };
    reply(submitted.map_err(let_go))
}

fn builder<'p>(pool: &'p Pool, options: Options, tokens: &[CancelToken]) -> JobBuilder<'p> {
    let mut builder = pool.job().priority(options.priority);
    if let Some(token) = options.token {
        builder = builder.token(&tokens[token]);
    }
    match options.deadline {
        Deadline::None => builder,
        Deadline::Far => builder.timeout(HOUR),
        Deadline::Passed => builder.deadline(Instant::now()),
        Deadline::Soon => builder.timeout(4 * MOMENT),
    }
}

fn boxed<F: Send + 'static>(
    submission: impl Future<Output = Result<JobHandle<Outcome>, SubmitError<F>>> + Send + 'static,
) -> Submission {
    Box::pin(async { submission.await.map_err(let_go) })
}

/// The closure that has come back may be fragile.
pub fn let_go<F>(rejected: SubmitError<F>) -> SubmitErrorKind {
    let why = rejected.kind();
    let burst = catch_unwind(AssertUnwindSafe(|| drop(rejected.into_job())));
    drop(burst);
    why
}

fn reply(submitted: Result<JobHandle<Outcome>, SubmitErrorKind>) -> Reply {
    match submitted {
        Ok(handle) => (Answer::Accepted, Some(Grip::Handle(handle))),
        Err(why) => (Answer::Rejected(why), None),
    }
}

impl From<Time> for Duration {
    fn from(time: Time) -> Self {
        match time {
            Time::None => Duration::ZERO,
            Time::Moment => MOMENT,
            Time::Hour => HOUR,
        }
    }
}

impl Grip {
    pub fn poll(self, waker: &Waker) -> Reply {
        let cx = &mut Context::from_waker(waker);
        match self {
            Self::Handle(mut handle) => match Pin::new(&mut handle).poll(cx) {
                Poll::Ready(outcome) => (answer(outcome), None),
                Poll::Pending => (Answer::NotYet, Some(Self::Handle(handle))),
            },
            Self::Guard(mut guard) => match Pin::new(&mut guard).poll(cx) {
                Poll::Ready(outcome) => (answer(outcome), None),
                Poll::Pending => (Answer::NotYet, Some(Self::Guard(guard))),
            },
            Self::Future(mut future) => match future.as_mut().poll(cx) {
                Poll::Ready(submitted) => reply(submitted),
                Poll::Pending => (Answer::InLine, Some(Self::Future(future))),
            },
        }
    }

    /// Waits: for the job's end, or for room.
    pub fn join(self) -> Reply {
        match self {
            Self::Handle(handle) => (answer(handle.join()), None),
            Self::Guard(guard) => (answer(guard.join()), None),
            Self::Future(future) => reply(pollster::block_on(future)),
        }
    }

    pub fn try_join(self) -> Reply {
        let tried = match self {
            Self::Handle(handle) => handle.try_join().map_err(Self::Handle),
            Self::Guard(guard) => guard.try_join().map_err(Self::Guard),
            Self::Future(_) => unreachable!("{NO_HANDLE}"),
        };
        ended_or_not(tried)
    }

    pub fn join_timeout(self, timeout: Duration) -> Reply {
        let tried = match self {
            Self::Handle(handle) => handle.join_timeout(timeout).map_err(Self::Handle),
            Self::Guard(guard) => guard.join_timeout(timeout).map_err(Self::Guard),
            Self::Future(_) => unreachable!("{NO_HANDLE}"),
        };
        ended_or_not(tried)
    }

    pub fn cancel(&self) -> Cancel {
        match self {
            Self::Handle(handle) => handle.cancel(),
            Self::Guard(guard) => guard.cancel(),
            Self::Future(_) => unreachable!("{NO_HANDLE}"),
        }
    }

    pub fn cancel_on_drop(self) -> Self {
        match self {
            Self::Handle(handle) => Self::Guard(handle.cancel_on_drop()),
            Self::Guard(_) | Self::Future(_) => self,
        }
    }

    /// A future cannot say.
    pub fn is_finished(&self) -> Option<bool> {
        match self {
            Self::Handle(handle) => Some(handle.is_finished()),
            Self::Guard(guard) => Some(guard.is_finished()),
            Self::Future(_) => None,
        }
    }
}

const NO_HANDLE: &str = "the program says this of handles only";

fn ended_or_not(tried: Result<Result<Outcome, JobError>, Grip>) -> Reply {
    match tried {
        Ok(outcome) => (answer(outcome), None),
        Err(grip) => (Answer::NotYet, Some(grip)),
    }
}

fn answer(outcome: Result<Outcome, JobError>) -> Answer {
    match outcome {
        Ok(_) => Answer::Joined(End::Value),
        Err(JobError::Panicked(_)) => Answer::Joined(End::Panicked),
        Err(JobError::Cancelled) => Answer::Joined(End::Cancelled),
        Err(JobError::Expired) => Answer::Joined(End::Expired),
        Err(JobError::Aborted) => Answer::Joined(End::Aborted),
        Err(JobError::WouldDeadlock) => Answer::WouldDeadlock,
        Err(other) => unreachable!("the contract knows no {other:?}"),
    }
}
