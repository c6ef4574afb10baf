//! What `worker` and `enqueue` are told and cannot do: exit code 2, before anything is taken or added, and the message names it.

use anyhow::{Result, ensure};

use crate::kit::instances::NO_REDIS;
use crate::kit::jobs::Jobs;
use crate::kit::program::{Program, scale_out};
use crate::kit::wait::until;

fn ensure_refused(arguments: &[&str], named: &str) -> Result<()> {
    let mut program = Program::start(&mut scale_out(arguments))?;
    let status = program.end()?;
    ensure!(status.code() == Some(2), "{arguments:?}: {status}");
    until(&format!("{arguments:?} names {named}"), || program.output().contains(named))?;
    Ok(())
}

#[test]
fn a_worker_refuses_settings_that_make_no_sense() -> Result<()> {
    let bad = [
        ["--workers", "0"],
        ["--ahead", "0"],
        ["--deliveries", "0"],
        ["--visibility", "0s"],
        ["--visibility", "1ns"],
        ["--visibility", "99ms"],
        ["--visibility", "soon"],
        ["--keep", "0s"],
        ["--keep", "999ms"],
        ["--drain-timeout", "0s"],
        ["--max-n", "94"],
        ["--files", "/no/such/folder"],
        ["--metrics", "nowhere"],
    ];
    for [flag, value] in bad {
        ensure_refused(&["worker", "--redis", NO_REDIS, flag, value], flag)?;
    }
    ensure_refused(&["worker", "--redis", "nonsense"], "--redis")
}

#[test]
fn enqueue_refuses_what_is_no_job_before_it_adds_any() -> Result<()> {
    let jobs = Jobs::up()?;
    let redis = jobs.redis.url.as_str();
    let bad: [(&[&str], &str); 7] = [
        (&[], "KIND:INPUT"),
        (&["fib:1", "fib"], "'fib' is no job"),
        (&["fib:1", ":30"], "':30' is no job"),
        (&["fib:1", ""], "'' is no job"),
        (&["fib:1", "--file", "/no/such/file"], "/no/such/file"),
        (&["fib:1", "--most", "many"], "--most"),
        (&["fib:1", "--patience", "0s"], "--patience"),
    ];
    for (arguments, named) in bad {
        ensure_refused(&[&["enqueue", "--redis", redis], arguments].concat(), named)?;
    }
    ensure!(jobs.length()? == 0);
    ensure_refused(&["enqueue", "--redis", "nonsense", "fib:1"], "--redis")?;
    jobs.down()
}

/// Far more than Redis can count.
#[test]
fn times_of_any_length_are_kept_to() -> Result<()> {
    let jobs = Jobs::up()?;
    let long = ["--keep", "10000000000years", "--visibility", "10000000000years", "--deliveries", "1"];
    let worker = jobs.worker("first", &long)?;
    let records = jobs.ends(&jobs.add(&["fib:10", "fib:x", "panic:"])?)?;
    ensure!(records[0].is_done_with("55") && records[1].is_dead() && records[2].is_dead(), "{records:?}");
    ensure!(jobs.length()? == 0 && jobs.dead()?.len() == 2, "{:?}", jobs.reasons()?);
    worker.stop()?;
    jobs.down()
}
