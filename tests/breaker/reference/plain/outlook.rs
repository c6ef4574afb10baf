//! What there is to see, and when something changes by itself.

use corepool::breaker::FailurePolicy;
use corepool::breaker::Window;

use super::{Era, Held, Plain};
use crate::reference::program::{Age, Edge};
use crate::reference::rules::{Time, nanos};
use crate::reference::seen::{Heard, Seen};
use crate::reference::tally::{Tally, What, share};

impl Plain {
    pub fn seen(&self) -> Seen {
        let mut due = self.clone();
        due.catch_up();
        due.seen_on_time()
    }

    /// What the listeners heard since they were last asked.
    pub fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    pub fn in_words(&mut self) -> String {
        let (now, seen, heard) = (self.now, self.seen(), self.take_heard());
        let heard: Vec<_> = heard.iter().map(|heard| format!("{}: {:?}", heard.by, heard.told)).collect();
        let heard = if heard.is_empty() { String::new() } else { format!("; told {}", heard.join(", ")) };
        format!("{:?} #{} at {now} ns{heard}", seen.state, seen.generation)
    }

    fn seen_on_time(&self) -> Seen {
        let window = self.window();
        let rate = |part: fn(Tally) -> usize| {
            let (tally, minimum) = window?;
            (tally.calls >= minimum).then(|| share(part(tally), tally.calls))
        };
        Seen {
            state: self.era().state(),
            is_permitted: self.rejection().is_none(),
            generation: self.generation() as u64,
            window: window.map(|(tally, _)| tally.counts()),
            failure_rate: rate(|tally| tally.failures),
            slow_rate: rate(|tally| tally.slow),
            consecutive_failures: self.failures_in_a_row(),
            attempt: self.attempt(),
            retry_after: match self.era() {
                Era::Open { since, wait, .. } => Some(nanos((since + wait).saturating_sub(self.now))),
                _ => None,
            },
            rejected: self.rejected,
            late_results: self.late,
        }
    }

    /// The calls that are looked at, and how many make a rate.
    fn window(&self) -> Option<(Tally, usize)> {
        let rate = self.rates.first()?;
        let generation = self.judged_generation();
        let calls = self.counted(generation);
        Some(match self.eras[generation] {
            Era::HalfOpen { .. } => (self.rules.tally(&calls), self.probes_needed()),
            _ => {
                let tally = self.rules.tally(&rate.window_of(&calls, self.now));
                (tally, rate.needed_in(tally))
            }
        })
    }

    /// That whose calls led to this state, or may lead out of it.
    fn judged_generation(&self) -> usize {
        match self.era() {
            Era::Open { judged: true, .. } => self.generation() - 1,
            _ => self.generation(),
        }
    }

    pub(super) fn failures_in_a_row(&self) -> u32 {
        let generation = self.judged_generation();
        let calls = self.ends.iter().rev().filter(|(of, _)| *of == generation).map(|(_, what)| *what);
        let since = calls.take_while(|what| *what != What::Success);
        since.filter(|what| *what == What::Failure).count() as u32
    }

    pub(super) fn row_limit(&self) -> Option<u32> {
        let limit = |policy: &FailurePolicy| match policy {
            FailurePolicy::Consecutive(limit) => Some(*limit),
            _ => None,
        };
        self.rules.policies.iter().filter_map(limit).min()
    }

    /// Openings by itself since it was last closed.
    pub(super) fn attempt(&self) -> u32 {
        let since = self.eras.iter().rev().take_while(|era| !matches!(era, Era::Closed));
        since.filter(|era| matches!(era, Era::Open { judged: true, .. })).count() as u32
    }

    pub(super) fn probes_needed(&self) -> usize {
        let permits = self.rules.permits as usize;
        self.rates.first().map_or(permits, |rate| rate.minimum.min(permits))
    }

    pub(super) fn next(&self, edge: Edge) -> Option<Time> {
        match edge {
            Edge::Deadline => match self.era() {
                Era::Open { since, wait, .. } => Some(since + wait),
                Era::HalfOpen { .. } => Some(self.lease()?.1),
                _ => None,
            },
            Edge::Bucket => match self.rates.first()?.window {
                Window::Time { span, buckets } => {
                    let (span, buckets) = (u64::try_from(span.as_nanos()).ok()?, u64::from(buckets));
                    Some(((self.now * buckets / span + 1) * span).div_ceil(buckets))
                }
                Window::Count(_) => None,
            },
            Edge::Slow => {
                let (limit, _) = self.rules.slow?;
                let began = self.held.iter().filter_map(|(held, _)| match held {
                    Held::Permit(call) | Held::Future(call) => self.flights[*call].began,
                    _ => None,
                });
                began.map(|began| began + limit).filter(|end| *end >= self.now).min()
            }
        }
    }
}

impl Age {
    pub fn take<T>(self, all: &mut Vec<T>) -> Option<T> {
        match self {
            Age::Oldest if !all.is_empty() => Some(all.remove(0)),
            _ => all.pop(),
        }
    }
}
