//! The books, kept outside the pool: what the pool says of its jobs is compared with what everybody else saw.
//!
//! Every closure has a [`Record`]. Three write to it: the submitter what the pool answered ([`Stub`]), the closure what it
//! did and that it was dropped ([`Ticket`]), what the closure made that it was dropped ([`Receipt`]). The last of them to go
//! closes the record: their stories must agree. The sums stand in the [`Books`] of the pool.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use corepool::{Interrupted, JobError, SubmitErrorKind};
use parking_lot::Mutex;

/// A number that many threads add to.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add_one(&self) -> u64 {
        // ORDERING: Relaxed, here and in `get`: the books are read once all who write to them are gone, and before that only
        // to show progress.
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a closure ended, by its own account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Returned,
    Panicked,
    /// Dropped, and never called.
    Unrun,
    /// Called by the submitter whose job was rejected.
    RanHere,
}

/// What the submitter heard of a job in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Completed,
    Panicked,
    Cancelled,
    Expired,
    Aborted,
    /// Accepted, but the handle was dropped or detached.
    LetGo,
    /// It was rejected for good.
    NotAccepted,
    /// The future that stood in line was dropped: whether the job was accepted is the pool's secret.
    Abandoned,
}

impl Answer {
    /// The ways in which a job resolves.
    pub(crate) const RESOLVED: [Self; 5] =
        [Self::Completed, Self::Panicked, Self::Cancelled, Self::Expired, Self::Aborted];
}

/// The sums of one pool.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) accepted_by_all: Arc<Count>,
    pub(crate) accepted: Count,
    pub(crate) rejections: [Count; 4],
    pub(crate) fates: [Count; 4],
    pub(crate) answers: [Count; 8],
    pub(crate) abandoned_and_ran: Count,
    pub(crate) opened: Count,
    pub(crate) closed: Count,
    pub(crate) made: Count,
    pub(crate) dropped: Count,
    pub(crate) doubled: Count,
    pub(crate) wrong: Count,
    /// Set before the pool is aborted: from then on jobs may be told so.
    aborting: AtomicBool,
}

impl Books {
    pub(crate) fn new(accepted_by_all: &Arc<Count>) -> Arc<Self> {
        Arc::new(Self { accepted_by_all: Arc::clone(accepted_by_all), ..Self::default() })
    }

    /// Opens a record: what the submitter keeps of it, and what goes into the closure.
    pub(crate) fn open(self: &Arc<Self>) -> (Stub, Ticket) {
        let record = Arc::new(Record {
            number: self.opened.add_one(),
            books: Arc::clone(self),
            story: Mutex::new(Story::default()),
        });
        (Stub(Arc::clone(&record)), Ticket(record))
    }

    pub(crate) fn note_abort(&self) {
        // ORDERING: Release, and Acquire where it is read: the abort that follows is seen only after this.
        self.aborting.store(true, Ordering::Release);
    }

    fn is_aborting(&self) -> bool {
        self.aborting.load(Ordering::Acquire)
    }

    pub(crate) fn fate(&self, fate: Fate) -> u64 {
        self.fates[fate as usize].get()
    }

    pub(crate) fn answer(&self, answer: Answer) -> u64 {
        self.answers[answer as usize].get()
    }
}

/// What may make a job end unrun, or be told to stop.
#[derive(Clone, Copy, Default)]
pub(crate) struct Causes {
    pub(crate) cancel: bool,
    pub(crate) deadline: bool,
}

struct Record {
    number: u64,
    books: Arc<Books>,
    story: Mutex<Story>,
}

#[derive(Default)]
struct Story {
    runs: u32,
    fate: Option<Fate>,
    answer: Option<Answer>,
    causes: Causes,
    handed_back: bool,
}

