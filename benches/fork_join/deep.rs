//! Recursions that go deep, as every fork splits off one item only: a tree that is a spine with a leaf at each node, and
//! a list. Either the item is offered to the other threads, and the caller goes on along the rest; or the rest is.
//!
//! The threads have stacks for that, except those that chili and forte start, whose stacks cannot be chosen. They are
//! enough for the spine. Of the list whose rest is offered, forte's threads overflow theirs, so it has no row there. chili's
//! never get any of it: chili shares the oldest half that waits when a later one begins, and by then none waits.

use std::iter::successors;
use std::sync::LazyLock;

use corepool_benches::peers::sizes;
use corepool_benches::rows::{Bench, Group};
use corepool_benches::work::{rounds_per_microsecond, spin};

use crate::peers::{Chili, Corepool, Rayon, Serial, Threads, row, rows};
use crate::task::{Fork, Task};

static MICROSECOND: LazyLock<u64> = LazyLock::new(rounds_per_microsecond);

const SPINE: u64 = 10_000;
const LIST: u64 = 100_000;

enum Tree {
    /// With so many rounds of work.
    Leaf(u64),
    Fork(Box<Tree>, Box<Tree>),
}

/// Never dropped, which would be as deep a recursion.
static ITEMS_OFFERED: LazyLock<Tree> = LazyLock::new(|| Tree::spine(|item, rest| Tree::Fork(rest, item)));
static REST_OFFERED: LazyLock<Tree> = LazyLock::new(|| Tree::spine(Tree::Fork));

/// One in 50 takes 20 microseconds, the others take 30 nanoseconds.
fn rounds(index: u64) -> u64 {
    if index % 50 == 25 { 20 * *MICROSECOND } else { (3 * *MICROSECOND).div_ceil(100) }
}

impl Tree {
    fn spine(fork: impl Fn(Box<Tree>, Box<Tree>) -> Tree) -> Self {
        (0..SPINE).fold(Tree::Leaf(1), |rest, n| fork(Box::new(Tree::Leaf(rounds(n))), Box::new(rest)))
    }

    fn expected() -> u64 {
        (0..SPINE).fold(spin(1), |sum, n| sum.wrapping_add(spin(rounds(n))))
    }
}

#[derive(Clone, Copy)]
struct Walk(&'static Tree);

impl Task for Walk {
    type Output = u64;

    fn run<F: Fork>(self, fork: F) -> u64 {
        match self.0 {
            Tree::Leaf(rounds) => spin(*rounds),
            Tree::Fork(first, offered) => {
                let (a, b) = fork.join(Walk(first), Walk(offered));
                a.wrapping_add(b)
            }
        }
    }
}

struct Node {
    rounds: u64,
    next: Option<Box<Node>>,
}

/// Each node takes 100 nanoseconds. Never dropped, as the trees.
static NODES: LazyLock<Box<Node>> = LazyLock::new(|| {
    let node = |next| Some(Box::new(Node { rounds: MICROSECOND.div_ceil(10), next }));
    (0..LIST).fold(None, |next, _| node(next)).expect("it is not empty")
});

fn expected_of_list() -> u64 {
    successors(Some(&**NODES), |node| node.next.as_deref()).fold(0, |sum, node| sum.wrapping_add(spin(node.rounds)))
}

/// The work of a node alone.
struct Item(&'static Node);

impl Task for Item {
    type Output = u64;

    fn run<F: Fork>(self, _fork: F) -> u64 {
        spin(self.0.rounds)
    }
}

#[derive(Clone, Copy)]
struct ListItemsOffered(&'static Node);

impl Task for ListItemsOffered {
    type Output = u64;

    fn run<F: Fork>(self, fork: F) -> u64 {
        let Self(node) = self;
        let Some(next) = &node.next else { return spin(node.rounds) };
        let (rest, item) = fork.join(Self(next), Item(node));
        rest.wrapping_add(item)
    }
}

#[derive(Clone, Copy)]
struct ListRestOffered(&'static Node);

impl Task for ListRestOffered {
    type Output = u64;

    fn run<F: Fork>(self, fork: F) -> u64 {
        let Self(node) = self;
        let Some(next) = &node.next else { return spin(node.rounds) };
        let (item, rest) = fork.join(Item(node), Self(next));
        rest.wrapping_add(item)
    }
}

fn spine(bench: &mut dyn Bench) {
    for (name, workers) in sizes("spine_items_offered") {
        let mut group = Group::new(name).jobs(SPINE);
        rows(&mut group, Threads::deep(workers), || Walk(&ITEMS_OFFERED), Tree::expected);
        bench.measure(group);
    }
    for (name, workers) in sizes("spine_rest_offered") {
        let mut group = Group::new(name).jobs(SPINE);
        rows(&mut group, Threads::deep(workers), || Walk(&REST_OFFERED), Tree::expected);
        bench.measure(group);
    }
}

fn list(bench: &mut dyn Bench) {
    for (name, workers) in sizes("list_items_offered") {
        let mut group = Group::new(name).jobs(LIST - 1);
        rows(&mut group, Threads::deep(workers), || ListItemsOffered(&NODES), expected_of_list);
        bench.measure(group);
    }
    for (name, workers) in sizes("list_rest_offered") {
        let mut group = Group::new(name).jobs(LIST - 1);
        let (threads, task) = (Threads::deep(workers), || ListRestOffered(&NODES));
        row::<Corepool, _>(&mut group, threads, task, expected_of_list);
        row::<Rayon, _>(&mut group, threads, task, expected_of_list);
        row::<Chili, _>(&mut group, threads, task, expected_of_list);
        row::<Serial, _>(&mut group, threads, task, expected_of_list);
        bench.measure(group);
    }
}

pub(crate) fn deep(bench: &mut dyn Bench) {
    spine(bench);
    list(bench);
}
