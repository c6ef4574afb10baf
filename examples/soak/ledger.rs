//! The books, kept outside the pool: what the pool says of its jobs is compared with what everybody else saw.
//!
//! Every closure has a [`Record`]. The submitter writes down what the pool answered, the closure what it did. Both hold
//! on to the record, and so does what the closure makes: as the last of them is dropped it is closed, and their stories
//! must agree. The sums stand in the [`Books`] of the pool.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use corepool::{Interrupted, SubmitErrorKind};
use parking_lot::Mutex;

/// Jobs that pools have accepted, all in all.
pub static ACCEPTED: Count = Count(AtomicU64::new(0));

/// A number that many threads add to.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add_one(&self) {
        self.add(1);
    }

    pub fn add(&self, count: u64) {
        // ORDERING: Relaxed, here and in `get`: most books are read once all who write to them are gone. An abort is
        // noted before the pool hears of it, and looked up by who heard of it from the pool.
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a closure ended.
#[derive(Clone, Copy, Default)]
pub enum Fate {
    /// Dropped, and never called.
    #[default]
    Unrun,
    Returned,
    Panicked,
}

/// What the submitter heard of a job in the end.
#[derive(Clone, Copy)]
pub enum Answer {
    Completed,
    Panicked,
    Cancelled,
    Expired,
    Aborted,
    /// Accepted, but the handle was dropped or detached.
    LetGo,
    /// It was rejected for good.
    NotAccepted,
    /// Whether the job was accepted, only the pool knows: the future that stood in line was dropped, or it was one of many.
    Abandoned,
}

/// The sums of one pool.
#[derive(Default)]
pub struct Books {
    pub opened: Count,
    pub closed: Count,
    pub accepted: Count,
    /// In the order of [`SubmitErrorKind`].
    pub rejections: [Count; 4],
    /// In the order of [`Fate`].
    pub fates: [Count; 3],
    /// In the order of [`Answer`].
    pub answers: [Count; 8],
    /// Recursions of joins; those of them out of which a panic came; those that were told to stop.
    pub forks: Count,
    pub forks_thrown: Count,
    pub forks_stopped: Count,
    pub scopes: Count,
    /// Iterators over items that are jobs.
    pub maps: Count,
    pub sets: Count,
    /// By the pool's own count.
    pub halves_handed_over: Count,
    pub doubled: Count,
    pub wrong: Count,
    /// Noted before the pool is told: from then on jobs may be told so.
    pub aborts: Count,
}

impl Books {
    pub fn open(self: &Arc<Self>) -> Arc<Record> {
        self.opened.add_one();
        Arc::new(Record { books: Arc::clone(self), story: Mutex::default() })
    }

    pub fn check(&self, is_right: bool) {
        if !is_right {
            self.wrong.add_one();
        }
    }
}

pub struct Record {
    pub books: Arc<Books>,
    story: Mutex<Story>,
}

#[derive(Default)]
struct Story {
    fate: Fate,
    answer: Option<Answer>,
    /// In the order of [`Answer`]: whether something was done that may end the job so.
    allowed: [bool; 8],
}

impl Record {
    pub fn accepted(&self) {
        self.books.accepted.add_one();
        ACCEPTED.add_one();
    }

    /// An offer was rejected; the closure is the submitter's again.
    pub fn rejected(&self, kind: SubmitErrorKind) {
        match kind {
            SubmitErrorKind::Full => self.books.rejections[0].add_one(),
            SubmitErrorKind::TimedOut => self.books.rejections[1].add_one(),
            SubmitErrorKind::Cancelled => self.books.rejections[2].add_one(),
            SubmitErrorKind::ShutDown => self.books.rejections[3].add_one(),
            _ => self.books.wrong.add_one(),
        }
    }

    /// Before anything is done that may end the job so.
    pub fn allow(&self, answer: Answer) {
        self.story.lock().allowed[answer as usize] = true;
    }

    fn allows(&self, answer: Answer) -> bool {
        match answer {
            Answer::Cancelled | Answer::Expired => self.story.lock().allowed[answer as usize],
            Answer::Aborted => self.books.aborts.get() > 0,
            _ => true,
        }
    }

    /// What `checkpoint()` says.
    pub fn told(&self, why: Interrupted) {
        self.books.check(match why {
            Interrupted::Cancelled => self.allows(Answer::Cancelled),
            Interrupted::DeadlineExceeded => self.allows(Answer::Expired),
            Interrupted::ShuttingDown => self.allows(Answer::Aborted),
            _ => false,
        });
    }

    pub fn has_panicked(&self) -> bool {
        matches!(self.story.lock().fate, Fate::Panicked)
    }

    /// At the end of the closure, before a panic leaves it.
    pub fn ran(&self, fate: Fate) {
        self.books.fates[fate as usize].add_one();
        if !matches!(mem::replace(&mut self.story.lock().fate, fate), Fate::Unrun) {
            self.books.doubled.add_one();
        }
    }

    /// The submitter's last word.
    pub fn heard(&self, answer: Answer) {
        self.books.check(self.allows(answer));
        // Whether an abandoned job was accepted is seen in the end.
        if !matches!(answer, Answer::Abandoned) {
            self.books.answers[answer as usize].add_one();
        }
        self.story.lock().answer = Some(answer);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (story, books) = (self.story.get_mut(), &self.books);
        books.closed.add_one();
        if matches!(story.fate, Fate::Unrun) {
            books.fates[Fate::Unrun as usize].add_one();
        }
        // A submitter that panicked has no last word.
        let Some(answer) = story.answer else { return books.wrong.add_one() };
        match (answer, story.fate) {
            (Answer::Completed, Fate::Returned)
            | (Answer::Panicked, Fate::Panicked)
            | (Answer::Cancelled | Answer::Expired | Answer::Aborted, Fate::Unrun)
            | (Answer::LetGo, Fate::Returned | Fate::Panicked | Fate::Unrun)
            | (Answer::NotAccepted, Fate::Unrun) => {}
            (Answer::Abandoned, Fate::Unrun) => books.answers[Answer::Abandoned as usize].add_one(),
            (Answer::Abandoned, Fate::Returned | Fate::Panicked) => {
                books.accepted.add_one();
                books.answers[Answer::LetGo as usize].add_one();
            }
            // It ran, and was resolved as if it had not, or the reverse.
            _ => books.doubled.add_one(),
        }
    }
}
