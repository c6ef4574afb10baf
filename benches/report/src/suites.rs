//! Runs corepool's own benches by cargo, a group after the other, and says on stderr how far it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::measured::Row;
use crate::{command, rows, turns};

/// In the order of a job's life; then many jobs together, what forks and what is cut up, and the breaker last.
const SUITES: [&str; 8] = ["handover", "load", "life", "job_set", "fork_join", "slices", "scope", "breaker"];
/// Prints its rows itself, once: they are no times.
const RESOURCES: &str = "resources";

/// Where corepool is, and where what is measured is kept.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) folder: PathBuf,
    pub(crate) metadata: Metadata,
    /// Ours alone, below cargo's target folder.
    pub(crate) scratch: PathBuf,
}

/// What is run by itself, so that one that fails leaves the others their rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of a suite.
    Group(&'static str, String),
    Resources,
}

impl Workshop {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let mut asked = MetadataCommand::new();
        asked.current_dir(folder).other_options(vec!["--locked".to_owned()]);
        let metadata = asked.exec().with_context(|| format!("cargo cannot describe {}", folder.display()))?;
        let scratch = metadata.target_directory.join("measured").into_std_path_buf();
        fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
        Ok(Self { folder: folder.to_path_buf(), metadata, scratch })
    }

    /// Builds the benches; all parts, in their order.
    pub(crate) fn parts(&self) -> Result<Vec<Part>> {
        eprintln!("building the benches");
        let build = ["bench", "--locked", "--benches", "--no-run", "--quiet"];
        command::output("cargo", &build, &self.folder)?;
        let mut parts = Vec::new();
        for suite in SUITES {
            let groups = ["bench", "--locked", "--quiet", "--bench", suite, "--", "--groups"];
            let names = command::output("cargo", &groups, &self.folder)?;
            parts.extend(names.lines().map(|name| Part::Group(suite, name.to_owned())));
        }
        parts.push(Part::Resources);
        Ok(parts)
    }

    /// The rows of a part; what could not be measured is told to `failed`, and the rest is kept.
    pub(crate) fn measure(
        &self,
        part: &Part,
        rounds: u32,
        environment: &[(&str, PathBuf)],
        failed: &mut Vec<String>,
    ) -> Vec<Row> {
        let mut command = Command::new("cargo");
        command.args(["bench", "--locked", "--quiet", "--bench"]).current_dir(&self.folder);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        match part {
            Part::Group(suite, group) => {
                command.args([suite, "--", "--rounds", &rounds.to_string(), "--group", group]);
            }
            Part::Resources => _ = command.arg(RESOURCES),
        }
        keep(&part.name(), &mut command, part.parser(), failed)
    }
}

type Parser = fn(&str) -> Result<Vec<Row>>;

impl Part {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Group(suite, group) => format!("{group} ({suite})"),
            Self::Resources => RESOURCES.to_owned(),
        }
    }

    fn parser(&self) -> Parser {
        match self {
            Self::Group(..) => turns::parse,
            Self::Resources => rows::parse,
        }
    }
}

/// The rows that a program has printed until it ended, well or not.
fn keep(name: &str, command: &mut Command, parse: Parser, failed: &mut Vec<String>) -> Vec<Row> {
    let mut fail = |why: String| {
        eprintln!("{name}: {why}");
        failed.push(format!("{name}: {why}"));
    };
    let ended = match command::run(command) {
        Ok(ended) => ended,
        Err(error) => {
            fail(format!("{error:#}"));
            return Vec::new();
        }
    };
    let rows = parse(turns::whole_lines(&ended.printed)).unwrap_or_else(|error| {
        fail(format!("{error:#}"));
        Vec::new()
    });
    if let Some(failure) = ended.failure {
        let rounds = rows.first().map_or(0, |row| row.rounds.len());
        fail(format!("failed after {rounds} rounds ({failure})"));
    }
    rows
}

/// How far the parts are.
pub(crate) struct Progress {
    started: Instant,
    all: usize,
}

impl Progress {
    pub(crate) fn new(all: usize) -> Self {
        Self { started: Instant::now(), all }
    }

    pub(crate) fn begin(&self, index: usize, part: &Part) {
        let seconds = self.started.elapsed().as_secs();
        eprintln!("{seconds} s, {} of {}: {}", index + 1, self.all, part.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Vec<Row>, Vec<String>) {
        let mut failed = Vec::new();
        let rows = keep("g", Command::new("sh").args(["-c", script]), turns::parse, &mut failed);
        (rows, failed)
    }

    #[test]
    fn a_bench_that_fails_leaves_the_rounds_it_has_measured() {
        let (rows, failed) =
            shell("printf 'g,0,a,1,\\ng,0,b,2,\\ng,1,b,2,\\ng,1,a,'; echo 'thread panicked' >&2; exit 101");
        assert_eq!(rows.iter().map(|row| row.rounds.len()).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(failed.len(), 1);
        for part in ["g: failed after 1 rounds", "101", "thread panicked"] {
            assert!(failed[0].contains(part), "{part} is missing in {}", failed[0]);
        }
    }

    #[test]
    fn a_bench_that_prints_something_else_is_named() {
        let (rows, failed) = shell("echo 'hello, world'");
        assert!(rows.is_empty());
        assert!(failed[0].starts_with("g: line 1 is not"), "{failed:?}");
    }

    #[test]
    fn a_bench_that_ends_well_fails_nothing() {
        let (rows, failed) = shell("echo g,0,a,1,5");
        assert_eq!((rows.len(), failed.len()), (1, 0));
    }
}
