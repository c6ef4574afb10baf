//! Several pools, and pools that have ended.

use corepool::metrics::PoolMetrics;
use corepool::{Pool, Shutdown};

use super::Exporter;
use super::counters::assert_agrees;
use super::scrape::Scrape;
use crate::common::{assert_no_thread_named, finish, hold_worker, named, within_a_minute};

fn completed(scrape: &Scrape, pool: &str) -> f64 {
    scrape.get("corepool_jobs_total", &[("pool", pool), ("outcome", "completed")])
}

fn idle(scrape: &Scrape, pool: &str) -> f64 {
    scrape.get("corepool_workers", &[("pool", pool), ("state", "idle")])
}

fn run(pool: &Pool, jobs: usize) {
    (0..jobs).for_each(|_| pool.run(|| ()).unwrap());
}

#[test]
fn pools_side_by_side_do_not_mix() {
    let (exporter, pools) = (Exporter::new(), [named("parse", 1), named("render", 2)]);
    let mut metrics = exporter.record(|| pools.each_ref().map(PoolMetrics::new));
    let (gate, held) = hold_worker(&pools[1]);
    run(&pools[0], 3);
    run(&pools[1], 5);
    exporter.record(|| metrics.iter_mut().for_each(PoolMetrics::publish));
    let scrape = exporter.scrape();
    pools.iter().for_each(|pool| assert_agrees(&scrape, pool));
    assert_eq!((completed(&scrape, "parse"), completed(&scrape, "render")), (3.0, 5.0));
    assert_eq!((idle(&scrape, "parse"), idle(&scrape, "render")), (1.0, 1.0));
    gate.open();
    finish(held);
}

#[test]
fn a_pool_that_has_ended_leaves_its_last_counts_and_gauges_at_0() {
    within_a_minute(|| {
        let exporter = Exporter::new();
        let pool = Pool::builder().workers(2).thread_name("metrics-gone").timings(true).build().unwrap();
        let mut metrics = exporter.record(|| PoolMetrics::new(&pool));
        run(&pool, 3);
        pool.shutdown(Shutdown::Drain, None).unwrap();
        exporter.record(|| metrics.publish());
        let before = exporter.scrape();
        drop(pool);
        assert_no_thread_named("metrics-gone");

        exporter.record(|| metrics.publish());
        let after = exporter.scrape();
        assert_eq!(completed(&after, "metrics-gone"), 3.0);
        assert_eq!(after.samples().count(), before.samples().count());
        for (name, labels, value) in after.samples() {
            if after.types.get(name).is_some_and(|kind| kind == "gauge") {
                assert_eq!(value, 0.0, "{name} {labels:?}");
            }
        }
    });
}

#[test]
fn a_pool_that_has_ended_leaves_the_next_of_its_name_alone() {
    let exporter = Exporter::new();
    let pool = named("heir", 1);
    let mut old = exporter.record(|| PoolMetrics::new(&pool));
    drop(pool);
    exporter.record(|| old.publish());
    let pool = named("heir", 3);
    let _new = exporter.record(|| PoolMetrics::new(&pool));
    exporter.record(|| old.publish());
    assert_eq!(idle(&exporter.scrape(), "heir"), 3.0);
}

#[test]
fn publishers_keep_no_pool_open() {
    within_a_minute(|| {
        let pool = named("metrics-open", 2);
        let mut metrics = PoolMetrics::new(&pool);
        metrics.publish();
        drop(pool);
        assert_no_thread_named("metrics-open");
        drop(metrics);
    });
}

#[test]
fn any_name_of_a_pool_and_of_a_job_comes_through() {
    let name = "a \"b\" \\c {d=\"e\",\nf} é 🦀";
    let pool = Pool::builder().workers(1).thread_name(name).timings(true).build().unwrap();
    pool.job().name(name).run(|| ()).unwrap();
    let scrape = Exporter::of(&pool);
    assert_eq!(completed(&scrape, name), 1.0);
    assert_eq!(scrape.get("corepool_named_job_run_seconds_count", &[("pool", name), ("job", name)]), 1.0);
}

/// As where a recorder forgets what has not changed for long, or is replaced.
#[test]
fn a_recorder_that_knows_nothing_of_the_pool_gets_all_counters_and_gauges() {
    let pool = named("moves", 1);
    let mut metrics = Exporter::new().record(|| PoolMetrics::new(&pool));
    run(&pool, 3);
    let next = Exporter::new();
    next.record(|| metrics.publish());
    assert_agrees(&next.scrape(), &pool);
    assert_eq!(idle(&next.scrape(), "moves"), 1.0);
}
