//! What is submitted, in which order, and what is cancelled.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use anyhow::{Result, bail};
use corepool::{CancelToken, JobError, Pool, Priority, join_all};

use super::folders::{Folder, Piece};
use super::record::Kind;
use super::recorder::{Recorded, Recorder};
use super::work::{Digest, Stop, hash, hash_for_ever, hash_of_hashes};

/// Jobs that the job that splits its work makes of it.
const PARTS: usize = 8;
/// What hashes all files does so in as many times fewer passes.
const PASSES: u32 = 6;

pub struct Load<'a> {
    pub pool: &'a Pool,
    pub recorder: &'a Arc<Recorder>,
    /// Ends the run.
    pub token: &'a CancelToken,
    pub passes: u32,
}

struct Endless {
    job: Recorded,
    /// Says so once.
    begun: Receiver<()>,
}

impl Endless {
    /// While it runs, not in the queue: waits until it has begun. Called again, it does nothing.
    fn cancel(&self, recorder: &Recorder) {
        if self.begun.recv().is_ok() {
            recorder.cancel(&self.job);
        }
    }
}

impl Load<'_> {
    /// The least urgent first, so that the others can overtake; done when all jobs have ended.
    pub fn run(&self, folders: Vec<Folder>) -> Result<()> {
        let all: Arc<[Piece]> = folders.iter().flat_map(|folder| folder.pieces.iter().cloned()).collect();
        let of = |priority| folders.iter().filter(move |folder| folder.priority == priority);
        let (pieces, passes) = (Arc::clone(&all), self.passes.div_ceil(PASSES));
        let slow = self.submit(Kind::Slow, "all files", Priority::Normal, move || hash(&pieces, passes))?;
        let endless = self.endless()?;
        // If there is one worker, the endless job follows the slow one, and makes room once. To submit another job
        // then would be to wait for ever.
        let next = |job: Result<Recorded>| {
            if slow.handle.is_finished() {
                endless.cancel(self.recorder);
            }
            job
        };
        let mut jobs = Vec::new();
        for folder in of(Priority::Low) {
            jobs.push(next(self.folder(folder))?);
        }
        let unwanted = next(self.hash(Kind::Unwanted, "unwanted", Priority::Low, &all))?;
        for folder in of(Priority::Normal).chain(of(Priority::High)) {
            jobs.push(next(self.folder(folder))?);
        }
        endless.cancel(self.recorder);
        self.recorder.cancel(&unwanted);
        jobs.push(self.split(&all)?);
        jobs.extend([slow, endless.job, unwanted]);
        jobs.into_iter().try_for_each(join)
    }

    fn endless(&self) -> Result<Endless> {
        let (tell, begun) = mpsc::channel();
        let job = self.submit(Kind::Endless, "endless", Priority::Normal, move || {
            tell.send(()).ok();
            drop(tell);
            hash_for_ever()
        })?;
        Ok(Endless { job, begun })
    }

    fn folder(&self, folder: &Folder) -> Result<Recorded> {
        self.hash(Kind::Folder, &folder.name, folder.priority, &folder.pieces)
    }

    fn hash(&self, kind: Kind, name: &str, priority: Priority, pieces: &Arc<[Piece]>) -> Result<Recorded> {
        let (pieces, passes) = (Arc::clone(pieces), self.passes);
        self.submit(kind, name, priority, move || hash(&pieces, passes))
    }

    fn submit(
        &self,
        kind: Kind,
        name: &str,
        priority: Priority,
        work: impl FnOnce() -> Result<Digest, Stop> + Send + 'static,
    ) -> Result<Recorded> {
        self.recorder.submit(self.pool, self.token, (kind, name.to_owned(), priority), work)
    }

    /// A job that submits parts of its work and joins them.
    fn split(&self, pieces: &Arc<[Piece]>) -> Result<Recorded> {
        let parts: Vec<Arc<[Piece]>> = pieces.chunks(pieces.len().div_ceil(PARTS)).map(Arc::from).collect();
        let (recorder, token, passes) = (Arc::clone(self.recorder), self.token.clone(), self.passes.div_ceil(PASSES));
        self.submit(Kind::Split, "split", Priority::Normal, move || {
            let Some(pool) = Pool::current() else { return Ok(Digest::default()) };
            let mut jobs = Vec::new();
            for (index, pieces) in parts.into_iter().enumerate() {
                let job = (Kind::Part, format!("part {}", index + 1), Priority::Normal);
                jobs.push(recorder.submit(&pool, &token, job, move || hash(&pieces, passes))?.handle);
            }
            let digests = join_all(jobs).into_iter().map(|outcome| outcome.map_err(anyhow::Error::from)?);
            let digests: Vec<_> = digests.collect::<Result<_, Stop>>()?;
            Ok(hash_of_hashes(&digests))
        })
    }
}

/// What was cancelled is no error.
fn join(job: Recorded) -> Result<()> {
    match job.handle.join() {
        Ok(Ok(_) | Err(Stop::Interrupted(_))) | Err(JobError::Cancelled) => Ok(()),
        Ok(Err(Stop::Unreadable(error))) => bail!("cannot read a file: {error}"),
        Ok(Err(Stop::Part(error))) => Err(error),
        Err(error) => Err(error.into()),
    }
}
