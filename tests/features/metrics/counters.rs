//! Every counter of a pool says what `Stats` does.

use std::task::Waker;
use std::time::Duration;

use corepool::metrics::PoolMetrics;
use corepool::{Cancel, JobError, Pool, Shutdown, SubmitErrorKind};

use super::Exporter;
use super::scrape::Scrape;
use crate::common::{
    EXPECTED, assert_adds_up, finish, hold_worker, outcome, poll_once, rejection, silence_expected_panics,
};

/// A pool of one worker in which jobs have ended in every way, and submissions were rejected for every reason: each of these
/// as often as no other.
fn eventful(name: &str) -> Pool {
    silence_expected_panics();
    let pool = Pool::builder().workers(1).queue_capacity(2).thread_name(name).build().unwrap();
    (0..5).for_each(|n| assert_eq!(pool.run(move || n).unwrap(), n));
    for _ in 0..5 {
        let panicked = outcome(pool.submit(|| panic!("{EXPECTED}a panic")).unwrap());
        assert!(matches!(panicked, Err(JobError::Panicked(_))));
    }
    let (gate, held) = hold_worker(&pool);
    (0..4).for_each(|_| assert_eq!(pool.submit(|| ()).unwrap().cancel(), Cancel::Dequeued));
    for _ in 0..3 {
        let late = pool.job().timeout(Duration::ZERO).submit(|| ()).unwrap();
        assert!(matches!(outcome(late), Err(JobError::Expired)));
    }
    (0..2).for_each(|_| pool.submit(|| ()).unwrap().detach());
    reject(&pool);
    pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
    (0..2).for_each(|_| assert_eq!(rejection(pool.submit(|| ())), Some(SubmitErrorKind::ShutDown)));
    gate.open();
    finish(held);
    pool.shutdown(Shutdown::Abort, None).unwrap();
    pool
}

/// The queue is full.
fn reject(pool: &Pool) {
    (0..5).for_each(|_| assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::Full)));
    for _ in 0..4 {
        assert_eq!(rejection(pool.submit_timeout(|| (), Duration::ZERO)), Some(SubmitErrorKind::TimedOut));
    }
    for _ in 0..3 {
        let mut waiting = Box::pin(pool.submit_async(|| ()));
        assert!(poll_once(&mut waiting, Waker::noop()).is_pending());
    }
}

pub fn assert_agrees(scrape: &Scrape, pool: &Pool) {
    let (stats, name) = (pool.stats(), ("pool", pool.name()));
    let count = |metric, labels: &[_]| scrape.get(metric, &[&[name], labels].concat());
    assert_eq!(count("corepool_jobs_submitted_total", &[]), stats.submitted as f64);
    for (outcome, jobs) in [
        ("completed", stats.completed),
        ("panicked", stats.panicked),
        ("cancelled", stats.cancelled),
        ("expired", stats.expired),
        ("aborted", stats.aborted),
    ] {
        assert_eq!(count("corepool_jobs_total", &[("outcome", outcome)]), jobs as f64, "{outcome}");
    }
    for (reason, submissions) in [
        ("full", stats.rejected_full),
        ("timed_out", stats.rejected_timed_out),
        ("cancelled", stats.rejected_cancelled),
        ("shut_down", stats.rejected_shut_down),
    ] {
        assert_eq!(count("corepool_jobs_rejected_total", &[("reason", reason)]), submissions as f64, "{reason}");
    }
}

#[test]
fn counters_agree_with_stats_whatever_happens_to_jobs() {
    let pool = eventful("eventful");
    let stats = pool.stats();
    assert_adds_up(&stats);
    let outcomes = [stats.completed, stats.panicked, stats.cancelled, stats.expired, stats.aborted];
    assert_eq!(outcomes, [6, 5, 4, 3, 2]);
    let reasons = [stats.rejected_full, stats.rejected_timed_out, stats.rejected_cancelled, stats.rejected_shut_down];
    assert_eq!(reasons, [5, 4, 3, 2]);
    assert_agrees(&Exporter::of(&pool), &pool);
}

#[test]
fn counters_of_two_publishers_do_not_add_up() {
    let (exporter, pool) = (Exporter::new(), eventful("twice published"));
    let mut both = exporter.record(|| [PoolMetrics::new(&pool), PoolMetrics::new(&pool)]);
    for _ in 0..2 {
        exporter.record(|| both.iter_mut().for_each(PoolMetrics::publish));
        assert_agrees(&exporter.scrape(), &pool);
    }
}

#[test]
fn counters_go_on_from_one_publication_to_the_next() {
    let (exporter, pool) = (Exporter::new(), crate::common::named("goes on", 1));
    let mut metrics = exporter.record(|| PoolMetrics::new(&pool));
    for completed in 1..=3 {
        pool.run(|| ()).unwrap();
        exporter.record(|| metrics.publish());
        let scrape = exporter.scrape();
        assert_agrees(&scrape, &pool);
        let labels = [("pool", "goes on"), ("outcome", "completed")];
        assert_eq!(scrape.get("corepool_jobs_total", &labels), f64::from(completed));
    }
}
