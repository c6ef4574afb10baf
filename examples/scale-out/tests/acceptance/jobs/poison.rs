//! Jobs that fail whoever runs them: they end as dead letters, and take no other job with them.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use redis::cmd;

use crate::kit::jobs::{GROUP, Jobs, STREAM};
use crate::kit::wait::{PATIENCE, until};
use crate::kit::worker::Worker;

const FLAGS: [&str; 6] = ["--visibility", "1s", "--workers", "2", "--ahead", "4"];

/// Until all have ended, with workers that are started again when they have died.
fn ends_with(jobs: &Jobs, workers: &mut [Worker], ids: &[String]) -> Result<()> {
    let begin = Instant::now();
    while jobs.ended(ids) < ids.len() {
        workers.iter_mut().try_for_each(Worker::keep_up)?;
        if begin.elapsed() > 2 * PATIENCE {
            bail!("{} of {} jobs have ended", jobs.ended(ids), ids.len());
        }
    }
    Ok(())
}

#[test]
fn three_poison_jobs_among_sixty_are_the_only_dead_letters() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut wanted = vec!["spin:20"; 59];
    (wanted[7], wanted[31]) = ("panic:", "abort:");
    let mut ids = jobs.add(&wanted)?;
    ids.push("malformed".to_owned());
    jobs.add_by_hand(&[(b"id", b"malformed"), (b"input", b"x")])?;
    let mut workers = [jobs.worker("first", &FLAGS)?, jobs.worker("second", &FLAGS)?, jobs.worker("third", &FLAGS)?];
    ends_with(&jobs, &mut workers, &ids)?;

    let records = jobs.records(&ids)?;
    let reasons =
        [(7, "it panicked: a job of the kind panic"), (31, "no worker has finished it"), (59, "it has no kind")];
    for (at, reason) in reasons {
        ensure!(records[at].is_dead() && records[at].field("reason").contains(reason), "{:?}", records[at]);
    }
    let done = records.iter().filter(|record| record.is_done_with("")).count();
    ensure!(done == 57 && jobs.dead()?.len() == 3, "{done} are done, dead are {:?}", jobs.reasons()?);
    ensure!(jobs.length()? == 0);
    workers.into_iter().try_for_each(Worker::stop)?;
    jobs.down()
}

#[test]
fn jobs_beside_several_that_abort_are_all_done() -> Result<()> {
    let jobs = Jobs::up()?;
    let wanted: Vec<_> = (0..40).map(|n| if n % 8 == 5 { "abort:" } else { "spin:30" }).collect();
    let ids = jobs.add(&wanted)?;
    let mut workers = [jobs.worker("first", &FLAGS)?, jobs.worker("second", &FLAGS)?];
    ends_with(&jobs, &mut workers, &ids)?;
    for (wanted, record) in wanted.iter().zip(jobs.records(&ids)?) {
        ensure!(record.is_dead() == (*wanted == "abort:"), "{wanted} is {record:?}");
    }
    ensure!(jobs.dead()?.len() == 5, "{:?}", jobs.reasons()?);
    workers.into_iter().try_for_each(Worker::stop)?;
    jobs.down()
}

/// A job that has been tried twice, by a worker that is gone.
fn tried_twice(jobs: &Jobs) -> Result<Vec<String>> {
    let ids = jobs.add(&["spin:1"])?;
    jobs.deliver_to("gone")?;
    let (entry, ..) = &jobs.pending()?[0];
    let mut claim = cmd("XCLAIM");
    claim.arg(STREAM).arg(GROUP).arg("gone").arg(0).arg(entry).arg("IDLE").arg(60_000).arg("RETRYCOUNT").arg(2);
    jobs.redis.ask::<redis::Value>(claim.arg("JUSTID"))?;
    Ok(ids)
}

/// It waits for its turn alone, while the worker dies of another.
#[test]
fn a_last_try_counts_when_it_begins() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut ids = tried_twice(&jobs)?;
    let mut worker = jobs.worker("first", &["--visibility", "1s", "--workers", "1"])?;
    ids.extend(jobs.add(&["spin:2000", "abort:"])?);
    worker.says("the last try")?;
    until("it has died", || !worker.program.runs())?;
    ends_with(&jobs, std::slice::from_mut(&mut worker), &ids)?;
    let records = jobs.records(&ids)?;
    ensure!(records[0].is_done_with("") && records[0].deliveries() == 3, "{:?}", records[0]);
    ensure!(records[1].is_done_with("") && records[2].is_dead(), "{records:#?}");
    worker.stop()?;
    jobs.down()
}

/// Two workers, of which one is told to stop while it has what failed twice: the other does not run that beside others.
#[test]
fn a_last_try_that_is_left_by_a_worker_still_runs_alone() -> Result<()> {
    let jobs = Jobs::up()?;
    let first = jobs.worker("first", &FLAGS)?;
    let mut ids = jobs.add(&["panic:"])?;
    until("it has failed twice", || first.program.output().matches("failed: to be tried again").count() == 2)?;
    first.stop()?;
    ids.extend(jobs.add(&["spin:2500"])?);
    let second = jobs.worker("second", &FLAGS)?;
    until("it runs", || second.running() == 1.0)?;
    second.says("the last try")?;
    let records = jobs.ends(&ids)?;
    ensure!(records[0].is_dead() && records[0].deliveries() == 3, "{records:?}");
    ensure!(records[0].field("reason").contains("tried 3 times"), "{records:?}");
    second.stop()?;
    jobs.down()
}
