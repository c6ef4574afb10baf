//! What the supervisor starts, restarts and ends.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::kit::client::get_later;
use crate::kit::files::Folder;
use crate::kit::instances::{Supervisor, address_of_instance, pid, pids};
use crate::kit::metrics::Metrics;
use crate::kit::process::{self, Signal, children};
use crate::kit::program::{BINARY, Program, scale_out};
use crate::kit::upgrade::Installed;
use crate::kit::wait::until;

fn are_gone(pids: &[u32]) -> bool {
    pids.iter().all(|&pid| !process::runs(pid))
}

#[test]
fn instances_can_share_one_socket() -> Result<()> {
    let mut command = scale_out(&["supervise", "--instances", "3", "--listen", "127.0.0.1:0"]);
    let program = Program::start(&mut command)?;
    let mut address = None;
    until("it says where it listens", || {
        address = program.output().lines().find_map(address_of_instance);
        address.is_some()
    })?;
    let address = address.context("an address")?;
    let mut seen = BTreeSet::new();
    until("all instances have answered", || {
        seen.extend(pid(address));
        seen.len() == 3
    })?;
    ensure!(children(program.pid()).len() == 3);
    Ok(())
}

#[test]
fn sigterm_ends_all_instances_and_then_the_supervisor() -> Result<()> {
    let temporary = Folder::new()?;
    let environment = [("TMPDIR", temporary.path().as_os_str())];
    let mut supervisor = Supervisor::start_with(BINARY, 2, &["--grace", "10ms"], &environment)?;
    let instances = pids(&supervisor.instances)?;
    let work = get_later(supervisor.instances[0], "/fib/40");
    until("the work runs", || is_busy(supervisor.instances[0]))?;
    supervisor.program.signal(Signal::TERM)?;
    let status = supervisor.program.end()?;
    ensure!(status.code() == Some(0), "{status}");
    ensure!(are_gone(&instances), "an instance outlives its supervisor");
    work.join().expect("a request does not panic")?.with_status(200)?;
    let left: Vec<_> = fs::read_dir(temporary.path())?.collect();
    ensure!(left.is_empty(), "it has left {left:?}");
    temporary.remove()
}

fn is_busy(instance: SocketAddr) -> bool {
    Metrics::of(instance).is_ok_and(|metrics| metrics.is_busy())
}

#[test]
fn ctrl_c_ends_all_and_cuts_nothing_off() -> Result<()> {
    let mut supervisor = Supervisor::start(BINARY, 2, &["--grace", "10ms"])?;
    let instances = pids(&supervisor.instances)?;
    let work = get_later(supervisor.instances[0], "/fib/40");
    until("the work runs", || is_busy(supervisor.instances[0]))?;
    // A terminal sends it to the supervisor and to its instances.
    supervisor.program.signal_all(Signal::INT)?;
    let status = supervisor.program.end()?;
    ensure!(status.code() == Some(0), "{status}");
    ensure!(are_gone(&instances), "an instance outlives its supervisor");
    work.join().expect("a request does not panic")?.with_status(200)?;
    Ok(())
}

/// As systemd does to all processes of a service.
#[test]
fn sigterm_to_all_processes_at_once_cuts_nothing_off() -> Result<()> {
    let mut supervisor = Supervisor::start(BINARY, 3, &["--grace", "10ms", "--max-wait", "20s"])?;
    let instances = pids(&supervisor.instances)?;
    let works: Vec<_> = supervisor.instances.iter().map(|&instance| get_later(instance, "/fib/40")).collect();
    until("all work runs", || supervisor.instances.iter().all(|&instance| is_busy(instance)))?;
    for &pid in [supervisor.program.pid()].iter().chain(&instances) {
        process::signal(pid, Signal::TERM)?;
    }
    let status = supervisor.program.end()?;
    ensure!(status.code() == Some(0), "{status}");
    ensure!(are_gone(&instances), "an instance outlives its supervisor");
    for work in works {
        work.join().expect("a request does not panic")?.with_status(200)?;
    }
    Ok(())
}

#[test]
fn a_second_sigterm_ends_supervisor_and_instances_at_once() -> Result<()> {
    let mut supervisor = Supervisor::start(BINARY, 2, &["--max-n", "60"])?;
    let instances = pids(&supervisor.instances)?;
    let work = get_later(supervisor.instances[0], "/fib/60");
    until("the work runs", || is_busy(supervisor.instances[0]))?;
    supervisor.program.signal(Signal::TERM)?;
    until("the other instance has drained", || !process::runs(instances[1]))?;
    ensure!(supervisor.program.runs(), "it ended at the first signal, with work under way");
    supervisor.program.signal(Signal::TERM)?;
    supervisor.program.end()?;
    until("no instance is left", || are_gone(&instances))?;
    ensure!(work.join().expect("a request does not panic").is_err(), "work for hours has an answer");
    Ok(())
}

#[test]
fn instances_finish_their_work_and_end_if_the_supervisor_is_killed() -> Result<()> {
    let supervisor = Supervisor::start(BINARY, 2, &["--grace", "10ms"])?;
    let instances = pids(&supervisor.instances)?;
    let work = get_later(supervisor.instances[0], "/fib/40");
    until("the work runs", || is_busy(supervisor.instances[0]))?;
    supervisor.program.signal(Signal::KILL)?;
    until("all instances end", || are_gone(&instances))?;
    work.join().expect("a request does not panic")?.with_status(200)?;
    Ok(())
}

#[test]
fn a_supervisor_that_is_stopped_starts_nothing_again() -> Result<()> {
    let folder = Folder::new()?;
    let installed = Installed::in_folder(&folder)?;
    let mut supervisor = Supervisor::start(installed.path(), 2, &["--max-n", "60"])?;
    let instances = pids(&supervisor.instances)?;
    let _work = get_later(supervisor.instances[0], "/fib/60");
    until("the work runs", || is_busy(supervisor.instances[0]))?;
    let starts = installed.replace("exit 1")?;
    supervisor.program.signal(Signal::TERM)?;
    until("the other instance has drained", || !process::runs(instances[1]))?;
    process::signal(instances[0], Signal::KILL)?;
    supervisor.program.end()?;
    ensure!(!starts.exists(), "started again: {}", fs::read_to_string(&starts)?);
    folder.remove()
}

#[test]
fn what_dies_at_once_is_restarted_ever_more_slowly() -> Result<()> {
    let folder = Folder::new()?;
    let installed = Installed::in_folder(&folder)?;
    let supervisor = Supervisor::start(installed.path(), 1, &[])?;
    let instance = pids(&supervisor.instances)?[0];
    let starts = installed.replace("exit 1")?;
    let begin = Instant::now();
    process::signal(instance, Signal::KILL)?;
    let times = || -> Vec<u64> {
        let text = fs::read_to_string(&starts).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    };
    until("it was started four times", || times().len() >= 4)?;
    ensure!(begin.elapsed() > Duration::from_millis(500), "four starts in {:?}", begin.elapsed());
    let times = times();
    let (first, last) = (times[1] - times[0], times[3] - times[2]);
    ensure!(last > first, "it does not slow down: {times:?} ns");
    // And it comes up again once it can.
    installed.restore()?;
    pids(&supervisor.instances)?;
    drop(supervisor);
    folder.remove()
}
