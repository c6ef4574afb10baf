//! What may have come of a crowd. Its threads race, so each job has a set of ends that are open to it; what must hold
//! whoever wins is exact: once and only once, the counts, the order of one client's jobs on one worker.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use corepool::{Interrupted, ShutdownReport, Stats, SubmitErrorKind};

use crate::answer::End;
use crate::play::Contradiction;
use crate::program::{Deadline, Time, Verb};
use crate::rush::{Place, Record, Scene, Seen};

type Verdict = Result<(), Contradiction>;

fn require(holds: bool, what: impl FnOnce() -> Contradiction) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

impl Scene {
    /// Once nobody uses the pool any more and it has been shut down.
    pub fn judge(&self, report: ShutdownReport) -> Verdict {
        let contradiction = self.contradictions.lock().pop();
        contradiction.map_or(Ok(()), Err)?;
        let ledger = self.ledger.lock();
        ledger.iter().try_for_each(|record| self.judge_record(record))?;
        require(self.workers > 1 || is_in_order(&ledger), || "one client's jobs began out of order".to_owned())?;
        let stats = self.pool.stats();
        let told = [report.completed, report.panicked, report.aborted];
        let ended = (report.still_running, report.still_queued) == (0, 0);
        require(ended && told == [stats.completed, stats.panicked, stats.aborted], || {
            format!("{report:?}, {stats:?}")
        })?;
        self.judge_counts(&ledger, &stats)
    }

    fn judge_counts(&self, ledger: &[Arc<Record>], stats: &Stats) -> Verdict {
        let count = |is: &dyn Fn(&Record) -> bool| ledger.iter().filter(|record| is(record)).count() as u64;
        let seen = |is: fn(&Seen) -> bool| count(&|record| is(&record.seen()));
        let (panicked, completed) = (count(&|it| it.has_run() && it.panics), count(&|it| it.has_run() && !it.panics));
        let exact = [
            ("jobs offered", ledger.len() as u64, stats.submitted + stats.rejected),
            ("jobs that returned", completed, stats.completed),
            ("jobs that panicked", panicked, stats.panicked),
            ("panics that on_panic saw", self.panics.get() as u64, stats.panicked),
            (
                "jobs that never ran",
                stats.submitted - completed - panicked,
                stats.cancelled + stats.expired + stats.aborted,
            ),
            ("jobs and submitters left", 0, stats.busy + stats.queued + stats.waiting),
        ];
        let least = [
            ("accepted", seen(|seen| seen.submitted == Some(Ok(()))), stats.submitted),
            ("rejected", seen(|seen| matches!(seen.submitted, Some(Err(_)))), stats.rejected),
            ("cancelled", seen(|seen| seen.end == Some(End::Cancelled)), stats.cancelled),
            ("expired", seen(|seen| seen.end == Some(End::Expired)), stats.expired),
            ("aborted", seen(|seen| seen.end == Some(End::Aborted)), stats.aborted),
        ];
        let wrong = exact.iter().find(|(_, ours, theirs)| ours != theirs);
        let wrong = wrong.or_else(|| least.iter().find(|(_, ours, theirs)| ours > theirs));
        wrong.map_or(Ok(()), |(what, ours, theirs)| Err(format!("{what}: {ours}, the pool counts {theirs}: {stats:?}")))
    }

    fn judge_record(&self, record: &Record) -> Verdict {
        let (name, seen, [runs, closures_gone, outcomes, outcomes_gone]) =
            (&record.name, *record.seen(), record.life.read());
        let is_once = runs <= 1 && closures_gone == 1 && outcomes == runs && outcomes_gone == runs;
        require(is_once, || format!("{name} is not once and only once: {:?}", record.life))?;
        if let Some(why) = seen.interrupted {
            require(self.may_interrupt(record, why), || format!("{name} was interrupted: {why:?}"))?;
        }
        let is_open = match (seen.submitted, seen.end) {
            (Some(Err(why)), end) => runs == 0 && end.is_none() && self.may_refuse(record, why),
            (_, Some(end)) => self.may_end(record, end),
            // Let go of; and nobody knows whether a dropped future got its job in.
            (accepted, None) => {
                ALL.into_iter().any(|end| self.may_end(record, end)) || (runs == 0 && accepted.is_none())
            }
        };
        require(is_open, || format!("{name} cannot have come to this: {seen:?}, {:?}", record.life))
    }

    fn may_end(&self, record: &Record, end: End) -> bool {
        let deadline = record.options.deadline;
        let may_start = !record.is_doomed && deadline != Deadline::Passed && !record.seen().was_dequeued;
        match end {
            End::Value => record.has_run() && !record.panics && may_start,
            End::Panicked => record.has_run() && record.panics && may_start,
            End::Cancelled => !record.has_run() && (record.seen().was_cancelled || self.token_is_cancelled(record)),
            End::Expired => !record.has_run() && matches!(deadline, Deadline::Passed | Deadline::Soon),
            End::Aborted => !record.has_run() && may_start && self.has_aborted.load(Ordering::SeqCst),
        }
    }

    /// Nothing is rejected that could still be said of the job itself: a job that has ended before it is submitted is
    /// accepted, and a job never waits for room.
    fn may_refuse(&self, record: &Record, why: SubmitErrorKind) -> bool {
        let (verb, options) = (record.verb, record.options);
        let may_wait = record.place == Place::Outside && verb != Verb::TrySubmit;
        let is_over = record.is_doomed || options.deadline == Deadline::Passed;
        let times_out = matches!(verb, Verb::Within(Time::None | Time::Moment)) || options.deadline == Deadline::Soon;
        let shuts_down = match record.place {
            Place::Outside => &self.has_shut_down,
            Place::InAJob => &self.has_aborted,
        };
        match why {
            SubmitErrorKind::Full => verb == Verb::TrySubmit && !is_over,
            SubmitErrorKind::TimedOut => may_wait && times_out && !is_over,
            SubmitErrorKind::Cancelled => may_wait && self.token_is_cancelled(record) && !is_over,
            SubmitErrorKind::ShutDown => shuts_down.load(Ordering::SeqCst),
            _ => false,
        }
    }

    fn may_interrupt(&self, record: &Record, why: Interrupted) -> bool {
        let is_own = match why {
            Interrupted::Cancelled => record.seen().was_cancelled || self.token_is_cancelled(record),
            Interrupted::DeadlineExceeded => record.options.deadline == Deadline::Soon,
            Interrupted::ShuttingDown => self.has_aborted.load(Ordering::SeqCst),
            _ => false,
        };
        is_own || record.caller.as_ref().is_some_and(|caller| self.may_interrupt(caller, why))
    }

    fn token_is_cancelled(&self, record: &Record) -> bool {
        record.options.token.is_some_and(|token| self.tokens[token].is_cancelled())
    }
}

const ALL: [End; 5] = [End::Value, End::Panicked, End::Cancelled, End::Expired, End::Aborted];

impl Record {
    pub fn has_run(&self) -> bool {
        self.life.runs.get() == 1
    }
}

/// Whether jobs of one priority began as they were submitted, by one client that waited for each submission.
fn is_in_order(ledger: &[Arc<Record>]) -> bool {
    let records = || ledger.iter();
    let waits = |record: &&Arc<Record>| record.place == Place::Outside && record.verb != Verb::SubmitAsync;
    records().filter(waits).all(|first| {
        let same = |other: &&Arc<Record>| other.list == first.list && other.options.priority == first.options.priority;
        records().filter(waits).filter(same).filter_map(|record| record.seen().begun).is_sorted()
    })
}
