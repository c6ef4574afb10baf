//! What is compared: the rows of a group.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};

/// Peers that do the same. `cargo bench` and the report show them under this name.
pub struct Group<'a> {
    pub(crate) name: String,
    /// In an iteration, if that is jobs.
    pub(crate) jobs: Option<u64>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// A peer's part. What it needs it makes in its first call, and keeps.
pub(crate) struct Row<'a> {
    pub(crate) peer: String,
    /// Runs so many iterations; the time they took.
    pub(crate) run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Group<'a> {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), jobs: None, rows: Vec::new() }
    }

    #[must_use]
    pub fn jobs(mut self, jobs: u64) -> Self {
        self.jobs = Some(jobs);
        self
    }

    pub fn row(&mut self, peer: &str, run: impl FnMut(u64) -> Duration + 'a) {
        self.rows.push(Row { peer: peer.to_owned(), run: Box::new(run) });
    }

    /// A row that is timed as a whole.
    pub fn iterate<R>(&mut self, peer: &str, mut iteration: impl FnMut() -> R + 'a) {
        self.row(peer, move |iterations| {
            let start = Instant::now();
            for _ in 0..iterations {
                black_box(iteration());
            }
            start.elapsed()
        });
    }
}

/// Who measures.
pub trait Bench {
    fn measure(&mut self, group: Group<'_>);
}

impl Bench for Criterion {
    fn measure(&mut self, group: Group<'_>) {
        let mut shown = self.benchmark_group(group.name);
        if let Some(jobs) = group.jobs {
            shown.throughput(Throughput::Elements(jobs));
        }
        for Row { peer, mut run } in group.rows {
            // Makes what the row needs, which is not measured.
            let mut is_made = false;
            shown.bench_function(peer, |b| {
                b.iter_custom(|iterations| {
                    if !is_made {
                        run(1);
                        is_made = true;
                    }
                    run(iterations)
                });
            });
        }
        shown.finish();
    }
}
