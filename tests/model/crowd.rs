//! The language of programs that run freely: several clients, each a thread with a list of moves, whose jobs may be such
//! lists themselves.
//!
//! A move means one of the jobs submitted before it in the same list: that whose tag is the next after its number.

use std::fmt::{self, Debug, Display};

use corepool::Shutdown;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};

use crate::fork::{Shape, shape};
use crate::program::{Options, Pick, TOKENS, Tag, Time, Verb, choose, options, pick};

#[derive(Clone)]
pub struct Crowd {
    pub workers: usize,
    pub capacity: usize,
    pub clients: Vec<Vec<Move>>,
    /// How the pool is shut down once all clients are done.
    pub end: Shutdown,
}

#[derive(Clone, Debug)]
pub enum Move {
    Submit(Verb, Options, Task, Tag),
    Cancel(Pick),
    CancelToken(usize),
    CancelOnDrop(Pick),
    Drop(Pick),
    /// A handle or a future that submits.
    Poll(Pick),
    TryJoin(Pick),
    JoinTimeout(Pick, Time),
    Join(Pick),
    Stats,
    WaitIdle,
    Shutdown(Shutdown, Time),
    /// A recursion of `Pool::join`.
    Fork(Shape, Vec<Task>),
    /// A job for each, in a scope.
    Scope(Vec<(Task, Keep)>),
    /// A job for each, by `map` or `map_unordered`.
    Map(Order, Window, Vec<Task>),
    /// A job set.
    Set(Vec<SetStep>, SetEnd),
}

#[derive(Clone, Debug)]
pub enum SetStep {
    Submit(Verb, Task),
    Next,
    TryNext,
    Await,
    CancelAll,
}

#[derive(Clone, Copy, Debug)]
pub enum SetEnd {
    Drain,
    Drop,
    Detach,
}

/// What becomes of the handle of a job in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is dropped at once.
    Drop,
    /// It is dropped at the end of the body.
    Late,
    /// It is joined at the end of the body.
    Join,
    /// Its job is cancelled at the end of the body, and it is joined.
    Cancel,
    /// Another job of the scope spawns the job, and drops it.
    Nest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Input,
    Any,
}

#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub jobs: usize,
    /// How many results are taken, at the most.
    pub taken: usize,
}

/// What a job does.
#[derive(Clone, Debug)]
pub enum Task {
    Return,
    Panic,
    /// Returns; its closure panics when it is dropped unrun.
    Fragile,
    /// Looks at checkpoints until it is to stop, but not for ever.
    Spin,
    Moves(Vec<Move>),
    /// Does these in a recursion of `Pool::join`, and panics if one does.
    Fork(Shape, Vec<Task>),
}

pub fn crowds() -> impl Strategy<Value = Crowd> {
    let workers = prop_oneof![3 => Just(1), 3 => Just(2), 1 => Just(3), 1 => Just(4)];
    let capacity = prop_oneof![3 => Just(1), 3 => Just(2), 1 => Just(4), 1 => Just(100)];
    let clients = vec(vec(a_move(2), 1..14), 1..=4);
    (workers, capacity, clients, mode()).prop_map(|(workers, capacity, clients, end)| Crowd {
        workers,
        capacity,
        clients,
        end,
    })
}

fn a_move(depth: u32) -> BoxedStrategy<Move> {
    let short = prop_oneof![Just(Time::None), Just(Time::Moment)];
    prop_oneof![
        40 => (verb(), options(), task(depth), pick())
            .prop_map(|(verb, options, task, tag)| Move::Submit(verb, options, task, tag)),
        10 => pick().prop_map(Move::Cancel),
        6 => (0..TOKENS).prop_map(Move::CancelToken),
        4 => pick().prop_map(Move::CancelOnDrop),
        8 => pick().prop_map(Move::Drop),
        8 => pick().prop_map(Move::Poll),
        4 => pick().prop_map(Move::TryJoin),
        // Longer would hang: it does not run the job, as `join` does inside a job.
        4 => (pick(), short).prop_map(|(job, time)| Move::JoinTimeout(job, time)),
        12 => pick().prop_map(Move::Join),
        2 => Just(Move::Stats),
        2 => Just(Move::WaitIdle),
        1 => (mode(), time()).prop_map(|(mode, time)| Move::Shutdown(mode, time)),
        6 => (shape(), vec(leaf(), 2..8)).prop_map(|(shape, leaves)| Move::Fork(shape, leaves)),
        6 => vec((piece(depth), keep()), 1..6).prop_map(Move::Scope),
        6 => (vec(set_step(depth), 1..8), set_end()).prop_map(|(steps, end)| Move::Set(steps, end)),
        6 => (order(), window(), vec(piece(depth), 1..8)).prop_map(|(order, window, items)| Move::Map(order, window, items)),
    ]
    .boxed()
}

fn task(depth: u32) -> BoxedStrategy<Task> {
    let forks =
        |leaf: BoxedStrategy<Task>| (shape(), vec(leaf, 2..8)).prop_map(|(shape, leaves)| Task::Fork(shape, leaves));
    if depth == 0 {
        return prop_oneof![9 => leaf(), 1 => forks(leaf())].boxed();
    }
    let moves = || vec(a_move(depth - 1), 1..5).prop_map(Task::Moves);
    let leaf_that_moves = prop_oneof![3 => leaf(), 1 => moves()].boxed();
    prop_oneof![8 => leaf(), 3 => moves(), 1 => forks(leaf_that_moves)].boxed()
}

