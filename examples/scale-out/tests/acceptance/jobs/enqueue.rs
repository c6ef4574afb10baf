//! `enqueue`: where its jobs come from, what it waits for, and how it ends.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::kit::instances::NO_REDIS;
use crate::kit::jobs::Jobs;
use crate::kit::process::Signal;
use crate::kit::program::{Program, scale_out};
use crate::kit::wait::until;

fn lines(output: &Output) -> Result<Vec<String>> {
    Ok(String::from_utf8(output.stdout.clone())?.lines().map(str::to_owned).collect())
}

fn with_input(command: &mut Command, input: &[u8]) -> Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("a pipe was asked for")?.write_all(input)?;
    Ok(child.wait_with_output()?)
}

#[test]
fn jobs_come_from_arguments_a_file_and_standard_input() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &[])?;
    let file = jobs.redis.folder.join("some jobs");
    fs::write(&file, "\nfib:11\r\n\n  fib:12  \nchecksum:a:b\nfib:13")?;
    let both = jobs.enqueuer(&["fib:10", " fib:20", "--file"]).arg(&file).output()?;
    ensure!(both.status.success(), "{both:?}");
    let ids = lines(&both)?;
    let records = jobs.ends(&ids)?;
    let values: Vec<_> = records.iter().map(|record| record.field("value")).collect();
    ensure!(values == ["55", "6765", "89", "144", "", "233"], "{records:?}");
    let piped = with_input(&mut jobs.enqueuer(&["--file", "-"]), b"fib:9\nfib:8\n")?;
    ensure!(piped.status.success(), "{piped:?}");
    let records = jobs.ends(&lines(&piped)?)?;
    ensure!(records[0].is_done_with("34") && records[1].is_done_with("21"), "{records:?}");
    worker.stop()?;
    jobs.down()
}

#[test]
fn wait_prints_each_end_in_order_and_fails_if_one_is_dead() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &["--workers", "2"])?;
    let well = jobs.enqueuer(&["--wait", "spin:400", "fib:10", "fib:11"]).output()?;
    ensure!(well.status.code() == Some(0), "{well:?}");
    let [spin, ten, eleven] = &lines(&well)?[..] else { anyhow::bail!("three lines: {well:?}") };
    for (line, end) in [(spin, "\tdone\t"), (ten, "\tdone\t55"), (eleven, "\tdone\t89")] {
        ensure!(line.len() == 32 + end.len() && line.ends_with(end), "{line} and {end}");
    }
    let dead = jobs.enqueuer(&["--wait", "fib:x", "spin:300", "no\nne:\t1", "fib:10"]).output()?;
    ensure!(dead.status.code() == Some(1), "{dead:?}");
    let ends: Vec<_> =
        lines(&dead)?.iter().map(|line| line.splitn(3, '\t').skip(1).collect::<Vec<_>>().join(" ")).collect();
    ensure!(ends.len() == 4 && ends[0].starts_with("dead the input of fib is 'x'"), "{dead:?}");
    ensure!(ends[1] == "done " && ends[2].starts_with("dead there is no kind") && ends[3] == "done 55", "{dead:?}");
    ensure!(String::from_utf8_lossy(&dead.stderr).contains("2 of 4 jobs are dead letters"), "{dead:?}");
    for output in [&well, &dead] {
        let all = [&output.stdout[..], &output.stderr].concat();
        ensure!(!all.iter().any(|byte| b"\x1b\r".contains(byte)), "not plain in a pipe: {output:?}");
    }
    worker.stop()?;
    jobs.down()
}

#[test]
fn a_full_queue_is_waited_for() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut enqueue =
        Program::start(&mut jobs.enqueuer(&["--most", "3", "fib:1", "fib:2", "fib:3", "fib:4", "fib:5", "fib:6"]))?;
    until("it says that it waits", || enqueue.output().contains("the queue is full"))?;
    ensure!(enqueue.runs() && jobs.length()? == 3);
    let worker = jobs.worker("first", &[])?;
    let status = enqueue.end()?;
    ensure!(status.code() == Some(0), "{status}");
    until("all are done", || jobs.length().is_ok_and(|length| length == 0))?;
    worker.tells(&[("jobs_delivered_total", &[], 6.0)])?;
    worker.stop()?;
    jobs.down()
}

