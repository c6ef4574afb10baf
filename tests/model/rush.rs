//! Lets a crowd loose on a real pool, and writes down what everybody sees, for [`crate::judge`].

mod fork;
mod map;
mod scope;
mod set;

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use corepool::{Cancel, CancelToken, Interrupted, JobError, Pool, Shutdown, SubmitErrorKind, WaitError};
use parking_lot::{Mutex, MutexGuard};

use crate::answer::{Answer, End};
use crate::cast::{Closure, Count, Grip, Life, Outcome, Reply, submit};
use crate::crowd::{Crowd, Move, Task, list_name, name};
use crate::fork::Shape;
use crate::play::Contradiction;
use crate::program::{Options, Pick, TOKENS, Tag, Time, Verb, choose};
use fork::{fork, spin};

pub fn rush(crowd: &Crowd, _patience: Duration) -> Result<(), Contradiction> {
    let scene = Arc::new(Scene::new(crowd));
    let clients: Vec<_> = (crowd.clients.iter().cloned().enumerate())
        .map(|(client, moves)| {
            let actor = Actor::new(&scene, list_name(client), None);
            thread::spawn(move || actor.act(moves))
        })
        .collect();
    for client in clients {
        client.join().map_err(|_| "a client panicked".to_owned())?;
    }
    scene.note_shutdown(crowd.end);
    let report = scene.pool.shutdown(crowd.end, None).map_err(|error| format!("the last shutdown: {error}"))?;
    scene.judge(report)
}

/// What all share.
pub struct Scene {
    pub workers: usize,
    pub pool: Pool,
    pub tokens: [CancelToken; TOKENS],
    pub has_shut_down: AtomicBool,
    pub has_aborted: AtomicBool,
    /// What `on_panic` has seen.
    pub panics: Arc<Count>,
    begun: Count,
    pub ledger: Mutex<Vec<Arc<Record>>>,
    /// What was plainly wrong when it was seen.
    pub contradictions: Mutex<Vec<Contradiction>>,
}

/// One submission.
pub struct Record {
    pub name: String,
    tag: Tag,
    pub place: Place,
    /// Of all that this client, or this job, submits.
    pub list: String,
    pub verb: Verb,
    pub options: Options,
    pub panics: bool,
    /// The job that has called its scope: what that is told it is told, too.
    pub caller: Option<Arc<Self>>,
    /// Its token had been cancelled before.
    pub is_doomed: bool,
    pub life: Arc<Life>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Outside,
    InAJob,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Nobody knows of a future that was dropped.
    pub submitted: Option<Result<(), SubmitErrorKind>>,
    /// Nobody knows of a job that was let go of.
    pub end: Option<End>,
    pub was_cancelled: bool,
    pub was_dequeued: bool,
    pub interrupted: Option<Interrupted>,
    /// As which of all jobs it began.
    pub begun: Option<usize>,
}

impl Record {
    /// Of a plain job.
    fn new(name: String, list: &str, place: Place, panics: bool) -> Self {
        Self {
            name,
            tag: 0,
            place,
            list: list.to_owned(),
            verb: Verb::Submit,
            options: Options::default(),
            panics,
            caller: None,
            is_doomed: false,
            life: Arc::default(),
            seen: Mutex::default(),
        }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock()
    }
}

impl Scene {
    fn new(crowd: &Crowd) -> Self {
        let panics = Arc::<Count>::default();
        let hook = Arc::clone(&panics);
        let pool = Pool::builder().workers(crowd.workers).queue_capacity(crowd.capacity);
        Self {
            workers: crowd.workers,
            pool: pool.on_panic(move |_| hook.add()).build().expect("there are threads"),
            tokens: Default::default(),
            has_shut_down: AtomicBool::new(false),
            has_aborted: AtomicBool::new(false),
            panics,
            begun: Count::default(),
            ledger: Mutex::default(),
            contradictions: Mutex::default(),
        }
    }

    fn note_shutdown(&self, mode: Shutdown) {
        self.has_shut_down.store(true, Ordering::SeqCst);
        self.has_aborted.fetch_or(mode == Shutdown::Abort, Ordering::SeqCst);
    }

    /// Just before it is offered.
    fn write_down(&self, record: &Arc<Record>) {
        self.ledger.lock().push(Arc::clone(record));
    }

    /// What was heard of one of many jobs, of which nobody is told whether it was accepted: what is aborted may have been rejected.
    fn hear(&self, record: &Record, outcome: &Result<Outcome, JobError>) {
        let end = match outcome {
            Ok(outcome) => {
                self.expect(outcome.is_of(&record.life), || format!("{} gives a value of another's", record.name));
                Some(End::Value)
            }
            Err(JobError::Panicked(_)) => Some(End::Panicked),
            Err(JobError::Cancelled) => Some(End::Cancelled),
            Err(JobError::Aborted) => {
                let has_ended = self.has_shut_down.load(Ordering::SeqCst);
                self.expect(has_ended, || format!("{} is aborted, and the pool is open", record.name));
                None
            }
            Err(other) => {
                self.expect(false, || format!("{} comes to {other:?}", record.name));
                None
            }
        };
        record.seen().end = end;
        let is_gone = record.life.read()[1] == 1;
        self.expect(is_gone, || format!("{} is {end:?}, but its closure is still there", record.name));
    }