impl Record {
    /// Whether a job may have been ended so, given what was done to it.
    fn allows(&self, answer: Answer) -> bool {
        let causes = self.story.lock().causes;
        match answer {
            Answer::Cancelled => causes.cancel,
            Answer::Expired => causes.deadline,
            Answer::Aborted => self.books.is_aborting(),
            _ => true,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (story, books) = (mem::take(self.story.get_mut()), &self.books);
        if story.runs > 1 {
            books.doubled.add_one();
        }
        match (story.answer, story.fate) {
            (Some(Answer::Completed), Some(Fate::Returned))
            | (Some(Answer::Panicked), Some(Fate::Panicked))
            | (Some(Answer::Cancelled | Answer::Expired | Answer::Aborted), Some(Fate::Unrun))
            | (Some(Answer::LetGo), Some(Fate::Returned | Fate::Panicked | Fate::Unrun))
            | (Some(Answer::NotAccepted), Some(Fate::Unrun | Fate::RanHere))
            | (Some(Answer::Abandoned), Some(Fate::Unrun)) => {}
            (Some(Answer::Abandoned), Some(Fate::Returned | Fate::Panicked)) => {
                books.abandoned_and_ran.add_one();
            }
            // It ran, and was resolved as if it had not, or the reverse.
            (Some(_), Some(_)) => {
                books.doubled.add_one();
            }
            // A submitter that panicked, or a ticket that was torn up.
            (None, _) | (_, None) => {
                books.wrong.add_one();
            }
        }
        books.closed.add_one();
    }
}

/// The submitter's part.
pub(crate) struct Stub(Arc<Record>);

impl Stub {
    /// Before anything is done that may end the job.
    pub(crate) fn allow(&self, causes: Causes) {
        let known = &mut self.0.story.lock().causes;
        known.cancel |= causes.cancel;
        known.deadline |= causes.deadline;
    }

    pub(crate) fn accepted(&self) {
        self.0.books.accepted.add_one();
        self.0.books.accepted_by_all.add_one();
    }

    /// An offer was rejected; the closure is the submitter's again.
    pub(crate) fn rejected(&self, kind: SubmitErrorKind) {
        let index = match kind {
            SubmitErrorKind::Full => 0,
            SubmitErrorKind::TimedOut => 1,
            SubmitErrorKind::Cancelled => 2,
            SubmitErrorKind::ShutDown => 3,
            _ => return self.wrong(),
        };
        self.0.books.rejections[index].add_one();
    }

    /// Before the submitter calls a rejected closure.
    pub(crate) fn runs_here(&self) {
        self.0.story.lock().handed_back = true;
    }

    /// The last word on the job, when it is no value.
    pub(crate) fn heard(self, answer: Answer) {
        if !self.0.allows(answer) {
            self.wrong();
        }
        self.0.books.answers[answer as usize].add_one();
        self.0.story.lock().answer = Some(answer);
    }

    pub(crate) fn heard_error(self, error: &JobError) {
        let answer = match error {
            JobError::Panicked(_) => Answer::Panicked,
            JobError::Cancelled => Answer::Cancelled,
            JobError::Expired => Answer::Expired,
            JobError::Aborted => Answer::Aborted,
            // No job here joins itself.
            _ => return self.wrong(),
        };
        self.heard(answer);
    }

    /// The value must be that job's own.
    pub(crate) fn heard_value(self, receipt: &Receipt) {
        if receipt.0.number != self.0.number {
            self.wrong();
        }
        self.heard(Answer::Completed);
    }

    pub(crate) fn wrong(&self) {
        self.0.books.wrong.add_one();
    }
}

/// The closure's part.
pub(crate) struct Ticket(Arc<Record>);

impl Ticket {
    pub(crate) fn begin(&self) {
        self.0.story.lock().runs += 1;
    }

    /// At its end, before a panic leaves it.
    pub(crate) fn end(&self, fate: Fate) {
        let mut story = self.0.story.lock();
        let fate = if story.handed_back { Fate::RanHere } else { fate };
        story.fate = Some(fate);
        self.0.books.fates[fate as usize].add_one();
    }

    pub(crate) fn receipt(&self) -> Receipt {
        self.0.books.made.add_one();
        Receipt(Arc::clone(&self.0))
    }

    /// Whether `checkpoint()` may say so. Called by the submitter, it speaks for whatever job that is in.
    pub(crate) fn may_be_told(&self, why: Interrupted) -> bool {
        match why {
            _ if self.0.story.lock().handed_back => true,
            Interrupted::Cancelled => self.0.allows(Answer::Cancelled),
            Interrupted::DeadlineExceeded => self.0.allows(Answer::Expired),
            Interrupted::ShuttingDown => self.0.allows(Answer::Aborted),
            _ => false,
        }
    }

    pub(crate) fn wrong(&self) {
        self.0.books.wrong.add_one();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.0.story.lock().runs == 0 {
            self.end(Fate::Unrun);
        }
    }
}

/// The part of what the closure made: its value, or its panic's payload.
pub(crate) struct Receipt(Arc<Record>);

impl Drop for Receipt {
    fn drop(&mut self) {
        self.0.books.dropped.add_one();
    }
}
