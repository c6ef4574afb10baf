//! `/jobs`: what `serve` answers to those who add jobs and ask for them.

use anyhow::{Context, Result, ensure};
use redis::cmd;
use serde_json::json;

use crate::kit::client::{get, post_json, send};
use crate::kit::instances::Server;
use crate::kit::jobs::{Jobs, record_of};

/// A queue with an instance before it, and no worker.
fn served(flags: &[&str]) -> Result<(Jobs, Server)> {
    let jobs = Jobs::up()?;
    let server = Server::start(&[&["--redis", &jobs.redis.url], flags].concat())?;
    Ok((jobs, server))
}

#[test]
fn a_job_is_accepted_and_its_address_says_what_becomes_of_it() -> Result<()> {
    let (jobs, server) = served(&[])?;
    let add = |body: &str| -> Result<String> {
        let answer = post_json(server.address, "/jobs", body)?.with_status(202)?;
        let location = answer.header("location").context("no Location")?.to_owned();
        ensure!(location == format!("/jobs/{}", answer.text("id")?), "{answer:?}");
        Ok(location)
    };
    let done = add(r#"{"kind": "fib", "input": "30"}"#)?;
    let dead = add(r#"{"kind": "none"}"#)?;
    for location in [&done, &dead] {
        let record = get(server.address, location)?.with_status(200)?;
        ensure!(record.json()? == json!({"status": "queued"}), "{record:?}");
    }
    let worker = jobs.worker("first", &["--keep", "1h"])?;
    jobs.ends(&[&done, &dead].map(|location| location.replace("/jobs/", "")))?;
    let record = get(server.address, &done)?.with_status(200)?.json()?;
    ensure!(record == json!({"status": "done", "value": "832040", "worker": "first", "deliveries": 1}), "{record}");
    let record = get(server.address, &dead)?.with_status(200)?.json()?;
    ensure!(record == json!({"status": "dead", "reason": "there is no kind 'none'", "deliveries": 1}), "{record}");
    // The records go when their time is over.
    let left: i64 = jobs.redis.ask(cmd("TTL").arg(record_of(&done.replace("/jobs/", ""))))?;
    ensure!((3590..=3600).contains(&left), "{left} s of an hour are left");
    worker.stop()?;
    jobs.down()
}

#[test]
fn what_there_is_not_is_404_and_what_cannot_be_is_400() -> Result<()> {
    let (jobs, server) = served(&[])?;
    let none = get(server.address, "/jobs/none")?.with_status(404)?;
    ensure!(none.text("error")?.contains("'none'"), "{none:?}");
    for (path, named) in [("/jobs/a.b", "'a.b'"), ("/jobs/%20", "' '"), ("/jobs/a%0Ab", "1 to 64"), ("/jobs/%ff", "")] {
        let answer = get(server.address, path)?.with_status(400)?;
        ensure!(answer.text("error")?.contains(named), "{path}: {answer:?}");
    }
    jobs.down()
}

#[test]
fn a_request_that_is_wrong_is_400_and_its_error_says_what() -> Result<()> {
    let (jobs, server) = served(&[])?;
    let long = format!(r#"{{"id": "{}", "kind": "fib"}}"#, "x".repeat(65));
    let wrong = [
        ("{", "EOF"),
        ("[]", "invalid length"),
        (r#"{"input": "1"}"#, "kind"),
        (r#"{"kind": 1}"#, "1"),
        (r#"{"kind": "fib", "input": 40}"#, "40"),
        (r#"{"kind": "fib", "inptu": "1"}"#, "inptu"),
        (r#"{"kind": "fib", "id": ""}"#, "''"),
        (r#"{"kind": "fib", "id": "a b"}"#, "'a b'"),
        (r#"{"kind": "fib", "id": "../etc"}"#, "'../etc'"),
        (r#"{"kind": "fib", "id": "ä"}"#, "'ä'"),
        (&long, "1 to 64 letters"),
    ];
    for (body, named) in wrong {
        let answer = post_json(server.address, "/jobs", body)?.with_status(400)?;
        ensure!(answer.text("error")?.contains(named), "{body}: wanted {named}, got {answer:?}");
    }
    post_json(server.address, "/jobs", b"{\"kind\": \"\xff\"}")?.with_status(400)?;
    let no_type = send(server.address, hyper::Method::POST, "/jobs", &[])?.with_status(400)?;
    ensure!(no_type.text("error")?.contains("application/json"), "{no_type:?}");
    ensure!(jobs.length()? == 0);
    jobs.down()
}

#[test]
fn the_same_id_twice_is_one_job() -> Result<()> {
    let (jobs, server) = served(&[])?;
    let body = r#"{"id": "order-17_b", "kind": "fib", "input": "10"}"#;
    for _ in 0..3 {
        let answer = post_json(server.address, "/jobs", body)?.with_status(202)?;
        ensure!(answer.text("id")? == "order-17_b", "{answer:?}");
    }
    ensure!(jobs.length()? == 1);
    let worker = jobs.worker("first", &[])?;
    let ids = ["order-17_b".to_owned()];
    let first = jobs.ends(&ids)?;
    ensure!(first[0].is_done_with("55"), "{first:?}");
    // Nor when it has ended.
    post_json(server.address, "/jobs", body)?.with_status(202)?;
    ensure!(jobs.length()? == 0 && jobs.records(&ids)? == first);
    worker.stop()?;
    jobs.down()
}

#[test]
fn an_id_whose_record_has_gone_is_a_new_job() -> Result<()> {
    let (jobs, server) = served(&[])?;
    let worker = jobs.worker("first", &["--keep", "1s"])?;
    for (input, value) in [("10", "55"), ("11", "89")] {
        let body = format!(r#"{{"id": "again", "kind": "fib", "input": "{input}"}}"#);
        post_json(server.address, "/jobs", &body)?.with_status(202)?;
        let records = jobs.ends(&["again".to_owned()])?;
        ensure!(records[0].is_done_with(value), "{records:?}");
        crate::kit::wait::until("its record is gone", || {
            get(server.address, "/jobs/again").is_ok_and(|answer| answer.status == 404)
        })?;
    }
    worker.stop()?;
    jobs.down()
}

#[test]
fn a_full_queue_is_503_with_when_to_come_again() -> Result<()> {
    let (jobs, server) = served(&["--most-jobs", "2"])?;
    let body = r#"{"kind": "fib", "input": "1"}"#;
    for _ in 0..2 {
        post_json(server.address, "/jobs", body)?.with_status(202)?;
    }
    let full = post_json(server.address, "/jobs", body)?.with_status(503)?;
    ensure!(full.header("retry-after") == Some("1") && full.text("error")?.contains("2 jobs"), "{full:?}");
    let known = r#"{"id": "x", "kind": "fib"}"#;
    post_json(server.address, "/jobs", known)?.with_status(503)?;
    get(server.address, "/jobs/x")?.with_status(404)?;
    let worker = jobs.worker("first", &[])?;
    crate::kit::wait::until("there is room", || {
        post_json(server.address, "/jobs", body).is_ok_and(|answer| answer.status == 202)
    })?;
    worker.stop()?;
    jobs.down()
}

#[test]
fn without_redis_jobs_are_503_at_once() -> Result<()> {
    let server = Server::start(&[])?;
    let answers = [post_json(server.address, "/jobs", r#"{"kind": "fib"}"#)?, get(server.address, "/jobs/x")?];
    for answer in answers {
        let answer = answer.with_status(503)?;
        ensure!(
            answer.header("retry-after").is_some() && answer.text("error")?.contains("not available"),
            "{answer:?}"
        );
    }
    Ok(())
}