/// A task of one of many jobs.
fn piece(depth: u32) -> BoxedStrategy<Task> {
    if depth == 0 {
        return leaf();
    }
    let moves = vec(a_move(depth - 1), 1..4).prop_map(Task::Moves);
    prop_oneof![7 => leaf(), 1 => moves].boxed()
}

fn keep() -> impl Strategy<Value = Keep> {
    prop_oneof![Just(Keep::Drop), Just(Keep::Late), Just(Keep::Join), Just(Keep::Cancel), Just(Keep::Nest)]
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![Just(Time::None), Just(Time::Moment), Just(Time::Hour)]
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        3 => Just(Verb::Submit),
        2 => Just(Verb::TrySubmit),
        2 => Just(Verb::SubmitAsync),
        2 => time().prop_map(Verb::Within),
    ]
}

fn set_step(depth: u32) -> impl Strategy<Value = SetStep> {
    prop_oneof![
        6 => (verb(), piece(depth)).prop_map(|(verb, task)| SetStep::Submit(verb, task)),
        2 => Just(SetStep::Next),
        2 => Just(SetStep::TryNext),
        1 => Just(SetStep::Await),
        1 => Just(SetStep::CancelAll),
    ]
}

fn set_end() -> impl Strategy<Value = SetEnd> {
    prop_oneof![2 => Just(SetEnd::Drain), 1 => Just(SetEnd::Drop), 1 => Just(SetEnd::Detach)]
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Input), Just(Order::Any)]
}

fn window() -> impl Strategy<Value = Window> {
    (1..5_usize, 0..10_usize).prop_map(|(jobs, taken)| Window { jobs, taken })
}

fn leaf() -> BoxedStrategy<Task> {
    prop_oneof![6 => Just(Task::Return), 2 => Just(Task::Panic), 1 => Just(Task::Fragile), 1 => Just(Task::Spin)]
        .boxed()
}

fn mode() -> impl Strategy<Value = Shutdown> {
    prop_oneof![Just(Shutdown::Drain), Just(Shutdown::Abort)]
}

/// A job's name: its place in the list it was submitted in, after the name of that list.
pub fn name(list: &str, place: usize) -> String {
    format!("{list}{place}")
}

/// The name of a client's list, or of that of a job.
pub fn list_name(client: usize) -> String {
    char::from(b'a' + client as u8).to_string()
}

impl Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, capacity, end, .. } = self;
        writeln!(f, "workers: {workers}, room for {capacity}, at the end: {end:?}")?;
        for (client, moves) in self.clients.iter().enumerate() {
            writeln!(f, "client {}", list_name(client))?;
            write_moves(f, moves, &list_name(client), 1)?;
        }
        Ok(())
    }
}

fn write_moves(f: &mut fmt::Formatter<'_>, moves: &[Move], list: &str, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    let mut tags = Vec::new();
    for a_move in moves {
        if let Move::Submit(verb, options, task, tag) = a_move {
            let name = name(list, tags.len());
            tags.push(*tag);
            writeln!(f, "{indent}{name} = {verb}{options}{task}")?;
            if let Task::Moves(moves) = task {
                write_moves(f, moves, &format!("{name}."), depth + 1)?;
            }
        } else if let Some(line) = a_move.in_words(list, &tags) {
            writeln!(f, "{indent}{line}")?;
        }
    }
    Ok(())
}

impl Move {
    /// `None`: there is no job yet that it can mean.
    fn in_words(&self, list: &str, tags: &[Tag]) -> Option<String> {
        let named = |pick| choose(tags.iter().copied().enumerate(), pick).map(|job| name(list, job));
        Some(match *self {
            Move::Submit(..) => return None,
            Move::Cancel(pick) => format!("cancel {}", named(pick)?),
            Move::CancelToken(token) => format!("cancel token {token}"),
            Move::CancelOnDrop(pick) => format!("cancel_on_drop {}", named(pick)?),
            Move::Drop(pick) => format!("drop {}", named(pick)?),
            Move::Poll(pick) => format!("poll {}", named(pick)?),
            Move::TryJoin(pick) => format!("try_join {}", named(pick)?),
            Move::JoinTimeout(pick, time) => format!("join_timeout({time}) {}", named(pick)?),
            Move::Join(pick) => format!("join {}", named(pick)?),
            Move::Stats => "stats".to_owned(),
            Move::WaitIdle => "wait_idle".to_owned(),
            Move::Shutdown(mode, time) => format!("shutdown {mode:?} ({time})"),
            Move::Fork(shape, ref leaves) => format!("fork, {shape:?} first, {leaves:?}"),
            Move::Set(ref steps, end) => format!("set {steps:?}, {end:?}"),
            Move::Scope(ref jobs) => format!("scope {jobs:?}"),
            Move::Map(order, window, ref items) => format!("map, {order:?} order, {window:?}, {items:?}"),
        })
    }
}

impl Task {
    pub fn panics(&self) -> bool {
        match self {
            Self::Panic => true,
            Self::Fork(_, leaves) => leaves.iter().any(Self::panics),
            Self::Return | Self::Fragile | Self::Spin | Self::Moves(_) => false,
        }
    }
}

impl Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Task::Fork(shape, leaves) = self {
            return write!(f, ", forks, {shape:?} first, {leaves:?}");
        }
        f.write_str(match self {
            Task::Fork(..) | Task::Return => "",
            Task::Panic => ", panics",
            Task::Fragile => ", fragile",
            Task::Spin => ", spins",
            Task::Moves(_) => ", does",
        })
    }
}
