//! What a closed breaker judges by: its windows of calls.

use std::time::Duration;

use super::rules::{RateRule, Rules};
use super::tally::{Entry, Pace, Tally};
use super::window::Calls;

#[derive(Clone, Debug)]
pub(super) struct Meter {
    gauges: Vec<Gauge>,
}

/// One rate and the calls it is about.
#[derive(Clone, Debug)]
struct Gauge {
    rule: RateRule,
    calls: Calls,
}

impl Meter {
    pub(super) fn new(rules: &Rules) -> Self {
        let gauge = |rule: &RateRule| Gauge { rule: *rule, calls: Calls::new(rule.window) };
        Self { gauges: rules.rates.iter().map(gauge).collect() }
    }

    /// Adds a call to each window; returns whether one of the rates is reached.
    #[inline]
    pub(super) fn add(&mut self, entry: Entry, now: Duration, rules: &Rules) -> bool {
        let share = rules.abandoned_share();
        self.gauges.iter_mut().fold(false, |is_over, gauge| is_over | gauge.add(entry, now, share))
    }

    /// Adds a fast success, if nothing else is in any window: then no rate is above zero.
    #[inline]
    pub(super) fn add_good_call(&mut self, now: Duration) -> bool {
        let are_good = self.gauges.iter().all(|gauge| gauge.calls.are_good());
        if are_good {
            for gauge in &mut self.gauges {
                gauge.calls.add(Entry::Success(Pace::Fast), now);
            }
        }
        are_good
    }

    pub(super) fn clear(&mut self) {
        for gauge in &mut self.gauges {
            gauge.calls.clear();
        }
    }

    /// Whether one call more may be what a rate waits for. The windows must be timeless.
    pub(super) fn next_call_makes_a_rate(&self) -> bool {
        self.gauges.iter().any(|gauge| {
            let sum = gauge.calls.sum(Duration::ZERO);
            sum.abandoned > 0 || sum.calls + 1 == u64::from(gauge.rule.minimum)
        })
    }

    /// What is in the first window.
    pub(super) fn first(&self, now: Duration) -> Option<Tally> {
        self.gauges.first().map(|gauge| gauge.calls.sum(now))
    }
}

impl Gauge {
    #[inline]
    fn add(&mut self, entry: Entry, now: Duration, abandoned_share: Option<f64>) -> bool {
        let tally = self.calls.add(entry, now);
        match abandoned_share {
            // Where it lies: copying what was written just now would wait for it.
            None => self.rule.is_reached_by(tally, self.rule.minimum),
            share => {
                let tally = tally.judged(share);
                self.rule.is_reached_by(&tally, self.rule.needed_in(&tally))
            }
        }
    }
}
