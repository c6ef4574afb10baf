//! Sorting ten million numbers: a merge sort whose halves are forked, and whose merges are forked again, beside rayon's
//! own sort and std's.

use std::cell::RefCell;
use std::mem;
use std::time::{Duration, Instant};

use corepool_benches::peers::sizes;
use corepool_benches::rows::{Bench, Group};
use rayon::slice::ParallelSliceMut;

use crate::merge::{Merged, Sort};
#[cfg(feature = "forte")]
use crate::peers::Forte;
use crate::peers::{Chili, Corepool, Peer, Rayon, Serial, Threads};
use crate::task::{Fork, Task};

const NUMBERS: usize = 10_000_000;
const SEED: u64 = 7;

/// Shared by the rows, which take turns: of ten million numbers each row's own would be too much memory.
#[derive(Default)]
struct Numbers {
    unsorted: Vec<u64>,
    values: Vec<u64>,
    scratch: Vec<u64>,
}

impl Numbers {
    fn make() -> Self {
        let mut random = fastrand::Rng::with_seed(SEED);
        let unsorted: Vec<_> = (0..NUMBERS).map(|_| random.u64(..)).collect();
        Self { values: unsorted.clone(), scratch: unsorted.clone(), unsorted }
    }

    fn sum(values: &[u64]) -> u64 {
        values.iter().fold(0, |sum, value| sum.wrapping_add(*value))
    }

    fn check(&self, peer: &str) {
        assert!(self.values.is_sorted(), "{peer} has sorted");
        assert_eq!(Self::sum(&self.values), Self::sum(&self.unsorted), "{peer} has kept the numbers");
    }
}

/// A way to sort.
trait Sorter: Send + 'static {
    fn sort<F: Fork>(numbers: &mut Numbers, fork: F);
}

#[derive(Clone, Copy)]
struct ByMerging;

impl Sorter for ByMerging {
    fn sort<F: Fork>(numbers: &mut Numbers, fork: F) {
        let (values, scratch) = (&mut *numbers.values, &mut *numbers.scratch);
        Sort { values, scratch, merged: Merged::IntoValues }.run(fork);
    }
}

/// On the threads of the pool that it is run in.
#[derive(Clone, Copy)]
struct ByRayonsOwn;

impl Sorter for ByRayonsOwn {
    fn sort<F: Fork>(numbers: &mut Numbers, _fork: F) {
        numbers.values.par_sort_unstable();
    }
}

#[derive(Clone, Copy)]
struct ByStd;

impl Sorter for ByStd {
    fn sort<F: Fork>(numbers: &mut Numbers, _fork: F) {
        numbers.values.sort_unstable();
    }
}

/// Takes the numbers to the pool's threads and back.
struct Sorting<S>(Numbers, S);

impl<S: Sorter> Task for Sorting<S> {
    type Output = Numbers;

    fn run<F: Fork>(mut self, fork: F) -> Numbers {
        S::sort(&mut self.0, fork);
        self.0
    }
}

fn row<'a, P: Peer, S: Sorter + Copy>(
    group: &mut Group<'a>,
    peer: &'a str,
    workers: usize,
    sorter: S,
    shared: &'a RefCell<Numbers>,
) {
    let mut pool = None;
    group.row(peer, move |iterations| {
        let mut numbers = shared.borrow_mut();
        if numbers.unsorted.is_empty() {
            *numbers = Numbers::make();
        }
        let is_first = pool.is_none();
        let pool = pool.get_or_insert_with(|| P::build(Threads::of(workers)));
        let mut once = |_| -> Duration {
            let Numbers { unsorted, values, .. } = &mut *numbers;
            values.copy_from_slice(unsorted);
            let task = Sorting(mem::take(&mut *numbers), sorter);
            let start = Instant::now();
            *numbers = pool.run(task);
            start.elapsed()
        };
        let time = (0..iterations).map(&mut once).sum();
        if is_first {
            numbers.check(peer);
        }
        time
    });
}

pub(crate) fn sort(bench: &mut dyn Bench) {
    for (name, workers) in sizes("sort") {
        let shared = RefCell::default();
        let mut group = Group::new(name);
        row::<Corepool, _>(&mut group, Corepool::NAME, workers, ByMerging, &shared);
        row::<Rayon, _>(&mut group, Rayon::NAME, workers, ByMerging, &shared);
        row::<Chili, _>(&mut group, Chili::NAME, workers, ByMerging, &shared);
        #[cfg(feature = "forte")]
        row::<Forte, _>(&mut group, Forte::NAME, workers, ByMerging, &shared);
        row::<Rayon, _>(&mut group, "rayon_par_sort_unstable", workers, ByRayonsOwn, &shared);
        row::<Serial, _>(&mut group, Serial::NAME, workers, ByStd, &shared);
        bench.measure(group);
    }
}
