//! Rolling restarts: a new version comes up under load, and nobody sees it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::kit::deployment::{Deployment, PATIENT};
use crate::kit::instances::pid;
use crate::kit::process::{self, Signal};
use crate::kit::traffic::Load;
use crate::kit::wait::until;

#[test]
fn two_rolling_restarts_fail_no_request() -> Result<()> {
    let deployment = Deployment::up(&PATIENT)?;
    let gets = Load::get(deployment.address, "/fib/25", 4).start();
    let posts = Load::post(deployment.address, "/fib/25", 4).start();
    let mut all = BTreeSet::from_iter(deployment.pids()?);
    for restart in 1..=2 {
        gets.serve_another(100)?;
        posts.serve_another(100)?;
        let old = deployment.pids()?;
        deployment.signal("supervise", Signal::HUP)?;
        for (&instance, &old) in deployment.instances.iter().zip(&old) {
            until("a new process answers", || pid(instance).is_some_and(|new| new != old))?;
            until("the old process has ended", || !process::runs(old))?;
        }
        all.extend(deployment.pids()?);
        ensure!(all.len() == 3 * (restart + 1), "not all processes are new: {old:?}, then {:?}", deployment.pids()?);
    }
    gets.serve_another(100)?;
    posts.serve_another(100)?;
    for report in [gets.stop()?, posts.stop()?] {
        report.ensure_none_failed()?;
        ensure!(report.instances.len() == 3, "not all instances answered: {:?}", report.instances);
    }
    deployment.down()
}
