//! What the metrics are called, and what they say of themselves. The table in the module's page is for the user; a test compares
//! the two.

use ::metrics::{Recorder, SharedString, Unit};

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// What all series of one name have in common.
pub(super) struct Metric {
    pub(super) name: &'static str,
    kind: Kind,
    unit: Unit,
    help: &'static str,
}

impl Metric {
    const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, unit: Unit::Count, help }
    }

    const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, unit: Unit::Count, help }
    }

    const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Histogram, unit: Unit::Seconds, help }
    }

    const fn in_seconds(self) -> Self {
        Self { unit: Unit::Seconds, ..self }
    }

    pub(super) fn describe(&self, recorder: &dyn Recorder) {
        let (name, unit, help) = (self.name.into(), Some(self.unit), SharedString::const_str(self.help));
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
}

pub(super) const WORKERS: Metric = Metric::gauge("corepool_workers", "Workers, by whether they run a job.");
pub(super) const RUNNING: Metric =
    Metric::gauge("corepool_jobs_running", "Jobs that run, those that wait for others included.");
pub(super) const QUEUE_LENGTH: Metric = Metric::gauge("corepool_queue_length", "Jobs that are queued, by priority.");
pub(super) const QUEUE_CAPACITY: Metric = Metric::gauge("corepool_queue_capacity", "How many jobs may be queued.");
pub(super) const BROADCASTS: Metric =
    Metric::gauge("corepool_broadcasts_queued", "Jobs of broadcasts that have not started.");
pub(super) const SUBMITTERS: Metric =
    Metric::gauge("corepool_submitters_waiting", "Submitters that wait for room in the queue.");
pub(super) const SUBMITTED: Metric = Metric::counter("corepool_jobs_submitted_total", "Jobs that were accepted.");
pub(super) const JOBS: Metric = Metric::counter("corepool_jobs_total", "Jobs that have ended, by outcome.");
pub(super) const REJECTED: Metric =
    Metric::counter("corepool_jobs_rejected_total", "Submissions that were not accepted, by reason.");
pub(super) const BUSY_TIME: Metric =
    Metric::counter("corepool_worker_busy_seconds_total", "How long each worker ran jobs.").in_seconds();
pub(super) const WAIT: Metric =
    Metric::histogram("corepool_job_wait_seconds", "From a job's submission to its start, by priority.");
pub(super) const RUN: Metric =
    Metric::histogram("corepool_job_run_seconds", "From a job's start to its end, by priority.");
pub(super) const CPU: Metric =
    Metric::histogram("corepool_job_cpu_seconds", "How long a running job's thread had a CPU, by priority.");
pub(super) const NAMED_WAIT: Metric =
    Metric::histogram("corepool_named_job_wait_seconds", "From a named job's submission to its start, by name.");
pub(super) const NAMED_RUN: Metric =
    Metric::histogram("corepool_named_job_run_seconds", "From a named job's start to its end, by name.");
pub(super) const NAMED_CPU: Metric =
    Metric::histogram("corepool_named_job_cpu_seconds", "How long a running named job's thread had a CPU, by name.");

pub(super) const OF_POOL: [&Metric; 16] = [
    &WORKERS,
    &RUNNING,
    &QUEUE_LENGTH,
    &QUEUE_CAPACITY,
    &BROADCASTS,
    &SUBMITTERS,
    &SUBMITTED,
    &JOBS,
    &REJECTED,
    &BUSY_TIME,
    &WAIT,
    &RUN,
    &CPU,
    &NAMED_WAIT,
    &NAMED_RUN,
    &NAMED_CPU,
];

pub(super) const STATE: Metric =
    Metric::gauge("corepool_breaker_state", "1 for the breaker's present state, 0 for the others.");
pub(super) const WINDOW_CALLS: Metric =
    Metric::gauge("corepool_breaker_window_calls", "Calls in the breaker's window, by outcome.");
pub(super) const WINDOW_SLOW_CALLS: Metric =
    Metric::gauge("corepool_breaker_window_slow_calls", "Slow calls in the breaker's window.");
pub(super) const CONSECUTIVE_FAILURES: Metric =
    Metric::gauge("corepool_breaker_consecutive_failures", "Failures since the last success.");
pub(super) const REJECTIONS: Metric =
    Metric::counter("corepool_breaker_rejections_total", "Calls that were not admitted.");
pub(super) const LATE_RESULTS: Metric =
    Metric::counter("corepool_breaker_late_results_total", "Results of calls that an earlier state had admitted.");
pub(super) const CALLS: Metric = Metric::counter("corepool_breaker_calls_total", "Calls that have ended, by outcome.");
pub(super) const SLOW_CALLS: Metric =
    Metric::counter("corepool_breaker_slow_calls_total", "Calls that have ended and were slow.");
pub(super) const STATE_CHANGES: Metric =
    Metric::counter("corepool_breaker_state_changes_total", "Changes of state, and changes by hand.");

pub(super) const OF_BREAKER: [&Metric; 9] = [
    &STATE,
    &WINDOW_CALLS,
    &WINDOW_SLOW_CALLS,
    &CONSECUTIVE_FAILURES,
    &REJECTIONS,
    &LATE_RESULTS,
    &CALLS,
    &SLOW_CALLS,
    &STATE_CHANGES,
];
