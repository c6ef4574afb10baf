//! What Prometheus finds, and who else may look.

use anyhow::Result;

use crate::kit::client::get;
use crate::kit::deployment::Deployment;
use crate::kit::instances::Server;
use crate::kit::metrics::Metrics;

#[test]
fn metrics_tell_of_the_pool_the_breaker_and_the_requests() -> Result<()> {
    let server = Server::start(&["--workers", "2"])?;
    for _ in 0..3 {
        get(server.address, "/fib/10")?.with_status(200)?;
    }
    get(server.address, "/fib/x")?.with_status(400)?;
    let visits = 2;
    for _ in 0..visits {
        get(server.address, "/visit")?.with_status(503)?;
    }
    Metrics::that_tell(
        server.address,
        &[
            ("corepool_workers", &[], 2.0),
            ("corepool_jobs_total", &[r#"outcome="completed""#], 3.0),
            ("corepool_breaker_calls_total", &[r#"outcome="failure""#], visits.into()),
            ("http_requests_total", &[r#"route="/fib/{n}""#, r#"status="200""#], 3.0),
            ("http_requests_total", &[r#"route="/fib/{n}""#, r#"status="400""#], 1.0),
            ("http_requests_total", &[r#"route="/visit""#, r#"status="503""#], visits.into()),
        ],
    )?;
    Ok(())
}

#[test]
fn metrics_are_not_for_the_public() -> Result<()> {
    let deployment = Deployment::up(&[])?;
    for path in ["/metrics", "/metrics?x", "/metrics/", "//metrics", "/%6Detrics", "/fib/../metrics"] {
        get(deployment.address, path)?.with_status(404)?;
    }
    for &instance in &deployment.instances {
        get(instance, "/metrics")?.with_status(200)?;
    }
    deployment.down()
}
