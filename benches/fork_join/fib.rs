//! Fibonacci numbers by recursion, of which nothing is left but the forks.

use corepool_benches::peers::sizes;
use corepool_benches::rows::{Bench, Group};

use crate::peers::{Corepool, Rayon, Threads, row, rows};
use crate::task::{Fork, Task};

const N: u64 = 32;
const FIB: u64 = 2_178_309;
/// `fib` of 0 and 1 is where the recursion ends by itself.
const NO_CUT_OFF: u64 = 1;

fn plain(n: u64) -> u64 {
    if n < 2 { n } else { plain(n - 1) + plain(n - 2) }
}

/// Without a fork from the cut-off downwards.
#[derive(Clone, Copy)]
struct Fib<const CUT_OFF: u64>(u64);

impl<const CUT_OFF: u64> Task for Fib<CUT_OFF> {
    type Output = u64;

    fn run<F: Fork>(self, fork: F) -> u64 {
        let Self(n) = self;
        if n < 2 {
            return n;
        }
        if n <= CUT_OFF {
            return plain(n);
        }
        let (a, b) = fork.join(Self(n - 1), Self(n - 2));
        a + b
    }
}

fn joins(n: u64, cut_off: u64) -> u64 {
    let (_, joins) = (cut_off..n).fold((0, 0), |(b, a), _| (a, 1 + a + b));
    joins
}

fn with_cut_off<const CUT_OFF: u64>(bench: &mut dyn Bench, name: &str) {
    for (name, workers) in sizes(name) {
        let mut group = Group::new(name).jobs(joins(N, CUT_OFF));
        rows(&mut group, Threads::of(workers), || Fib::<CUT_OFF>(N), || FIB);
        bench.measure(group);
    }
}

/// With more workers than there are cores.
fn oversubscribed(bench: &mut dyn Bench) {
    for workers in [4, 8, 64] {
        let mut group = Group::new(format!("fib_oversubscribed_{workers}")).jobs(joins(N, NO_CUT_OFF));
        let task = || Fib::<NO_CUT_OFF>(N);
        row::<Corepool, _>(&mut group, Threads::of(workers), task, || FIB);
        row::<Rayon, _>(&mut group, Threads::of(workers), task, || FIB);
        bench.measure(group);
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The same tree of calls. An addition lets the compiler make a loop of the second call when nothing is forked; this
/// does not.
#[derive(Clone, Copy)]
struct Mix(u64);

impl Mix {
    fn leaf(n: u64) -> u64 {
        (n + 1).wrapping_mul(GOLDEN) ^ n << 17
    }

    fn of(a: u64, b: u64) -> u64 {
        a.rotate_left(5) ^ b.wrapping_mul(GOLDEN)
    }

    /// What comes out, without the tree.
    fn expected() -> u64 {
        let (_, mixed) = (1..N).fold((Self::leaf(0), Self::leaf(1)), |(b, a), _| (a, Self::of(a, b)));
        mixed
    }
}

impl Task for Mix {
    type Output = u64;

    fn run<F: Fork>(self, fork: F) -> u64 {
        let Self(n) = self;
        if n < 2 {
            return Self::leaf(n);
        }
        let (a, b) = fork.join(Self(n - 1), Self(n - 2));
        Self::of(a, b)
    }
}

fn mix(bench: &mut dyn Bench) {
    let one = ("fib_mix_1_worker".to_owned(), 1);
    for (name, workers) in [one].into_iter().chain(sizes("fib_mix")) {
        let mut group = Group::new(name).jobs(joins(N, NO_CUT_OFF));
        rows(&mut group, Threads::of(workers), || Mix(N), Mix::expected);
        bench.measure(group);
    }
}

pub(crate) fn fib(bench: &mut dyn Bench) {
    with_cut_off::<NO_CUT_OFF>(bench, "fib");
    with_cut_off::<2>(bench, "fib_cut_off_2");
    with_cut_off::<12>(bench, "fib_cut_off_12");
    with_cut_off::<20>(bench, "fib_cut_off_20");
    oversubscribed(bench);
    mix(bench);
}
