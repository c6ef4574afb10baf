//! The queue's room: refused when there is none, given back by those who hang up.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use crate::kit::client::{Unanswered, get};
use crate::kit::instances::Server;
use crate::kit::metrics::Metrics;
use crate::kit::wait::until;

/// One worker and room for two. A job of `ENDLESS` outlasts each test, and so does the patience of what is queued.
const FLAGS: [&str; 8] = ["--workers", "1", "--service-time", "60s", "--max-wait", "120s", "--max-n", "60"];
const ENDLESS: &str = "/fib/60";

/// Sends one more, until the pool has it.
fn send(address: SocketAddr, running: u32, queued: u32) -> Result<Unanswered> {
    let job = Unanswered::get(address, ENDLESS)?;
    wait_for(address, running, queued)?;
    Ok(job)
}

fn wait_for(address: SocketAddr, running: u32, queued: u32) -> Result<()> {
    until(&format!("{running} run and {queued} are queued"), || {
        Metrics::of(address).is_ok_and(|metrics| metrics.has_jobs(running, queued))
    })?;
    Ok(())
}

/// A job that runs, and two behind it.
fn fill(address: SocketAddr) -> Result<[Unanswered; 3]> {
    Ok([send(address, 1, 0)?, send(address, 1, 1)?, send(address, 1, 2)?])
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
    let [_running, _first, last] = fill(server.address)?;
    drop(last);
    wait_for(server.address, 1, 1)?;
    let _another = send(server.address, 1, 2)?;
    get(server.address, ENDLESS)?.with_status(503)?;
    Ok(())
}

#[test]
fn who_hangs_up_leaves_the_worker() -> Result<()> {
    let server = Server::start(&FLAGS)?;
    drop(fill(server.address)?);
    // It would be refused, or wait for ever, otherwise.
    until("a job runs to its end", || get(server.address, "/fib/20").is_ok_and(|answer| answer.status == 200))?;
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
