//! Plays a program on a real pool, step by step beside the plain model, and compares: what each step answers, and after
//! it all that can be seen of every job and of the pool.
//!
//! Nothing moves between two steps: whoever is not held waits for something that only a step can bring about. So all is
//! exact. What a step sets in motion is waited for by what it says itself (a job that begins, a handle that is finished),
//! and `patience` is how long that may take at the most.

use std::collections::BTreeMap;
use std::panic::panic_any;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use corepool::{CancelToken, Pool, Priority, Shutdown, Stats, SubmitErrorKind, checkpoint, current_worker};

use crate::answer::{Answer, End, Report};
use crate::cast::{Closure, Count, Grip, JoinsWhenDropped, Life, Outcome, Reply, Slot, submit};
use crate::fork::{Fork, Leaf, Value, pause};
use crate::plain::{Holder, Plain, State};
use crate::program::{Act, Body, By, Deadline, Id, Options, Program, Step, TOKENS, Verb};

/// A contradiction between the pool and the model.
pub type Contradiction = String;

pub fn play(program: &Program, patience: Duration) -> Result<(), Contradiction> {
    let mut player = Player::new(program, patience);
    let played = player.play(program);
    // A pool that contradicts the contract may never end.
    thread::spawn(move || drop(player));
    played
}

enum Order {
    Do(Box<dyn FnOnce() + Send>),
    Return,
    Panic,
}

struct Player {
    patience: Duration,
    plain: Plain,
    jobs: Vec<Job>,
    /// Those who wait, each for one job.
    waiting: BTreeMap<Id, Receiver<Reply>>,
    begin: Sender<(Id, Option<usize>)>,
    begun: Receiver<(Id, Option<usize>)>,
    tokens: [CancelToken; TOKENS],
    panics: Arc<Count>,
    pool: Pool,
}

/// One real job, seen from outside.
struct Job {
    orders: Sender<Order>,
    life: Arc<Life>,
    /// Of the waker of the last poll.
    wakes: Arc<Count>,
    grip: Option<Grip>,
    worker: Option<usize>,
}

impl Player {
    fn new(program: &Program, patience: Duration) -> Self {
        let panics = Arc::<Count>::default();
        let hook = Arc::clone(&panics);
        let pool = Pool::builder().workers(program.workers).queue_capacity(program.capacity);
        let (begin, begun) = channel();
        Self {
            patience,
            plain: Plain::new(program.workers, program.capacity),
            jobs: Vec::new(),
            waiting: BTreeMap::new(),
            begin,
            begun,
            tokens: Default::default(),
            panics,
            pool: pool.on_panic(move |_| hook.add()).build().expect("there are threads"),
        }
    }

    fn play(&mut self, program: &Program) -> Result<(), Contradiction> {
        for step in &program.steps {
            if let Some(step) = self.plain.resolve(step) {
                self.step(step)?;
            }
        }
        while let Some(step) = self.plain.closing_step() {
            self.step(step).map_err(|what| format!("after the last step, {what}"))?;
        }
        self.step(Step { by: By::Outsider, act: Act::Shutdown(Shutdown::Drain) })
    }

    fn step(&mut self, step: Step<Id>) -> Result<(), Contradiction> {
        let expected = self.plain.perform(step);
        let answer = self.perform(step, expected).map_err(|what| format!("`{step}`: {what}"))?;
        if answer != expected && !self.was_overdue(step, expected, answer) {
            return Err(format!("`{step}` answers {answer:?}, not {expected:?}"));
        }
        self.settle().and_then(|()| self.compare()).map_err(|what| format!("after `{step}`: {what}"))
    }

    /// Where the moment was over before the job was even offered, it has been accepted and has expired instead.
    fn was_overdue(&mut self, step: Step<Id>, expected: Answer, answer: Answer) -> bool {
        let is_due = matches!(step.act, Act::Submit(_, Options { deadline: Deadline::Soon, .. }, ..));
        let overdue = is_due && matches!(expected, Answer::Rejected(_)) && answer == Answer::Accepted;
        if overdue {
            self.plain.expire_on_arrival();
        }
        overdue
    }
}

