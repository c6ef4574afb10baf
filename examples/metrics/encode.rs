//! The series of one metric after the other, into a text in the format of OpenMetrics.

use std::{fmt, mem};

use corepool::Times;
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

pub type Label<'a> = (&'static str, &'a str);

/// The pool's own bounds are more than a dashboard needs, and cumulative counts may be left out: so many are told, from 1 µs on
/// to 17 s, each four times the one before.
const BOUNDS: usize = 13;
const FIRST: usize = 2;
const STEP: usize = 2;

/// All series of one name.
pub struct Family<'e>(MetricEncoder<'e>);

impl<'e> Family<'e> {
    pub fn gauge(encoder: &'e mut DescriptorEncoder<'_>, name: &'e str, help: &str) -> Result<Self, fmt::Error> {
        encoder.encode_descriptor(name, help, None, MetricType::Gauge).map(Self)
    }

    /// The encoder appends `_total` to the name.
    pub fn counter(encoder: &'e mut DescriptorEncoder<'_>, name: &'e str, help: &str) -> Result<Self, fmt::Error> {
        encoder.encode_descriptor(name, help, None, MetricType::Counter).map(Self)
    }

    /// The encoder appends `_seconds_total`.
    pub fn seconds(encoder: &'e mut DescriptorEncoder<'_>, name: &'e str, help: &str) -> Result<Self, fmt::Error> {
        encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Counter).map(Self)
    }

    /// The encoder appends `_seconds`.
    pub fn times(encoder: &'e mut DescriptorEncoder<'_>, name: &'e str, help: &str) -> Result<Self, fmt::Error> {
        encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram).map(Self)
    }

    pub fn set<const N: usize>(&mut self, labels: [Label<'_>; N], value: u64) -> fmt::Result {
        self.0.encode_family(&labels)?.encode_gauge(&value)
    }

    pub fn count<const N: usize>(&mut self, labels: [Label<'_>; N], total: impl EncodeCounterValue) -> fmt::Result {
        self.0.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&total, None)
    }

    pub fn spread<const N: usize>(&mut self, labels: [Label<'_>; N], times: &Times) -> fmt::Result {
        let all = times.count();
        let told = times.buckets().skip(FIRST).step_by(STEP).take(BOUNDS);
        let told = told.map(|bucket| (bucket.below.as_secs_f64(), bucket.count));
        // The encoder wants what each bucket adds, and adds them up itself.
        let mut before = 0;
        let buckets: Vec<_> = told
            .chain([(f64::INFINITY, all)])
            .map(|(bound, count)| (bound, count.saturating_sub(mem::replace(&mut before, count))))
            .collect();
        let sum = times.total().as_secs_f64();
        self.0.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, all, &buckets, None)
    }
}
