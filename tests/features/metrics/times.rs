//! The histograms of a pool say what its timings do.

use corepool::metrics::PoolMetrics;
use corepool::{JobTimes, Pool, Priority, Times};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use super::Exporter;
use super::scrape::Scrape;

fn timed() -> Pool {
    Pool::builder().workers(1).thread_name("timed").timings(true).build().unwrap()
}

/// As many jobs of each priority and each name as of no other.
fn run_some(pool: &Pool) {
    let work = || (1..=20_000_u64).fold(0, |sum, n| sum ^ std::hint::black_box(n));
    for (priority, jobs) in [(Priority::High, 2), (Priority::Normal, 3), (Priority::Low, 4)] {
        (0..jobs).for_each(|_| drop(pool.job().priority(priority).run(work)));
    }
    (0..5).for_each(|_| drop(pool.job().name("render").run(work)));
    (0..6).for_each(|_| drop(pool.job().name("index").priority(Priority::Low).run(work)));
}

fn assert_tells(scrape: &Scrape, metric: &str, label: (&str, &str), times: &Times) {
    let labels = [("pool", "timed"), label];
    assert_eq!(scrape.get(&format!("{metric}_count"), &labels), times.count() as f64, "{metric} {label:?}");
    let (sum, total) = (scrape.get(&format!("{metric}_sum"), &labels), times.total().as_secs_f64());
    assert!((sum - total).abs() <= total / 8.0, "{metric} {label:?}: {sum} for {total}");
}

fn assert_tells_all(scrape: &Scrape, prefix: &str, label: (&str, &str), times: &JobTimes) {
    assert_tells(scrape, &format!("{prefix}_wait_seconds"), label, &times.waited);
    assert_tells(scrape, &format!("{prefix}_run_seconds"), label, &times.ran);
    match &times.cpu {
        Some(cpu) => assert_tells(scrape, &format!("{prefix}_cpu_seconds"), label, cpu),
        None => assert!(!scrape.has(&format!("{prefix}_cpu_seconds_count"))),
    }
}

fn assert_agrees(scrape: &Scrape, pool: &Pool) {
    let timings = pool.timings().unwrap();
    for (priority, times) in [("high", &timings.high), ("normal", &timings.normal), ("low", &timings.low)] {
        assert_tells_all(scrape, "corepool_job", ("priority", priority), times);
    }
    for (name, times) in &timings.named {
        assert_tells_all(scrape, "corepool_named_job", ("job", name), times);
    }
    for (worker, times) in timings.workers.iter().enumerate() {
        let labels = [("pool", "timed"), ("worker", &*worker.to_string())];
        assert_eq!(scrape.get("corepool_worker_busy_seconds_total", &labels), times.busy.as_secs() as f64);
    }
}

#[test]
fn histograms_have_every_job_once_however_often_it_publishes() {
    let (exporter, pool) = (Exporter::new(), timed());
    run_some(&pool);
    let mut metrics = exporter.record(|| PoolMetrics::new(&pool));
    for round in 1..=3 {
        let scrape = exporter.scrape();
        assert_agrees(&scrape, &pool);
        let named = scrape.get("corepool_named_job_run_seconds_count", &[("pool", "timed"), ("job", "render")]);
        assert_eq!(named, f64::from(5 * round));
        run_some(&pool);
        exporter.record(|| metrics.publish());
    }
}

#[test]
fn publishing_changes_nothing_when_nothing_has_happened() {
    let (exporter, pool) = (Exporter::new(), timed());
    run_some(&pool);
    let mut metrics = exporter.record(|| PoolMetrics::new(&pool));
    pool.wait_idle(None).unwrap();
    exporter.record(|| metrics.publish());
    let before = exporter.scrape();
    (0..3).for_each(|_| exporter.record(|| metrics.publish()));
    assert_eq!(exporter.scrape(), before);
}

#[test]
fn a_pool_without_timings_has_no_histograms() {
    let pool = Pool::builder().workers(1).thread_name("timed").build().unwrap();
    run_some(&pool);
    let scrape = Exporter::of(&pool);
    assert!(scrape.samples().all(|(name, ..)| !name.contains("_seconds")), "{scrape:?}");
    assert!(scrape.has("corepool_jobs_total"));
}

#[test]
fn where_the_exporter_has_buckets_they_are_cumulative() {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &[1e-9, 60.0]).unwrap();
    let (exporter, pool) = (Exporter(builder.build_recorder()), timed());
    run_some(&pool);
    let _metrics = exporter.record(|| PoolMetrics::new(&pool));
    let scrape = exporter.scrape();
    let below = ["0.000000001", "60", "+Inf"].map(|le| {
        let labels = [("pool", "timed"), ("priority", "low"), ("le", le)];
        scrape.get("corepool_job_run_seconds_bucket", &labels)
    });
    assert_eq!(below, [0.0, 10.0, 10.0]);
}

#[test]
fn a_job_that_is_called_as_all_others_are_counts_with_them() {
    let (exporter, pool) = (Exporter::new(), timed());
    let mut metrics = exporter.record(|| PoolMetrics::new(&pool));
    let run = |name: String| pool.job().name(name).run(|| ()).unwrap();
    let others = || {
        let labels = [("pool", "timed"), ("job", "other")];
        exporter.scrape().find("corepool_named_job_run_seconds_count", &labels)
    };
    assert_eq!(others(), None);
    (0..2).for_each(|_| run("other".to_owned()));
    // One of these more than are told apart.
    (0..65).for_each(|n| run(format!("job {n}")));
    exporter.record(|| metrics.publish());
    assert_eq!(others(), Some(3.0));
    run("other".to_owned());
    run("a new one".to_owned());
    exporter.record(|| metrics.publish());
    assert_eq!(others(), Some(5.0));
}