/// Whatever it waits for.
#[test]
fn ctrl_c_and_sigterm_end_it_at_once() -> Result<()> {
    let jobs = Jobs::up()?;
    let cases: [(&[&str], &str); 4] = [
        (&["--most", "1", "fib:1", "fib:2"], "the queue is full"),
        (&["--wait", "fib:1", "--most", "100"], ""),
        (&["--file", "-", "--most", "100"], ""),
        (&["--redis", NO_REDIS, "fib:1"], "trying again"),
    ];
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for (arguments, says) in cases {
            let mut command = scale_out(&["enqueue"]);
            if !arguments.contains(&"--redis") {
                command.args(["--redis", &jobs.redis.url]);
            }
            let before = jobs.length()?;
            // Kept open, with nothing in it.
            let mut enqueue = Program::start(command.args(arguments).stdin(Stdio::piped()))?;
            until("it waits", || match says {
                "" if arguments[0] == "--wait" => jobs.length().is_ok_and(|length| length > before),
                _ => enqueue.output().contains(says) && has_started(enqueue.pid()),
            })?;
            enqueue.signal(signal)?;
            let status = enqueue.end()?;
            ensure!(status.code() == Some(code), "{arguments:?} {signal:?}: {status}");
        }
    }
    jobs.down()
}

/// It listens for signals, then: the kernel knows of its handler of SIGINT.
fn has_started(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = |signal: Signal| mask & (1 << (signal.as_raw() - 1)) != 0;
    bit(Signal::INT) && bit(Signal::TERM)
}

#[test]
fn a_redis_that_is_down_is_waited_for_and_then_given_up() -> Result<()> {
    let begin = Instant::now();
    let output = scale_out(&["enqueue", "--redis", NO_REDIS, "--patience", "700ms", "fib:1"]).output()?;
    let took = begin.elapsed();
    ensure!(output.status.code() == Some(1), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(error.contains("0 jobs were added, and no more: Redis has not answered for 700ms"), "{error}");
    ensure!(took >= Duration::from_millis(700) && took < Duration::from_secs(10), "{took:?}");
    Ok(())
}

#[test]
fn a_redis_that_comes_back_in_time_gets_the_rest() -> Result<()> {
    let mut jobs = Jobs::up()?;
    jobs.redis.kill()?;
    let mut enqueue = Program::start(&mut jobs.enqueuer(&["fib:1", "fib:2"]))?;
    until("it tries", || enqueue.output().contains("trying again"))?;
    jobs.redis.go_on()?;
    ensure!(enqueue.end()?.code() == Some(0));
    ensure!(jobs.length()? == 2);
    jobs.down()
}

#[test]
fn waiting_goes_on_when_redis_has_been_away() -> Result<()> {
    let mut jobs = Jobs::that_survive_kills()?;
    let mut enqueue = Program::start(&mut jobs.enqueuer(&["--wait", "fib:10"]))?;
    until("it is added", || jobs.length().is_ok_and(|length| length == 1))?;
    jobs.redis.kill()?;
    until("it notices", || enqueue.output().contains("trying again"))?;
    jobs.redis.go_on()?;
    let worker = jobs.worker("first", &[])?;
    ensure!(enqueue.end()?.code() == Some(0));
    until("it says the result", || enqueue.output().contains("\tdone\t55"))?;
    worker.stop()?;
    jobs.down()
}

#[test]
fn a_job_whose_record_is_gone_is_said_to_be() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut enqueue = Program::start(&mut jobs.enqueuer(&["--wait", "fib:10"]))?;
    until("it is added", || jobs.length().is_ok_and(|length| length == 1))?;
    jobs.redis.ask::<()>(&redis::cmd("FLUSHALL"))?;
    ensure!(enqueue.end()?.code() == Some(1));
    until("it says so", || enqueue.output().contains("\tdead\tits record is gone"))?;
    jobs.down()
}

#[test]
fn a_line_that_is_no_job_is_named_and_what_was_added_is_said() -> Result<()> {
    let jobs = Jobs::up()?;
    let output = with_input(&mut jobs.enqueuer(&["--file", "-"]), b"fib:1\n\nfib\nfib:2\n")?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    ensure!(lines(&output)?.len() == 1 && jobs.length()? == 1, "{output:?}");
    ensure!(String::from_utf8_lossy(&output.stderr).contains("line 3: 'fib' is no job"), "{output:?}");
    let binary = with_input(&mut jobs.enqueuer(&["--file", "-"]), b"fib:1\n\xff:1\n")?;
    ensure!(binary.status.code() == Some(2), "{binary:?}");
    ensure!(String::from_utf8_lossy(&binary.stderr).contains("line 2"), "{binary:?}");
    jobs.down()
}
