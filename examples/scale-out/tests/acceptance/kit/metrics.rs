//! What an instance tells Prometheus.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use super::client::get;
use super::wait::{PATIENCE, until_some};

/// The text, as it was at one time.
#[derive(Clone, Debug)]
pub struct Metrics(pub String);

/// The name, labels written as `name="value"`, and the sum of all values with them.
pub type Sample<'a> = (&'a str, &'a [&'a str], f64);

impl Metrics {
    pub fn of(instance: SocketAddr) -> Result<Self> {
        Ok(Self(get(instance, "/metrics")?.with_status(200)?.body))
    }

    /// Of all samples with this name and these labels, written as `name="value"`.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let samples = self.0.lines().filter_map(|line| line.rsplit_once(' '));
        let wanted = samples.filter(|(series, _)| {
            series.split('{').next() == Some(name) && labels.iter().all(|label| series.contains(label))
        });
        wanted.filter_map(|(_, value)| value.parse::<f64>().ok()).sum()
    }

    /// Waits until it tells of these values, and gives all that it told then: an event is counted a moment
    /// after it is seen elsewhere.
    pub fn that_tell(instance: SocketAddr, expected: &[Sample<'_>]) -> Result<Self> {
        let mut last = None;
        let told = until_some("it tells of them", PATIENCE, || {
            let metrics = last.insert(Self::of(instance).ok()?);
            expected.iter().all(|sample| metrics.has(sample)).then(|| metrics.clone())
        });
        let wrong = |told: &Self| -> Vec<_> {
            let wrong = expected.iter().filter(|sample| !told.has(sample));
            wrong.map(|&(name, labels, value)| (name, labels, value, told.sum(name, labels))).collect()
        };
        Ok(told.with_context(|| format!("wanted and found: {:?}, in {last:?}", last.as_ref().map(wrong)))?.0)
    }

    fn has(&self, &(name, labels, value): &Sample<'_>) -> bool {
        self.sum(name, labels) == value
    }

    /// Whether so many run, and so many are queued.
    pub fn has_jobs(&self, running: u32, queued: u32) -> bool {
        let is = |name, number| self.sum(name, &[]) == f64::from(number);
        is("corepool_jobs_running", running) && is("corepool_queue_length", queued)
    }

    /// Whether a job runs.
    pub fn is_busy(&self) -> bool {
        self.sum("corepool_jobs_running", &[]) > 0.0
    }
}
