//! Values on their way to a recorder.

use std::sync::Arc;

use ::metrics::{Key, Label, Level, Metadata, Recorder, SharedString};

use super::names::Metric;

const METADATA: Metadata<'static> = Metadata::new("corepool", Level::INFO, Some(module_path!()));

/// A label's name and value.
pub(super) type Pair<'a> = (&'static str, &'a str);

/// The series of one pool or breaker in a recorder. It asks for each of them anew, as the facade's own macros do: a recorder may
/// forget one that has not changed for long, and what is written to a handle from before would then be seen nowhere.
pub(super) struct Series<'r> {
    recorder: &'r dyn Recorder,
    /// Says whose they are.
    owner: Label,
}

impl<'r> Series<'r> {
    /// Of what `name` names, which is a "pool" or a "breaker".
    pub(super) fn new(recorder: &'r dyn Recorder, what: &'static str, name: &Arc<str>) -> Self {
        Self { recorder, owner: Label::new(what, SharedString::from_shared(Arc::clone(name))) }
    }

    pub(super) fn counter<const N: usize>(&self, metric: &Metric, pairs: [Pair<'_>; N], total: u64) {
        self.recorder.register_counter(&self.key(metric, pairs), &METADATA).absolute(total);
    }

    pub(super) fn gauge<const N: usize>(&self, metric: &Metric, pairs: [Pair<'_>; N], value: u64) {
        self.recorder.register_gauge(&self.key(metric, pairs), &METADATA).set(value as f64);
    }

    /// Records each value as often as it says.
    pub(super) fn histogram<const N: usize>(
        &self,
        metric: &Metric,
        pairs: [Pair<'_>; N],
        values: impl Iterator<Item = (f64, u64)>,
    ) {
        let histogram = self.recorder.register_histogram(&self.key(metric, pairs), &METADATA);
        for (value, count) in values {
            histogram.record_many(value, usize::try_from(count).unwrap_or(usize::MAX));
        }
    }

    fn key<const N: usize>(&self, metric: &Metric, pairs: [Pair<'_>; N]) -> Key {
        let others = pairs.into_iter().map(|(key, value)| Label::new(key, value.to_owned()));
        Key::from_parts(metric.name, [self.owner.clone()].into_iter().chain(others).collect::<Vec<_>>())
    }
}
