//! `enqueue`: adds jobs to the queue, and follows them if asked to.

mod follow;
mod input;
mod settings;

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use corepool::breaker::Backoff;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use self::input::Input;
pub(crate) use self::settings::Settings;
use crate::jobs::{Added, Id, Job, Queue};
use crate::program::{Signalled, Stops};

const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

pub(crate) async fn run(settings: Settings) -> Result<()> {
    let jobs = Input::of(&settings)?;
    let queue = settings.place.queue()?;
    let mut stops = Stops::listen()?;
    tokio::select! {
        code = stops.next() => Err(Signalled(code).into()),
        done = add_all(&settings, jobs, &queue) => done,
    }
}

async fn add_all(settings: &Settings, jobs: Input, queue: &Queue) -> Result<()> {
    let mut jobs = jobs.read()?;
    let mut ids = Vec::new();
    let mut follow = settings.wait.then(follow::Follow::new);
    while let Some(job) = jobs.recv().await {
        let job = job?;
        add(settings, queue, &job).await.with_context(|| format!("{} jobs were added, and no more", ids.len()))?;
        match &mut follow {
            Some(follow) => follow.added(),
            None => print(&job.id)?,
        }
        ids.push(job.id);
    }
    match follow {
        Some(follow) => follow.until_all_have_ended(queue, &ids).await,
        None => Ok(()),
    }
}

/// Waits while the queue is full, and for Redis for as long as `--patience` says. A job whose answer was lost is there once,
/// whether or not it had arrived.
async fn add(settings: &Settings, queue: &Queue, job: &Job) -> Result<()> {
    let backoff = Backoff::exponential(FIRST_WAIT, 2.0).cap(LONGEST_WAIT).random_jitter(0.25);
    let (mut tries, mut is_full) = (0, false);
    let mut give_up = Instant::now() + settings.patience;
    loop {
        match queue.add(job, settings.most).await {
            Ok(Added::New | Added::Known) => return Ok(()),
            Ok(Added::Full) => {
                if !is_full {
                    info!(jobs = settings.most, "the queue is full: waiting for room");
                    is_full = true;
                }
                give_up = Instant::now() + settings.patience;
            }
            Err(error) if Instant::now() >= give_up => {
                bail!("Redis has not answered for {:?}: {error}", settings.patience)
            }
            Err(error) => warn!(%error, "trying again"),
        }
        tries += 1;
        sleep(backoff.wait(tries)).await;
    }
}

fn print(id: &Id) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{id}").and_then(|()| out.flush()).context("cannot write the ids")
}