    fn expect(&self, holds: bool, what: impl FnOnce() -> Contradiction) {
        if !holds {
            self.contradictions.lock().push(what());
        }
    }
}

/// A client, or a job that makes moves.
struct Actor {
    scene: Arc<Scene>,
    list: String,
    place: Place,
    /// The job.
    record: Option<Arc<Record>>,
    jobs: Vec<(Arc<Record>, Option<Grip>)>,
}

impl Actor {
    fn new(scene: &Arc<Scene>, list: String, record: Option<Arc<Record>>) -> Self {
        let place = if record.is_some() { Place::InAJob } else { Place::Outside };
        Self { scene: Arc::clone(scene), list, place, record, jobs: Vec::new() }
    }

    /// Makes all moves, then waits for every job it has not let go of.
    fn act(mut self, moves: Vec<Move>) {
        moves.into_iter().for_each(|a_move| self.make(a_move));
        for place in 0..self.jobs.len() {
            while self.jobs[place].1.is_some() {
                self.with_grip(place, |_, _, grip| grip.join());
            }
        }
    }

    fn make(&mut self, a_move: Move) {
        match a_move {
            Move::Submit(verb, options, task, tag) => self.submit(verb, options, task, tag),
            Move::Cancel(job) => self.with_handle(job, |actor, record, grip| actor.cancel(record, grip)),
            Move::CancelToken(token) => self.scene.tokens[token].cancel(),
            Move::CancelOnDrop(job) => {
                self.with_handle(job, |_, _, grip| (Answer::Done, Some(grip.cancel_on_drop())));
            }
            Move::Drop(job) => self.with_any(job, |_, record, grip| {
                record.seen().was_cancelled |= !matches!(grip, Grip::Handle(_));
                (Answer::Done, None)
            }),
            Move::Poll(job) => self.with_any(job, |_, _, grip| grip.poll(Waker::noop())),
            Move::TryJoin(job) => self.with_handle(job, |_, _, grip| grip.try_join()),
            Move::JoinTimeout(job, time) => self.with_handle(job, move |_, _, grip| grip.join_timeout(time.into())),
            Move::Join(job) => self.with_any(job, |_, _, grip| grip.join()),
            Move::Stats => self.look_at_stats(),
            Move::WaitIdle => self.wait_idle(),
            Move::Shutdown(mode, time) => self.shutdown(mode, time),
            Move::Fork(shape, leaves) => self.fork(shape, &leaves),
            Move::Scope(jobs) => self.scope(&jobs),
            Move::Map(order, window, items) => self.map(order, window, items),
            Move::Set(steps, end) => self.set(steps, end),
        }
    }
}

/// The moves that need more than a line.
impl Actor {
    fn submit(&mut self, verb: Verb, options: Options, task: Task, tag: Tag) {
        let scene = &self.scene;
        let name = name(&self.list, self.jobs.len());
        let is_doomed = options.token.is_some_and(|token| scene.tokens[token].is_cancelled());
        let record = Record::new(name, &self.list, self.place, task.panics());
        let record = Arc::new(Record { tag, verb, options, is_doomed, ..record });
        scene.write_down(&record);
        let job = job(scene, &record, task);
        let (answer, grip) = submit(&scene.pool, verb, options, &scene.tokens, job, Waker::noop());
        self.jobs.push((record, None));
        self.with_reply(self.jobs.len() - 1, (answer, grip));
    }

    fn cancel(&self, record: &Record, grip: Grip) -> Reply {
        record.seen().was_cancelled = true;
        let cancel = grip.cancel();
        record.seen().was_dequeued |= cancel == Cancel::Dequeued;
        let is_gone = record.life.read() == [0, 1, 0, 0];
        self.scene.expect(cancel != Cancel::Dequeued || is_gone, || format!("{} is dequeued, not gone", record.name));
        let is_finished = grip.is_finished() == Some(true);
        let is_right = is_finished || cancel == Cancel::Requested;
        self.scene.expect(is_right, || format!("{} is {cancel:?}, not finished", record.name));
        (Answer::Cancel(cancel), Some(grip))
    }

    fn look_at_stats(&self) {
        let stats = self.scene.pool.stats();
        let resolved = stats.completed + stats.panicked + stats.cancelled + stats.expired + stats.aborted;
        let adds_up = stats.submitted == resolved + stats.queued + stats.busy;
        self.scene.expect(adds_up, || format!("at some moment {stats:?}"));
    }

