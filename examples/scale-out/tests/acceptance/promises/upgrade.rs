//! A rolling restart takes the program that is installed then, if it comes up.

use std::fs;

use anyhow::{Result, ensure};

use crate::kit::client::get;
use crate::kit::files::Folder;
use crate::kit::instances::{Supervisor, pids};
use crate::kit::process::Signal;
use crate::kit::program::BINARY;
use crate::kit::traffic::Load;
use crate::kit::upgrade::Installed;
use crate::kit::wait::until;

#[test]
fn sighup_starts_the_version_that_is_installed_now() -> Result<()> {
    let folder = Folder::new()?;
    let installed = Installed::in_folder(&folder)?;
    let supervisor = Supervisor::start(installed.path(), 2, &[])?;
    pids(&supervisor.instances)?;
    installed.replace(&format!(r#"exec '{BINARY}' "$@" --max-n 5"#))?;
    supervisor.program.signal(Signal::HUP)?;
    for &instance in &supervisor.instances {
        until("the new version answers", || get(instance, "/fib/6").is_ok_and(|answer| answer.status == 400))?;
    }
    drop(supervisor);
    folder.remove()
}

#[test]
fn a_new_version_that_does_not_start_leaves_the_old_ones_serving() -> Result<()> {
    let folder = Folder::new()?;
    let installed = Installed::in_folder(&folder)?;
    let supervisor = Supervisor::start(installed.path(), 2, &[])?;
    let old = pids(&supervisor.instances)?;
    let loads = supervisor.instances.iter().map(|&instance| Load::get(instance, "/fib/20", 2).start());
    let loads: Vec<_> = loads.collect();
    let starts = installed.replace("exit 1")?;
    supervisor.program.signal(Signal::HUP)?;
    until("the new version was tried", || starts.exists())?;
    // By a second try, the supervisor is through with the first.
    fs::remove_file(&starts)?;
    supervisor.program.signal(Signal::HUP)?;
    until("the new version was tried again", || starts.exists())?;
    for load in &loads {
        load.serve_another(200)?;
    }
    let now = pids(&supervisor.instances)?;
    ensure!(now == old, "{old:?} served, then {now:?}");
    for load in loads {
        load.stop()?.ensure_none_failed()?;
    }
    // With a version that starts, all is well again.
    installed.restore()?;
    supervisor.program.signal(Signal::HUP)?;
    until("new processes answer", || {
        pids(&supervisor.instances).is_ok_and(|new| new.iter().zip(&old).all(|(new, old)| new != old))
    })?;
    drop(supervisor);
    folder.remove()
}
