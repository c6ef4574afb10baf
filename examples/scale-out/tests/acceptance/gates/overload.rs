//! More requests than the cores can serve: those that are served are served in time, the others hear so at once.

use std::time::Duration;

use anyhow::{Result, ensure};
use hyper::Method;

use crate::kit::client::runtime;
use crate::kit::deployment::Deployment;
use crate::kit::measure::keeps_limits;
use crate::kit::traffic::Load;
use crate::load::{Plan, Summary, open_loop};

const OVERLOAD: f64 = 1.3;
const P99: Duration = Duration::from_millis(100);
/// Of the capacity.
const GOODPUT: f64 = 0.7;

/// Some milliseconds of work.
const PATH: &str = "/fib/31";
const FLAGS: [&str; 6] = ["--workers", "1", "--service-time", "5ms", "--max-wait", "50ms"];
const DURATION: Duration = Duration::from_secs(6);

/// Requests in a second, by as many connections as keep all workers busy.
fn capacity(deployment: &Deployment) -> Result<f64> {
    let load = Load::get(deployment.address, PATH, 3 * deployment.instances.len()).start();
    load.serve_another(500)?;
    Ok(load.stop()?.throughput())
}

/// In it, all that is sent is answered, by its value or by when to come again.
fn overload(deployment: &Deployment, rate: f64) -> Result<Summary> {
    let plan = Plan {
        uri: format!("http://{}{PATH}", deployment.address).parse()?,
        method: Method::GET,
        rate: rate as u32,
        duration: DURATION,
        timeout: Duration::from_secs(5),
        in_flight: 2000,
    };
    let summary = runtime()?.block_on(open_loop(plan));
    let statuses = &summary.statuses;
    ensure!(summary.unanswered() == 0 && summary.dropped == 0, "not all are answered: {:?}", summary.errors);
    ensure!(statuses.keys().all(|status| [200, 503].contains(status)), "{statuses:?}");
    ensure!(summary.without_retry_after == 0, "{} of {statuses:?} have no Retry-After", summary.without_retry_after);
    Ok(summary)
}

#[derive(Debug)]
struct Measured {
    capacity: f64,
    goodput: f64,
    served_p99: Duration,
    refused: u64,
}

#[test]
fn at_1_3_times_capacity_what_is_served_is_served_in_time() -> Result<()> {
    let measure = || {
        let deployment = Deployment::with_instances(2, &FLAGS)?;
        let capacity = capacity(&deployment)?;
        let summary = overload(&deployment, capacity * OVERLOAD)?;
        deployment.down()?;
        let (goodput, refused) = (summary.goodput(), summary.with_status(503));
        let served_p99 = Duration::from_micros(summary.served.value_at_quantile(0.99));
        Ok(Measured { capacity, goodput, served_p99, refused })
    };
    keeps_limits(measure, |it| it.refused > 0 && it.served_p99 < P99 && it.goodput >= GOODPUT * it.capacity)
}
