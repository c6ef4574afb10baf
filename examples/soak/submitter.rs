//! The way of a plan: a closure is made and offered, its handle seen to, and all that is heard of it written down.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use async_task::Runnable;
use corepool::{Cancel, CancelToken, JobBuilder, JobError, JobHandle, Pool, SubmitError};
use fastrand::Rng;
use parking_lot::Mutex;
use pollster::block_on;

use crate::job::{Burst, Job, Output, contain};
use crate::ledger::{Answer, Books, Record};
use crate::plan::{Handling, Options, Plan, Rejection, Verb, Work};

/// A pool and its books.
#[derive(Clone)]
pub struct Subject {
    pub pool: Pool,
    pub books: Arc<Books>,
}

type Closure = Box<dyn FnOnce() -> Output + Send>;
type Submitted = Result<JobHandle<Output>, SubmitError<Closure>>;
type Submission = Pin<Box<dyn Future<Output = Submitted> + Send>>;

/// Who submits: a client, or a job.
#[derive(Clone)]
pub struct Submitter {
    pub subject: Subject,
    /// Another pool, for jobs that nest there.
    pub elsewhere: Subject,
    pub token: CancelToken,
}

impl Submitter {
    /// Nothing comes back where the closure did, for good.
    pub fn submit(&self, plan: &Plan) -> Option<Pending> {
        let later = matches!(plan.work, Work::JoiningClosure).then(Arc::<Later>::default);
        let record = self.subject.books.open();
        let submitter = match plan.work {
            Work::Nest | Work::WaitForItself | Work::CancelToken => Some(self.clone()),
            Work::NestElsewhere => {
                let Self { subject, elsewhere, token } = self.clone();
                Some(Self { subject: elsewhere, elsewhere: subject, token })
            }
            _ => None,
        };
        let job = Job {
            record: Arc::clone(&record),
            work: plan.work,
            depth: plan.depth,
            seed: plan.seed,
            burst: Burst(matches!(plan.work, Work::BurstingClosure)),
            submitter,
            later: later.clone(),
        };
        let stage = self.stage(plan, &record, Box::new(move || job.run()));
        if let Some(later) = later {
            // That must not wait for room, which only the end of the closure may make.
            *later.0.lock() = self.submit(&Plan { verb: Verb::Try, ..Plan::PLAIN }).map(Box::new);
        }
        if stage.is_none() {
            record.heard(Answer::NotAccepted);
        }
        stage.map(|stage| Pending { record, stage, handling: plan.handling })
    }

    /// Offers the closure; to a rejection the plan has an answer.
    fn stage(&self, plan: &Plan, record: &Record, closure: Closure) -> Option<Stage> {
        let submitted = match plan.verb {
            Verb::NeverPoll => {
                contain(|| drop(self.submission(plan, record, closure)));
                return None;
            }
            Verb::StandInLine => {
                let mut submission = self.submission(plan, record, closure);
                match submission.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(submitted) => submitted,
                    Poll::Pending => return Some(Stage::InLine(submission)),
                }
            }
            _ => self.offer(plan, record, closure),
        };
        match (accept(record, submitted), plan.rejection) {
            (Ok(handle), _) => Some(Stage::Accepted(handle)),
            (Err(closure), Rejection::SubmitAgain) => {
                self.stage(&Plan { verb: Verb::Submit, rejection: Rejection::Drop, ..*plan }, record, closure)
            }
            (Err(closure), Rejection::Drop) => {
                contain(|| drop(closure));
                None
            }
        }
    }

    /// By all verbs but the one that waits without being waited for.
    fn offer(&self, plan: &Plan, record: &Record, closure: Closure) -> Submitted {
        let pool = &self.subject.pool;
        match (plan.verb, self.options(plan, record)) {
            (Verb::Submit, None) => pool.submit(closure),
            (Verb::Submit, Some(job)) => job.submit(closure),
            (Verb::Try, None) => pool.try_submit(closure),
            (Verb::Try, Some(job)) => job.try_submit(closure),
            (Verb::Timeout(timeout), None) => pool.submit_timeout(closure, timeout),
            (Verb::Timeout(timeout), Some(job)) => job.submit_timeout(closure, timeout),
            _ => block_on(self.submission(plan, record, closure)),
        }
    }

    fn submission(&self, plan: &Plan, record: &Record, closure: Closure) -> Submission {
        match self.options(plan, record) {
            None => Box::pin(self.subject.pool.submit_async(closure)),
            Some(job) => Box::pin(job.submit_async(closure)),
        }
    }

    fn options(&self, plan: &Plan, record: &Record) -> Option<JobBuilder<'_>> {
        let Options { priority, is_named, has_token, deadline } = plan.options?;
        let mut job = self.subject.pool.job().priority(priority);
        if is_named {
            job = job.name("soaked");
        }
        if has_token {
            record.allow(Answer::Cancelled);
            job = job.token(&self.token);
        }
        if let Some(timeout) = deadline {
            record.allow(Answer::Expired);
            job = if timeout.is_zero() { job.deadline(Instant::now()) } else { job.timeout(timeout) };
        }
        Some(job)
    }
}

