//! What an instance tells Prometheus.

use std::net::SocketAddr;

use anyhow::Result;

use super::client::get;

/// The text, as it was at one time.
#[derive(Clone, Debug)]
pub struct Metrics(pub String);

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