    fn wait_idle(&self) {
        let idle = self.scene.pool.wait_idle(None);
        let expected = if self.place == Place::Outside { Ok(()) } else { Err(WaitError::WouldDeadlock) };
        self.scene.expect(idle == expected, || format!("wait_idle {:?} answers {idle:?}", self.place));
        self.expect_all_finished(idle.is_ok(), "the pool is idle");
    }

    fn shutdown(&self, mode: Shutdown, time: Time) {
        let timeout = if time == Time::Hour { None } else { Some(time.into()) };
        if self.place == Place::Outside {
            self.scene.note_shutdown(mode);
        }
        let report = self.scene.pool.shutdown(mode, timeout);
        let is_right = match (self.place, &report) {
            (Place::Outside, Ok(report)) => timeout.is_some() || report.still_running == 0,
            (Place::InAJob, Err(WaitError::WouldDeadlock)) => true,
            _ => false,
        };
        self.scene.expect(is_right, || format!("shutdown {:?} answers {report:?}", self.place));
        self.expect_all_finished(report.is_ok_and(|report| report.still_running == 0), "the pool has ended");
    }

    /// Nobody asks a client to stop.
    fn fork(&self, shape: Shape, leaves: &[Task]) {
        let Self { scene, list, place, record, .. } = self;
        fork(scene, list, record.as_ref(), shape, leaves, &|why| {
            let is_right = *place == Place::InAJob || why.is_none();
            scene.expect(is_right, || format!("a fork of {list} is asked to stop: {why:?}"));
        });
    }

    fn expect_all_finished(&self, holds: bool, why: &str) {
        for (record, grip) in self.jobs.iter().filter(|_| holds) {
            let is_finished = grip.as_ref().and_then(Grip::is_finished) != Some(false);
            self.scene.expect(is_finished, || format!("{why}, but {} is not finished", record.name));
        }
    }

    fn with_handle(&mut self, job: Pick, act: impl FnOnce(&Self, &Record, Grip) -> Reply) {
        let Some(place) = self.place_of(job) else { return };
        if !matches!(self.jobs[place].1, Some(Grip::Future(_))) {
            self.with_grip(place, act);
        }
    }

    fn with_any(&mut self, job: Pick, act: impl FnOnce(&Self, &Record, Grip) -> Reply) {
        if let Some(place) = self.place_of(job) {
            self.with_grip(place, act);
        }
    }

    fn place_of(&self, job: Pick) -> Option<usize> {
        choose(self.jobs.iter().map(|(record, _)| record.tag).enumerate(), job)
    }

    /// Does nothing where nobody has a grip any more.
    fn with_grip(&mut self, place: usize, act: impl FnOnce(&Self, &Record, Grip) -> Reply) {
        let (record, grip) = &mut self.jobs[place];
        let (record, Some(grip)) = (Arc::clone(record), grip.take()) else { return };
        let reply = act(self, &record, grip);
        self.with_reply(place, reply);
    }

    fn with_reply(&mut self, place: usize, (answer, grip): Reply) {
        let record = &self.jobs[place].0;
        let name = &record.name;
        if let Answer::Joined(end) = answer {
            let is_gone = record.life.read()[1] == 1;
            self.scene.expect(is_gone, || format!("{name} is {end:?}, but its closure is still there"));
        }
        match answer {
            Answer::Accepted => record.seen().submitted = Some(Ok(())),
            Answer::Rejected(why) => record.seen().submitted = Some(Err(why)),
            Answer::Joined(end) => record.seen().end = Some(end),
            Answer::InLine => self.scene.expect(self.place == Place::Outside, || format!("{name} waits in a job")),
            Answer::WouldDeadlock => self.scene.expect(false, || format!("{name} is on nobody's stack")),
            _ => {}
        }
        self.jobs[place].1 = grip;
    }
}

fn job(scene: &Arc<Scene>, record: &Arc<Record>, task: Task) -> impl FnOnce() -> Outcome + Send + use<> {
    let closure = Closure::of(&record.life, matches!(task, Task::Fragile));
    let (scene, record) = (Arc::clone(scene), Arc::clone(record));
    move || {
        let life = closure.run();
        record.seen().begun = Some(scene.begun.next());
        match task {
            Task::Return | Task::Fragile => {}
            Task::Panic => panic_any(Outcome::of(life)),
            Task::Spin => record.seen().interrupted = spin(),
            Task::Fork(shape, leaves) => {
                let has_panicked = fork(&scene, &record.name, Some(&record), shape, &leaves, &|why| {
                    let interrupted = &mut record.seen().interrupted;
                    *interrupted = why.or(*interrupted);
                });
                if has_panicked {
                    panic_any(Outcome::of(life));
                }
            }
            Task::Moves(moves) => Actor::new(&scene, format!("{}.", record.name), Some(record)).act(moves),
        }
        Outcome::of(life)
    }
}
