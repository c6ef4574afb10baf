//! The submitters: each job they make has a record, and is offered to a pool by some verb and with some options.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use corepool::{CancelToken, JobBuilder, JobHandle, Pool, Priority, SubmitError};
use fastrand::Rng;
use pollster::block_on;

use super::job::{Closure, Output, Work, closure, contain, draw_work};
use super::ledger::{Answer, Books, Record};
use super::pending::{Later, Pending, Stage};

pub type Submitted = Result<JobHandle<Output>, SubmitError<Closure>>;
pub type Submission = Pin<Box<dyn Future<Output = Submitted> + Send>>;

/// A pool and its books.
#[derive(Clone)]
pub struct Subject {
    pub pool: Pool,
    pub books: Arc<Books>,
}

/// Who submits: a client, or a job.
#[derive(Clone)]
pub struct Submitter {
    pub subject: Subject,
    /// Another pool, for jobs that nest there.
    pub elsewhere: Subject,
    pub token: CancelToken,
}

#[derive(Clone, Copy)]
pub enum Verb {
    Submit,
    Try,
    Timeout(Duration),
    /// Awaited at once.
    Await,
    /// Polled once, and awaited or dropped later.
    StandInLine,
}

impl Verb {
    fn draw(rng: &mut Rng) -> Self {
        match rng.u8(..100) {
            0..5 => Self::Submit,
            5..30 => Self::Try,
            30..35 => Self::Timeout(Duration::ZERO),
            35..40 => Self::Timeout(Duration::from_micros(rng.u64(..200))),
            40..42 => Self::Timeout(Duration::MAX),
            42..45 => Self::Await,
            // Most of them: a line of futures fills the queue again without a thread that has to wake up first.
            _ => Self::StandInLine,
        }
    }
}

impl Submitter {
    /// Who submits to the other pool.
    pub fn turned(&self) -> Self {
        Self { subject: self.elsewhere.clone(), elsewhere: self.subject.clone(), token: self.token.clone() }
    }

    /// By that verb only, or by any. Nothing comes back where the closure did, for good.
    pub fn submit(&self, mut rng: Rng, depth: u8, verb: Option<Verb>) -> Option<Pending> {
        let later = (rng.u8(..100) == 0).then(Arc::<Later>::default);
        let work: Work = match later.clone() {
            Some(later) => Box::new(|_| drop(later)),
            None => draw_work(self, &mut rng, depth),
        };
        let pending = self.submit_work(rng.fork(), work, verb);
        if let Some(later) = later {
            // That must not wait for room, which only the end of the closure may make, nor do what may end the closure.
            *later.0.lock() = self.submit_work(rng.fork(), Box::new(|_| {}), Some(Verb::Try));
        }
        pending
    }

    fn submit_work(&self, mut rng: Rng, work: Work, verb: Option<Verb>) -> Option<Pending> {
        let record = self.subject.books.open();
        let closure = closure(&record, work, &mut rng);
        let stage = self.offer(&mut rng, &record, closure, verb);
        if stage.is_none() {
            record.heard(Answer::NotAccepted);
        }
        stage.map(|stage| Pending { record, stage, rng })
    }

    /// What is rejected may be offered once more by who is free to wait.
    fn offer(&self, rng: &mut Rng, record: &Record, closure: Closure, verb: Option<Verb>) -> Option<Stage> {
        let is_last = verb.is_some() || rng.u8(..4) != 0;
        let pool = &self.subject.pool;
        let submitted = match (verb.unwrap_or_else(|| Verb::draw(rng)), self.draw_options(rng, record)) {
            (Verb::Submit, None) => pool.submit(closure),
            (Verb::Submit, Some(job)) => job.submit(closure),
            (Verb::Try, None) => pool.try_submit(closure),
            (Verb::Try, Some(job)) => job.try_submit(closure),
            (Verb::Timeout(timeout), None) => pool.submit_timeout(closure, timeout),
            (Verb::Timeout(timeout), Some(job)) => job.submit_timeout(closure, timeout),
            (Verb::Await, options) => block_on(self.submission(options, closure)),
            (Verb::StandInLine, options) => {
                let mut submission = self.submission(options, closure);
                match submission.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(submitted) => submitted,
                    Poll::Pending => return Some(Stage::InLine(submission)),
                }
            }
        };
        match accept(record, submitted) {
            Ok(handle) => Some(Stage::Accepted(handle)),
            Err(closure) if is_last => {
                contain(|| drop(closure));
                None
            }
            Err(closure) => self.offer(rng, record, closure, Some(Verb::Submit)),
        }
    }

    fn submission(&self, options: Option<JobBuilder<'_>>, closure: Closure) -> Submission {
        match options {
            None => Box::pin(self.subject.pool.submit_async(closure)),
            Some(job) => Box::pin(job.submit_async(closure)),
        }
    }

    /// `None`: a plain job, as half of them are.
    fn draw_options(&self, rng: &mut Rng, record: &Record) -> Option<JobBuilder<'_>> {
        let priorities = [Priority::High, Priority::Normal, Priority::Low];
        let priority = rng.choice(priorities).filter(|_| rng.bool())?;
        let mut job = self.subject.pool.job().name("soaked").priority(priority);
        if rng.u8(..100) < 40 {
            record.allow(Answer::Cancelled);
            job = job.token(&self.token);
        }
        let timeout = match rng.u8(..100) {
            0..5 => Duration::ZERO,
            5..25 => Duration::from_micros(rng.u64(..1_000)),
            25..35 => Duration::from_secs(3_600),
            _ => return Some(job),
        };
        record.allow(Answer::Expired);
        Some(job.timeout(timeout))
    }
}

/// Writes down what came of an offer.
pub fn accept(record: &Record, submitted: Submitted) -> Result<JobHandle<Output>, Closure> {
    submitted.inspect(|_| record.accepted()).map_err(|rejected| {
        record.rejected(rejected.kind());
        rejected.into_job()
    })
}
