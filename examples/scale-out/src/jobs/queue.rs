//! The queue: each step of the protocol as a function. Only here is known how Redis is asked for it.

use std::time::Duration;

use redis::cmd;
use redis::streams::StreamPendingCountReply;

use super::delivery::{Abandoned, Claimed, Delivery, Entry};
use super::job::{Id, Job, Record};
use super::reader::Reader;
use super::scripts::{ADD, BEGIN, BURY, CLAIM, EXTEND, FINISH, HAND_BACK, LEAVE};
use crate::redis::{Redis, Unavailable};

pub(super) const GROUP: &str = "workers";
/// Whose the entries are that a worker leaves: they are taken over from it as from any that has died.
const NOBODY: &str = "(nobody)";
/// How many entries a step goes through. Redis serves nobody else meanwhile, and an answer that takes too long is lost: what it has
/// delivered is then to be taken over.
pub(super) const AT_ONCE: usize = 500;
/// Older ones go when there are more dead letters, as nobody reads so many.
const MOST_DEAD: u64 = 100_000;

#[derive(Clone)]
pub(crate) struct Queue {
    redis: Redis,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    New,
    /// It was added before.
    Known,
    Full,
}

impl Queue {
    pub(crate) fn new(redis: Redis, name: &str) -> Self {
        Self { redis, name: name.to_owned() }
    }

    pub(crate) fn redis(&self) -> &Redis {
        &self.redis
    }

    // The braces keep all keys of a queue on one node of a cluster, as scripts need them.
    pub(super) fn stream(&self) -> String {
        format!("{{{}}}:stream", self.name)
    }

    pub(super) fn dead(&self) -> String {
        format!("{{{}}}:dead", self.name)
    }

    fn record_of(&self, id: &Id) -> String {
        format!("{{{}}}:job:{id}", self.name)
    }

    pub(crate) async fn add(&self, job: &Job, most: u64) -> Result<Added, Unavailable> {
        let mut add = ADD.key(self.record_of(&job.id));
        add.key(self.stream()).arg(job.id.as_str()).arg(&job.kind).arg(&job.input).arg(most).arg(GROUP);
        let answer: String = self.redis.run(add).await?;
        Ok(match answer.as_str() {
            "full" => Added::Full,
            "known" => Added::Known,
            _ => Added::New,
        })
    }

    /// `None`: nobody has added it, or it has ended long ago.
    pub(crate) async fn record(&self, id: &Id) -> Result<Option<Record>, Unavailable> {
        let mut get = cmd("HGETALL");
        get.arg(self.record_of(id));
        Ok(Record::of(self.redis.ask(get).await?))
    }

    pub(crate) async fn records(&self, ids: &[Id]) -> Result<Vec<Option<Record>>, Unavailable> {
        let mut all = redis::pipe();
        for id in ids {
            all.cmd("HGETALL").arg(self.record_of(id));
        }
        let records: Vec<_> = self.redis.ask_all(all).await?;
        Ok(records.into_iter().map(Record::of).collect())
    }

    /// Makes stream and group, if there are none.
    pub(crate) async fn prepare(&self) -> Result<(), Unavailable> {
        let mut create = cmd("XGROUP");
        create.arg("CREATE").arg(self.stream()).arg(GROUP).arg("0").arg("MKSTREAM");
        match self.redis.ask(create).await {
            Err(Unavailable::Inner(error)) if error.code() == Some("BUSYGROUP") => Ok(()),
            // A Redis that is full makes none, whether or not it is there: if not, the next step says so.
            Err(Unavailable::Inner(error)) if error.code() == Some("OOM") => Ok(()),
            other => other,
        }
    }

    /// With a connection of its own, on which it can wait for so long.
    pub(crate) async fn reader(&self, worker: &str, wait: Duration) -> Result<Reader, Unavailable> {
        self.prepare().await?;
        let connection = self.redis.connect(wait).await?;
        Ok(Reader::new(connection, self.stream(), worker, wait))
    }

    /// The entries that are no longer this worker's.
    pub(crate) async fn extend(&self, worker: &str, entries: &[String]) -> Result<Vec<String>, Unavailable> {
        let mut lost = Vec::new();
        for entries in entries.chunks(AT_ONCE) {
            let mut extend = EXTEND.key(self.stream());
            extend.arg(GROUP).arg(worker).arg(entries);
            lost.extend(self.redis.run::<Vec<_>>(extend).await?);
        }
        Ok(lost)
    }

