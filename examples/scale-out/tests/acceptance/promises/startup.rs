//! Settings that are refused before anything listens: exit code 2, and the message names what is wrong.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::kit::instances::NO_REDIS;
use crate::kit::program::{Program, scale_out};
use crate::kit::wait::until;

fn ensure_refused(command: &mut Command, named: &str) -> Result<()> {
    let mut program = Program::start(command)?;
    let status = program.end()?;
    ensure!(status.code() == Some(2), "{command:?}: {status}");
    until(&format!("{command:?} names {named}"), || program.output().contains(named))?;
    Ok(())
}

fn production() -> Command {
    scale_out(&["serve", "--production", "--redis", NO_REDIS, "--listen", "127.0.0.1:0"])
}

#[test]
fn production_without_a_secret_is_refused() -> Result<()> {
    ensure_refused(&mut production(), "SESSION_SECRET")
}

#[test]
fn production_with_a_short_secret_is_refused() -> Result<()> {
    for secret in ["", "short", &"x".repeat(31)] {
        ensure_refused(production().env("SESSION_SECRET", secret), "SESSION_SECRET")?;
    }
    Ok(())
}

#[test]
fn settings_that_make_no_sense_are_refused() -> Result<()> {
    let bad: [&[&str]; 8] = [
        &["--workers", "0"],
        &["--workers", "18446744073709551615"],
        &["--service-time", "0s"],
        &["--max-wait", "soon"],
        &["--grace", "later"],
        &["--listen", "nowhere"],
        &["--redis", "nonsense"],
        &["--max-n", "x"],
    ];
    for flags in bad {
        let mut command = scale_out(&["serve", "--redis", NO_REDIS, "--listen", "127.0.0.1:0"]);
        ensure_refused(command.args(flags), flags[0])?;
    }
    Ok(())
}

#[test]
fn as_many_sockets_as_instances_or_one_are_wanted() -> Result<()> {
    for (instances, sockets) in [("3", 2), ("3", 4), ("2", 3)] {
        let mut command = scale_out(&["supervise", "--instances", instances]);
        for _ in 0..sockets {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        ensure_refused(&mut command, "--listen")?;
    }
    ensure_refused(&mut scale_out(&["supervise", "--instances", "0", "--listen", "127.0.0.1:0"]), "--instances")
}

#[test]
fn no_error_shows_the_password_of_redis() -> Result<()> {
    for url in ["redis://:hunter2", "redis//:hunter2", "redis://:hunter2@host:99999", "http://me:x@hunter2@host"] {
        let output = scale_out(&["serve", "--listen", "127.0.0.1:0", "--redis", url]).output()?;
        let error = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(2) && error.contains("--redis"), "{}: {error}", output.status);
        ensure!(!error.contains("hunter2"), "{error}");
    }
    Ok(())
}

#[test]
fn help_names_the_paths() -> Result<()> {
    let output = scale_out(&["serve", "--help"]).output()?;
    let help = String::from_utf8(output.stdout)?;
    ensure!(help.contains("The largest N of /fib/N and /inline/N"), "{help}");
    Ok(())
}
