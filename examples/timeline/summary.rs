//! The run in numbers.

use std::io::{self, Write};
use std::time::Duration;

use corepool::Priority;

use super::record::{End, How, Job, Record};

const PRIORITIES: [(Priority, &str); 3] =
    [(Priority::High, "high"), (Priority::Normal, "normal"), (Priority::Low, "low")];

pub fn print(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let Record { jobs, slow, workers, length } = record;
    writeln!(out, "{}\n", headline(record))?;
    writeln!(out, "priority  {:>5}  {:>10}  {:>10}  {:>10}  {:>10}", "jobs", "waited p50", "max", "ran p50", "max")?;
    for (priority, name) in PRIORITIES {
        let ran: Vec<&Job> = jobs.iter().filter(|job| job.priority == priority && job.stay().is_some()).collect();
        let waits = sorted(ran.iter().map(|job| job.waited()));
        let runs = sorted(ran.iter().filter_map(|job| job.stay()).map(|stay| stay.end.saturating_sub(stay.begin)));
        write!(out, "{name:<8}  {:>5}", ran.len())?;
        for times in [waits, runs] {
            write!(out, "  {:>10}  {:>10}", or_none(times.get(times.len() / 2)), or_none(times.last()))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "\nworker    {:>5}  {:>10}  utilisation", "jobs", "busy")?;
    for worker in 0..*workers {
        let (count, busy) = busy(jobs, worker);
        let share = 100.0 * busy.as_secs_f64() / length.as_secs_f64().max(f64::MIN_POSITIVE);
        writeln!(out, "{worker:<8}  {count:>5}  {:>10}  {share:>9.0} %", time(busy))?;
    }
    let dequeued = jobs.iter().filter(|job| matches!(job.end, End::Dequeued { .. })).count();
    let stopped = jobs.iter().filter_map(Job::stay).filter(|stay| stay.how == How::Stopped).count();
    let slow = slow.len();
    writeln!(out, "\ncancelled in the queue: {dequeued}; stopped at a checkpoint: {stopped}; reported as slow: {slow}")
}

pub fn headline(record: &Record) -> String {
    let Record { jobs, workers, length, .. } = record;
    let s = if *workers == 1 { "" } else { "s" };
    format!("{} jobs on {workers} worker{s} in {}", jobs.len(), time(*length))
}

fn sorted(times: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times
}

/// The jobs a worker ran, and the time it took over them. Those inside others took no time of their own.
fn busy(jobs: &[Job], worker: usize) -> (usize, Duration) {
    let stays = || jobs.iter().filter_map(Job::stay).filter(|stay| stay.worker == worker);
    let outermost = stays().filter(|stay| stay.depth == 0);
    (stays().count(), outermost.map(|stay| stay.end.saturating_sub(stay.begin)).sum())
}

pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.01 => format!("{:.0} ms", 1e3 * seconds),
        seconds if seconds >= 0.001 => format!("{:.1} ms", 1e3 * seconds),
        seconds => format!("{:.0} µs", 1e6 * seconds),
    }
}

fn or_none(value: Option<&Duration>) -> String {
    value.map_or("-".to_owned(), |&value| time(value))
}
