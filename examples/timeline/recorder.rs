//! Takes down when each job was offered, accepted, begun and ended, and where it ran.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use corepool::{Cancel, CancelToken, JobHandle, Pool, Priority, RunningJob, current_worker};
use parking_lot::Mutex;

use super::record::{End, How, Job, Kind, Record, Slow, Stay};
use super::trace::{Queued, span, submit_span};
use super::work::{Digest, Stop};

thread_local! {
    /// Jobs on this thread's stack: a job that joins another may run it itself.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

pub struct Recorder {
    begin: Instant,
    queued: Queued,
    jobs: Mutex<Vec<Job>>,
    slow: Mutex<Vec<Slow>>,
}

/// A job and its place in the record.
pub struct Recorded {
    index: usize,
    pub handle: JobHandle<Result<Digest, Stop>>,
}

impl Recorder {
    pub fn begin(queued: Queued) -> Recorder {
        Recorder { begin: Instant::now(), queued, jobs: Mutex::default(), slow: Mutex::default() }
    }

    /// Waits for room, except inside a job.
    pub fn submit(
        self: &Arc<Self>,
        pool: &Pool,
        token: &CancelToken,
        (kind, name, priority): (Kind, String, Priority),
        work: impl FnOnce() -> Result<Digest, Stop> + Send + 'static,
    ) -> Result<Recorded> {
        let _span = submit_span(&name);
        let index = self.offer(&name, priority);
        let recorder = Arc::clone(self);
        let job = {
            let name = name.clone();
            move || recorder.run(index, kind, &name, work)
        };
        let handle = pool.job().name(name).priority(priority).token(token).submit(job)?;
        self.accept(index);
        self.queued.note(pool);
        Ok(Recorded { index, handle })
    }

    fn offer(&self, name: &str, priority: Priority) -> usize {
        let now = self.begin.elapsed();
        let mut jobs = self.jobs.lock();
        jobs.push(Job { name: name.to_owned(), priority, offered: now, accepted: now, end: End::Open });
        jobs.len() - 1
    }

    /// Comes after the job has begun if a worker was free.
    fn accept(&self, index: usize) {
        let now = self.begin.elapsed();
        let mut jobs = self.jobs.lock();
        let job = &mut jobs[index];
        job.accepted = match job.end {
            End::Ran(stay) => now.min(stay.begin),
            End::Open | End::Dequeued { .. } => now,
        };
    }

    fn run(
        &self,
        index: usize,
        kind: Kind,
        name: &str,
        work: impl FnOnce() -> Result<Digest, Stop>,
    ) -> Result<Digest, Stop> {
        if let Some(pool) = Pool::current() {
            self.queued.note(&pool);
        }
        let _span = span(kind, name);
        let begin = self.begin.elapsed();
        let depth = DEPTH.replace(DEPTH.get() + 1);
        let outcome = work();
        DEPTH.set(depth);
        let how = match outcome {
            Err(Stop::Interrupted(_)) => How::Stopped,
            Ok(_) | Err(Stop::Unreadable(_) | Stop::Part(_)) => How::Completed,
        };
        let stay = Stay { worker: current_worker().unwrap_or(0), depth, begin, end: self.begin.elapsed(), how };
        let mut jobs = self.jobs.lock();
        jobs[index].end = End::Ran(stay);
        jobs[index].accepted = jobs[index].accepted.min(begin);
        drop(jobs);
        outcome
    }

    pub fn cancel(&self, job: &Recorded) {
        if job.handle.cancel() == Cancel::Dequeued {
            let at = self.begin.elapsed();
            self.jobs.lock()[job.index].end = End::Dequeued { at };
        }
    }

    /// The pool reports a job that has run for long.
    pub fn note_slow(&self, job: &RunningJob) {
        let at = self.begin.elapsed();
        self.slow.lock().extend(job.worker.map(|worker| Slow { worker, at }));
    }

    pub fn end(&self, workers: usize) -> Record {
        let jobs = self.jobs.lock().clone();
        let ends = jobs.iter().filter_map(|job| job.stay().map(|stay| stay.end));
        let length = ends.max().unwrap_or(Duration::ZERO);
        Record { jobs, slow: self.slow.lock().clone(), workers, length }
    }
}
