//! Which queue those are told of that are there for one.

use anyhow::Result;
use clap::Args;

use super::queue::Queue;
use crate::redis::Redis;

// No doc comment: it would become part of a command's help.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The queue
    #[arg(long, value_name = "NAME", default_value = "jobs")]
    queue: String,

    /// Where the queue is
    #[arg(
        long,
        env = "REDIS_URL",
        value_name = "URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true
    )]
    redis: String,
}

impl Place {
    pub(crate) fn queue(&self) -> Result<Queue> {
        Ok(Queue::new(Redis::new(&self.redis)?, &self.queue))
    }
}
