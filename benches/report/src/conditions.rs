//! On what, of what and when was measured.

use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sysinfo::System;

use crate::command::first_line;
use crate::suites::Workshop;

/// The crates that a row's name stands for.
const SHOWN: [&str; 10] =
    ["corepool", "rayon", "chili", "threadpool", "oneshot", "rusty_pool", "tokio", "blocking", "failsafe", "recloser"];
/// The package that depends on them.
const BENCHES: &str = "corepool-benches";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Conditions {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) system: String,
    pub(crate) rustc: String,
    pub(crate) commit: String,
    pub(crate) date: String,
    /// Names and versions of what was measured.
    pub(crate) versions: Vec<(String, String)>,
}

pub(crate) fn look(workshop: &Workshop) -> Result<Conditions> {
    let mut system = System::new();
    system.refresh_cpu_all();
    system.refresh_memory();
    let processor = system.cpus().first().map_or("unknown", |cpu| cpu.brand()).trim();
    let names = [System::long_os_version(), System::kernel_version()];
    let rustc = first_line("rustc", &["--version"], &workshop.folder).context("there is no `rustc`: install Rust")?;
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Ok(Conditions {
        processor: processor.to_owned(),
        cores: system.cpus().len(),
        memory_bytes: system.total_memory(),
        system: names.into_iter().flatten().collect::<Vec<_>>().join(", kernel "),
        rustc,
        commit: commit(workshop),
        date: now.split('T').next().unwrap_or_default().to_owned(),
        versions: versions(workshop)?,
    })
}

/// The commit, and whether the files are its files. What this program writes does not count.
fn commit(workshop: &Workshop) -> String {
    let Some(hash) = first_line("git", &["rev-parse", "--short", "HEAD"], &workshop.folder) else {
        return "unknown".to_owned();
    };
    let status = ["status", "--porcelain", "--", ".", ":!benches/RESULTS.md", ":!benches/results.svg"];
    if first_line("git", &status, &workshop.folder).is_some() { format!("{hash}+changes") } else { hash }
}

/// Of what the benches depend on directly, in the order of `SHOWN`.
fn versions(workshop: &Workshop) -> Result<Vec<(String, String)>> {
    let metadata = &workshop.metadata;
    let resolve = metadata.resolve.as_ref().context("cargo has resolved no dependencies")?;
    let benches = resolve.nodes.iter().find(|node| *metadata[&node.id].name == BENCHES);
    let benches = benches.with_context(|| format!("{} has no package {BENCHES}", workshop.folder.display()))?;
    let direct: Vec<_> = benches.deps.iter().map(|dep| &metadata[&dep.pkg]).collect();
    let version = |name: &str| {
        let package = direct.iter().find(|package| *package.name == *name)?;
        Some((name.to_owned(), package.version.to_string()))
    };
    Ok(SHOWN.iter().filter_map(|name| version(name)).collect())
}
