//! Iterators over items that are jobs, in jobs and outside of them: some results are taken, and what is left is cancelled.

use std::mem;
use std::sync::Arc;

use corepool::JobError;
use fastrand::Rng;
use parking_lot::Mutex;

use super::job::{Closure, DEEPEST, Output, Work, closure, draw_work};
use super::ledger::{Answer, Record};
use super::pending::hear_of_one_of_many;
use super::submitter::Submitter;

const MOST_ITEMS: usize = 12;

/// Of items that were asked for and whose results were not heard of, oldest first.
type Unheard = Arc<Mutex<Vec<Arc<Record>>>>;

/// The work of a job that maps.
pub fn map(submitter: Submitter, mut rng: Rng, depth: u8) -> Work {
    Box::new(move |record| {
        record.books.maps.add_one();
        take_some(&submitter, &mut rng, depth);
    })
}

/// The same outside of jobs.
pub fn map_outside(submitter: &Submitter, rng: &mut Rng) {
    submitter.subject.books.maps.add_one();
    take_some(submitter, rng, 0);
}

fn take_some(submitter: &Submitter, rng: &mut Rng, depth: u8) {
    let (unheard, pool) = (Unheard::default(), &submitter.subject.pool);
    let (taken, window, is_in_order) = (rng.usize(..MOST_ITEMS), rng.usize(1..5), rng.bool());
    let items = items(submitter, rng, depth, &unheard);
    let run = |closure: Closure| closure();
    match is_in_order {
        true => hear(pool.map(items, run).buffered(window).take(taken), &unheard, first),
        false => hear(pool.map_unordered(items, run).buffered(window).take(taken), &unheard, own),
    }
}

/// Each is written down as it is asked for.
fn items(submitter: &Submitter, rng: &mut Rng, depth: u8, unheard: &Unheard) -> impl Iterator<Item = Closure> + use<> {
    let (submitter, mut rng, unheard) = (submitter.clone(), rng.fork(), Arc::clone(unheard));
    (0..rng.usize(..MOST_ITEMS)).map(move |_| {
        let record = submitter.subject.books.open();
        // What is left is cancelled.
        record.allow(Answer::Cancelled);
        let work = draw_work(&submitter, &mut rng, (depth + 1).min(DEEPEST));
        let closure = closure(&record, work, &mut rng);
        unheard.lock().push(record);
        closure
    })
}

type Outcome = Result<Output, JobError>;

fn hear(
    results: impl Iterator<Item = Outcome>,
    unheard: &Unheard,
    whose: fn(&[Arc<Record>], &Outcome) -> Option<usize>,
) {
    for result in results {
        let mut unheard = unheard.lock();
        if let Some(place) = whose(&unheard, &result) {
            let record = unheard.remove(place);
            drop(unheard);
            hear_of_one_of_many(&record, result);
        }
    }
    let left = mem::take(&mut *unheard.lock());
    left.iter().for_each(|record| record.heard(Answer::Abandoned));
}

fn first(unheard: &[Arc<Record>], _result: &Outcome) -> Option<usize> {
    unheard.first().map(|_| 0)
}

/// An error does not tell whose it is.
fn own(unheard: &[Arc<Record>], result: &Outcome) -> Option<usize> {
    let output = result.as_ref().ok()?;
    unheard.iter().position(|record| Arc::ptr_eq(record, &output.record))
}
