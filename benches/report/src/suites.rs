//! Runs corepool's own benches by cargo, one after the other, and says on stderr how far it is.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::measured::Row;
use crate::{command, criterion, rows};

/// In the order of a job's life, with the breaker last; each is a bench of criterion's.
const SUITES: [&str; 4] = ["handover", "load", "life", "breaker"];
/// Prints its rows itself.
const RESOURCES: &str = "resources";
/// How long criterion measures. The groups that ask for more than ten samples get them.
pub(crate) const SAMPLING: [&str; 7] =
    ["--noplot", "--warm-up-time", "0.3", "--measurement-time", "1", "--sample-size", "10"];
/// Lines of a bench that has failed.
const LAST_LINES: usize = 20;

/// Where corepool is, and where its benches leave what they measure.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) folder: PathBuf,
    pub(crate) metadata: Metadata,
    /// Ours alone, below cargo's target folder.
    pub(crate) scratch: PathBuf,
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

    /// The rows of every run, in the order of the benches.
    pub(crate) fn run(&self, runs: u32) -> Result<Vec<Row>> {
        eprintln!("building the benches");
        let build = ["bench", "--locked", "--benches", "--no-run", "--quiet"];
        command::output("cargo", &build, &self.folder)?;
        let suites = SUITES.iter().map(|&suite| Ok((suite, self.list(suite)?))).collect::<Result<Vec<_>>>()?;
        let all = suites.iter().map(|(_, benches)| benches.len()).sum::<usize>() * runs as usize;
        let mut progress = Progress { started: Instant::now(), all, begun: 0, group: String::new() };
        let mut rows = Vec::new();
        for _ in 0..runs {
            for (suite, order) in &suites {
                rows.extend(self.run_suite(suite, order, &mut progress)?);
            }
            eprintln!("{} s: {RESOURCES}, about a minute", progress.started.elapsed().as_secs());
            rows.extend(self.run_resources()?);
        }
        Ok(rows)
    }

    /// The names of a suite's benches, `group/peer`, in their order.
    fn list(&self, suite: &str) -> Result<Vec<String>> {
        let list = ["bench", "--locked", "--quiet", "--bench", suite, "--", "--list"];
        let text = command::output("cargo", &list, &self.folder)?;
        Ok(text.lines().filter_map(|line| line.strip_suffix(": benchmark")).map(str::to_owned).collect())
    }

    fn run_suite(&self, suite: &str, order: &[String], progress: &mut Progress) -> Result<Vec<Row>> {
        // A home of its own: nothing of an earlier bench is taken for this one's.
        let home = self.scratch.join("criterion");
        match fs::remove_dir_all(&home) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot clear {}: remove it by hand", home.display()));
            }
            _ => {}
        }
        let mut command = Command::new("cargo");
        command.args(["bench", "--locked", "--bench", suite, "--"]).args(SAMPLING).env("CRITERION_HOME", &home);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cargo does not start: is it installed?")?;
        let last = progress.follow(suite, &mut child)?;
        let status = child.wait().with_context(|| format!("cannot wait for the bench {suite}"))?;
        if !status.success() {
            bail!("the bench {suite} failed ({status}); try `cargo bench --bench {suite}`. Its last words:\n{last}");
        }
        criterion::read(&home, order)
    }

    fn run_resources(&self) -> Result<Vec<Row>> {
        let text = command::output("cargo", &["bench", "--locked", "--quiet", "--bench", RESOURCES], &self.folder)?;
        rows::parse(&text).with_context(|| format!("the bench {RESOURCES} printed something else than rows"))
    }
}

/// How far the benches are: a line for each group.
struct Progress {
    started: Instant,
    all: usize,
    begun: usize,
    group: String,
}

impl Progress {
    /// Reads what a bench says until it ends; its last lines.
    fn follow(&mut self, suite: &str, child: &mut Child) -> Result<String> {
        let mut last = VecDeque::with_capacity(LAST_LINES);
        let words = child.stderr.take().context("the bench has no stderr")?;
        for line in BufReader::new(words).lines() {
            let line = line.with_context(|| format!("cannot read what the bench {suite} says"))?;
            if let Some(bench) = begun(&line) {
                self.begin(suite, bench);
            }
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
        Ok(last.into_iter().collect::<Vec<_>>().join("\n"))
    }

    fn begin(&mut self, suite: &str, bench: &str) {
        self.begun += 1;
        let group = bench.split_once('/').map_or(bench, |(group, _)| group);
        if group != self.group {
            group.clone_into(&mut self.group);
            let seconds = self.started.elapsed().as_secs();
            eprintln!("{seconds} s, bench {} of {}: {suite}, {group}", self.begun, self.all);
        }
    }
}

/// The bench that begins with this line of criterion's; the later steps of a bench have a colon behind the name.
fn begun(line: &str) -> Option<&str> {
    line.strip_prefix("Benchmarking ").filter(|bench| !bench.contains(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_begins_once() {
        assert_eq!(begun("Benchmarking burst/corepool"), Some("burst/corepool"));
        assert_eq!(begun("Benchmarking burst/corepool: Warming up for 300.00 ms"), None);
        assert_eq!(begun("    Finished `bench` profile"), None);
    }
}
