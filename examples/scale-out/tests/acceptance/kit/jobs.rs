//! The queue `jobs` on a Redis of the test's own: as its producers use it, and as its keys show it.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use redis::{Cmd, Script, cmd};

use super::deployment::in_words;
use super::program::scale_out;
use super::redis::RedisServer;
use super::wait::{PATIENCE, until_some};
use super::worker::Worker;

pub const STREAM: &str = "{jobs}:stream";
pub const DEAD: &str = "{jobs}:dead";
pub const GROUP: &str = "workers";

#[derive(Debug)]
pub struct Jobs {
    pub redis: RedisServer,
}

impl Jobs {
    pub fn up() -> Result<Self> {
        Ok(Self { redis: RedisServer::start()? })
    }

    /// With `everysec`, as `deploy` has it, Redis answers before it writes while the disk is slow: then a kill loses up to two
    /// seconds. That is not what the tests of kills are about.
    pub fn that_survive_kills() -> Result<Self> {
        Ok(Self { redis: RedisServer::start_with(&["--appendfsync", "no"], "")? })
    }

    pub fn worker(&self, name: &str, flags: &[&str]) -> Result<Worker> {
        Worker::start(&self.redis.url, name, flags)
    }

    pub fn enqueuer(&self, arguments: &[&str]) -> Command {
        scale_out(&[&["enqueue", "--redis", &self.redis.url], arguments].concat())
    }

    /// Adds them, and returns their ids.
    pub fn add(&self, jobs: &[impl AsRef<str>]) -> Result<Vec<String>> {
        let lines: Vec<_> = jobs.iter().map(AsRef::as_ref).collect();
        let file = self.redis.folder.join("jobs");
        fs::write(&file, lines.join("\n"))?;
        let output = self.enqueuer(&["--file"]).arg(file).output()?;
        ensure!(output.status.success(), "{}", in_words(&output));
        let ids: Vec<_> = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
        ensure!(ids.len() == jobs.len(), "{} jobs have {} ids", jobs.len(), ids.len());
        Ok(ids)
    }

    /// Adds so many small jobs, fast.
    pub fn fill(&self, number: usize) -> Result<()> {
        let add = "for n = 1, ARGV[1] do
            redis.call('XADD', KEYS[1], '*', 'id', 'filled-' .. n, 'kind', 'fib', 'input', '1')
        end";
        Ok(Script::new(add).key(STREAM).arg(number).invoke(&mut self.redis.connection()?)?)
    }

    /// What somebody else has written there, who may know nothing of jobs.
    pub fn add_by_hand(&self, fields: &[(&[u8], &[u8])]) -> Result<String> {
        let mut add = cmd("XADD");
        add.arg(STREAM).arg("*").arg(fields);
        self.redis.ask(&add)
    }

    /// As the first producer or worker does.
    pub fn make_group(&self) -> Result<()> {
        self.redis.ask(cmd("XGROUP").arg("CREATE").arg(STREAM).arg(GROUP).arg("0").arg("MKSTREAM"))
    }

    pub fn records(&self, ids: &[String]) -> Result<Vec<Record>> {
        let mut all = redis::pipe();
        for id in ids {
            all.cmd("HGETALL").arg(record_of(id));
        }
        let records: Vec<_> = self.redis.ask_all(&all)?;
        Ok(records.into_iter().map(Record).collect())
    }

    /// Once they have all ended.
    pub fn ends(&self, ids: &[String]) -> Result<Vec<Record>> {
        self.ends_within(ids, PATIENCE)
    }

    pub fn ends_within(&self, ids: &[String], deadline: Duration) -> Result<Vec<Record>> {
        let ended = || self.records(ids).ok().filter(|records| records.iter().all(Record::has_ended));
        let ended = until_some("all jobs have ended", deadline, ended);
        let open = || self.records(ids).unwrap_or_default().iter().filter(|record| !record.has_ended()).count();
        Ok(ended.with_context(|| format!("{} of {} have not", open(), ids.len()))?.0)
    }

    pub fn ended(&self, ids: &[String]) -> usize {
        self.records(ids).unwrap_or_default().iter().filter(|record| record.has_ended()).count()
    }

    /// Entries without a result.
    pub fn length(&self) -> Result<u64> {
        self.redis.ask(cmd("XLEN").arg(STREAM))
    }

    /// Of these, what some worker has.
    pub fn pending(&self) -> Result<Vec<Pending>> {
        self.redis.ask(&pending())
    }

    pub fn pending_of(&self, worker: &str) -> Result<Vec<Pending>> {
        self.redis.ask(pending().arg(worker))
    }

    pub fn consumers(&self) -> Result<Vec<String>> {
        let all: Vec<HashMap<String, redis::Value>> =
            self.redis.ask(cmd("XINFO").arg("CONSUMERS").arg(STREAM).arg(GROUP))?;
        let names = all.into_iter().filter_map(|mut one| redis::from_redis_value(one.remove("name")?).ok());
        Ok(names.collect())
    }

    /// Delivers all that is new to a worker of this name, which there is not.
    pub fn deliver_to(&self, worker: &str) -> Result<()> {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(GROUP).arg(worker).arg("STREAMS").arg(STREAM).arg(">");
        self.redis.ask::<redis::Value>(&read)?;
        Ok(())
    }

    /// How many workers wait for jobs just now.
    pub fn readers(&self) -> Result<usize> {
        let clients: String = self.redis.ask(cmd("CLIENT").arg("LIST"))?;
        Ok(clients.matches(" cmd=xreadgroup ").count())
    }

    /// The fields of each dead letter, the oldest first.
    pub fn dead(&self) -> Result<Vec<Letter>> {
        let letters: Vec<(String, Letter)> = self.redis.ask(cmd("XRANGE").arg(DEAD).arg("-").arg("+"))?;
        Ok(letters.into_iter().map(|(_, fields)| fields).collect())
    }

    /// Why each of them was given up, in the order of their deaths.
    pub fn reasons(&self) -> Result<Vec<String>> {
        let reason = |letter: &Letter| letter.get(&b"reason"[..]).cloned().unwrap_or_default();
        Ok(self.dead()?.iter().map(|letter| String::from_utf8_lossy(&reason(letter)).into_owned()).collect())
    }

    /// What a test ends with.
    pub fn down(self) -> Result<()> {
        self.redis.down()
    }
}

pub type Letter = HashMap<Vec<u8>, Vec<u8>>;

/// Entry, worker, milliseconds since it was delivered or extended, deliveries.
pub type Pending = (String, String, u64, u64);

fn pending() -> Cmd {
    let mut pending = cmd("XPENDING");
    pending.arg(STREAM).arg(GROUP).arg("-").arg("+").arg(1_000_000);
    pending
}

pub fn record_of(id: &str) -> String {
    format!("{{jobs}}:job:{id}")
}

/// What has become of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record(pub HashMap<String, String>);

impl Record {
    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn has_ended(&self) -> bool {
        ["done", "dead"].contains(&self.field("status"))
    }

    pub fn is_done_with(&self, value: &str) -> bool {
        self.field("status") == "done" && self.field("value") == value
    }

    pub fn is_dead(&self) -> bool {
        self.field("status") == "dead"
    }

    pub fn deliveries(&self) -> u64 {
        self.field("deliveries").parse().unwrap_or_default()
    }
}
