//! The real breaker does what a program says, and each step is held against the model.

use std::future::poll_fn;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use corepool::breaker::{CallError, CircuitBreaker, ManualClock, Outcome, Permit, Subscription};

use super::plain::Plain;
use super::program::{Command, End, Id, Program, Step};
use super::rules::{Rules, nanos};
use super::seen::{Answer, Heard, Seen, Told};

/// Where the breaker and the model first part.
pub fn play(program: &Program) -> Result<(), String> {
    let mut plain = Plain::new(program.rules.clone());
    // Left alone if a step panics: permits that are dropped meanwhile could panic too, and end the process.
    let mut stage = ManuallyDrop::new(Stage::new(&program.rules));
    for step in &program.steps {
        let Some(step) = plain.resolve(*step) else { continue };
        let expected = (plain.perform(step), plain.take_heard(), Some(plain.seen()));
        let found = (stage.perform(step), stage.take_heard(), Seen::of(&stage.breaker));
        if found != expected {
            return Err(format!("at {step:?}\nthe contract: {expected:?}\n the breaker: {found:?}"));
        }
    }
    drop(ManuallyDrop::into_inner(stage));
    Ok(())
}

type CallFuture = Pin<Box<dyn Future<Output = Result<(), CallError<()>>>>>;

enum Held {
    Permit(Permit),
    /// With what makes it end.
    Future(CallFuture, Arc<Mutex<Option<End>>>),
    Gone,
}

struct Stage {
    clock: ManualClock,
    breaker: CircuitBreaker,
    held: Vec<Held>,
    subscriptions: Vec<Subscription>,
    subscribed: usize,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Stage {
    fn new(rules: &Rules) -> Self {
        let clock = ManualClock::new();
        Self {
            breaker: rules.build(&clock),
            clock,
            held: Vec::new(),
            subscriptions: Vec::new(),
            subscribed: 0,
            heard: Arc::default(),
        }
    }

    fn perform(&mut self, step: Step<Id>) -> Answer {
        match step {
            Step::Acquire(_) => return self.acquire(),
            Step::CallAsync(_) => self.call_async(),
            Step::Poll(held) => return self.poll(held),
            Step::Start(held) => match &mut self.held[held] {
                Held::Permit(permit) => permit.start(),
                _ => unreachable!("it is a permit"),
            },
            Step::Pause(held) => match &mut self.held[held] {
                Held::Permit(permit) => permit.pause(),
                _ => unreachable!("it is a permit"),
            },
            Step::End(held, end) => return self.end(held, end),
            Step::Call(end, takes) => return self.call(end, || self.clock.advance(nanos(takes))),
            Step::Burst(calls, end) => return (0..calls).fold(Answer::Done, |_, _| self.call(end, || {})),
            Step::Advance(by) => self.clock.advance(nanos(by)),
            Step::AdvanceTo(..) => unreachable!("resolved"),
            Step::Command(command) => self.command(command),
            Step::Subscribe => self.subscribe(),
            Step::Unsubscribe(age) => drop(age.take(&mut self.subscriptions)),
        }
        Answer::Done
    }

    fn acquire(&mut self) -> Answer {
        let (held, answer) = match self.breaker.try_acquire() {
            Ok(permit) => (Held::Permit(permit), Answer::Admitted),
            Err(rejected) => (Held::Gone, Answer::Rejected(rejected)),
        };
        self.held.push(held);
        answer
    }

    fn call_async(&mut self) {
        let end = Arc::new(Mutex::new(None));
        let (told, told_classifier) = (Arc::clone(&end), Arc::clone(&end));
        let inner = poll_fn(move |_| {
            let end: Option<End> = *told.lock().unwrap();
            end.map_or(Poll::Pending, |end| Poll::Ready(end.come_about()))
        });
        let classify =
            move |result: &_| told_classifier.lock().unwrap().map_or(Outcome::Failure, |end| end.judge(*result));
        let future = self.breaker.call_async_with(classify, || inner);
        self.held.push(Held::Future(Box::pin(future), end));
    }

    fn poll(&mut self, id: Id) -> Answer {
        let Held::Future(future, _) = &mut self.held[id] else { unreachable!("it is a future") };
        let poll = || future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let answer = match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => return Answer::Pending,
            Ok(Poll::Ready(result)) => result.into(),
            Err(_) => Answer::Panicked,
        };
        self.held[id] = Held::Gone;
        answer
    }

    fn end(&mut self, id: Id, end: End) -> Answer {
        match &self.held[id] {
            Held::Future(_, told) if end != End::Drop => {
                *told.lock().unwrap() = Some(end);
                self.poll(id)
            }
            _ => match mem::replace(&mut self.held[id], Held::Gone) {
                Held::Permit(permit) => end_permit(permit, end),
                _ => Answer::Done,
            },
        }
    }

    fn call(&self, end: End, takes_time: impl FnOnce()) -> Answer {
        let f = || {
            takes_time();
            end.come_about()
        };
        let call = || match end {
            End::Return(_) | End::Panic => self.breaker.call(f),
            _ => self.breaker.call_with(|result| end.judge(*result), f),
        };
        catch_unwind(AssertUnwindSafe(call)).map_or(Answer::Panicked, Answer::from)
    }

    fn command(&self, command: Command) {
        match command {
            Command::ForceOpen => self.breaker.force_open(),
            Command::OpenFor(wait) => self.breaker.open_for(nanos(wait)),
            Command::Disable => self.breaker.disable(),
            Command::MetricsOnly => self.breaker.metrics_only(),
            Command::Reset => self.breaker.reset(),
        }
    }

    fn subscribe(&mut self) {
        let (heard, by) = (Arc::clone(&self.heard), self.subscribed);
        let listener = move |event: &_| heard.lock().unwrap().push(Heard { by, told: Told::from(event) });
        self.subscriptions.push(self.breaker.subscribe(listener));
        self.subscribed += 1;
    }

    fn take_heard(&self) -> Vec<Heard> {
        mem::take(&mut self.heard.lock().unwrap())
    }
}

fn end_permit(permit: Permit, end: End) -> Answer {
    match end {
        End::Report(Outcome::Success) => Answer::Recorded(permit.success()),
        End::Report(Outcome::Failure) => Answer::Recorded(permit.failure()),
        End::Report(Outcome::Ignored) => Answer::Recorded(permit.ignore()),
        End::Return(result) => Answer::Returned(permit.run(|| result)),
        End::Panic | End::ClassifierPanics => {
            let run = || permit.run(|| -> Result<(), ()> { resume_unwind(Box::new("the call panics")) });
            catch_unwind(AssertUnwindSafe(run)).map_or(Answer::Panicked, Answer::Returned)
        }
        End::Drop => {
            drop(permit);
            Answer::Done
        }
    }
}

impl End {
    /// What the call does. Unwinds without the panic hook, which would print.
    fn come_about(self) -> Result<(), ()> {
        match self {
            End::Panic => resume_unwind(Box::new("the call panics")),
            _ => self.result(),
        }
    }

    /// What the classifier says.
    fn judge(self, result: Result<(), ()>) -> Outcome {
        match (self, result) {
            (End::Report(outcome), _) => outcome,
            (End::ClassifierPanics, _) => resume_unwind(Box::new("the classifier panics")),
            (_, Ok(())) => Outcome::Success,
            (_, Err(())) => Outcome::Failure,
        }
    }
}
