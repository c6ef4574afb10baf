//! The pool leaves the event loop free: a cheap request does not wait for costly ones.

use std::time::Duration;

use anyhow::Result;

use crate::kit::deployment::Deployment;
use crate::kit::measure::keeps_limits;
use crate::kit::traffic::Load;

const WITH_POOL: Duration = Duration::from_millis(25);
const TIMES_WORSE: u32 = 10;

const CONNECTIONS: usize = 64;
/// Room for all connections: none is turned away, and all wait.
const FLAGS: [&str; 4] = ["--service-time", "5ms", "--max-wait", "5s"];

/// p99 of `/healthz` while all connections ask for this.
fn p99_of_healthz_beside(path: &'static str, probes: u64) -> Result<Duration> {
    let deployment = Deployment::with_instances(1, &FLAGS)?;
    let load = Load::get(deployment.address, path, CONNECTIONS).start();
    load.serve_another(2 * CONNECTIONS as u64)?;
    // Probes beside each other, as those of the bad example take so long.
    let probe = Load::get(deployment.address, "/healthz", 4).with_pause(Duration::from_millis(10)).start();
    probe.serve_another(probes)?;
    let probe = probe.stop()?;
    load.stop()?.ensure_none_failed()?;
    probe.ensure_none_failed()?;
    deployment.down()?;
    Ok(probe.latency(0.99))
}

#[derive(Debug)]
struct P99OfHealthz {
    beside_the_pool: Duration,
    beside_inline_work: Duration,
}

#[test]
fn healthz_is_fast_while_the_pool_is_full_and_slow_beside_inline_work() -> Result<()> {
    let measure = || {
        let beside_the_pool = p99_of_healthz_beside("/fib/32", 1000)?;
        let beside_inline_work = p99_of_healthz_beside("/inline/32", 100)?;
        Ok(P99OfHealthz { beside_the_pool, beside_inline_work })
    };
    keeps_limits(measure, |p99| {
        p99.beside_the_pool <= WITH_POOL && p99.beside_inline_work >= p99.beside_the_pool * TIMES_WORSE
    })
}
