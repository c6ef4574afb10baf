//! The thread that submits, and its jobs that have not ended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use corepool::{Cancel, JobHandle, Pool};
use parking_lot::Mutex;

use super::generator::{Generator, TICK};
use super::work::Outcome;

/// Goes on until the process ends.
pub struct Load(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_paused: AtomicBool,
    /// The oldest first.
    jobs: Mutex<VecDeque<(&'static str, JobHandle<Outcome>)>>,
}

impl Load {
    pub fn begin(pool: &Pool) -> Result<Load> {
        let shared = Arc::new(Shared::default());
        let (generator, own) = (Generator::new(pool.clone()), Arc::clone(&shared));
        let thread = thread::Builder::new().name("load".to_owned()).spawn(move || own.run(generator));
        thread.context("cannot start the thread that submits")?;
        Ok(Load(shared))
    }

    pub fn is_paused(&self) -> bool {
        self.0.is_paused.load(Ordering::Relaxed)
    }

    pub fn pause_or_go_on(&self) {
        self.0.is_paused.fetch_not(Ordering::Relaxed);
    }

    /// In words.
    pub fn cancel_oldest(&self) -> String {
        let mut jobs = self.0.jobs.lock();
        while let Some((name, job)) = jobs.pop_front() {
            match job.cancel() {
                Cancel::Dequeued => return format!("{name}: taken out of the queue"),
                Cancel::Requested => return format!("{name}: asked to stop"),
                // It ended just now, or was cancelled before.
                _ => {}
            }
        }
        "there is no job to cancel".to_owned()
    }
}

impl Shared {
    fn run(&self, mut generator: Generator) {
        loop {
            let accepted = if self.is_paused.load(Ordering::Relaxed) {
                thread::sleep(TICK);
                Vec::new()
            } else {
                generator.tick()
            };
            let mut jobs = self.jobs.lock();
            jobs.retain(|(_, job)| !job.is_finished());
            jobs.extend(accepted);
        }
    }
}
