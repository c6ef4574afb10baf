//! Who gets a place in the queue, who waits for one, and who gives his back.

use corepool::{Cancel, SubmitErrorKind};

use super::{Holder, Job, Phase, Plain, State};
use crate::answer::{Answer, End};
use crate::program::{Body, By, Deadline, Id, Options, Tag, Time, Verb};

impl Plain {
    pub(super) fn submit(&mut self, by: By<Id>, verb: Verb, options: Options, body: Body, tag: Tag) -> Answer {
        let (id, state) = (self.jobs.len(), self.way_in(by, verb, options));
        let mut job = Job {
            tag,
            options,
            body,
            state,
            holder: Holder::Handle,
            inside: None,
            joined_by: None,
            asked_to_stop: false,
            waker_left: false,
            wakes: Some(0),
        };
        let expires = state == State::Queued && options.deadline == Deadline::Soon;
        let answer = match state {
            State::Rejected(why) => {
                job.holder = Holder::Nobody;
                Answer::Rejected(why)
            }
            State::InLine => {
                job.waker_left = verb == Verb::SubmitAsync;
                job.holder = if job.waker_left { Holder::Future } else { Holder::Waiter };
                self.line.push(id);
                Answer::InLine
            }
            State::Queued => {
                self.queue.push(id);
                Answer::Accepted
            }
            _ => Answer::Accepted,
        };
        self.jobs.push(job);
        if expires {
            self.leave_queue(id, false);
            self.jobs[id].state = State::Ended(End::Expired);
        }
        answer
    }

    fn way_in(&self, by: By<Id>, verb: Verb, options: Options) -> State {
        if !self.takes_from(by) {
            return State::Rejected(SubmitErrorKind::ShutDown);
        }
        if options.token.is_some_and(|token| self.tokens[token]) {
            return State::Ended(End::Cancelled);
        }
        if options.deadline == Deadline::Passed {
            return State::Ended(End::Expired);
        }
        if self.has_room() || (by != By::Outsider && verb != Verb::TrySubmit) {
            return State::Queued;
        }
        match verb {
            Verb::TrySubmit => State::Rejected(SubmitErrorKind::Full),
            Verb::Within(Time::None | Time::Moment) => State::Rejected(SubmitErrorKind::TimedOut),
            _ if options.deadline == Deadline::Soon => State::Rejected(SubmitErrorKind::TimedOut),
            Verb::Submit | Verb::Within(Time::Hour) | Verb::SubmitAsync => State::InLine,
        }
    }

    fn takes_from(&self, by: By<Id>) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Draining => by != By::Outsider,
            Phase::Aborting => false,
        }
    }

    pub fn has_room(&self) -> bool {
        self.queue.len() < self.capacity && self.line.is_empty()
    }

    pub(super) fn leave_line(&mut self, id: Id) {
        self.line.retain(|&waiting| waiting != id);
    }

    /// In turn, or out of the middle.
    pub(super) fn leave_queue(&mut self, id: Id, in_turn: bool) {
        self.make_way(in_turn);
        self.queue.retain(|&queued| queued != id);
        self.line_passed_over += u32::from(in_turn && !self.line.is_empty());
    }

    /// The place of a job that is about to leave the queue goes to the head of the line. Where there is none to give, as
    /// jobs have submitted beyond the bound, one in 16 that leave in turn gives its place all the same.
    pub(super) fn make_way(&mut self, in_turn: bool) {
        let has_share = |passed_over| in_turn && passed_over >= 16;
        while !self.line.is_empty() && (self.queue.len() <= self.capacity || has_share(self.line_passed_over)) {
            self.line_passed_over = 0;
            self.admit_head();
        }
    }

    /// The first in line that has not ended gets in.
    fn admit_head(&mut self) {
        while let Some(&id) = self.line.first() {
            if self.jobs[id].options.token.is_some_and(|token| self.tokens[token]) {
                self.turn_away(id, SubmitErrorKind::Cancelled);
                continue;
            }
            self.leave_line(id);
            self.queue.push(id);
            self.jobs[id].state = State::Queued;
            self.tell_submitter(id, Answer::Accepted);
            return;
        }
    }

    pub(super) fn poll_future(&mut self, by: By<Id>, id: Id) -> Answer {
        match self.jobs[id].state {
            State::InLine if by == By::Outsider => return Answer::InLine,
            State::InLine => {
                // A job never waits for room.
                self.leave_line(id);
                self.queue.push(id);
                self.jobs[id].state = State::Queued;
                self.jobs[id].waker_left = false;
            }
            State::Rejected(why) => {
                self.jobs[id].holder = Holder::Nobody;
                return Answer::Rejected(why);
            }
            _ => {}
        }
        self.jobs[id].holder = Holder::Handle;
        Answer::Accepted
    }

    pub(super) fn turn_away(&mut self, id: Id, why: SubmitErrorKind) {
        self.leave_line(id);
        self.jobs[id].state = State::Rejected(why);
        self.tell_submitter(id, Answer::Rejected(why));
    }

    fn tell_submitter(&mut self, id: Id, answer: Answer) {
        if self.jobs[id].holder == Holder::Waiter {
            self.jobs[id].holder = if answer == Answer::Accepted { Holder::Handle } else { Holder::Nobody };
            self.told.push((id, answer));
        }
        self.jobs[id].wake();
    }

    pub(super) fn cancel(&mut self, id: Id) -> Cancel {
        match self.jobs[id].state {
            State::Queued => {
                self.leave_queue(id, false);
                self.end(id, End::Cancelled);
                Cancel::Dequeued
            }
            State::Running => {
                self.jobs[id].asked_to_stop = true;
                Cancel::Requested
            }
            _ => Cancel::Finished,
        }
    }

    pub(super) fn cancel_token(&mut self, token: usize) -> Answer {
        self.tokens[token] = true;
        for id in 0..self.jobs.len() {
            match self.jobs[id].state {
                _ if self.jobs[id].options.token != Some(token) => {}
                State::InLine => self.turn_away(id, SubmitErrorKind::Cancelled),
                State::Queued => {
                    self.leave_queue(id, false);
                    self.end(id, End::Cancelled);
                }
                _ => {}
            }
        }
        Answer::Done
    }

    pub(super) fn drop_holder(&mut self, id: Id) -> Answer {
        let holder = std::mem::replace(&mut self.jobs[id].holder, Holder::Nobody);
        if holder == Holder::Future && self.jobs[id].state == State::InLine {
            self.leave_line(id);
            self.jobs[id].state = State::GivenUp;
            self.jobs[id].waker_left = false;
            return Answer::Done;
        }
        // It goes with the handle.
        self.jobs[id].waker_left = false;
        if holder != Holder::Handle {
            self.cancel(id);
        }
        Answer::Done
    }
}
