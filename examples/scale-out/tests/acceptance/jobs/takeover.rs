//! Workers that die or stand still: others take over what they had, and only then.

use anyhow::{Context, Result, ensure};

use crate::kit::client::get;
use crate::kit::jobs::{GROUP, Jobs, Pending, STREAM};
use crate::kit::process::Signal;
use crate::kit::wait::until;
use crate::kit::worker::Worker;

/// Short, so that a test is; and long enough for a worker that does not get a busy machine's processor.
const VISIBILITY: u64 = 1500;
const FLAGS: [&str; 6] = ["--visibility", "1500ms", "--workers", "1", "--ahead", "4"];

fn has_nothing(worker: &Worker) -> bool {
    get(worker.address, "/healthz").and_then(|answer| answer.number("jobs")).is_ok_and(|jobs| jobs == 0)
}

/// Nobody has extended it since.
fn is_abandoned(jobs: &Jobs) -> bool {
    let is_old = |pending: &Pending| pending.2 > VISIBILITY;
    jobs.pending().is_ok_and(|pending| !pending.is_empty() && pending.iter().all(is_old))
}

#[test]
fn what_a_killed_worker_had_runs_again_and_nothing_else() -> Result<()> {
    let jobs = Jobs::up()?;
    let victim = jobs.worker("victim", &["--visibility", "1500ms", "--workers", "2", "--ahead", "8"])?;
    let ids = jobs.add(&["spin:50"; 40])?;
    until("some jobs are done, and its hands are full", || {
        jobs.ended(&ids) >= 4 && jobs.pending_of("victim").is_ok_and(|pending| pending.len() == 10)
    })?;
    victim.kill()?;
    let pending = jobs.pending()?.len() as u64;
    ensure!(pending > 0, "nothing was pending");
    let others = [jobs.worker("second", &FLAGS)?, jobs.worker("third", &FLAGS)?];
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.is_done_with("")), "{records:#?}");
    let runs: u64 = records.iter().map(|record| record.deliveries()).sum();
    ensure!(runs <= ids.len() as u64 + pending, "{runs} runs of {} jobs, of which {pending} were pending", ids.len());
    ensure!(jobs.length()? == 0 && jobs.dead()?.is_empty());
    ensure!(!jobs.consumers()?.contains(&"victim".to_owned()), "Redis still knows it");
    others.into_iter().try_for_each(Worker::stop)?;
    jobs.down()
}

#[test]
fn a_job_three_times_longer_than_the_visibility_time_runs_once() -> Result<()> {
    let jobs = Jobs::up()?;
    let workers = [jobs.worker("first", &FLAGS)?, jobs.worker("second", &FLAGS)?];
    let ids = jobs.add(&[format!("spin:{}", 3 * VISIBILITY)])?;
    let records = jobs.ends(&ids)?;
    ensure!(records[0].is_done_with("") && records[0].deliveries() == 1, "{records:?}");
    let mut delivered = 0.0;
    for worker in workers {
        delivered += worker.metrics()?.sum("jobs_delivered_total", &[]);
        worker.stop()?;
    }
    ensure!(delivered == 1.0, "it ran {delivered} times");
    jobs.down()
}

/// A worker that stands still with a job of this length, and another that has taken it over.
fn stood_still(jobs: &Jobs, milliseconds: u64) -> Result<(Worker, Worker, Vec<String>)> {
    let slow = jobs.worker("slow", &FLAGS)?;
    let ids = jobs.add(&[format!("spin:{milliseconds}")])?;
    until("it runs", || slow.running() == 1.0)?;
    slow.signal(Signal::STOP)?;
    let other = jobs.worker("other", &FLAGS)?;
    other.says("taken over")?;
    Ok((slow, other, ids))
}