    /// Whether this is the job's result; it is not if it has one. It can be asked for as long as `keep`.
    pub(crate) async fn finish(
        &self,
        worker: &str,
        delivery: &Delivery,
        id: &Id,
        value: &str,
        keep: Duration,
    ) -> Result<bool, Unavailable> {
        let mut finish = FINISH.key(self.record_of(id));
        finish.key(self.stream()).arg(GROUP).arg(&delivery.entry).arg(value).arg(worker);
        finish.arg(delivery.deliveries).arg(millis(keep));
        self.redis.run(finish).await
    }

    /// Whether it was this worker's to bury.
    pub(crate) async fn bury(
        &self,
        worker: &str,
        delivery: &Delivery,
        reason: &str,
        keep: Duration,
    ) -> Result<bool, Unavailable> {
        let mut bury = BURY.key(self.stream());
        bury.key(self.dead());
        if let Some(id) = delivery.id() {
            bury.key(self.record_of(id));
        }
        bury.arg(GROUP).arg(worker).arg(&delivery.entry).arg(reason).arg(delivery.deliveries).arg(MOST_DEAD);
        bury.arg(millis(keep));
        false_if_lost(self.redis.run(bury).await)
    }

    /// As a new entry, for any worker. Whether it was this one's.
    pub(crate) async fn hand_back(
        &self,
        worker: &str,
        entry: &str,
        job: &Job,
        deliveries: u64,
    ) -> Result<bool, Unavailable> {
        let mut back = HAND_BACK.key(self.stream());
        back.arg(GROUP).arg(worker).arg(entry).arg(job.id.as_str()).arg(&job.kind).arg(&job.input).arg(deliveries);
        false_if_lost(self.redis.run(back).await)
    }

    /// Leaves to others whatever else Redis knows as this worker's, and forgets the worker: how many that were.
    pub(crate) async fn leave(&self, worker: &str) -> Result<usize, Unavailable> {
        let mut all = 0;
        loop {
            let mut leave = LEAVE.key(self.stream());
            leave.arg(GROUP).arg(worker).arg(NOBODY).arg(AT_ONCE);
            let left: usize = self.redis.run(leave).await?;
            all += left;
            if left < AT_ONCE {
                return Ok(all);
            }
        }
    }

    /// What has been pending for so long, the oldest first; not all of it, if it is very much.
    pub(crate) async fn abandoned(&self, visibility: Duration, most: usize) -> Result<Vec<Abandoned>, Unavailable> {
        let mut pending = cmd("XPENDING");
        pending.arg(self.stream()).arg(GROUP).arg("IDLE").arg(millis(visibility)).arg("-").arg("+");
        pending.arg(most.min(AT_ONCE));
        let answer: StreamPendingCountReply = self.redis.ask(pending).await?;
        Ok(answer.ids.into_iter().map(|id| Abandoned { entry: id.id, worker: id.consumer }).collect())
    }

    pub(crate) async fn claim(
        &self,
        worker: &str,
        abandoned: &Abandoned,
        visibility: Duration,
        tries: u64,
    ) -> Result<Claimed, Unavailable> {
        let mut claim = CLAIM.key(self.stream());
        claim.arg(GROUP).arg(worker).arg(&abandoned.entry).arg(millis(visibility)).arg(tries);
        let claimed: Option<(String, u64, Entry)> = self.redis.run(claim).await?;
        Ok(match claimed {
            None => Claimed::Gone,
            Some((how, deliveries, entry)) if how == "last" => Claimed::Last(Delivery::of(entry, deliveries)),
            Some((_, deliveries, entry)) => Claimed::Mine(Delivery::of(entry, deliveries)),
        })
    }

    /// Counts a last delivery. Whether it is still this worker's.
    pub(crate) async fn begin(&self, worker: &str, entry: &str) -> Result<bool, Unavailable> {
        let mut begin = BEGIN.key(self.stream());
        begin.arg(GROUP).arg(worker).arg(entry);
        false_if_lost(self.redis.run(begin).await)
    }
}

/// Redis has lost its data, and with the group all that was anybody's. To try again would not help.
fn false_if_lost(is_mine: Result<bool, Unavailable>) -> Result<bool, Unavailable> {
    match is_mine {
        Err(Unavailable::Inner(error)) if error.code() == Some("NOGROUP") => Ok(false),
        other => other,
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    // Redis adds the time of day to it, and counts no further than twice this.
    const LONGEST: u64 = i64::MAX as u64 / 2;
    u64::try_from(time.as_millis()).unwrap_or(LONGEST).min(LONGEST)
}
