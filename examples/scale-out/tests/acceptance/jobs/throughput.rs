//! Many small jobs: each has one result, and the workers share them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::kit::jobs::Jobs;
use crate::kit::measure::note;
use crate::kit::wait::{until, until_some};
use crate::kit::worker::Worker;

const JOBS: usize = 10_000;
const LIMIT: Duration = Duration::from_secs(120);
const FIBONACCI: [u64; 20] = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181];

/// Jobs in a second, by so many workers of one thread each.
fn throughput(workers: usize) -> Result<f64> {
    let jobs = Jobs::up()?;
    let wanted: Vec<_> = (0..JOBS).map(|n| format!("fib:{}", n % FIBONACCI.len())).collect();
    let ids = jobs.add(&wanted)?;
    let begin = Instant::now();
    let workers: Vec<_> = (1..=workers).map(|n| jobs.worker(&format!("w{n}"), &["--workers", "1"])).collect();
    let workers = workers.into_iter().collect::<Result<Vec<_>>>()?;
    // Asking for ten thousand records again and again would be what is measured.
    until_some("the queue is empty", LIMIT, || (jobs.length().ok()? == 0).then_some(()))?;
    let throughput = JOBS as f64 / begin.elapsed().as_secs_f64();

    for (n, record) in jobs.records(&ids)?.iter().enumerate() {
        let value = FIBONACCI[n % FIBONACCI.len()].to_string();
        ensure!(record.is_done_with(&value) && record.deliveries() == 1, "fib:{} is {record:?}", n % FIBONACCI.len());
    }
    let all = JOBS as f64;
    until("they have counted each of them once", || {
        let told: Option<Vec<_>> = workers.iter().map(|worker| worker.metrics().ok()).collect();
        let sum = |name, labels: &[&str]| told.iter().flatten().map(|metrics| metrics.sum(name, labels)).sum::<f64>();
        sum("jobs_delivered_total", &[]) == all
            && sum("jobs_finished_total", &[r#"result="stored""#]) == all
            && sum("jobs_finished_total", &[]) == all
    })?;
    workers.into_iter().try_for_each(Worker::stop)?;
    ensure!(jobs.dead()?.is_empty());
    jobs.down()?;
    Ok(throughput)
}

#[test]
fn ten_thousand_jobs_have_ten_thousand_results_and_none_twice() -> Result<()> {
    let (one, three) = (throughput(1)?, throughput(3)?);
    note(&format!("{JOBS} small jobs: {one:.0} a second with one worker, {three:.0} with three"));
    Ok(())
}
