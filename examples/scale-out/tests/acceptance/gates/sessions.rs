//! A visitor's session is the same at every instance, and outlives each of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::kit::deployment::{Deployment, PATIENT};
use crate::kit::instances::pid;
use crate::kit::process::{self, Signal};
use crate::kit::visitor::Visitor;
use crate::kit::wait::until;

/// The visits of one visitor, who comes again as soon as there is an answer: the count and who gave it.
type Visits = Mutex<Vec<(u64, String)>>;

fn keep_visiting(address: SocketAddr, visits: &Visits, stop: &AtomicBool) -> Result<()> {
    let mut visitor = Visitor::default();
    while !stop.load(Ordering::Relaxed) {
        let answer = visitor.visit(address)?.with_status(200)?;
        let instance = answer.header("x-instance").context("no X-Instance")?.to_owned();
        visits.lock().expect("no panic under this lock").push((answer.number("visits")?, instance));
    }
    Ok(())
}

/// Until there are so many more.
fn another(number: usize, visits: &Visits) -> Result<()> {
    let made = || visits.lock().expect("no panic under this lock").len();
    let goal = made() + number;
    until("more visits", || made() >= goal)?;
    Ok(())
}

/// Each instance, while visits go on.
fn kill_one_by_one(deployment: &Deployment, visits: &Visits) -> Result<()> {
    for (&instance, old) in deployment.instances.iter().zip(deployment.pids()?) {
        another(30, visits)?;
        process::signal(old, Signal::KILL)?;
        until("a new process answers", || pid(instance).is_some_and(|new| new != old))?;
    }
    another(30, visits)
}

#[test]
fn no_visit_is_lost_while_instances_are_killed() -> Result<()> {
    let deployment = Deployment::up(&PATIENT)?;
    let (visits, stop) = (Mutex::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        let visitor = scope.spawn(|| keep_visiting(deployment.address, &visits, &stop));
        let killed = kill_one_by_one(&deployment, &visits);
        stop.store(true, Ordering::Relaxed);
        visitor.join().expect("a visitor does not panic")?;
        killed
    })?;
    let visits = visits.into_inner()?;
    for ((count, instance), expected) in visits.iter().zip(1..) {
        ensure!(*count == expected, "visit {expected} was counted as {count} at instance {instance}");
    }
    let instances: BTreeSet<_> = visits.iter().map(|(_, instance)| instance).collect();
    ensure!(instances.len() == 3, "only {instances:?} answered {} visits", visits.len());
    deployment.down()
}
