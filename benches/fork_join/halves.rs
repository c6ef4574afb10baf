//! One fork of two long halves, on a pool whose threads have gone to sleep: whether the other half gets a thread.

use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use corepool_benches::peers::sizes;
use corepool_benches::rows::{Bench, Group};
use corepool_benches::work::{rounds_per_microsecond, spin};

#[cfg(feature = "forte")]
use crate::peers::Forte;
use crate::peers::{Chili, Corepool, Peer, Rayon, Serial, Threads};
use crate::task::{Fork, Task};

/// Rounds of each half.
static TWENTY_MS: LazyLock<u64> = LazyLock::new(|| 20_000 * rounds_per_microsecond());
/// Enough for every pool's threads to have gone to sleep.
const REST: Duration = Duration::from_millis(5);

struct Half;

impl Task for Half {
    type Output = u64;

    fn run<F: Fork>(self, _fork: F) -> u64 {
        spin(*TWENTY_MS)
    }
}

struct Whole;

impl Task for Whole {
    type Output = u64;

    fn run<F: Fork>(self, fork: F) -> u64 {
        let (a, b) = fork.join(Half, Half);
        assert_eq!(a, b, "both do the same");
        a
    }
}

fn row<P: Peer>(group: &mut Group<'_>, workers: usize) {
    let mut pool = None;
    group.row(P::NAME, move |iterations| {
        let pool = pool.get_or_insert_with(|| P::build(Threads::of(workers)));
        let once = |_| {
            thread::sleep(REST);
            let start = Instant::now();
            black_box(pool.run(Whole));
            start.elapsed()
        };
        (0..iterations).map(once).sum()
    });
}

pub(crate) fn halves(bench: &mut dyn Bench) {
    for (name, workers) in sizes("halves_20ms") {
        let mut group = Group::new(name).jobs(1);
        row::<Corepool>(&mut group, workers);
        row::<Rayon>(&mut group, workers);
        row::<Chili>(&mut group, workers);
        #[cfg(feature = "forte")]
        row::<Forte>(&mut group, workers);
        row::<Serial>(&mut group, workers);
        bench.measure(group);
    }
}
