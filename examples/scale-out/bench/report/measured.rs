//! What `bench/run` has measured: a few files for each of its steps.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::outcome::Outcome;

/// The steps of `bench/run`, in its order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    OneInline,
    OnePool,
    ThreePool,
    ThreeKilled,
    ThreeShed,
    NodeInline,
    NodeThread,
    NodePool,
}

pub const STEPS: [Step; 8] = [
    Step::OneInline,
    Step::OnePool,
    Step::ThreePool,
    Step::ThreeKilled,
    Step::ThreeShed,
    Step::NodeInline,
    Step::NodeThread,
    Step::NodePool,
];

/// The steps that are measured at constant rates, too.
pub const OPEN: [Step; 2] = [Step::ThreeShed, Step::NodePool];

impl Step {
    /// As in the names of the files.
    pub fn key(self) -> &'static str {
        match self {
            Self::OneInline => "one-inline",
            Self::OnePool => "one-pool",
            Self::ThreePool => "three-pool",
            Self::ThreeKilled => "three-killed",
            Self::ThreeShed => "three-shed",
            Self::NodeInline => "node-inline",
            Self::NodeThread => "node-thread",
            Self::NodePool => "node-pool",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::OneInline => "1 instance, on the async threads",
            Self::OnePool => "1 instance, on the pool",
            Self::ThreePool => "3 instances behind nginx",
            Self::ThreeKilled => "3 instances, one is killed",
            Self::ThreeShed => "3 instances that shed load",
            Self::NodeInline => "Node, on the event loop",
            Self::NodeThread => "Node, a new thread a job",
            Self::NodePool => "Node, a pool of threads",
        }
    }

    pub fn is_ours(self) -> bool {
        !matches!(self, Self::NodeInline | Self::NodeThread | Self::NodePool)
    }
}

#[derive(Debug)]
pub struct Measured {
    /// Where and with what, by name.
    pub conditions: BTreeMap<String, String>,
    loads: Vec<Load>,
    rates: Vec<Rates>,
}

/// What a step did under the load of the articles.
#[derive(Debug)]
pub struct Load {
    pub step: Step,
    pub autocannon: Autocannon,
    pub wrk: Wrk,
    /// `GET /healthz` meanwhile.
    pub healthz: Outcome,
    /// The same requests as the load's, before it: a few, with nothing beside them.
    pub alone: Outcome,
}

/// A step at constant rates: half of what it can do, all of that, and twice as much.
#[derive(Debug)]
pub struct Rates {
    pub step: Step,
    pub half: Outcome,
    pub full: Outcome,
    pub double: Outcome,
}

#[derive(Debug, Deserialize)]
pub struct Autocannon {
    /// In seconds.
    duration: f64,
    /// Connections that failed, and requests that timed out.
    pub errors: u64,
    #[serde(rename = "statusCodeStats")]
    statuses: BTreeMap<u16, Count>,
    /// Of the answers with 200.
    pub latency: Latency,
}

#[derive(Debug, Deserialize)]
struct Count {
    count: u64,
}

/// In milliseconds.
#[derive(Debug, Deserialize)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

#[derive(Debug, Deserialize)]
pub struct Wrk {
    seconds: f64,
    statuses: BTreeMap<u16, u64>,
    pub unanswered: u64,
}

impl Autocannon {
    pub fn count(&self, status: u16) -> u64 {
        self.statuses.get(&status).map_or(0, |status| status.count)
    }

    pub fn each_second(&self, status: u16) -> f64 {
        self.count(status) as f64 / self.duration
    }

    pub fn answers(&self) -> u64 {
        self.statuses.values().map(|status| status.count).sum()
    }
}

impl Wrk {
    pub fn count(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or_default()
    }

    pub fn each_second(&self, status: u16) -> f64 {
        self.count(status) as f64 / self.seconds
    }

    pub fn answers(&self) -> u64 {
        self.statuses.values().sum()
    }
}

impl Load {
    /// Without an answer, or with one that is neither 200 nor 503.
    pub fn failures(&self) -> u64 {
        let Self { autocannon, .. } = self;
        autocannon.errors + autocannon.answers() - autocannon.count(200) - autocannon.count(503)
    }
}

impl Outcome {
    /// How many were answered so.
    pub fn count(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or_default()
    }
}

impl Measured {
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("conditions.tsv");
        let text = fs::read_to_string(&path).with_context(|| missing(&path))?;
        let conditions = text.lines().filter_map(|line| line.split_once('\t'));
        let conditions = conditions.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let loads = STEPS.map(|step| Load::read(folder, step)).into_iter().collect::<Result<_>>()?;
        let rates = OPEN.map(|step| Rates::read(folder, step)).into_iter().collect::<Result<_>>()?;
        Ok(Self { conditions, loads, rates })
    }

    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    pub fn rates(&self) -> &[Rates] {
        &self.rates
    }

    pub fn load(&self, step: Step) -> &Load {
        self.loads.iter().find(|load| load.step == step).expect("every step is read")
    }

    pub fn rate(&self, step: Step) -> &Rates {
        self.rates.iter().find(|rates| rates.step == step).expect("asked for one of `OPEN` only")
    }

    pub fn condition(&self, name: &str) -> &str {
        self.conditions.get(name).map_or("unknown", String::as_str)
    }
}

impl Load {
    fn read(folder: &Path, step: Step) -> Result<Self> {
        Ok(Self {
            step,
            autocannon: read(folder, step, "autocannon")?,
            wrk: read(folder, step, "wrk")?,
            healthz: read(folder, step, "healthz")?,
            alone: read(folder, step, "alone")?,
        })
    }
}

impl Rates {
    fn read(folder: &Path, step: Step) -> Result<Self> {
        let [half, full, double] = ["half", "full", "double"].map(|kind| read(folder, step, kind));
        Ok(Self { step, half: half?, full: full?, double: double? })
    }
}

fn read<T: DeserializeOwned>(folder: &Path, step: Step, kind: &str) -> Result<T> {
    let path = folder.join(format!("{}.{kind}.json", step.key()));
    let text = fs::read_to_string(&path).with_context(|| missing(&path))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not what bench/run writes", path.display()))
}

fn missing(path: &Path) -> String {
    format!("cannot read {}: has bench/run been there, to its end?", path.display())
}
