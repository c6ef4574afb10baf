//! What a worker tells Prometheus: of the queue, of its own jobs and of its pool.

use anyhow::{Result, ensure};

use crate::kit::client::get;
use crate::kit::jobs::Jobs;
use crate::kit::wait::until;

#[test]
fn metrics_tell_of_the_queue_while_jobs_run_and_wait() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &["--visibility", "60s", "--workers", "1", "--ahead", "2"])?;
    jobs.add(&["spin:1000000"; 7])?;
    let metrics = worker.tells(&[
        ("jobs_queue_length", &[], 7.0),
        ("jobs_pending", &[], 3.0),
        ("jobs_dead_letters", &[], 0.0),
        ("jobs_delivered_total", &[], 3.0),
        ("jobs_finished_total", &[], 0.0),
        ("corepool_workers", &[], 1.0),
        ("corepool_jobs_running", &[], 1.0),
        ("corepool_queue_length", &[], 2.0),
        ("corepool_queue_capacity", &[], 2.0),
    ])?;
    let age = metrics.sum("jobs_oldest_age_seconds", &[]);
    ensure!(age > 0.0 && age < 60.0, "{age} s");
    until("it has grown older", || {
        worker.metrics().is_ok_and(|metrics| metrics.sum("jobs_oldest_age_seconds", &[]) > age)
    })?;
    let health = get(worker.address, "/healthz")?.with_status(200)?;
    ensure!(health.text("worker")? == "first" && health.number("jobs")? == 3, "{health:?}");
    drop(worker);
    jobs.down()
}

#[test]
fn metrics_tell_how_jobs_have_ended_and_how_often_they_were_tried() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &["--visibility", "500ms", "--workers", "1", "--deliveries", "2"])?;
    jobs.ends(&jobs.add(&["fib:10", "fib:11", "fib:x", "panic:"])?)?;
    worker.tells(&[
        ("jobs_queue_length", &[], 0.0),
        ("jobs_pending", &[], 0.0),
        ("jobs_oldest_age_seconds", &[], 0.0),
        ("jobs_dead_letters", &[], 2.0),
        ("jobs_dead_lettered_total", &[], 2.0),
        ("jobs_delivered_total", &[], 5.0),
        ("jobs_finished_total", &[r#"result="stored""#], 2.0),
        // The panic has been tried twice.
        ("jobs_deliveries_count", &[], 5.0),
        ("jobs_deliveries_bucket", &[r#"le="1""#], 4.0),
        ("jobs_deliveries_sum", &[], 6.0),
        ("corepool_jobs_total", &[r#"outcome="completed""#], 2.0),
        ("corepool_jobs_total", &[r#"outcome="panicked""#], 2.0),
    ])?;
    worker.stop()?;
    jobs.down()
}

/// It may have been tried before by others, and handed back by them.
#[test]
fn a_job_that_is_handed_back_is_counted_with_its_tries_before() -> Result<()> {
    let jobs = Jobs::up()?;
    jobs.add_by_hand(&[(b"id", b"back"), (b"kind", b"fib"), (b"input", b"10"), (b"deliveries", b"1")])?;
    let worker = jobs.worker("first", &["--workers", "1"])?;
    let records = jobs.ends(&["back".to_owned()])?;
    ensure!(records[0].deliveries() == 2, "{records:?}");
    worker.tells(&[("jobs_delivered_total", &[], 1.0), ("jobs_deliveries_sum", &[], 2.0)])?;
    worker.stop()?;
    jobs.down()
}

#[test]
fn metrics_are_shown_while_redis_is_down() -> Result<()> {
    let mut jobs = Jobs::up()?;
    let worker = jobs.worker("first", &[])?;
    jobs.ends(&jobs.add(&["fib:10"])?)?;
    jobs.redis.kill()?;
    until("its breaker is open", || {
        let state = r#"state="open""#;
        worker.metrics().is_ok_and(|metrics| metrics.sum("corepool_breaker_state", &[state]) == 1.0)
    })?;
    drop(worker);
    jobs.down()
}
