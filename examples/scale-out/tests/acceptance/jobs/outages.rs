//! Redis goes and comes back, with or without what it had: what was acknowledged is done once, and workers go on.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use redis::cmd;

use crate::kit::client::post_json;
use crate::kit::instances::Server;
use crate::kit::jobs::Jobs;
use crate::kit::program::{Program, scale_out};
use crate::kit::wait::until;
use crate::kit::worker::Worker;

const FLAGS: [&str; 6] = ["--visibility", "10s", "--workers", "1", "--ahead", "8"];
/// How many jobs each producer wants acknowledged.
const EACH: usize = 1500;

/// Posts jobs with ids of its own until so many are accepted. Each one that is not, or of which nobody knows, it sends again.
fn keep_posting(address: SocketAddr, accepted: &Mutex<Vec<String>>, give_up: &AtomicBool) -> Result<()> {
    for n in 0..EACH {
        let id = format!("posted-{n}");
        let body = format!(r#"{{"id": "{id}", "kind": "fib", "input": "10"}}"#);
        loop {
            ensure!(!give_up.load(Ordering::Relaxed), "the test has failed");
            if post_json(address, "/jobs", &body).is_ok_and(|answer| answer.status == 202) {
                break;
            }
        }
        accepted.lock().expect("no panic under this lock").push(id);
    }
    Ok(())
}

/// Kills Redis twice while jobs are added, and waits until the producers have what they want. The ids that were acknowledged.
fn killed_twice(jobs: &mut Jobs, enqueue: &mut Program, server: &Server) -> Result<Vec<String>> {
    let (accepted, give_up) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let added = |enqueue: &Program| enqueue.output().lines().filter(|line| is_id(line)).count();
    let posted = || accepted.lock().expect("no panic under this lock").len();
    thread::scope(|scope| {
        let posting = scope.spawn(|| keep_posting(server.address, &accepted, &give_up));
        let mut kill_twice = || {
            for goal in [EACH / 4, EACH / 2] {
                until("both producers have added more", || posted() >= goal && added(enqueue) >= goal)?;
                jobs.redis.kill()?;
                jobs.redis.go_on()?;
            }
            Ok(())
        };
        let killed: Result<()> = kill_twice();
        give_up.store(killed.is_err(), Ordering::Relaxed);
        posting.join().expect("it does not panic").and(killed)
    })?;
    let status = enqueue.end()?;
    ensure!(status.code() == Some(0), "enqueue: {status}");
    until("all its output is here", || added(enqueue) == EACH)?;
    let mut ids: Vec<_> = enqueue.output().lines().filter(|line| is_id(line)).map(str::to_owned).collect();
    ids.extend(accepted.into_inner()?);
    Ok(ids)
}

/// Unlike a line of the log.
fn is_id(line: &str) -> bool {
    line.len() == 32 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn every_job_that_was_acknowledged_has_one_result_though_redis_was_killed() -> Result<()> {
    let mut jobs = Jobs::that_survive_kills()?;
    let workers = [jobs.worker("first", &FLAGS)?, jobs.worker("second", &FLAGS)?];
    let server = Server::start(&["--redis", &jobs.redis.url])?;
    let mut command = jobs.enqueuer(&["--file", "-"]);
    let file = jobs.redis.folder.join("jobs");
    std::fs::write(&file, "fib:10\n".repeat(EACH))?;
    let mut enqueue = Program::start(command.stdin(Stdio::from(std::fs::File::open(file)?)))?;
    let ids = killed_twice(&mut jobs, &mut enqueue, &server)?;
    ensure!(ids.len() == 2 * EACH, "{} were acknowledged", ids.len());

    let records = jobs.ends(&ids)?;
    let wrong: Vec<_> = records.iter().filter(|record| !record.is_done_with("55")).collect();
    ensure!(wrong.is_empty(), "{wrong:#?}");
    until("nothing is left", || jobs.length().is_ok_and(|length| length == 0))?;
    until("they have counted them all", || {
        let finished = |worker: &Worker| worker.metrics().map_or(0.0, |told| told.sum("jobs_finished_total", &[]));
        workers.iter().map(finished).sum::<f64>() >= ids.len() as f64
    })?;
    workers.into_iter().try_for_each(Worker::stop)?;
    ensure!(jobs.dead()?.is_empty());
    jobs.down()
}

#[test]
fn a_worker_that_loses_its_connections_goes_on() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &FLAGS)?;
    for _ in 0..5 {
        jobs.redis.ask::<u64>(cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal"))?;
        let records = jobs.ends(&jobs.add(&["fib:10"; 20])?)?;
        ensure!(records.iter().all(|record| record.is_done_with("55")), "{records:#?}");
    }
    worker.stop()?;
    jobs.down()
}

#[test]
fn a_redis_whose_data_is_gone_is_used_anew() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &FLAGS)?;
    let lost = jobs.add(&["spin:500", "spin:1", "spin:1"])?;
    until("it has them", || jobs.pending().is_ok_and(|pending| pending.len() == 3))?;
    jobs.redis.ask::<()>(&cmd("FLUSHALL"))?;
    let ids = jobs.add(&["fib:10"; 20])?;
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.is_done_with("55")), "{records:#?}");
    ensure!(jobs.records(&lost)?.iter().all(|record| !record.is_dead()), "{:?}", jobs.records(&lost)?);
    worker.stop()?;
    ensure!(jobs.pending()?.is_empty() && jobs.dead()?.is_empty());
    jobs.down()
}

