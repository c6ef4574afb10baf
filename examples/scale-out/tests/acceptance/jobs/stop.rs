//! A worker that is told to stop: it takes nothing new, finishes what runs, and hands back the rest.

use anyhow::{Result, ensure};

use crate::kit::jobs::{Jobs, Record};
use crate::kit::process::Signal;
use crate::kit::wait::until;
use crate::kit::worker::Worker;

/// So long that nothing is taken over while a test runs.
const FLAGS: [&str; 6] = ["--visibility", "60s", "--workers", "1", "--ahead", "4"];

/// A worker with one job that runs, and four that wait in its pool.
fn busy(jobs: &Jobs, milliseconds: u64) -> Result<(Worker, Vec<String>)> {
    let worker = jobs.worker("first", &FLAGS)?;
    let ids = jobs.add(&vec![format!("spin:{milliseconds}"); 5])?;
    until("one runs, and four wait", || {
        worker.running() == 1.0 && jobs.pending().is_ok_and(|pending| pending.len() == 5)
    })?;
    Ok((worker, ids))
}

fn ensure_none_was_redelivered(records: &[Record]) -> Result<()> {
    ensure!(records.iter().all(|record| record.is_done_with("") && record.deliveries() == 1), "{records:#?}");
    Ok(())
}

#[test]
fn sigterm_finishes_what_runs_and_hands_back_what_waits() -> Result<()> {
    let jobs = Jobs::up()?;
    let (worker, ids) = busy(&jobs, 400)?;
    worker.stop()?;
    ensure!(jobs.pending()?.is_empty(), "{:?}", jobs.pending()?);
    ensure!(jobs.ended(&ids) == 1 && jobs.length()? == 4, "{:?}", jobs.records(&ids)?);
    ensure!(jobs.consumers()?.is_empty(), "Redis still knows {:?}", jobs.consumers()?);
    let second = jobs.worker("second", &FLAGS)?;
    ensure_none_was_redelivered(&jobs.ends(&ids)?)?;
    second.stop()?;
    jobs.down()
}

#[test]
fn workers_that_stop_just_as_jobs_come_lose_none() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut ids = Vec::new();
    for n in 0..8 {
        let workers = [jobs.worker(&format!("a{n}"), &FLAGS)?, jobs.worker(&format!("b{n}"), &FLAGS)?];
        until("both wait for jobs", || jobs.readers().is_ok_and(|readers| readers == 2))?;
        workers.iter().try_for_each(|worker| worker.signal(Signal::TERM))?;
        ids.extend(jobs.add(&["fib:10"; 12])?);
        workers.into_iter().try_for_each(|mut worker| {
            let status = worker.program.end()?;
            ensure!(status.code() == Some(0), "{status}");
            Ok(())
        })?;
        ensure!(jobs.pending()?.is_empty(), "{:?}", jobs.pending()?);
    }
    let last = jobs.worker("last", &FLAGS)?;
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.is_done_with("55") && record.deliveries() == 1), "{records:#?}");
    last.stop()?;
    jobs.down()
}

#[test]
fn a_second_sigterm_ends_a_worker_at_once() -> Result<()> {
    let jobs = Jobs::up()?;
    let (mut worker, ids) = busy(&jobs, 1_000_000)?;
    worker.signal(Signal::TERM)?;
    worker.says("told to stop")?;
    until("it has handed back what waited", || jobs.pending().is_ok_and(|pending| pending.len() == 1))?;
    ensure!(worker.program.runs(), "it ended at the first signal, with work under way");
    worker.signal(Signal::TERM)?;
    let status = worker.program.end()?;
    ensure!(status.code() == Some(143), "{status}");
    ensure!(jobs.ended(&ids) == 0 && jobs.length()? == 5);
    jobs.down()
}

