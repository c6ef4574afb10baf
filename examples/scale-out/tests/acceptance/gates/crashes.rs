//! Instances that die, and requests that kill them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hyper::Method;
use tokio::task::JoinSet;

use crate::kit::client::{Answer, Connection, get, post, request, runtime};
use crate::kit::deployment::{Deployment, PATIENT};
use crate::kit::instances::pid;
use crate::kit::measure::note;
use crate::kit::process::{self, Signal};
use crate::kit::traffic::Load;
use crate::kit::wait::until;

const BACK_IN: Duration = Duration::from_secs(3);

#[test]
fn an_instance_that_is_killed_fails_no_get_and_is_soon_back() -> Result<()> {
    let posting = 4;
    let deployment = Deployment::up(&PATIENT)?;
    let gets = Load::get(deployment.address, "/fib/25", 4).start();
    let posts = Load::post(deployment.address, "/fib/25", posting).start();
    for (&instance, old) in deployment.instances.iter().zip(deployment.pids()?) {
        gets.serve_another(100)?;
        posts.serve_another(100)?;
        let (begin, failed) = (Instant::now(), posts.failed());
        process::signal(old, Signal::KILL)?;
        until("a new process answers", || pid(instance).is_some_and(|new| new != old))?;
        let back = begin.elapsed();
        note(&format!("an instance is back {back:?} after kill -9"));
        ensure!(back < BACK_IN, "back only after {back:?}");
        gets.serve_another(100)?;
        posts.serve_another(100)?;
        // What the instance was working on, nginx may not send again: each connection has one request there at most.
        let failed = posts.failed() - failed;
        note(&format!("{failed} of {posting} connections with POST had a failure at kill -9"));
        ensure!(failed <= posting, "{failed} requests failed, {posting} connections had one in flight each");
    }
    gets.stop()?.ensure_none_failed()?;
    let failures = posts.stop()?.failures;
    println!("{failures:#?}");
    deployment.down()
}

#[test]
fn requests_that_panic_fail_nobody_else() -> Result<()> {
    let deployment = Deployment::up(&[&PATIENT[..], &["--test-endpoints"]].concat())?;
    let pids = deployment.pids()?;
    let gets = Load::get(deployment.address, "/fib/20", 2).start();
    let posts = Load::post(deployment.address, "/fib/20", 2).start();
    gets.serve_another(50)?;
    // A proxy that knows no better sends them again, and takes the instances out, until nobody is left for the others.
    for request in [get, get, get, get, post, post] {
        let answer = request(deployment.address, "/panic")?.with_status(500)?;
        ensure!(!answer.text("error")?.is_empty(), "{answer:?}");
    }
    gets.serve_another(200)?;
    posts.serve_another(200)?;
    gets.stop()?.ensure_none_failed()?;
    posts.stop()?.ensure_none_failed()?;
    ensure!(deployment.pids()? == pids, "a panic ended a process");
    deployment.down()
}

/// A client that has sent requests before.
async fn used(address: SocketAddr) -> Result<Connection> {
    let mut connection = Connection::open(address).await?;
    for _ in 0..20 {
        connection.send(request(Method::POST, "/fib/30", &[])?).await?.with_status(200)?;
    }
    Ok(connection)
}

/// By a worker of nginx that has idle connections to all instances: what fails on one of these does not count as a try.
async fn crash(address: SocketAddr, method: Method) -> Result<Answer> {
    let mut clients: JoinSet<_> = (0..16).map(|_| used(address)).collect();
    let mut last = clients.join_next().await.context("sixteen clients")?;
    while let Some(next) = clients.join_next().await {
        last = next;
    }
    last??.send(request(method, "/crash", &[])?).await
}

/// How many die of it, out of three.
fn killed_by(method: Method) -> Result<usize> {
    let deployment = Deployment::up(&[&PATIENT[..], &["--test-endpoints"]].concat())?;
    let old = deployment.pids()?;
    let answer = runtime()?.block_on(crash(deployment.address, method))?;
    ensure!(answer.status >= 500, "{answer:?}");
    // Those that have died are started again.
    let new = deployment.pids()?;
    let died = old.iter().filter(|pid| !new.contains(pid)).count();
    for _ in 0..30 {
        get(deployment.address, "/fib/10")?.with_status(200)?;
    }
    deployment.down()?;
    Ok(died)
}

#[test]
fn a_get_that_kills_its_process_is_tried_twice_at_most() -> Result<()> {
    let died = killed_by(Method::GET)?;
    ensure!((1..=2).contains(&died), "{died} of 3 died");
    Ok(())
}

#[test]
fn a_post_that_kills_its_process_is_not_sent_again() -> Result<()> {
    let died = killed_by(Method::POST)?;
    ensure!(died == 1, "{died} of 3 died");
    Ok(())
}
