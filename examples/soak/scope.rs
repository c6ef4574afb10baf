//! Scopes, in jobs and outside of them: their jobs borrow leaves, do what other jobs do, and spawn others; their handles are joined,
//! cancelled and dropped.
//!
//! The leaves are freed as soon as the scope is over, so that valgrind sees a job that still uses them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corepool::{Scope, ScopedJobHandle};
use fastrand::Rng;

use super::halves::Leaf;
use super::job::{Closure, DEEPEST, Output, Work, closure, contain, draw_work, throw};
use super::ledger::{Answer, Record};
use super::pending::hear_of_one_of_many;
use super::submitter::Submitter;

const MOST_JOBS: usize = 6;

/// A job of a scope that is not spawned yet.
struct Child {
    record: Arc<Record>,
    closure: Closure,
    manner: Manner,
}

/// What becomes of its handle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Joined,
    Cancelled,
    Dropped,
    /// At the end of the body.
    DroppedLate,
}

/// The work of a job that opens a scope.
pub fn scope(submitter: Submitter, mut rng: Rng, depth: u8) -> Work {
    Box::new(move |record| {
        record.books.scopes.add_one();
        open(&submitter, &mut rng, depth, true);
    })
}

/// The same outside of jobs.
pub fn scope_outside(submitter: &Submitter, rng: &mut Rng) {
    submitter.subject.books.scopes.add_one();
    open(submitter, rng, 0, false);
}

fn open(submitter: &Submitter, rng: &mut Rng, depth: u8, is_in_a_job: bool) {
    let books = &submitter.subject.books;
    let mut leaves: Vec<_> = (0..rng.usize(1..MOST_JOBS)).map(|_| Leaf::draw(rng)).collect();
    let children: Vec<_> = leaves.iter().map(|_| draw_child(submitter, rng, depth, is_in_a_job)).collect();
    let fates: Vec<_> = children.iter().map(|child| (Arc::clone(&child.record), child.manner)).collect();
    let (visited, body_panics) = (AtomicUsize::new(0), rng.u8(..20) == 0);
    let scoped = catch_unwind(AssertUnwindSafe(|| {
        submitter.subject.pool.scope(|scope| {
            spawn_all(scope, children, &mut leaves, &visited, rng);
            if body_panics {
                throw();
            }
        });
    }));
    let count = leaves.iter().filter(|leaf| leaf.is_visited()).count();
    // ORDERING: Relaxed, as the scope is over.
    books.check(count == visited.load(Ordering::Relaxed));
    drop(leaves);
    let is_left = |(record, manner): &(Arc<Record>, Manner)| {
        record.has_panicked() && matches!(manner, Manner::Dropped | Manner::DroppedLate)
    };
    books.check(scoped.is_err() == (body_panics || fates.iter().any(is_left)));
    contain(|| drop(scoped));
}

/// Part of a job it may be told whatever that may.
fn draw_child(submitter: &Submitter, rng: &mut Rng, depth: u8, is_in_a_job: bool) -> Child {
    let record = submitter.subject.books.open();
    let manner = match rng.u8(..8) {
        0..3 => Manner::Joined,
        3 => Manner::Cancelled,
        4..7 => Manner::Dropped,
        _ => Manner::DroppedLate,
    };
    if is_in_a_job {
        record.allow(Answer::Expired);
    }
    if is_in_a_job || manner == Manner::Cancelled {
        record.allow(Answer::Cancelled);
    }
    let work = draw_work(submitter, rng, (depth + 1).min(DEEPEST));
    Child { closure: closure(&record, work, rng), record, manner }
}

fn spawn_all<'scope>(
    scope: &'scope Scope<'scope, '_>,
    children: Vec<Child>,
    leaves: &'scope mut [Leaf],
    visited: &'scope AtomicUsize,
    rng: &mut Rng,
) {
    let mut kept = Vec::new();
    for (Child { record, closure, manner }, leaf) in children.into_iter().zip(leaves) {
        let by = Arc::clone(&record);
        let run = move || {
            leaf.visit(&by);
            drop(by);
            visited.fetch_add(1, Ordering::Relaxed);
            closure()
        };
        match manner {
            Manner::Dropped => {
                record.heard(Answer::Abandoned);
                drop(record);
                drop(scope.spawn(run));
            }
            _ => kept.push((scope.spawn(run), record, manner)),
        }
    }
    rng.shuffle(&mut kept);
    kept.into_iter().for_each(|(handle, record, manner)| see_to(handle, &record, manner));
}

fn see_to(handle: ScopedJobHandle<'_, Output>, record: &Arc<Record>, manner: Manner) {
    if manner == Manner::DroppedLate {
        record.heard(Answer::Abandoned);
        return;
    }
    if manner == Manner::Cancelled {
        handle.cancel();
    }
    hear_of_one_of_many(record, handle.join());
}
