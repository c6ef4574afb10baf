//! What a pool did between two reports.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use corepool::{JobTimes, Pool, Priority, Report, RunningJob, Stats, Times, Timings};

use super::view::{Quantiles, Queue, Rate, RateKind, Row, Running, View, Worker};

pub const INTERVAL: Duration = Duration::from_millis(500);
pub const PER_SECOND: usize = 2;
/// Depths of the queue that are kept.
pub const HISTORY: usize = 60;

const PRIORITIES: [(Priority, &str); 3] =
    [(Priority::High, "high"), (Priority::Normal, "normal"), (Priority::Low, "low")];

pub struct Reader {
    pool: Pool,
    last: Report,
    history: VecDeque<u64>,
}

impl Reader {
    pub fn new(pool: Pool) -> Reader {
        Reader { last: pool.report(), pool, history: VecDeque::with_capacity(HISTORY) }
    }

    /// What happened since the last call.
    pub fn read(&mut self) -> View {
        let report = self.pool.report();
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(report.stats.queued);
        let queue = Queue {
            history: self.history.iter().copied().collect(),
            bound: report.capacity,
            waiting: report.stats.waiting,
        };
        let timings = report.timings.as_ref().zip(self.last.timings.as_ref());
        let lately = timings.map(|(now, before)| now.clone() - before);
        let view = View {
            name: report.name.clone(),
            uptime: report.timings.as_ref().map_or(Duration::ZERO, |timings| timings.elapsed),
            queue,
            workers: workers(&report, lately.as_ref()),
            rates: rates(report.stats - self.last.stats, lately.as_ref().map_or(INTERVAL, |lately| lately.elapsed)),
            priorities: lately.iter().flat_map(priorities).collect(),
            names: timings.iter().flat_map(|(now, _)| names(now, lately.as_ref())).collect(),
        };
        self.last = report;
        view
    }
}

fn workers(report: &Report, timings: Option<&Timings>) -> Vec<Worker> {
    let utilisation = |index| timings.and_then(|timings| timings.utilisation(index)).unwrap_or(0.0);
    let jobs = |index| report.running.jobs.iter().filter(move |job| job.worker == Some(index));
    let worker = |index| Worker { utilisation: utilisation(index), jobs: jobs(index).map(running).collect() };
    (0..report.running.workers).map(worker).collect()
}

fn running(job: &RunningJob) -> Running {
    Running {
        name: name(job.name.as_ref()),
        running_for: job.running_for,
        waits_for: job.waits_for.as_ref().map(|label| name(label.name.as_ref())),
    }
}

fn name(name: Option<&Cow<'static, str>>) -> String {
    name.map_or("a job without a name".to_owned(), |name| name.clone().into_owned())
}

fn rates(between: Stats, time: Duration) -> Vec<Rate> {
    // The first reading comes right after the pool was built: that is no time to count in.
    let seconds = time.max(INTERVAL / 2).as_secs_f64();
    let rate = |(what, jobs, kind): (_, u64, _)| Rate { what, per_second: jobs as f64 / seconds, kind };
    let counted = [
        ("completed", between.completed, RateKind::Good),
        ("rejected", between.rejected, RateKind::Bad),
        ("expired", between.expired, RateKind::Bad),
        ("cancelled", between.cancelled, RateKind::Bad),
        ("panicked", between.panicked, RateKind::Bad),
    ];
    counted.into_iter().map(rate).collect()
}

fn priorities(timings: &Timings) -> Vec<Row> {
    PRIORITIES.map(|(priority, label)| row(label, Some(timings.of(priority)))).into()
}

/// All that there have been, so that no row comes and goes.
fn names(ever: &Timings, lately: Option<&Timings>) -> Vec<Row> {
    let lately = |name: &str| lately?.named.iter().find(|(other, _)| other == name).map(|(_, times)| times);
    ever.named.iter().map(|(name, _)| row(name, lately(name))).collect()
}

fn row(label: &str, times: Option<&JobTimes>) -> Row {
    let quantiles = |times: &Times| Quantiles { p50: times.quantile(0.5), p99: times.quantile(0.99) };
    Row {
        label: label.to_owned(),
        jobs: times.map_or(0, |times| times.ran.count()),
        waited: times.map_or_else(Quantiles::default, |times| quantiles(&times.waited)),
        ran: times.map_or_else(Quantiles::default, |times| quantiles(&times.ran)),
        cpu_share: times.and_then(JobTimes::cpu_share),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn pool() -> Pool {
        Pool::builder().workers(1).thread_name("test").queue_capacity(9).timings(true).build().unwrap()
    }

    #[test]
    fn a_reading_is_of_the_time_since_the_last() {
        let pool = pool();
        let mut reader = Reader::new(pool.clone());
        pool.job().name("a").run(|| ()).unwrap();
        let view = reader.read();
        assert_eq!((view.name.as_str(), view.queue.bound, view.queue.history.len()), ("test", Some(9), 1));
        assert_eq!((view.names[0].label.as_str(), view.names[0].jobs), ("a", 1));
        assert_eq!((view.priorities[1].label.as_str(), view.priorities[1].jobs), ("normal", 1));
        assert!(view.names[0].ran.p99.is_some());
        let view = reader.read();
        assert_eq!((view.names[0].label.as_str(), view.names[0].jobs), ("a", 0));
        assert!(view.names[0].ran.p99.is_none());
    }

    #[test]
    fn a_worker_shows_the_job_that_runs() {
        let pool = pool();
        let (open, gate) = mpsc::channel::<()>();
        let (tell, begun) = mpsc::channel();
        let job = pool.job().name("held").submit(move || {
            tell.send(()).ok();
            gate.recv().ok();
        });
        begun.recv().unwrap();
        let view = Reader::new(pool.clone()).read();
        assert_eq!(view.workers.len(), 1);
        assert_eq!(view.workers[0].jobs[0].name, "held");
        drop(open);
        job.unwrap().join().unwrap();
    }

    #[test]
    fn only_so_many_depths_are_kept() {
        let mut reader = Reader::new(pool());
        let views: Vec<_> = (0..=HISTORY).map(|_| reader.read()).collect();
        assert_eq!(views[HISTORY].queue.history.len(), HISTORY);
    }
}
