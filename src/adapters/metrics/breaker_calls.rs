//! A breaker's calls, counted by a listener: the breaker itself has no total of them.

use std::sync::Arc;

use super::names::{CALLS, SLOW_CALLS};
use super::series::Series;
use crate::base::sync::{AtomicU64, Ordering};
use crate::breaker::{CircuitBreaker, Event, Outcome, Subscription};

/// Counts until it is dropped.
#[derive(Debug)]
pub(super) struct Calls {
    counts: Arc<Counts>,
    _subscription: Subscription,
}

#[derive(Debug, Default)]
struct Counts {
    success: AtomicU64,
    failure: AtomicU64,
    ignored: AtomicU64,
    slow: AtomicU64,
}

impl Calls {
    pub(super) fn of(breaker: &CircuitBreaker) -> Self {
        let counts = Arc::<Counts>::default();
        let counting = Arc::clone(&counts);
        Self { counts, _subscription: breaker.subscribe(move |event| counting.count(event)) }
    }

    pub(super) fn publish(&self, series: &Series<'_>) {
        let Counts { success, failure, ignored, slow } = &*self.counts;
        for (count, outcome) in [(success, "success"), (failure, "failure"), (ignored, "ignored")] {
            series.counter(&CALLS, [("outcome", outcome)], read(count));
        }
        series.counter(&SLOW_CALLS, [], read(slow));
    }
}

impl Counts {
    fn count(&self, event: &Event) {
        let Event::Recorded { outcome, slow, .. } = event else { return };
        add_one(match outcome {
            Outcome::Success => &self.success,
            Outcome::Failure => &self.failure,
            Outcome::Ignored => &self.ignored,
        });
        if *slow {
            add_one(&self.slow);
        }
    }
}

fn add_one(count: &AtomicU64) {
    // ORDERING: Relaxed, as a count orders nothing but itself.
    count.fetch_add(1, Ordering::Relaxed);
}

fn read(count: &AtomicU64) -> u64 {
    // ORDERING: Relaxed, see `add_one`.
    count.load(Ordering::Relaxed)
}
