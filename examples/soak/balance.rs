//! The balance: a pool's books are closed, summed up, and compared with what the pool says of itself.

use std::ops::{AddAssign, RangeInclusive};

use corepool::Stats;

use crate::ledger::{Answer, Books, Count, Fate};

/// What is left of the books of one pool, or of many.
#[derive(Default)]
pub(crate) struct Balance {
    pub(crate) pools: u64,
    pub(crate) accepted: u64,
    pub(crate) ran: u64,
    /// In the order of [`Answer::RESOLVED`].
    pub(crate) answers: [u64; 5],
    /// Accepted, and nobody asked how it ended.
    pub(crate) unasked: u64,
    /// In the order of [`Books::rejections`].
    pub(crate) rejected: [u64; 4],
    /// Futures dropped in line whose jobs did not run: whether the pool had accepted one in that moment, only it knows.
    pub(crate) abandoned: u64,
    /// Accepted, and never resolved, or its closure neither run nor dropped.
    pub(crate) lost: u64,
    /// Run twice, or run and resolved as if it had not been.
    pub(crate) doubled: u64,
    /// Values, payloads and closures that were never dropped.
    pub(crate) leaked: u64,
    /// Answers and counts that cannot be right.
    pub(crate) wrong: u64,
    /// What the pool counted that nobody else did.
    pub(crate) complaints: Vec<String>,
}

impl Balance {
    pub(crate) fn is_even(&self) -> bool {
        (self.lost, self.doubled, self.leaked, self.wrong) == (0, 0, 0, 0)
    }

    /// Once nobody writes to the books any more. There are no counts of a pool whose last handle was dropped elsewhere.
    pub(crate) fn of(books: &Books, stats: Option<Stats>) -> Self {
        let answers = Answer::RESOLVED.map(|answer| books.answer(answer));
        let let_go = books.answer(Answer::LetGo);
        let abandoned_and_ran = books.abandoned_and_ran.get();
        let unheard = books.accepted.get().saturating_sub(answers.iter().sum::<u64>() + let_go);
        let unended = books.opened.get() - books.fates.iter().map(Count::get).sum::<u64>();
        let lost = unheard.max(unended);
        let unclosed = books.opened.get() - books.closed.get();
        let undropped = books.made.get() - books.dropped.get();
        let mut balance = Self {
            pools: 1,
            accepted: books.accepted.get() + abandoned_and_ran,
            ran: books.fate(Fate::Returned) + books.fate(Fate::Panicked),
            answers,
            unasked: let_go + abandoned_and_ran,
            rejected: books.rejections.each_ref().map(Count::get),
            abandoned: books.answer(Answer::Abandoned) - abandoned_and_ran,
            lost,
            doubled: books.doubled.get(),
            leaked: undropped.max(unclosed.saturating_sub(lost)),
            wrong: books.wrong.get(),
            complaints: Vec::new(),
        };
        if let Some(stats) = stats {
            balance.compare(books, &stats);
        }
        balance
    }

    /// Some counts are known up to the futures that were dropped in line.
    fn compare(&mut self, books: &Books, stats: &Stats) {
        let Self { accepted, abandoned, .. } = *self;
        let [_, _, cancelled, expired, aborted] = self.answers;
        let offers = accepted + abandoned + self.rejected.iter().sum::<u64>();
        let unrun = accepted - self.ran;
        let ended_unrun = stats.cancelled + stats.expired + stats.aborted;
        for (what, counted, expected) in [
            ("queued, running or waiting at the end", stats.queued + stats.busy + stats.waiting, 0..=0),
            ("submitted", stats.submitted, accepted..=accepted + abandoned),
            ("submitted and rejected", stats.submitted + stats.rejected, offers..=offers),
            ("completed", stats.completed, exactly(books.fate(Fate::Returned))),
            ("panicked", stats.panicked, exactly(books.fate(Fate::Panicked))),
            ("cancelled, expired and aborted", ended_unrun, unrun..=unrun + abandoned),
            ("cancelled", stats.cancelled, cancelled..=ended_unrun),
            ("expired", stats.expired, expired..=ended_unrun),
            ("aborted", stats.aborted, aborted..=ended_unrun),
        ] {
            if !expected.contains(&counted) {
                self.wrong += 1;
                self.complaints.push(format!("{what}: the pool says {counted}, the books say {expected:?}"));
            }
        }
    }
}

fn exactly(count: u64) -> RangeInclusive<u64> {
    count..=count
}

impl AddAssign for Balance {
    fn add_assign(&mut self, other: Self) {
        fn add<const N: usize>(sums: &mut [u64; N], others: [u64; N]) {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        self.pools += other.pools;
        self.accepted += other.accepted;
        self.ran += other.ran;
        add(&mut self.answers, other.answers);
        self.unasked += other.unasked;
        add(&mut self.rejected, other.rejected);
        self.abandoned += other.abandoned;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.leaked += other.leaked;
        self.wrong += other.wrong;
        self.complaints.extend(other.complaints);
    }
}
