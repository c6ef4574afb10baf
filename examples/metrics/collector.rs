//! By a collector: pool and breaker are read while the text is written. The names are those of `corepool::metrics`.

use std::fmt;

use anyhow::Result;
use corepool::breaker::{CircuitBreaker, State};
use corepool::{JobTimes, Pool, Report, Stats, Timings, WeakPool};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::encode::{Family, Label};
use crate::Scrape;

pub struct Collected(Registry);

impl Collected {
    pub fn new(pool: &Pool, breaker: &CircuitBreaker) -> Self {
        let mut registry = Registry::with_prefix("corepool");
        registry.register_collector(Box::new(PoolCollector(pool.downgrade())));
        registry.register_collector(Box::new(BreakerCollector { name: "demo", breaker: breaker.clone() }));
        Self(registry)
    }
}

impl Scrape for Collected {
    const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    fn text(&mut self) -> Result<String> {
        let mut text = String::new();
        encode(&mut text, &self.0)?;
        Ok(text)
    }
}

/// Holds no pool open, nor does it at any moment become the last that holds it.
#[derive(Debug)]
struct PoolCollector(WeakPool);

impl Collector for PoolCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Nothing is told of a pool that has ended.
        let Some(report) = self.0.report() else { return Ok(()) };
        let pool = ("pool", report.name.as_str());
        encode_gauges(&mut encoder, pool, &report)?;
        encode_counters(&mut encoder, pool, &report.stats)?;
        match &report.timings {
            Some(timings) => encode_timings(&mut encoder, pool, timings),
            None => Ok(()),
        }
    }
}

fn encode_gauges(encoder: &mut DescriptorEncoder<'_>, pool: Label<'_>, report: &Report) -> fmt::Result {
    let stats = &report.stats;
    Family::gauge(encoder, "jobs_running", "Jobs that run")?.set([pool], stats.busy)?;
    Family::gauge(encoder, "submitters_waiting", "Submitters that wait for room")?.set([pool], stats.waiting)?;
    if let Some(capacity) = report.capacity {
        Family::gauge(encoder, "queue_capacity", "How many jobs may be queued")?.set([pool], capacity)?;
    }
    let mut length = Family::gauge(encoder, "queue_length", "Jobs that are queued, by priority")?;
    length.set([pool, ("priority", "high")], stats.queued_high)?;
    length.set([pool, ("priority", "normal")], stats.queued_normal)?;
    length.set([pool, ("priority", "low")], stats.queued_low)
}

fn encode_counters(encoder: &mut DescriptorEncoder<'_>, pool: Label<'_>, stats: &Stats) -> fmt::Result {
    Family::counter(encoder, "jobs_submitted", "Jobs that were accepted")?.count([pool], stats.submitted)?;
    let mut jobs = Family::counter(encoder, "jobs", "Jobs that have ended, by outcome")?;
    jobs.count([pool, ("outcome", "completed")], stats.completed)?;
    jobs.count([pool, ("outcome", "panicked")], stats.panicked)?;
    jobs.count([pool, ("outcome", "cancelled")], stats.cancelled)?;
    jobs.count([pool, ("outcome", "expired")], stats.expired)?;
    jobs.count([pool, ("outcome", "aborted")], stats.aborted)?;
    let mut rejected = Family::counter(encoder, "jobs_rejected", "Submissions that were not accepted, by reason")?;
    rejected.count([pool, ("reason", "full")], stats.rejected_full)?;
    rejected.count([pool, ("reason", "timed_out")], stats.rejected_timed_out)?;
    rejected.count([pool, ("reason", "cancelled")], stats.rejected_cancelled)?;
    rejected.count([pool, ("reason", "shut_down")], stats.rejected_shut_down)
}

fn encode_timings(encoder: &mut DescriptorEncoder<'_>, pool: Label<'_>, timings: &Timings) -> fmt::Result {
    let mut busy = Family::seconds(encoder, "worker_busy", "How long each worker ran jobs")?;
    for (worker, times) in timings.workers.iter().enumerate() {
        busy.count([pool, ("worker", &worker.to_string())], times.busy.as_secs_f64())?;
    }
    let priorities = [("high", &timings.high), ("normal", &timings.normal), ("low", &timings.low)];
    let by_priority = priorities.map(|(priority, times)| (("priority", priority), times));
    encode_times(encoder, pool, ["job_wait", "job_run", "job_cpu"], &by_priority)?;
    let by_name: Vec<_> = timings.named.iter().map(|(name, times)| (("job", name.as_str()), times)).collect();
    encode_times(encoder, pool, ["named_job_wait", "named_job_run", "named_job_cpu"], &by_name)
}

fn encode_times(
    encoder: &mut DescriptorEncoder<'_>,
    pool: Label<'_>,
    [wait, run, cpu]: [&str; 3],
    rows: &[(Label<'_>, &JobTimes)],
) -> fmt::Result {
    let mut waited = Family::times(encoder, wait, "From a job's submission to its start")?;
    rows.iter().try_for_each(|(label, times)| waited.spread([pool, *label], &times.waited))?;
    let mut ran = Family::times(encoder, run, "From a job's start to its end")?;
    rows.iter().try_for_each(|(label, times)| ran.spread([pool, *label], &times.ran))?;
    let mut on_cpu = Family::times(encoder, cpu, "How much of that its thread had a CPU")?;
    let mut known = rows.iter().filter_map(|(label, times)| Some((label, times.cpu.as_ref()?)));
    known.try_for_each(|(label, times)| on_cpu.spread([pool, *label], times))
}

#[derive(Debug)]
struct BreakerCollector {
    name: &'static str,
    breaker: CircuitBreaker,
}

impl Collector for BreakerCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (snapshot, name) = (self.breaker.snapshot(), ("breaker", self.name));
        let mut states = Family::gauge(&mut encoder, "breaker_state", "1 for the present state, 0 for the others")?;
        for (state, label) in [
            (State::Closed, "closed"),
            (State::Open, "open"),
            (State::HalfOpen, "half_open"),
            (State::ForcedOpen, "forced_open"),
            (State::Disabled, "disabled"),
            (State::MetricsOnly, "metrics_only"),
        ] {
            states.set([name, ("state", label)], u64::from(state == snapshot.state))?;
        }
        let mut rejections = Family::counter(&mut encoder, "breaker_rejections", "Calls that were not admitted")?;
        rejections.count([name], snapshot.rejected)
    }
}
