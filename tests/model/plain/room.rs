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
            State::Queued if options.deadline == Deadline::Soon => {
                job.state = State::Ended(End::Expired);
                Answer::Accepted
            }
            State::Queued => {
                self.queue.push(id);
                Answer::Accepted
            }
            _ => Answer::Accepted,
        };
        self.jobs.push(job);
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

    /// Out of the queue or the line.
    pub(super) fn take_out(&mut self, id: Id) {
        self.queue.retain(|&queued| queued != id);
        self.line.retain(|&waiting| waiting != id);
    }

    /// A place that is free goes to the head of the line.
    pub(super) fn hand_places_on(&mut self) {
        while self.queue.len() < self.capacity && !self.line.is_empty() {
            let id = self.line.remove(0);
            self.queue.push(id);
            self.jobs[id].state = State::Queued;
            self.tell_submitter(id, Answer::Accepted);
        }
    }

    pub(super) fn poll_future(&mut self, by: By<Id>, id: Id) -> Answer {
        match self.jobs[id].state {
            State::InLine if by == By::Outsider => return Answer::InLine,
            State::InLine => {
                // A job never waits for room.
                self.take_out(id);
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
        self.take_out(id);
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
                self.take_out(id);
                self.end(id, End::Cancelled);
                self.hand_places_on();
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
                    self.take_out(id);
                    self.end(id, End::Cancelled);
                }
                _ => {}
            }
        }
        self.hand_places_on();
        Answer::Done
    }

    pub(super) fn drop_holder(&mut self, id: Id) -> Answer {
        let holder = std::mem::replace(&mut self.jobs[id].holder, Holder::Nobody);
        if holder == Holder::Future && self.jobs[id].state == State::InLine {
            self.take_out(id);
            self.jobs[id].state = State::GivenUp;
            self.jobs[id].waker_left = false;
            return Answer::Done;
        }
        self.jobs[id].forget_waker();
        if holder != Holder::Handle {
            self.cancel(id);
        }
        Answer::Done
    }
}