#[test]
fn the_result_of_a_worker_that_stood_still_does_not_replace_the_first() -> Result<()> {
    let jobs = Jobs::up()?;
    let (slow, other, ids) = stood_still(&jobs, 100)?;
    let first = jobs.ends(&ids)?;
    ensure!(first[0].field("worker") == "other" && first[0].deliveries() == 2, "{first:?}");
    // For its clock the job's time is over: it has a result, too.
    slow.signal(Signal::CONT)?;
    until("it has ended what it had", || has_nothing(&slow))?;
    ensure!(jobs.records(&ids)? == first, "the result was replaced: {:?}, then {:?}", first, jobs.records(&ids)?);
    slow.tells(&[("jobs_finished_total", &[r#"result="was stored before""#], 1.0), ("jobs_finished_total", &[], 1.0)])?;
    ensure!(jobs.length()? == 0 && jobs.dead()?.is_empty());
    [slow, other].into_iter().try_for_each(Worker::stop)?;
    jobs.down()
}

#[test]
fn a_worker_that_stood_still_stops_what_another_has_taken_over() -> Result<()> {
    let jobs = Jobs::up()?;
    let (slow, other, ids) = stood_still(&jobs, 6 * VISIBILITY)?;
    slow.signal(Signal::CONT)?;
    slow.says("another worker has taken it over")?;
    until("it has stopped it", || has_nothing(&slow))?;
    ensure!(jobs.ended(&ids) == 0, "{:?}", jobs.records(&ids)?);
    let records = jobs.ends(&ids)?;
    ensure!(records[0].field("worker") == "other" && records[0].deliveries() == 2, "{records:?}");
    [slow, other].into_iter().try_for_each(Worker::stop)?;
    jobs.down()
}

#[test]
fn a_worker_that_stood_still_alone_does_not_take_over_its_own_jobs() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("alone", &FLAGS)?;
    let ids = jobs.add(&["spin:3000", "spin:1", "spin:1", "spin:1"])?;
    until("it has them all", || worker.running() == 1.0 && jobs.pending().is_ok_and(|pending| pending.len() == 4))?;
    worker.signal(Signal::STOP)?;
    until("its time is over", || is_abandoned(&jobs))?;
    worker.signal(Signal::CONT)?;
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.is_done_with("") && record.deliveries() == 1), "{records:#?}");
    let delivered = worker.metrics()?.sum("jobs_delivered_total", &[]);
    ensure!(delivered == 4.0, "it was given 4 jobs {delivered} times");
    worker.stop()?;
    jobs.down()
}

#[test]
fn many_jobs_of_a_worker_that_is_gone_are_taken_over_without_a_pause() -> Result<()> {
    let jobs = Jobs::up()?;
    let ids = jobs.add(&["fib:10"; 2000])?;
    jobs.deliver_to("gone")?;
    ensure!(jobs.pending_of("gone")?.len() == ids.len());
    let worker = jobs.worker("first", &FLAGS)?;
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.is_done_with("55") && record.deliveries() == 2), "{records:?}");
    worker.stop()?;
    jobs.down()
}

/// The job at the end of more than Redis goes through in time.
#[test]
fn a_worker_with_tens_of_thousands_of_jobs_keeps_them_all() -> Result<()> {
    const MANY: usize = 20_000;
    let jobs = Jobs::up()?;
    jobs.add(&["spin:1000000"])?;
    let flags = ["--visibility", "6s", "--workers", "1", "--ahead", &MANY.to_string()];
    let worker = jobs.worker("first", &flags)?;
    // None of the others runs before it, in whatever order they are submitted.
    until("it runs one", || worker.running() == 1.0)?;
    jobs.fill(MANY)?;
    until("it has them all", || jobs.pending_of("first").is_ok_and(|pending| pending.len() == MANY + 1))?;
    let last = jobs.pending()?.pop().context("nothing is pending")?.0;
    let idle = || -> Option<u64> {
        let mut pending = redis::cmd("XPENDING");
        let pending: Vec<Pending> = jobs.redis.ask(pending.arg(STREAM).arg(GROUP).arg(&last).arg(&last).arg(1)).ok()?;
        Some(pending.first()?.2)
    };
    for _ in 0..2 {
        until("some time has passed since it was extended", || idle().is_some_and(|idle| idle > 1000))?;
        until("it is extended", || idle().is_some_and(|idle| idle < 1000))?;
    }
    drop(worker);
    jobs.down()
}

/// Which its help forbids. Nothing is lost by it.
#[test]
fn two_workers_with_one_name_do_all_jobs() -> Result<()> {
    let jobs = Jobs::up()?;
    let ids = jobs.add(&["spin:300"; 12])?;
    let workers = [jobs.worker("same", &FLAGS)?, jobs.worker("same", &FLAGS)?];
    until("both run one", || workers.iter().all(|worker| worker.running() == 1.0))?;
    let [one, other] = workers;
    one.stop()?;
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.is_done_with("")), "{records:#?}");
    ensure!(jobs.length()? == 0 && jobs.dead()?.is_empty());
    other.stop()?;
    jobs.down()
}
