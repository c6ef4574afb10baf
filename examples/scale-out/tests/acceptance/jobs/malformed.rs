//! What is in the queue and is no job, or none that can be done: a dead letter with the reason, and nothing else happens.

use anyhow::{Context, Result, ensure};
use redis::cmd;

use crate::kit::jobs::{Jobs, Letter};
use crate::kit::program::{Program, scale_out};
use crate::kit::wait::until;
use crate::kit::worker::Worker;

const FLAGS: [&str; 6] = ["--visibility", "1s", "--workers", "1", "--ahead", "2"];
const BINARY: &[u8] = b"\xff\x00\xfe";
const LONG: &[u8] = &[b'x'; 65];

type Entry = &'static [(&'static [u8], &'static [u8])];

const NO_JOBS: [(Entry, &str); 11] = [
    (&[(b"kind", b"fib"), (b"input", b"1")], "it has no id"),
    (&[(b"id", b"a"), (b"input", b"1")], "it has no kind"),
    (&[(b"id", b"b"), (b"kind", b"fib")], "it has no input"),
    (&[(b"something", b"else")], "it has no id"),
    (&[(b"id", b"no/id"), (b"kind", b"fib"), (b"input", b"1")], "the id is 'no/id'"),
    (&[(b"id", LONG), (b"kind", b"fib"), (b"input", b"1")], "1 to 64 letters"),
    (&[(b"id", BINARY), (b"kind", b"fib"), (b"input", b"1")], "its id is no text"),
    (&[(b"id", b"c"), (b"kind", BINARY), (b"input", b"1")], "its kind is no text"),
    (&[(b"id", b"d"), (b"kind", b"fib"), (b"input", BINARY)], "its input is no text"),
    (&[(BINARY, b"d"), (b"kind", b"fib"), (b"input", b"1")], "it has no id"),
    (&[(b"id", b"e"), (b"kind", b"fib"), (b"input", b"1"), (b"deliveries", b"-1")], "its deliveries are no number"),
];

/// Each of them is a dead letter for this reason, with all that it had, and there is no other.
fn ensure_dead(jobs: &Jobs, expected: &[(Entry, &str)]) -> Result<()> {
    until("all are dead letters", || jobs.dead().is_ok_and(|dead| dead.len() >= expected.len()))?;
    let dead = jobs.dead()?;
    for (fields, reason) in expected {
        let is_it = |letter: &&Letter| {
            let has = |(name, value): &(&[u8], &[u8])| letter.get(*name).is_some_and(|it| it == value);
            letter.len() == fields.len() + 2 && fields.iter().all(has)
        };
        let letter = dead.iter().find(is_it).with_context(|| format!("no letter has {fields:?}: {dead:?}"))?;
        let said = String::from_utf8_lossy(&letter[&b"reason"[..]]);
        ensure!(said.contains(reason), "wanted {reason}, got {said}");
    }
    ensure!(dead.len() == expected.len(), "{:?}", jobs.reasons()?);
    Ok(())
}

/// The worker is well: it does what else there is.
fn ensure_all_is_well(jobs: &Jobs, mut worker: Worker) -> Result<()> {
    let records = jobs.ends(&jobs.add(&["fib:10"; 5])?)?;
    ensure!(records.iter().all(|record| record.is_done_with("55") && record.deliveries() == 1), "{records:?}");
    ensure!(jobs.length()? == 0 && jobs.pending()?.is_empty(), "{:?}", jobs.pending()?);
    ensure!(worker.program.runs(), "it has died");
    worker.stop()
}

#[test]
fn what_is_no_job_is_a_dead_letter_with_the_reason() -> Result<()> {
    let jobs = Jobs::up()?;
    let mut innocent = Vec::new();
    for (fields, _) in NO_JOBS {
        jobs.add_by_hand(fields)?;
        innocent.extend(jobs.add(&["fib:10"])?);
    }
    let worker = jobs.worker("first", &FLAGS)?;
    ensure_dead(&jobs, &NO_JOBS)?;
    for letter in jobs.dead()? {
        ensure!(letter[&b"delivered"[..]] == b"1", "{letter:?}");
    }
    let records = jobs.ends(&innocent)?;
    ensure!(records.iter().all(|record| record.is_done_with("55") && record.deliveries() == 1), "{records:?}");
    ensure_all_is_well(&jobs, worker)?;
    jobs.down()
}

