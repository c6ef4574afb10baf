//! What a closed breaker judges by: its windows of calls.

use std::time::Duration;

use super::rules::{RateRule, Rules};
use super::tally::{Entry, Tally};
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

    pub(super) fn add(&mut self, entry: Entry, now: Duration) {
        for gauge in &mut self.gauges {
            gauge.calls.add(entry, now);
        }
    }

    pub(super) fn clear(&mut self) {
        for gauge in &mut self.gauges {
            gauge.calls.clear();
        }
    }

    /// Whether one of the rates is reached.
    pub(super) fn is_over(&self, rules: &Rules, now: Duration) -> bool {
        let share = rules.abandoned_share();
        self.gauges.iter().any(|gauge| gauge.rule.exceeded(&gauge.calls.sum(now).judged(share), gauge.rule.minimum))
    }

    /// What is in the first window.
    pub(super) fn first(&self, now: Duration) -> Option<Tally> {
        self.gauges.first().map(|gauge| gauge.calls.sum(now))
    }
}
