//! The queue's room: refused when there is none, given back by those who hang up.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::kit::client::{Unanswered, get};
use crate::kit::instances::Server;
use crate::kit::wait::until;

/// One worker and room for two. A job of `ENDLESS` outlasts each test, and so does the patience of what is queued.
const FLAGS: [&str; 8] = ["--workers", "1", "--service-time", "60s", "--max-wait", "120s", "--max-n", "60"];
const ENDLESS: &str = "/fib/60";
const QUEUED: usize = 2;

/// For an answer that comes at once; one that never comes is waited for so long.
const MOMENT: Duration = Duration::from_millis(500);

/// A job that runs, and as many behind it as there is room for.
fn fill(address: SocketAddr) -> Result<Vec<Unanswered>> {
    let mut jobs = Vec::new();
    until("the queue is full", || {
        jobs.extend(Unanswered::get(address, ENDLESS));
        jobs.last_mut().is_some_and(|job| job.is_answered_within(MOMENT).unwrap_or_default())
    })?;
    jobs.pop();
    ensure!(jobs.len() == 1 + QUEUED, "{} found room", jobs.len());
    Ok(jobs)
}

#[test]
fn a_full_queue_is_refused_at_once() -> Result<()> {
    let server = Server::start(&FLAGS)?;
    let jobs = fill(server.address)?;
    // The job that runs does not end: an answer at all is one without waiting.
    let answer = get(server.address, ENDLESS)?.with_status(503)?;
    ensure!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{answer:?}");
    ensure!(!answer.text("error")?.is_empty(), "{answer:?}");
    get(server.address, "/healthz")?.with_status(200)?;
    drop(jobs);
    Ok(())
}

#[test]
fn who_hangs_up_leaves_the_queue() -> Result<()> {
    let server = Server::start(&FLAGS)?;
    let mut jobs = fill(server.address)?;
    drop(jobs.pop());
    until("there is room for one", || {
        let mut job = Unanswered::get(server.address, ENDLESS);
        let waits = job.as_mut().is_ok_and(|job| job.is_answered_within(MOMENT).is_ok_and(|answered| !answered));
        jobs.extend(job);
        waits
    })?;
    get(server.address, ENDLESS)?.with_status(503)?;
    Ok(())
}

#[test]
fn who_hangs_up_leaves_the_worker() -> Result<()> {
    let server = Server::start(&FLAGS)?;
    let jobs = fill(server.address)?;
    drop(jobs);
    until("the worker is free", || get(server.address, "/fib/20").is_ok_and(|answer| answer.status == 200))?;
    Ok(())
}

#[test]
fn a_job_that_waits_too_long_is_refused() -> Result<()> {
    let server = Server::start(&["--workers", "1", "--service-time", "5ms", "--max-wait", "50ms", "--max-n", "60"])?;
    let _running = Unanswered::get(server.address, ENDLESS)?;
    // The first may be there before the job that runs; no other ever gets to the worker.
    until("a job is refused", || get(server.address, "/fib/1").is_ok_and(|answer| answer.status == 503))?;
    let answer = get(server.address, "/fib/1")?.with_status(503)?;
    ensure!(answer.header("retry-after") == Some("1"), "{answer:?}");
    Ok(())
}