/// Doing what a step says.
impl Player {
    fn perform(&mut self, Step { by, act }: Step<Id>, expected: Answer) -> Result<Answer, Contradiction> {
        match act {
            Act::Submit(verb, options, body, _) => {
                let waits = expected == Answer::InLine && verb != Verb::SubmitAsync;
                let waits = waits.then_some(expected);
                let (id, job) = self.new_job(body);
                let (pool, tokens, waker) = (self.pool.clone(), self.tokens.clone(), self.new_waker(id));
                self.about(id, by, waits, move || submit(&pool, verb, options, &tokens, job, &waker))
            }
            Act::Burst(priority, jobs) => self.burst(by, Options { priority, ..Options::default() }, jobs),
            Act::Pair(token) => self.pair(by, Options { token: Some(token), ..Options::default() }),
            Act::Return => self.order(by, Order::Return),
            Act::Panic => self.order(by, Order::Panic),
            Act::Checkpoint => self.ask(by, || Answer::Checkpoint(checkpoint())),
            Act::Cancel(id) => self.with_grip(id, by, None, |grip| (Answer::Cancel(grip.cancel()), Some(grip))),
            Act::CancelToken(token) => {
                let token = self.tokens[token].clone();
                self.ask(by, move || {
                    token.cancel();
                    Answer::Done
                })
            }
            Act::Drop(id) => self.with_grip(id, by, None, |_dropped| (Answer::Done, None)),
            Act::Poll(id) => {
                let waker = self.new_waker(id);
                self.with_grip(id, by, None, move |grip| grip.poll(&waker))
            }
            Act::Join(id) => self.with_grip(id, by, (expected == Answer::Waits).then_some(expected), Grip::join),
            Act::TryJoin(id) => self.with_grip(id, by, None, Grip::try_join),
            Act::JoinTimeout(id) => self.with_grip(id, by, None, |grip| grip.join_timeout(Duration::ZERO)),
            Act::JoinForever(id) => {
                let join = |grip: Grip| grip.join_timeout(Duration::MAX);
                self.with_grip(id, by, (expected == Answer::Waits).then_some(expected), join)
            }
            Act::CancelOnDrop(id) => self.with_grip(id, by, None, |grip| (Answer::Done, Some(grip.cancel_on_drop()))),
            Act::WaitIdle => {
                let (pool, timeout) = (self.pool.clone(), (expected != Answer::Idle(Ok(()))).then_some(Duration::ZERO));
                self.ask(by, move || Answer::Idle(pool.wait_idle(timeout)))
            }
            Act::Shutdown(mode) => {
                let ends = matches!(expected, Answer::Shutdown(Ok(Report { still_running: 0, .. })));
                let (pool, timeout) = (self.pool.clone(), (!ends).then_some(Duration::ZERO));
                self.ask(by, move || Answer::Shutdown(pool.shutdown(mode, timeout).map(Report::from)))
            }
            Act::BeginShutdown(mode) => {
                let pool = self.pool.clone();
                self.ask(by, move || {
                    pool.begin_shutdown(mode).expect("it is not the global pool");
                    Answer::Done
                })
            }
            Act::Fork(fork) => self.fork(by, fork),
        }
    }

    fn fork(&mut self, by: By<Id>, fork: Fork) -> Result<Answer, Contradiction> {
        let verb = if by == By::Outsider { Verb::TrySubmit } else { Verb::Submit };
        let job = Mutex::new(fork.submits().then(|| self.new_job(Body::Quick).1));
        let (pool, tokens) = (self.pool.clone(), self.tokens.clone());
        let submit = move |pool: &Pool| {
            let job = job.lock().unwrap().take().expect("one leaf submits");
            let answer = submit(pool, verb, Options::default(), &tokens, job, Waker::noop()).0;
            Value::Accepted((answer == Answer::Accepted).into())
        };
        self.ask(by, move || {
            Answer::Forked(fork.play(&pool, |leaf| match leaf {
                Leaf::Return | Leaf::Panic => Value::Nothing,
                Leaf::Pause => {
                    pause();
                    Value::Nothing
                }
                Leaf::Checkpoint => Value::Checkpoint(checkpoint()),
                Leaf::Submit => submit(&pool),
            }))
        })
    }

