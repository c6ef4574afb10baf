//! The way of a plan: a closure is made and offered, its handle seen to, and all that is heard of it written down.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use corepool::{Cancel, CancelToken, JobBuilder, JobError, JobHandle, Pool, SubmitError};
use fastrand::Rng;
use pollster::block_on;

use crate::inline;
use crate::job::{Burst, Job, Output, contain};
use crate::joined::{JoinsWhenDropped, Slot};
use crate::ledger::{Answer, Books, Causes, Stub};
use crate::plan::{Deadline, Handling, Options, Plan, Rejection, Verb, Work};

/// A pool and its books.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) pool: Pool,
    pub(crate) books: Arc<Books>,
}

type Closure = Box<dyn FnOnce() -> Output + Send>;
type Submitted = Result<JobHandle<Output>, SubmitError<Closure>>;
type Submission = Pin<Box<dyn Future<Output = Submitted> + Send>>;
type Outcome = Result<Output, JobError>;

const HOUR: Duration = Duration::from_secs(3_600);

/// Who submits: a client, or a job.
pub(crate) struct Submitter<'a> {
    pub(crate) subject: &'a Subject,
    /// Another pool, for jobs that nest there.
    pub(crate) elsewhere: &'a Subject,
    pub(crate) token: &'a CancelToken,
}

impl Submitter<'_> {
    /// Nothing comes back where the closure did, for good.
    pub(crate) fn submit(&self, plan: &Plan) -> Option<Pending> {
        let (slot, joined) = matches!(plan.work, Work::JoiningClosure).then(Slot::pair).unzip();
        let (stub, closure) = self.prepare(plan, joined);
        let stage = match plan.verb {
            Verb::NeverPoll => {
                contain(|| drop(self.submission(plan, closure)));
                None
            }
            Verb::StandInLine => {
                let mut submission = self.submission(plan, closure);
                match submission.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(submitted) => self.hear(plan, &stub, submitted),
                    Poll::Pending => Some(Stage::InLine(submission)),
                }
            }
            _ => self.hear(plan, &stub, self.offer(plan, closure)),
        };
        if let Some(slot) = slot {
            slot.fill(self.submit(&Plan::joined()));
        }
        match stage {
            Some(stage) => Some(Pending { stub, stage, handling: plan.handling }),
            None => {
                stub.heard(Answer::NotAccepted);
                None
            }
        }
    }

    fn prepare(&self, plan: &Plan, joined: Option<JoinsWhenDropped>) -> (Stub, Closure) {
        let (stub, ticket) = self.subject.books.open();
        if let Some(options) = &plan.options {
            stub.allow(Causes { cancel: options.has_token, deadline: options.deadline.is_some() });
        }
        let job = Job {
            ticket,
            burst: Burst(matches!(plan.work, Work::BurstingClosure)),
            work: plan.work,
            depth: plan.depth,
            seed: plan.seed,
            subject: matches!(plan.work, Work::Nest | Work::NestElsewhere | Work::WaitForItself)
                .then(|| self.subject.clone()),
            elsewhere: matches!(plan.work, Work::Nest | Work::NestElsewhere).then(|| self.elsewhere.clone()),
            token: matches!(plan.work, Work::Nest | Work::NestElsewhere | Work::CancelToken)
                .then(|| self.token.clone()),
            joined,
        };
        (stub, Box::new(move || job.run()))
    }

    /// By all verbs but the one that waits without being waited for.
    fn offer(&self, plan: &Plan, closure: Closure) -> Submitted {
        let pool = &self.subject.pool;
        match (plan.verb, self.options(plan)) {
            (Verb::Submit, None) => pool.submit(closure),
            (Verb::Submit, Some(job)) => job.submit(closure),
            (Verb::Try, None) => pool.try_submit(closure),
            (Verb::Try, Some(job)) => job.try_submit(closure),
            (Verb::Timeout(timeout), None) => pool.submit_timeout(closure, timeout),
            (Verb::Timeout(timeout), Some(job)) => job.submit_timeout(closure, timeout),
            (Verb::Await | Verb::StandInLine | Verb::NeverPoll, _) => block_on(self.submission(plan, closure)),
        }
    }

    fn submission(&self, plan: &Plan, closure: Closure) -> Submission {
        match self.options(plan) {
            None => Box::pin(self.subject.pool.submit_async(closure)),
            Some(job) => Box::pin(job.submit_async(closure)),
        }
    }

    fn options(&self, plan: &Plan) -> Option<JobBuilder<'_>> {
        let Options { priority, is_named, has_token, deadline } = plan.options.as_ref()?;
        let mut job = self.subject.pool.job().priority(*priority);
        if *is_named {
            job = job.name("soaked");
        }
        if *has_token {
            job = job.token(self.token);
        }
        Some(match deadline {
            None => job,
            Some(Deadline::Passed) => job.deadline(Instant::now()),
            Some(Deadline::Soon(timeout)) => job.timeout(*timeout),
            Some(Deadline::Far) => job.timeout(HOUR),
        })
    }

    /// What the pool said to an offer; to a rejection the plan has an answer.
    fn hear(&self, plan: &Plan, stub: &Stub, submitted: Submitted) -> Option<Stage> {
        let closure = match accept(stub, submitted) {
            Ok(stage) => return Some(stage),
            Err(closure) => closure,
        };
        match plan.rejection {
            Rejection::Drop => contain(|| drop(closure)),
            Rejection::RunHere => {
                stub.runs_here();
                contain(|| drop(closure()));
            }
            Rejection::SubmitAgain => match accept(stub, self.offer(&Plan { verb: Verb::Submit, ..*plan }, closure)) {
                Ok(stage) => return Some(stage),
                Err(closure) => contain(|| drop(closure)),
            },
        }
        None
    }
}

