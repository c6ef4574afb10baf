//! How calls come and go.

use corepool::breaker::{AbandonedPolicy, Outcome, Reason, Recorded, Rejected};

use super::{Call, Era, Flight, Held, Plain};
use crate::reference::program::{End, Id, Tag};
use crate::reference::rules::{Time, nanos};
use crate::reference::seen::{Answer, Told};
use crate::reference::tally::{Past, What};

/// The shortest lease, unless another is asked for.
const HALF_A_MINUTE: Time = 30_000_000_000;

impl Plain {
    pub(super) fn acquire(&mut self, tag: Tag) -> Answer {
        match self.admit() {
            Ok(call) => self.hold(Held::Permit(call), tag, Answer::Admitted),
            Err(rejected) => self.hold(Held::Gone, tag, Answer::Rejected(rejected)),
        }
    }

    pub(super) fn hold(&mut self, held: Held, tag: Tag, answer: Answer) -> Answer {
        self.held.push((held, tag));
        answer
    }

    /// From then on its time counts, if at all.
    pub(super) fn restart(&mut self, id: Id, began: Option<Time>) -> Answer {
        if let Held::Permit(call) = self.held[id].0 {
            self.turns += 1;
            (self.flights[call].began, self.flights[call].turn) = (began, self.turns);
        }
        Answer::Done
    }

    /// The call of a future after it was polled, unless it was not admitted.
    pub(super) fn poll(&mut self, id: Id) -> Result<Call, Answer> {
        let call = match self.held[id].0 {
            Held::Future(call) => call,
            _ => self.admit().map_err(|rejected| {
                self.held[id].0 = Held::Gone;
                Answer::Rejected(rejected)
            })?,
        };
        self.held[id].0 = Held::Future(call);
        Ok(call)
    }

    pub(super) fn end_held(&mut self, id: Id, end: End) -> Answer {
        let held = self.held[id].0;
        let call = match held {
            Held::Permit(call) | Held::Future(call) => call,
            _ if end == End::Drop => {
                self.held[id].0 = Held::Gone;
                return Answer::Done;
            }
            _ => match self.poll(id) {
                Ok(call) => call,
                Err(answer) => return answer,
            },
        };
        self.held[id].0 = Held::Gone;
        let recorded = self.record(call, end);
        match (held, end) {
            (Held::Permit(_), End::Report(_)) => Answer::Recorded(recorded),
            _ => end.answer(),
        }
    }

    pub(super) fn call(&mut self, end: End, takes: Time) -> Answer {
        match self.admit() {
            Err(rejected) => Answer::Rejected(rejected),
            Ok(call) => {
                self.now += takes;
                self.record(call, end);
                end.answer()
            }
        }
    }

    fn admit(&mut self) -> Result<Call, Rejected> {
        self.catch_up();
        if let Some(rejected) = self.rejection() {
            self.rejected += 1;
            self.tell(&Told::Rejected { rejected, generation: self.generation() as u64 });
            return Err(rejected);
        }
        if let Era::Open { wait, .. } = self.era() {
            let lease = self.rules.max_wait.map_or(wait.max(HALF_A_MINUTE), |(lease, _)| lease);
            self.enter(Era::HalfOpen { lease }, self.now);
        }
        let (generation, sent) = (self.generation(), self.now);
        self.turns += 1;
        let (began, turn) = (Some(sent), self.turns);
        self.flights.push(Flight { generation, sent, began, turn, is_out: true, counted: None });
        Ok(self.flights.len() - 1)
    }

    /// Why no call is admitted, if none is. All that is due must have happened.
    pub(super) fn rejection(&self) -> Option<Rejected> {
        let (reason, end) = match self.era() {
            Era::Open { since, wait, .. } if self.now < since + wait => (Reason::Open, Some(since + wait)),
            Era::HalfOpen { .. } if self.has_place() => return None,
            Era::HalfOpen { .. } => (Reason::HalfOpenSaturated, self.lease().map(|(_, end)| end)),
            Era::ForcedOpen => (Reason::ForcedOpen, None),
            _ => return None,
        };
        Some(Rejected { reason, retry_after: end.map(|end| nanos(end - self.now)) })
    }

    /// Each probe that is out holds a place, and each result.
    fn has_place(&self) -> bool {
        let results = self.rules.tally(&self.counted(self.generation())).calls;
        self.out().count() + results < self.rules.permits as usize
    }

    fn record(&mut self, call: Call, end: End) -> Recorded {
        // Unless it was a probe, its time is its own until it ends.
        if !matches!(self.era(), Era::HalfOpen { .. }) {
            self.flights[call].is_out = false;
        }
        self.catch_up();
        let Flight { generation: own, began, counted, .. } = self.flights[call];
        self.flights[call].is_out = false;
        let has_taken_longer = |limit| began.is_some_and(|began| self.now - began > limit);
        let is_late = own != self.generation();
        let is_counted = counted.is_some() && !is_late;
        let is_slow = is_counted || self.rules.slow.is_some_and(|(limit, _)| has_taken_longer(limit));
        let what = self.what(end, is_slow);
        let (outcome, generation) = (what.outcome(), own as u64);
        match (self.era(), is_late) {
            (Era::Disabled, false) => return Recorded::Counted,
            (Era::Disabled, true) => return Recorded::Stale,
            (_, true) => {
                self.late += 1;
                self.tell(&Told::LateResult { outcome, generation });
                return Recorded::Stale;
            }
            (_, false) => {}
        }
        match (counted, what) {
            (None, _) => self.past.push(Past { generation: own, at: self.now, what, is_slow }),
            (Some(counted), What::Success | What::Failure) => self.past[counted].what = what,
            (Some(_), _) => {}
        }
        self.ends.push((own, what));
        let abandoned = end == End::Drop;
        self.tell(&Told::Recorded { outcome, slow: is_slow, abandoned, generation });
        if what != What::Nothing {
            self.judge(self.now);
        }
        Recorded::Counted
    }

    fn what(&self, end: End, is_slow: bool) -> What {
        let default = match self.rules.slow {
            Some(_) => AbandonedPolicy::FailureIfSlow,
            None => AbandonedPolicy::Ignore,
        };
        match (end, self.rules.abandoned.unwrap_or(default)) {
            (End::Report(Outcome::Success) | End::Return(Ok(())), _) => What::Success,
            (End::Report(Outcome::Failure) | End::Return(Err(())), _) => What::Failure,
            (End::Panic | End::ClassifierPanics, _) => What::Failure,
            (End::Report(Outcome::Ignored), _) => What::Nothing,
            (End::Drop, AbandonedPolicy::Failure) => What::Failure,
            (End::Drop, AbandonedPolicy::FailureIfSlow) if is_slow => What::Failure,
            (End::Drop, AbandonedPolicy::Rate(_)) => What::Abandoned,
            (End::Drop, _) => What::Nothing,
        }
    }
}

impl What {
    fn outcome(self) -> Outcome {
        match self {
            What::Success => Outcome::Success,
            What::Failure => Outcome::Failure,
            What::Abandoned | What::Nothing | What::Unknown => Outcome::Ignored,
        }
    }
}

impl End {
    /// What the call itself returns.
    pub fn result(self) -> Result<(), ()> {
        match self {
            End::Return(result) => result,
            End::Report(Outcome::Success) => Ok(()),
            _ => Err(()),
        }
    }

    fn answer(self) -> Answer {
        match self {
            End::Report(_) | End::Return(_) => Answer::Returned(self.result()),
            End::Panic | End::ClassifierPanics => Answer::Panicked,
            End::Drop => Answer::Done,
        }
    }
}
