//! What is shown, and nothing else: how it is drawn depends on no pool.

use std::time::Duration;

/// A pool over one interval.
#[derive(Clone, Debug)]
pub struct View {
    pub name: String,
    pub uptime: Duration,
    pub queue: Queue,
    pub workers: Vec<Worker>,
    /// Jobs a second, by what became of them.
    pub rates: Vec<Rate>,
    /// By priority, then by name.
    pub priorities: Vec<Row>,
    pub names: Vec<Row>,
}

#[derive(Clone, Debug)]
pub struct Queue {
    /// The depth at the end of each of the last intervals, the oldest first.
    pub history: Vec<u64>,
    pub bound: Option<u64>,
    /// Submitters in line for room.
    pub waiting: u64,
}

impl Queue {
    pub fn depth(&self) -> u64 {
        self.history.last().copied().unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
pub struct Worker {
    /// Of the interval, 0 to 1.
    pub utilisation: f64,
    /// The outermost first.
    pub jobs: Vec<Running>,
}

#[derive(Clone, Debug)]
pub struct Running {
    pub name: String,
    pub running_for: Duration,
    pub waits_for: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Rate {
    pub what: &'static str,
    pub per_second: f64,
    pub kind: RateKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateKind {
    Good,
    Bad,
}

/// How long jobs of one kind waited and ran.
#[derive(Clone, Debug)]
pub struct Row {
    pub label: String,
    pub jobs: u64,
    pub waited: Quantiles,
    pub ran: Quantiles,
    pub cpu_share: Option<f64>,
}

/// `None` if there were no jobs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantiles {
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
}

/// The state of the program beside that of the pool.
#[derive(Clone, Debug, Default)]
pub struct Status {
    pub is_paused: bool,
    /// What the last key did.
    pub note: String,
}