#[test]
fn what_runs_for_longer_than_the_drain_timeout_is_left_to_others() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut worker = jobs.worker("first", &[&FLAGS[..], &["--drain-timeout", "300ms"]].concat())?;
    jobs.add(&["spin:1000000"])?;
    until("it runs", || worker.running() == 1.0)?;
    worker.signal(Signal::TERM)?;
    let status = worker.program.end()?;
    ensure!(status.code() == Some(1), "{status}");
    until("it says so", || worker.program.output().contains("1 jobs still ran after 300ms"))?;
    ensure!(jobs.pending()?.len() == 1);
    jobs.down()
}

#[test]
fn what_waits_is_handed_back_when_redis_is_there_again() -> Result<()> {
    let mut jobs = Jobs::that_survive_kills()?;
    let (mut worker, ids) = busy(&jobs, 1000)?;
    jobs.redis.kill()?;
    worker.signal(Signal::TERM)?;
    worker.says("cannot tell Redis of a job")?;
    ensure!(worker.program.runs());
    jobs.redis.go_on()?;
    let status = worker.program.end()?;
    ensure!(status.code() == Some(0), "{status}");
    ensure!(jobs.pending()?.is_empty(), "{:?}", jobs.pending()?);
    let second = jobs.worker("second", &FLAGS)?;
    ensure_none_was_redelivered(&jobs.ends(&ids)?)?;
    second.stop()?;
    jobs.down()
}

/// Three workers have one try each.
#[test]
fn a_job_that_has_failed_keeps_the_count_of_its_tries() -> Result<()> {
    let jobs = Jobs::up()?;
    let ids = jobs.add(&["panic:"])?;
    for (name, says) in [("first", "deliveries=1"), ("second", "deliveries=2"), ("third", "tried 3 times")] {
        let worker = jobs.worker(name, &["--visibility", "1s"])?;
        worker.says(says)?;
        ensure!(jobs.ended(&ids) == usize::from(name == "third"), "{:?}", jobs.records(&ids)?);
        worker.stop()?;
        ensure!(!jobs.consumers()?.iter().any(|consumer| consumer == name), "Redis still knows {name}");
    }
    let records = jobs.records(&ids)?;
    ensure!(records[0].is_dead() && records[0].deliveries() == 3, "{records:?}");
    ensure!(jobs.dead()?.len() == 1);
    jobs.down()
}

/// One that another worker has had before, and that waits in the pool of this one.
#[test]
fn a_job_that_is_handed_back_keeps_the_count_of_its_tries() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut ids = jobs.add(&["fib:10"])?;
    jobs.deliver_to("gone")?;
    ids.extend(jobs.add(&["spin:2000"])?);
    let worker = jobs.worker("first", &["--visibility", "1s", "--workers", "1"])?;
    worker.says("taken over")?;
    worker.stop()?;
    ensure!(jobs.ended(&ids) == 1 && jobs.pending()?.is_empty() && jobs.length()? == 1, "{:?}", jobs.records(&ids)?);
    let second = jobs.worker("second", &FLAGS)?;
    let records = jobs.ends(&ids)?;
    ensure!(records[0].is_done_with("55") && records[0].deliveries() == 2, "{records:?}");
    ensure!(records[1].deliveries() == 1, "{records:?}");
    second.stop()?;
    jobs.down()
}

/// All of these failed at a worker that tries them again in an hour: when it leaves, others must have them.
#[test]
fn a_worker_that_leaves_more_than_a_hundred_thousand_loses_none() -> Result<()> {
    const MANY: usize = 120_000;
    let jobs = Jobs::up()?;
    jobs.make_group()?;
    jobs.fill(MANY)?;
    jobs.deliver_to("first")?;
    ensure!(jobs.pending_of("first")?.len() == MANY);
    let worker = jobs.worker("first", &["--visibility", "1h"])?;
    worker.says("taking jobs")?;
    worker.stop()?;
    ensure!(jobs.pending_of("first")?.is_empty());
    let (length, pending) = (jobs.length()?, jobs.pending()?.len());
    ensure!(length as usize == MANY && pending == MANY, "of {MANY} there are {length}, and {pending} are pending");
    jobs.down()
}