#[test]
fn what_is_no_job_is_a_dead_letter_for_those_who_take_it_over_too() -> Result<()> {
    let jobs = Jobs::up()?;
    jobs.make_group()?;
    for (fields, _) in NO_JOBS {
        jobs.add_by_hand(fields)?;
    }
    jobs.deliver_to("gone")?;
    let worker = jobs.worker("first", &FLAGS)?;
    ensure_dead(&jobs, &NO_JOBS)?;
    ensure_all_is_well(&jobs, worker)?;
    jobs.down()
}

/// One that can be told by its id.
#[test]
fn who_asks_for_what_is_no_job_hears_why() -> Result<()> {
    let jobs = Jobs::up()?;
    jobs.redis.ask::<()>(cmd("HSET").arg("{jobs}:job:mine").arg("status").arg("queued"))?;
    jobs.add_by_hand(&[(b"id", b"mine"), (b"kind", b"fib")])?;
    let worker = jobs.worker("first", &FLAGS)?;
    let records = jobs.ends(&["mine".to_owned()])?;
    ensure!(records[0].is_dead() && records[0].field("reason").contains("it has no input"), "{records:?}");
    ensure_all_is_well(&jobs, worker)?;
    jobs.down()
}

/// More than Lua hands on at once.
#[test]
fn an_entry_with_thousands_of_fields_holds_up_nobody() -> Result<()> {
    let jobs = Jobs::up()?;
    let names: Vec<_> = (0..10_000).map(|n| format!("name-{n}").into_bytes()).collect();
    let fields: Vec<_> = names.iter().map(|name| (&name[..], &b"value"[..])).collect();
    for _ in 0..4 {
        jobs.add_by_hand(&fields)?;
    }
    let worker = jobs.worker("first", &FLAGS)?;
    until("they are dead letters", || jobs.reasons().is_ok_and(|reasons| reasons.len() == 4))?;
    ensure!(jobs.reasons()?.iter().all(|reason| reason.contains("it has no id")), "{:?}", jobs.reasons()?);
    ensure_all_is_well(&jobs, worker)?;
    jobs.down()
}

#[test]
fn what_no_worker_can_do_is_a_dead_letter_at_once() -> Result<()> {
    let jobs = Jobs::up()?;
    let wanted = ["nothing:1", "fib:x", "fib:", "fib:-1", "fib:1.5", "fib:99999999999", "fib:51", "spin:soon"];
    let ids = jobs.add(&wanted)?;
    let worker = jobs.worker("first", &FLAGS)?;
    for (wanted, record) in wanted.iter().zip(jobs.ends(&ids)?) {
        ensure!(record.is_dead() && record.deliveries() == 1, "{wanted}: {record:?}");
        let (kind, input) = wanted.split_once(':').unwrap_or_default();
        let named = if kind == "nothing" { kind } else { input };
        ensure!(record.field("reason").contains(&format!("'{named}'")), "{wanted}: {record:?}");
    }
    ensure!(jobs.dead()?.len() == wanted.len());
    ensure_all_is_well(&jobs, worker)?;
    jobs.down()
}

#[test]
fn the_kinds_for_tests_are_off_unless_asked_for() -> Result<()> {
    let jobs = Jobs::up()?;
    let ids = jobs.add(&["abort:", "panic:", "spin:1"])?;
    let mut program = Program::start(&mut scale_out(&["worker", "--redis", &jobs.redis.url]))?;
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.field("reason").contains("there is no kind")), "{records:?}");
    ensure!(program.runs());
    drop(program);
    jobs.down()
}

/// A megabyte, as nobody should: it is a job all the same, and its reason is one that can be read.
#[test]
fn a_very_long_input_is_handed_on_and_not_repeated() -> Result<()> {
    let jobs = Jobs::up()?;
    let ids = jobs.add(&[format!("fib:{}", "9".repeat(1 << 20))])?;
    let worker = jobs.worker("first", &FLAGS)?;
    let records = jobs.ends(&ids)?;
    ensure!(records[0].is_dead(), "{records:?}");
    let length = records[0].field("reason").len();
    ensure!(length < 1000, "the reason has {length} bytes");
    let letter = &jobs.dead()?[0];
    ensure!(letter[&b"input"[..]].len() == 1 << 20);
    ensure!(worker.program.output().len() < 10_000, "the log repeats it");
    ensure_all_is_well(&jobs, worker)?;
    jobs.down()
}