fn accept(record: &Record, submitted: Submitted) -> Result<JobHandle<Output>, Closure> {
    match &submitted {
        Ok(_) => record.accepted(),
        Err(rejected) => record.rejected(rejected.kind()),
    }
    submitted.map_err(SubmitError::into_job)
}

/// A job, or what may become one, that somebody still has to see to.
pub struct Pending {
    record: Arc<Record>,
    stage: Stage,
    handling: Handling,
}

enum Stage {
    InLine(Submission),
    Accepted(JobHandle<Output>),
}

impl Pending {
    pub fn is_finished(&self) -> bool {
        matches!(&self.stage, Stage::Accepted(handle) if handle.is_finished())
    }

    /// As a client does; `elsewhere` takes what another thread should join.
    pub fn see_to(self, rng: &mut Rng, elsewhere: &SyncSender<Self>) {
        match (&self.stage, self.handling) {
            (Stage::Accepted(_), Handling::JoinElsewhere) => {
                // The reader stays until every client has gone.
                let _ = elsewhere.send(self);
            }
            (_, Handling::AwaitInline) => self.await_inline(),
            (Stage::InLine(_), _) if rng.u8(..5) == 0 => {
                let Self { record, stage, .. } = self;
                record.allow(Answer::Cancelled);
                drop(stage);
                record.heard(Answer::Abandoned);
            }
            _ => self.wait(),
        }
    }

    /// As a job does: but for `join`, whatever waits for a job there may wait for ever.
    pub fn see_to_inside(mut self) {
        if matches!(self.handling, Handling::Await | Handling::JoinTimeout(_) | Handling::TryJoin) {
            self.handling = Handling::Join;
        }
        self.wait();
    }

    fn wait(self) {
        match self.stage {
            Stage::Accepted(handle) => see_to_handle(&self.record, handle, self.handling),
            Stage::InLine(submission) => see_to_submitted(&self.record, block_on(submission), self.handling),
        }
    }

    /// Leaves a job to a task that is polled within `wake`: on the worker that ends the job or, where it stands in line, on
    /// whoever gives it a place, which joins it there and then.
    fn await_inline(self) {
        let Self { record, stage, .. } = self;
        let task = async move {
            match stage {
                Stage::Accepted(handle) => hear_of(&record, handle.await),
                Stage::InLine(submission) => see_to_submitted(&record, submission.await, Handling::Join),
            }
        };
        let (runnable, task) = async_task::spawn(task, |runnable: Runnable| _ = runnable.run());
        task.detach();
        runnable.run();
    }
}

fn see_to_submitted(record: &Arc<Record>, submitted: Submitted, handling: Handling) {
    match accept(record, submitted) {
        Ok(handle) => see_to_handle(record, handle, handling),
        Err(closure) => {
            contain(|| drop(closure));
            record.heard(Answer::NotAccepted);
        }
    }
}

fn see_to_handle(record: &Arc<Record>, handle: JobHandle<Output>, handling: Handling) {
    if matches!(handling, Handling::CancelAndJoin | Handling::CancelAndDrop | Handling::DropGuard) {
        record.allow(Answer::Cancelled);
    }
    let outcome = match handling {
        Handling::Join | Handling::JoinElsewhere | Handling::AwaitInline => handle.join(),
        Handling::JoinTimeout(timeout) => handle.join_timeout(timeout).unwrap_or_else(JobHandle::join),
        Handling::TryJoin => handle.try_join().unwrap_or_else(JobHandle::join),
        Handling::Await => block_on(handle),
        Handling::JoinGuard => handle.cancel_on_drop().join(),
        Handling::CancelAndJoin => {
            let cancelled = handle.cancel();
            let outcome = handle.join();
            let is_cancelled = matches!(outcome, Err(JobError::Cancelled));
            record.books.check(is_cancelled || cancelled != Cancel::Dequeued);
            outcome
        }
        _ => {
            match handling {
                Handling::Detach => handle.detach(),
                Handling::CancelAndDrop => drop((handle.cancel(), handle)),
                Handling::DropGuard => drop(handle.cancel_on_drop()),
                _ => drop(handle),
            }
            return record.heard(Answer::LetGo);
        }
    };
    hear_of(record, outcome);
}

fn hear_of(record: &Arc<Record>, outcome: Result<Output, JobError>) {
    record.heard(match outcome {
        Ok(output) => {
            // The value must be that job's own.
            record.books.check(Arc::ptr_eq(&output.record, record));
            contain(|| drop(output));
            Answer::Completed
        }
        Err(JobError::Panicked(_)) => Answer::Panicked,
        Err(JobError::Cancelled) => Answer::Cancelled,
        Err(JobError::Expired) => Answer::Expired,
        Err(JobError::Aborted) => Answer::Aborted,
        // No job here joins itself.
        Err(_) => return record.books.check(false),
    });
}

/// A job that was submitted after that of the closure which shares this with its submitter: who lets go last joins it.
#[derive(Default)]
pub struct Later(Mutex<Option<Box<Pending>>>);

impl Drop for Later {
    fn drop(&mut self) {
        self.0.get_mut().take().into_iter().for_each(|job| job.see_to_inside());
    }
}