    fn burst(&mut self, by: By<Id>, options: Options, jobs: u8) -> Result<Answer, Contradiction> {
        let verb = if by == By::Outsider { Verb::TrySubmit } else { Verb::Submit };
        let jobs: Vec<_> = (0..jobs).map(|_| self.new_job(Body::Quick).1).collect();
        let (pool, tokens) = (self.pool.clone(), self.tokens.clone());
        self.ask(by, move || {
            let submitted = jobs.into_iter().map(|job| submit(&pool, verb, options, &tokens, job, Waker::noop()).0);
            Answer::AcceptedOf(submitted.filter(|answer| *answer == Answer::Accepted).count())
        })
    }

    fn pair(&mut self, by: By<Id>, options: Options) -> Result<Answer, Contradiction> {
        let verb = if by == By::Outsider { Verb::TrySubmit } else { Verb::Submit };
        let [first, second] = [(); 2].map(|()| self.new_job(Body::Quick).1);
        let (pool, tokens, slot) = (self.pool.clone(), self.tokens.clone(), Slot::default());
        let unless_run = JoinsWhenDropped(Arc::clone(&slot));
        let first = move || {
            unless_run.disarm();
            first()
        };
        self.ask(by, move || {
            let (first, _detached) = submit(&pool, verb, options, &tokens, first, Waker::noop());
            let (second, grip) = submit(&pool, verb, options, &tokens, second, Waker::noop());
            *slot.lock().unwrap() = grip;
            let accepted = |answer: &Answer| *answer == Answer::Accepted;
            Answer::AcceptedOf([first, second].into_iter().filter(accepted).count())
        })
    }

    fn new_job(&mut self, body: Body) -> (Id, impl FnOnce() -> Outcome + Send + use<>) {
        let (id, life, (orders, inbox)) = (self.jobs.len(), Arc::<Life>::default(), channel());
        let (closure, begin) = (Closure::of(&life, body == Body::Fragile), self.begin.clone());
        self.jobs.push(Job { orders, life, wakes: Arc::default(), grip: None, worker: None });
        let job = move || {
            let life = closure.run();
            // Nobody listens any more once the program has failed.
            let _ = begin.send((id, current_worker()));
            let end = match body {
                Body::Held => obey(&inbox),
                Body::Quick | Body::Fragile => End::Value,
                Body::Bang => End::Panicked,
            };
            let outcome = Outcome::of(life);
            if end == End::Panicked { panic_any(outcome) } else { outcome }
        };
        (id, job)
    }

    /// For one poll.
    fn new_waker(&mut self, id: Id) -> Waker {
        let wakes = &mut self.jobs[id].wakes;
        *wakes = Arc::default();
        Waker::from(Arc::clone(wakes))
    }

    fn with_grip(
        &mut self,
        id: Id,
        by: By<Id>,
        waits: Option<Answer>,
        act: impl FnOnce(Grip) -> Reply + Send + 'static,
    ) -> Result<Answer, Contradiction> {
        let grip = self.jobs[id].grip.take().expect("the model knows who has a grip");
        self.about(id, by, waits, || act(grip))
    }

