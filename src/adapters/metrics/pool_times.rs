//! How long a pool's jobs took, on their way to a recorder.

use std::collections::HashMap;

use super::names::{CPU, Metric, NAMED_CPU, NAMED_RUN, NAMED_WAIT, RUN, WAIT};
use super::series::{Pair, Series};
use crate::observe::times::Times;
use crate::observe::timings::{JobTimes, Timings};

/// What the recorder has of each histogram: it is told the rest only. The key is the metric's name and what sets the series apart.
#[derive(Debug, Default)]
pub(super) struct PublishedTimes(HashMap<(&'static str, String), Times>);

impl PublishedTimes {
    pub(super) fn publish(&mut self, series: &Series<'_>, timings: &Timings) {
        for (priority, times) in [("high", &timings.high), ("normal", &timings.normal), ("low", &timings.low)] {
            self.publish_jobs(series, [&WAIT, &RUN, &CPU], ("priority", priority), times);
        }
        for (name, times) in &timings.named {
            self.publish_jobs(series, [&NAMED_WAIT, &NAMED_RUN, &NAMED_CPU], ("job", name), times);
        }
    }

    fn publish_jobs(&mut self, series: &Series<'_>, metrics: [&Metric; 3], pair: Pair<'_>, times: &JobTimes) {
        for (metric, times) in metrics.into_iter().zip([Some(&times.waited), Some(&times.ran), times.cpu.as_ref()]) {
            if let Some(times) = times {
                let published = self.0.entry((metric.name, pair.1.to_owned())).or_default();
                series.histogram(metric, [pair], times.since(published).middles());
                published.clone_from(times);
            }
        }
    }
}
