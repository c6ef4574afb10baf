//! What is submitted, in which order, and what is cancelled.

use std::sync::Arc;

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

impl Load<'_> {
    /// The least urgent first, so that the others can overtake; done when all jobs have ended.
    pub fn run(&self, folders: Vec<Folder>) -> Result<()> {
        let all: Arc<[Piece]> = folders.iter().flat_map(|folder| folder.pieces.iter().cloned()).collect();
        let of = |priority| folders.iter().filter(move |folder| folder.priority == priority);
        let mut jobs = Vec::new();
        let (pieces, passes) = (Arc::clone(&all), self.passes.div_ceil(PASSES));
        let slow = self.submit(Kind::Slow, "all files", Priority::Normal, move || hash(&pieces, passes))?;
        let endless = self.submit(Kind::Endless, "endless", Priority::Normal, hash_for_ever)?;
        // With one worker it begins after the slow job, and nothing else would end it.
        let give_up = || {
            if slow.handle.is_finished() {
                self.recorder.cancel(&endless);
            }
        };
        for folder in of(Priority::Low) {
            jobs.push(self.folder(folder)?);
            give_up();
        }
        let unwanted = self.hash(Kind::Unwanted, "unwanted", Priority::Low, &all)?;
        for folder in of(Priority::Normal).chain(of(Priority::High)) {
            jobs.push(self.folder(folder)?);
            give_up();
        }
        self.recorder.cancel(&endless);
        self.recorder.cancel(&unwanted);
        jobs.push(self.split(&all)?);
        jobs.extend([slow, endless, unwanted]);
        jobs.into_iter().try_for_each(join)
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
                let part = recorder.submit(&pool, &token, job, move || hash(&pieces, passes));
                jobs.extend(part.map(|part| part.handle));
            }
            let digests: Vec<_> = join_all(jobs).into_iter().flatten().collect::<Result<_, _>>()?;
            Ok(hash_of_hashes(&digests))
        })
    }
}

/// What was cancelled is no error.
fn join(job: Recorded) -> Result<()> {
    match job.handle.join() {
        Ok(Ok(_) | Err(Stop::Interrupted(_))) | Err(JobError::Cancelled) => Ok(()),
        Ok(Err(Stop::Unreadable(error))) => bail!("cannot read a file: {error}"),
        Err(error) => Err(error.into()),
    }
}