    /// Does what gives a reply about one job. What `waits`, and as what, is heard of later.
    fn about(
        &mut self,
        id: Id,
        by: By<Id>,
        waits: Option<Answer>,
        act: impl FnOnce() -> Reply + Send + 'static,
    ) -> Result<Answer, Contradiction> {
        let (tell, reply) = channel();
        let act = move || {
            // Nobody listens any more once the program has failed.
            let _ = tell.send(act());
        };
        if waits.is_some() && by == By::Outsider {
            thread::spawn(act);
        } else {
            self.order(by, Order::Do(Box::new(act)))?;
        }
        if let Some(answer) = waits {
            self.waiting.insert(id, reply);
            return Ok(answer);
        }
        let (answer, grip) = self.hear(&reply)?;
        self.jobs[id].grip = grip;
        Ok(answer)
    }

    fn ask(&self, by: By<Id>, act: impl FnOnce() -> Answer + Send + 'static) -> Result<Answer, Contradiction> {
        let (tell, answer) = channel();
        let act = move || {
            // Nobody listens any more once the program has failed.
            let _ = tell.send(act());
        };
        self.order(by, Order::Do(Box::new(act)))?;
        self.hear(&answer)
    }

    fn order(&self, by: By<Id>, order: Order) -> Result<Answer, Contradiction> {
        match (by, order) {
            (By::Job(id), order) => self.jobs[id].orders.send(order).map_err(|_| format!("#{id} is gone"))?,
            (By::Outsider, Order::Do(act)) => act(),
            (By::Outsider, Order::Return | Order::Panic) => unreachable!("only jobs end"),
        }
        Ok(Answer::Done)
    }

    fn hear<R>(&self, answer: &Receiver<R>) -> Result<R, Contradiction> {
        answer.recv_timeout(self.patience).map_err(|_| "no answer".to_owned())
    }
}

/// What a job that is held does.
fn obey(inbox: &Receiver<Order>) -> End {
    loop {
        match inbox.recv() {
            Ok(Order::Do(act)) => act(),
            Ok(Order::Panic) => return End::Panicked,
            // Without a player there is nothing to wait for.
            Ok(Order::Return) | Err(_) => return End::Value,
        }
    }
}

/// Looking at what has come of it.
impl Player {
    /// Hears of all that the step has set in motion.
    fn settle(&mut self) -> Result<(), Contradiction> {
        for id in std::mem::take(&mut self.plain.claimed) {
            self.hear_begin(id)?;
        }
        while let Some(id) = self.plain.next() {
            self.hear_begin(id)?;
            self.plain.begin(id);
        }
        for (id, expected) in std::mem::take(&mut self.plain.told) {
            let reply = self.waiting.remove(&id).expect("the model knows who waits");
            let (answer, grip) = self.hear(&reply).map_err(|what| format!("{what} about #{id}, but {expected:?}"))?;
            if answer != expected {
                return Err(format!("who waited for #{id} is told {answer:?}, not {expected:?}"));
            }
            self.jobs[id].grip = grip;
        }
        match self.waiting.iter().find_map(|(id, reply)| Some((id, reply.try_recv().ok()?.0))) {
            Some((id, answer)) => Err(format!("who should wait for #{id} is told {answer:?}")),
            None => Ok(()),
        }
    }

    fn hear_begin(&mut self, expected: Id) -> Result<(), Contradiction> {
        let begun = self.begun.recv_timeout(self.patience);
        let (id, worker) = begun.map_err(|_| format!("nobody begins #{expected}"))?;
        if id != expected {
            return Err(format!("#{id} begins, not #{expected}"));
        }
        let below = self.plain.jobs[id].inside;
        if worker.is_none() || below.is_some_and(|joiner| self.jobs[joiner].worker != worker) {
            return Err(format!("#{id} begins on the wrong thread, {worker:?}"));
        }
        self.jobs[id].worker = worker;
        Ok(())
    }

