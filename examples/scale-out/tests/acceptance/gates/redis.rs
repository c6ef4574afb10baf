//! Redis goes and comes back. What does not need it goes on; what does says so, fast.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::kit::client::{Answer, get};
use crate::kit::deployment::{Deployment, PATIENT};
use crate::kit::measure::keeps_limits;
use crate::kit::metrics::Metrics;
use crate::kit::process::Signal;
use crate::kit::traffic::Load;
use crate::kit::visitor::Visitor;
use crate::kit::wait::until;

const READY_IN: Duration = Duration::from_secs(2);
/// Next to the time that a call to a Redis that hangs would take.
const FAST: Duration = Duration::from_millis(100);

/// Open, and three times half open and open again: by then it waits for about as long as it ever does.
const STATE_CHANGES: f64 = 7.0;

/// Visits until the instance's breaker is open, and not for the first time.
fn open_breaker(instance: SocketAddr) -> Result<()> {
    let mut visitor = Visitor::default();
    until("the breaker stays open", || {
        let visit = visitor.visit(instance);
        let changes = Metrics::of(instance).map(|metrics| metrics.sum("corepool_breaker_state_changes_total", &[]));
        visit.is_ok_and(|answer| answer.status == 503) && changes.is_ok_and(|changes| changes >= STATE_CHANGES)
    })?;
    let ready = get(instance, "/readyz")?.with_status(200)?;
    ensure!(ready.text("redis")? == "down" && ready.text("breaker")? == "open", "{ready:?}");
    Ok(())
}

fn ensure_refused(answer: &Answer) -> Result<()> {
    ensure!(answer.status == 503, "a visit without Redis: {answer:?}");
    ensure!(answer.header("retry-after").is_some(), "no Retry-After: {answer:?}");
    Ok(())
}

/// How long nine of ten visits take at most. The others may try whether Redis is back.
fn refused_after(address: SocketAddr) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..200 {
        let begin = Instant::now();
        ensure_refused(&Visitor::default().visit(address)?)?;
        times.push(begin.elapsed());
    }
    times.sort();
    Ok(times[180])
}

/// Every instance counts visits again and says that it can.
fn is_back(deployment: &Deployment) -> bool {
    deployment.instances.iter().all(|&instance| {
        let visit = Visitor::default().visit(instance);
        let ready = get(instance, "/readyz").and_then(|answer| Ok((answer.text("redis")?, answer.text("breaker")?)));
        visit.is_ok_and(|answer| answer.status == 200)
            && ready.is_ok_and(|(redis, breaker)| redis == "up" && breaker == "closed")
    })
}

type Act = fn(&Deployment) -> Result<()>;

#[derive(Debug)]
struct Outage {
    visits_refused_after_p90: Duration,
    visits_counted_again_after: Duration,
}

/// `/fib` is served all the while, and visits are counted on from where they were.
fn outage(cause: Act, mend: Act) -> Result<Outage> {
    let deployment = Deployment::up(&PATIENT)?;
    let mut visitor = Visitor::default();
    for expected in 1..=5 {
        ensure!(visitor.count(deployment.address)? == expected);
    }
    let load = Load::get(deployment.address, "/fib/20", 2).start();
    load.serve_another(50)?;
    cause(&deployment)?;
    for &instance in &deployment.instances {
        open_breaker(instance)?;
    }
    let visits_refused_after_p90 = refused_after(deployment.address)?;
    load.serve_another(50)?;
    let begin = Instant::now();
    mend(&deployment)?;
    until("every instance counts visits", || is_back(&deployment))?;
    let visits_counted_again_after = begin.elapsed();
    load.serve_another(50)?;
    load.stop()?.ensure_none_failed()?;
    for expected in 6..=10 {
        let count = visitor.count(deployment.address)?;
        ensure!(count == expected, "visit {expected} was counted as {count}");
    }
    deployment.down()?;
    Ok(Outage { visits_refused_after_p90, visits_counted_again_after })
}

fn is_short(outage: &Outage) -> bool {
    outage.visits_refused_after_p90 < FAST && outage.visits_counted_again_after < READY_IN
}

#[test]
fn redis_that_is_killed_and_started_again_has_lost_nothing() -> Result<()> {
    keeps_limits(|| outage(Deployment::kill_redis, Deployment::start_redis), is_short)
}

#[test]
fn redis_that_hangs_holds_up_nobody() -> Result<()> {
    let stop: Act = |it| it.signal("redis", Signal::STOP);
    let go_on: Act = |it| it.signal("redis", Signal::CONT);
    keeps_limits(|| outage(stop, go_on), is_short)
}
