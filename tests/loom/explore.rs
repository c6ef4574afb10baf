//! How a model is run.

use std::sync::atomic::AtomicU32;

use super::*;

/// Runs `model` in every order; returns in how many ways it ended, so that a test can tell that it saw them all.
pub(crate) fn explore<E: Ord + Send + 'static>(model: impl Fn() -> E + Send + Sync + 'static) -> Vec<E> {
    search(None, model)
}

/// The same, in the orders with at most so many preemptions: for models that take too long in full. Each says why.
pub(crate) fn explore_bounded<E: Ord + Send + 'static>(
    preemptions: usize,
    model: impl Fn() -> E + Send + Sync + 'static,
) -> Vec<E> {
    search(Some(preemptions), model)
}

/// Every thread of every order gets a stack mapped and unmapped: two searches at once would wait for the process's memory
/// map, and take twice as long as one after the other.
static ONE_AT_A_TIME: parking_lot::Mutex<()> = parking_lot::Mutex::new(());

fn search<E: Ord + Send + 'static>(
    preemptions: Option<usize>,
    model: impl Fn() -> E + Send + Sync + 'static,
) -> Vec<E> {
    let _alone = ONE_AT_A_TIME.lock();
    let ends = Arc::new(Mutex::new(BTreeSet::new()));
    let orders = Arc::new(AtomicU32::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder.check({
        let (ends, orders) = (Arc::clone(&ends), Arc::clone(&orders));
        move || {
            let end = model();
            ends.lock().unwrap().insert(end);
            orders.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert!(orders.load(Ordering::Relaxed) > 1, "a model whose threads never meet shows nothing");
    let ends = std::mem::take(&mut *ends.lock().unwrap());
    ends.into_iter().collect()
}