fn accept(stub: &Stub, submitted: Submitted) -> Result<Stage, Closure> {
    match submitted {
        Ok(handle) => {
            stub.accepted();
            Ok(Stage::Accepted(handle))
        }
        Err(rejected) => {
            stub.rejected(rejected.kind());
            Err(rejected.into_job())
        }
    }
}

/// A job, or what may become one, that somebody still has to see to.
pub(crate) struct Pending {
    stub: Stub,
    stage: Stage,
    handling: Handling,
}

enum Stage {
    InLine(Submission),
    Accepted(JobHandle<Output>),
}

impl Pending {
    /// As a client does. What another thread should join comes back.
    pub(crate) fn see_to(self, rng: &mut Rng) -> Option<Self> {
        let Self { stub, stage, handling } = self;
        match stage {
            Stage::Accepted(handle) if matches!(handling, Handling::JoinElsewhere) => {
                return Some(Self { stub, stage: Stage::Accepted(handle), handling: Handling::Join });
            }
            stage if matches!(handling, Handling::AwaitInline) => await_inline(stub, stage),
            Stage::Accepted(handle) => read(stub, handle, handling),
            Stage::InLine(submission) if rng.u8(..5) == 0 => {
                stub.allow(Causes { cancel: true, deadline: false });
                drop(submission);
                stub.heard(Answer::Abandoned);
            }
            Stage::InLine(submission) => wait_in_line(stub, submission, handling),
        }
        None
    }

    /// As a job does: but for `join`, whatever waits for a job there may wait for ever.
    pub(crate) fn see_to_inside(self) {
        let handling = match self.handling {
            Handling::JoinTimeout(_)
            | Handling::TryJoin
            | Handling::Await
            | Handling::AwaitInline
            | Handling::JoinElsewhere => Handling::Join,
            other => other,
        };
        match self.stage {
            Stage::Accepted(handle) => read(self.stub, handle, handling),
            Stage::InLine(submission) => wait_in_line(self.stub, submission, handling),
        }
    }

    /// After a wait for all that was accepted before.
    pub(crate) fn must_be_finished(&self) {
        if let Stage::Accepted(handle) = &self.stage
            && !handle.is_finished()
        {
            self.stub.wrong();
        }
    }
}

fn wait_in_line(stub: Stub, submission: Submission, handling: Handling) {
    take_up(stub, block_on(submission), handling);
}

/// Sees to what came of standing in line.
fn take_up(stub: Stub, submitted: Submitted, handling: Handling) {
    match accept(&stub, submitted) {
        Ok(Stage::Accepted(handle)) => read(stub, handle, handling),
        Ok(Stage::InLine(_)) => stub.wrong(),
        Err(closure) => {
            contain(|| drop(closure));
            stub.heard(Answer::NotAccepted);
        }
    }
}

fn read(stub: Stub, handle: JobHandle<Output>, handling: Handling) {
    let cancel = Causes { cancel: true, deadline: false };
    let outcome: Outcome = match handling {
        Handling::Join | Handling::JoinElsewhere | Handling::AwaitInline => handle.join(),
        Handling::JoinTimeout(timeout) => handle.join_timeout(timeout).unwrap_or_else(JobHandle::join),
        Handling::TryJoin => handle.try_join().unwrap_or_else(JobHandle::join),
        Handling::Await => block_on(handle),
        Handling::JoinGuard => handle.cancel_on_drop().join(),
        Handling::CancelAndJoin => {
            stub.allow(cancel);
            let cancelled = handle.cancel();
            let outcome = handle.join();
            if cancelled == Cancel::Dequeued && !matches!(outcome, Err(JobError::Cancelled)) {
                stub.wrong();
            }
            outcome
        }
        Handling::Detach => return let_go(stub, || handle.detach()),
        Handling::Drop => return let_go(stub, || drop(handle)),
        Handling::CancelAndDrop => {
            stub.allow(cancel);
            return let_go(stub, || drop((handle.cancel(), handle)));
        }
        Handling::DropGuard => {
            stub.allow(cancel);
            return let_go(stub, || drop(handle.cancel_on_drop()));
        }
    };
    hear_of(stub, outcome);
}

/// Leaves a job to a task that is polled within `wake`: on the worker that ends the job or, where it stands in line, on
/// whoever gives it a place, which joins it there and then.
fn await_inline(stub: Stub, stage: Stage) {
    inline::spawn(async move {
        match stage {
            Stage::Accepted(handle) => hear_of(stub, handle.await),
            Stage::InLine(submission) => take_up(stub, submission.await, Handling::Join),
        }
    });
}

fn hear_of(stub: Stub, outcome: Outcome) {
    match outcome {
        Ok(output) => {
            stub.heard_value(&output.receipt);
            contain(|| drop(output));
        }
        Err(error) => stub.heard_error(&error),
    }
}

fn let_go(stub: Stub, let_go: impl FnOnce()) {
    let_go();
    stub.heard(Answer::LetGo);
}