    fn compare(&self) -> Result<(), Contradiction> {
        for id in 0..self.jobs.len() {
            self.compare_job(id)?;
        }
        if let Ok((id, _)) = self.begun.try_recv() {
            return Err(format!("#{id} begins although nobody is free"));
        }
        let expected = self.expected_stats();
        // Of these nobody tells: a thread that gets in line, and the end of a job whose future was not polled since.
        let unseen = self.plain.jobs.iter().any(|job| job.has_run() && job.holder == Holder::Future);
        self.wait_until(|| {
            let (stats, panics) = (self.pool.stats(), self.panics.get() as u64);
            stats.waiting >= expected.waiting && !(unseen && (stats.busy > expected.busy || panics < expected.panicked))
        });
        let (stats, panics) = (self.pool.stats(), self.panics.get() as u64);
        if stats != expected {
            return Err(format!("the counts are\n{stats:?}, not\n{expected:?}"));
        }
        if panics != expected.panicked {
            return Err(format!("on_panic saw {panics} panics, not {}", expected.panicked));
        }
        Ok(())
    }

    fn compare_job(&self, id: Id) -> Result<(), Contradiction> {
        let (job, plain) = (&self.jobs[id], &self.plain.jobs[id]);
        let has_run = plain.has_run();
        let closure_is_gone = match plain.state {
            State::InLine | State::Queued | State::Running => false,
            State::Rejected(_) => plain.holder != Holder::Future,
            State::Ended(_) | State::GivenUp => true,
        };
        let outcome_is_gone = has_run && plain.holder == Holder::Nobody;
        let life = [has_run || plain.state == State::Running, closure_is_gone, has_run, outcome_is_gone];
        let life = life.map(usize::from);
        if !self.wait_until(|| job.life.read() == life) {
            let names = "runs, closures gone, outcomes, outcomes gone";
            return Err(format!("#{id} has had [{names}] {:?}, not {life:?}", job.life.read()));
        }
        let ended = matches!(plain.state, State::Ended(_));
        let is_finished = || job.grip.as_ref().and_then(Grip::is_finished).unwrap_or(ended);
        if !self.wait_until(|| is_finished() == ended) {
            return Err(format!("#{id} is finished: {}", is_finished()));
        }
        let wakes = plain.wakes.unwrap_or_else(|| job.wakes.get());
        if !self.wait_until(|| job.wakes.get() == wakes) {
            return Err(format!("who polled #{id} was woken {} times, not {wakes}", job.wakes.get()));
        }
        Ok(())
    }

    fn expected_stats(&self) -> Stats {
        let plain = &self.plain;
        let mut stats = Stats::default();
        stats.workers = self.pool.workers() as u64;
        stats.busy = plain.busy();
        stats.queued = plain.count(|state| state == State::Queued);
        stats.queued_high = plain.count_queued(Priority::High);
        stats.queued_normal = plain.count_queued(Priority::Normal);
        stats.queued_low = plain.count_queued(Priority::Low);
        stats.waiting = plain.count(|state| state == State::InLine);
        stats.rejected = plain.count(|state| matches!(state, State::Rejected(_) | State::GivenUp));
        stats.rejected_full = plain.count_rejected(SubmitErrorKind::Full);
        stats.rejected_timed_out = plain.count_rejected(SubmitErrorKind::TimedOut);
        stats.rejected_cancelled =
            plain.count_rejected(SubmitErrorKind::Cancelled) + plain.count(|state| state == State::GivenUp);
        stats.rejected_shut_down = plain.count_rejected(SubmitErrorKind::ShutDown);
        stats.submitted = self.jobs.len() as u64 - stats.waiting - stats.rejected;
        stats.completed = plain.count_ended(End::Value);
        stats.panicked = plain.count_ended(End::Panicked);
        stats.cancelled = plain.count_ended(End::Cancelled);
        stats.expired = plain.count_ended(End::Expired);
        stats.aborted = plain.count_ended(End::Aborted);
        stats
    }

    /// Whether it comes to that.
    fn wait_until(&self, done: impl Fn() -> bool) -> bool {
        let mut since = None;
        while !done() {
            if since.get_or_insert_with(Instant::now).elapsed() > self.patience {
                return false;
            }
            thread::yield_now();
        }
        true
    }
}
