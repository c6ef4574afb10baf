//! What the handlers share.

use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use corepool::Pool;

use super::drain::Drain;
use super::fib::{self, Fib};
use super::metrics;
use super::settings::Settings;
use crate::exporter::Exporter;
use crate::jobs::Queue;
use crate::redis::Redis;

/// This instance, as its handlers see it. Clones are the same instance.
#[derive(Clone)]
pub(super) struct Instance {
    pub(super) name: Arc<str>,
    pub(super) pid: u32,
    pub(super) started: Instant,
    pub(super) pool: Pool,
    pub(super) fib: Fib,
    pub(super) redis: Redis,
    pub(super) jobs: Queue,
    pub(super) most_jobs: u64,
    pub(super) drain: Drain,
    pub(super) exporter: Arc<Exporter>,
    pub(super) max_n: u32,
    pub(super) retry_after: Duration,
}

impl Instance {
    pub(super) fn new(settings: &Settings, pool: &Pool, redis: &Redis, drain: Drain) -> Result<Self> {
        Ok(Self {
            name: settings.instance.as_str().into(),
            pid: process::id(),
            started: Instant::now(),
            pool: pool.clone(),
            fib: fib::service(pool, settings.max_wait),
            redis: redis.clone(),
            jobs: Queue::new(redis.clone(), &settings.queue),
            most_jobs: settings.most_jobs,
            drain,
            exporter: Arc::new(metrics::install(pool, redis.breaker())?),
            max_n: settings.max_n,
            retry_after: settings.retry_after(),
        })
    }
}
