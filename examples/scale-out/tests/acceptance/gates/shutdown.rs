//! SIGTERM: an instance finishes what it has, tells its clients to go, and ends.

use anyhow::{Result, bail, ensure};
use hyper::Method;

use crate::kit::client::{Connection, get, get_later, request, runtime};
use crate::kit::deployment::{Deployment, PATIENT};
use crate::kit::instances::{Server, Supervisor, pid, pids};
use crate::kit::metrics::Metrics;
use crate::kit::process::{self, Signal};
use crate::kit::program::BINARY;
use crate::kit::traffic::Load;
use crate::kit::wait::until;

/// So much work that a test is over before.
const ENDLESS: [&str; 2] = ["--max-n", "60"];

#[test]
fn an_instance_that_is_terminated_fails_no_request() -> Result<()> {
    let deployment = Deployment::up(&PATIENT)?;
    let gets = Load::get(deployment.address, "/fib/25", 4).start();
    let posts = Load::post(deployment.address, "/fib/25", 4).start();
    for (&instance, old) in deployment.instances.iter().zip(deployment.pids()?) {
        gets.serve_another(100)?;
        posts.serve_another(100)?;
        process::signal(old, Signal::TERM)?;
        until("the old process has ended", || !process::runs(old))?;
        until("a new process answers", || pid(instance).is_some_and(|new| new != old))?;
    }
    gets.serve_another(100)?;
    posts.serve_another(100)?;
    gets.stop()?.ensure_none_failed()?;
    posts.stop()?.ensure_none_failed()?;
    deployment.down()
}

/// SIGTERM, and what is seen at once.
fn start_to_drain(server: &Server) -> Result<()> {
    server.program.signal(Signal::TERM)?;
    until("it is not ready", || get(server.address, "/readyz").is_ok_and(|answer| answer.status == 503))?;
    Ok(())
}

#[test]
fn a_server_that_drains_finishes_its_work_and_tells_its_clients_to_go() -> Result<()> {
    let mut server = Server::start(&["--workers", "1", "--max-wait", "20s", "--grace", "1s"])?;
    let address = server.address;
    // One that runs and one that waits for it.
    let works = [get_later(address, "/fib/40"), get_later(address, "/fib/40")];
    until("both are in the pool", || Metrics::of(address).is_ok_and(|metrics| metrics.has_jobs(1, 1)))?;
    let runtime = runtime()?;
    let mut kept = runtime.block_on(Connection::open(address))?;
    let mut ask = || runtime.block_on(kept.send(request(Method::GET, "/healthz", &[])?));
    let before = ask()?;
    ensure!(before.header("connection") != Some("close"), "{before:?}");
    start_to_drain(&server)?;
    let after = ask()?;
    ensure!(after.status == 200 && after.header("connection") == Some("close"), "{after:?}");
    let ready = get(address, "/readyz")?;
    ensure!(ready.json()?["draining"] == true, "{ready:?}");
    for work in works {
        let answer = work.join().expect("a request does not panic")?.with_status(200)?;
        ensure!(answer.number("value")? == 102_334_155, "{answer:?}");
    }
    let status = server.program.end()?;
    ensure!(status.code() == Some(0), "{status}");
    Ok(())
}

/// What the signal finds, the supervisor hears of, and must not cut off.
#[test]
fn work_at_an_instance_that_is_terminated_is_finished() -> Result<()> {
    let supervisor = Supervisor::start(BINARY, 1, &["--grace", "10ms"])?;
    let instance = supervisor.instances[0];
    let [old] = pids(&supervisor.instances)?[..] else { bail!("one instance") };
    let work = get_later(instance, "/fib/40");
    until("the work runs", || Metrics::of(instance).is_ok_and(|metrics| metrics.is_busy()))?;
    process::signal(old, Signal::TERM)?;
    work.join().expect("a request does not panic")?.with_status(200)?;
    until("a new process answers", || pid(instance).is_some_and(|new| new != old))?;
    Ok(())
}

fn ends_at_the_second(signal: Signal, code: i32) -> Result<()> {
    let mut server = Server::start(&ENDLESS)?;
    let work = get_later(server.address, "/fib/60");
    start_to_drain(&server)?;
    ensure!(server.program.runs(), "it ended at the first {signal:?}");
    server.program.signal(signal)?;
    let status = server.program.end()?;
    ensure!(status.code() == Some(code), "after a second {signal:?}: {status}");
    ensure!(work.join().expect("a request does not panic").is_err(), "work for hours has an answer");
    Ok(())
}

#[test]
fn a_second_sigterm_ends_a_server_at_once() -> Result<()> {
    ends_at_the_second(Signal::TERM, 143)
}

#[test]
fn a_second_sigint_ends_a_server_at_once() -> Result<()> {
    ends_at_the_second(Signal::INT, 130)
}
