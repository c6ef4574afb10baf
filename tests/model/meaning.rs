//! What a step comes to mean where it stands in its program: which job, done by whom; and the story of what follows.

use crate::answer::Answer;
use crate::plain::{Holder, Plain, State};
use crate::program::{Act, Body, By, Deadline, Id, Options, Pick, Step, Verb, choose};

impl Plain {
    /// `None`: there is no job that the step can mean.
    pub fn resolve(&self, step: &Step<Pick>) -> Option<Step<Id>> {
        let by = match step.by {
            By::Outsider => By::Outsider,
            By::Job(pick) => self.choose(self.actors(), pick).map_or(By::Outsider, By::Job),
        };
        let holder = |id: Id| self.jobs[id].holder;
        let pollable = |&id: &Id| matches!(holder(id), Holder::Handle | Holder::Guard | Holder::Future);
        let handle = |&id: &Id| matches!(holder(id), Holder::Handle | Holder::Guard);
        let joinable = |&id: &Id| handle(&id) && !self.would_wait_in_a_circle(by, id);
        let all = || 0..self.jobs.len();
        let act = match step.act {
            Act::Submit(verb, options, body, tag) => Act::Submit(verb, self.made_exact(by, verb, options), body, tag),
            // Several free workers would take from it in an order of their own.
            Act::Burst(..) if self.has_free_worker() => return None,
            Act::Burst(priority, jobs) => Act::Burst(priority, jobs),
            Act::Pair(_) if self.has_free_worker() => return None,
            Act::Pair(token) => Act::Pair(token),
            Act::Return | Act::Panic if by == By::Outsider => return None,
            Act::Return => Act::Return,
            Act::Panic => Act::Panic,
            Act::Checkpoint => Act::Checkpoint,
            Act::Cancel(pick) => Act::Cancel(self.choose(all().filter(handle), pick)?),
            Act::CancelToken(token) => Act::CancelToken(token),
            Act::Drop(pick) => Act::Drop(self.choose(all().filter(pollable), pick)?),
            Act::Poll(pick) => Act::Poll(self.choose(all().filter(pollable), pick)?),
            Act::Join(pick) => Act::Join(self.choose(all().filter(joinable), pick)?),
            Act::TryJoin(pick) => Act::TryJoin(self.choose(all().filter(handle), pick)?),
            Act::JoinTimeout(pick) => Act::JoinTimeout(self.choose(all().filter(handle), pick)?),
            Act::JoinForever(pick) => Act::JoinForever(self.choose(all().filter(joinable), pick)?),
            Act::CancelOnDrop(pick) => {
                Act::CancelOnDrop(self.choose(all().filter(|&id| holder(id) == Holder::Handle), pick)?)
            }
            Act::WaitIdle => Act::WaitIdle,
            Act::Shutdown(mode) => Act::Shutdown(mode),
            Act::BeginShutdown(mode) => Act::BeginShutdown(mode),
            Act::Fork(fork) => Act::Fork(self.meant(by, fork)),
        };
        Some(Step { by, act })
    }

    fn choose(&self, ids: impl Iterator<Item = Id>, pick: Pick) -> Option<Id> {
        choose(ids.map(|id| (id, self.jobs[id].tag)), pick)
    }

    /// Jobs that do what they are told.
    fn actors(&self) -> impl Iterator<Item = Id> {
        (0..self.jobs.len()).filter(|&id| {
            let job = &self.jobs[id];
            job.state == State::Running && job.body == Body::Held && self.waits_for(id).is_none()
        })
    }

    fn waits_for(&self, joiner: Id) -> Option<Id> {
        self.jobs.iter().position(|job| job.joined_by == Some(By::Job(joiner)))
    }

    /// Jobs on several workers that wait for each other hang; the contract says so.
    fn would_wait_in_a_circle(&self, by: By<Id>, id: Id) -> bool {
        let By::Job(joiner) = by else { return false };
        let mut waiting_for = std::iter::successors(Some(id), |&job| self.waits_for(job));
        !self.is_on_stack_of(joiner, id) && waiting_for.any(|job| job == joiner)
    }

    /// A deadline passes for sure only while the job waits and nobody else does anything.
    fn made_exact(&self, by: By<Id>, verb: Verb, mut options: Options) -> Options {
        let waits_on = verb == Verb::SubmitAsync && by == By::Outsider && !self.has_room();
        if options.deadline == Deadline::Soon && (self.has_free_worker() || waits_on) {
            options.deadline = Deadline::Far;
        }
        options
    }

    /// How a program ends: every job returns, then everything is let go of. `None` once that is done.
    pub fn closing_step(&self) -> Option<Step<Id>> {
        if let Some(job) = self.actors().next() {
            return Some(Step { by: By::Job(job), act: Act::Return });
        }
        let held = |id: &Id| !matches!(self.jobs[*id].holder, Holder::Nobody | Holder::Waiter);
        let job = (0..self.jobs.len()).find(held)?;
        Some(Step { by: By::Outsider, act: Act::Drop(job) })
    }

    /// Performs a step as the contract says; tells what came of it.
    pub fn tell(&mut self, step: Step<Id>) -> String {
        let new = self.jobs.len();
        let answer = self.perform(step);
        let mut story = match step.act {
            Act::Submit(..) => format!("#{new} {}", answer.in_words()),
            Act::Burst(..) | Act::Pair(_) => format!("{} {}", in_runs(new..self.jobs.len()), answer.in_words()),
            _ => answer.in_words(),
        };
        let mut begun = std::mem::take(&mut self.claimed);
        while let Some(next) = self.next() {
            self.begin(next);
            begun.push(next);
        }
        if !begun.is_empty() {
            story += &format!("; begins: {}", in_runs(begun.into_iter()));
        }
        for (id, answer) in self.told.drain(..) {
            story += &match answer {
                Answer::Joined(end) => format!("; who joined #{id} gets {end:?}"),
                answer => format!("; #{id} {}", answer.in_words()),
            };
        }
        story
    }
}

/// Numbers that follow each other are drawn together.
fn in_runs(ids: impl Iterator<Item = Id>) -> String {
    let mut runs: Vec<(Id, Id)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == id => *last = id,
            _ => runs.push((id, id)),
        }
    }
    let name = |(first, last)| if first == last { format!("#{first}") } else { format!("#{first}-#{last}") };
    Vec::from_iter(runs.into_iter().map(name)).join(" ")
}
