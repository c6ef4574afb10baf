//! What is known of a run when it is over. All times count from its beginning.

use std::time::Duration;

use corepool::Priority;

#[derive(Clone)]
pub struct Record {
    pub jobs: Vec<Job>,
    /// The reports of the pool about jobs that ran for long.
    pub slow: Vec<Slow>,
    pub workers: usize,
    pub length: Duration,
}

#[derive(Clone)]
pub struct Job {
    pub name: String,
    pub priority: Priority,
    /// When its submitter called `submit`: until it is accepted, it waits for room.
    pub offered: Duration,
    pub accepted: Duration,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Hashes a folder.
    Folder,
    /// Hashes all folders.
    Slow,
    /// Submits parts and joins them.
    Split,
    Part,
    /// Is cancelled while it runs.
    Endless,
    /// Is cancelled in the queue.
    Unwanted,
}

#[derive(Clone, Copy)]
pub enum End {
    /// It has neither run nor been cancelled: only while the run goes on.
    Open,
    Dequeued {
        at: Duration,
    },
    Ran(Stay),
}

/// A job's time on a worker.
#[derive(Clone, Copy)]
pub struct Stay {
    pub worker: usize,
    /// How many jobs there were on this worker's stack below it.
    pub depth: usize,
    pub begin: Duration,
    pub end: Duration,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Completed,
    /// A checkpoint told it to stop.
    Stopped,
}

#[derive(Clone, Copy)]
pub struct Slow {
    pub worker: usize,
    pub at: Duration,
}

impl Job {
    /// When it left the queue.
    pub fn dequeued(&self) -> Duration {
        match self.end {
            End::Open => self.accepted,
            End::Dequeued { at } => at,
            End::Ran(stay) => stay.begin,
        }
    }

    pub fn waited(&self) -> Duration {
        self.dequeued().saturating_sub(self.accepted)
    }

    pub fn stay(&self) -> Option<Stay> {
        match self.end {
            End::Ran(stay) => Some(stay),
            End::Open | End::Dequeued { .. } => None,
        }
    }
}