/// There is no group any more to hand them back to, and no worker that would make one.
#[test]
fn a_full_worker_can_leave_a_redis_whose_data_is_gone() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &["--visibility", "10s", "--workers", "1", "--ahead", "1"])?;
    jobs.add(&["spin:3000", "spin:1"])?;
    until("its hands are full", || jobs.pending().is_ok_and(|pending| pending.len() == 2))?;
    jobs.redis.ask::<()>(&cmd("FLUSHALL"))?;
    worker.stop()?;
    jobs.down()
}

/// Producers are refused, and the workers make room.
#[test]
fn a_queue_that_fills_all_of_redis_is_worked_off() -> Result<()> {
    let jobs = Jobs::up()?;
    let wanted: Vec<_> = (0..40).map(|n| if n == 20 { "panic:" } else { "fib:10" }).collect();
    let ids = jobs.add(&wanted)?;
    jobs.redis.ask::<()>(cmd("CONFIG").arg("SET").arg("maxmemory").arg(1))?;
    let refused = jobs.enqueuer(&["--patience", "100ms", "fib:1"]).output()?;
    ensure!(refused.status.code() == Some(1), "{refused:?}");
    let worker = jobs.worker("first", &["--visibility", "1s", "--workers", "1", "--ahead", "8"])?;
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().filter(|record| record.is_done_with("55")).count() == 39, "{records:#?}");
    ensure!(records[20].is_dead(), "{:?}", records[20]);
    worker.stop()?;
    ensure!(jobs.length()? == 0);
    jobs.down()
}

const PASSWORD: &str = "s3cret-of-redis";

#[test]
fn a_password_opens_redis_and_is_in_no_message() -> Result<()> {
    let redis = crate::kit::redis::RedisServer::start_with(&["--requirepass", PASSWORD], &format!(":{PASSWORD}@"))?;
    let mut jobs = Jobs { redis };
    let worker = jobs.worker("first", &FLAGS)?;
    let server = Server::start(&["--redis", &jobs.redis.url])?;
    let output = jobs.enqueuer(&["--wait", "fib:10"]).env("RUST_LOG", "trace").output()?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(post_json(server.address, "/jobs", r#"{"kind": "fib", "input": "1"}"#)?.status == 202);
    // In trouble, too.
    jobs.redis.kill()?;
    worker.says("cannot take jobs")?;
    post_json(server.address, "/jobs", r#"{"kind": "fib", "input": "1"}"#)?.with_status(503)?;
    let mut said = vec![format!("{output:?}"), worker.program.output(), server.program.output()];
    let port = jobs.redis.url.rsplit(':').next().context("no port")?.to_owned();
    let wrong = [
        format!("redis://:{PASSWORD}@127.0.0.1:{port}"),
        format!("redis://user:{PASSWORD}@127.0.0.1:port"),
        format!("redis://:{PASSWORD}"),
        format!("redis:/:{PASSWORD}@127.0.0.1"),
        format!("redis://:{PASSWORD}@@127.0.0.1:port"),
        format!("redis://:{PASSWORD}@127.0.0.1:{port}/nine"),
    ];
    for url in wrong {
        let mut enqueue = scale_out(&["enqueue", "--patience", "100ms", "--redis", &url, "fib:1"]);
        said.push(format!("{:?}", enqueue.env("RUST_LOG", "trace").output()?));
    }
    for said in said {
        ensure!(!said.contains(PASSWORD), "it says the password: {said}");
    }
    drop((worker, server));
    jobs.down()
}

#[test]
fn a_wrong_password_is_said_and_not_shown() -> Result<()> {
    let redis = crate::kit::redis::RedisServer::start_with(&["--requirepass", PASSWORD], &format!(":{PASSWORD}@"))?;
    let url = redis.url.replace(PASSWORD, "wr0ng");
    let worker = Worker::start(&url, "first", &FLAGS)?;
    worker.says("cannot take jobs")?;
    ensure!(!worker.program.output().contains("wr0ng"), "{}", worker.program.output());
    drop(worker);
    redis.down()
}
