//! Runs the bench of piscina, which is a script for Node.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command::{first_line, output};
use crate::measured::Row;
use crate::rows;

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) rows: Vec<Row>,
    /// Of Node and of piscina.
    pub(crate) versions: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Package {
    dependencies: BTreeMap<String, String>,
}

/// The rows of every run; an error if Node or piscina is not to be had.
pub(crate) fn run(folder: &Path, runs: u32) -> Result<Found> {
    let node = first_line("node", &["--version"], folder).context("there is no `node`: install Node 20 or later")?;
    first_line("npm", &["--version"], folder).context("there is no `npm`: install it beside Node")?;
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let package: Package = serde_json::from_str(&text).with_context(|| format!("{} is no package", path.display()))?;

    eprintln!("installing piscina");
    output("npm", &["ci", "--silent", "--no-fund", "--no-audit"], folder)?;
    let mut rows = Vec::new();
    for run in 1..=runs {
        eprintln!("piscina, run {run} of {runs}, about a minute");
        let printed = output("node", &["bench.mjs"], folder)?;
        rows.extend(rows::parse(&printed).context("the bench of piscina printed something else than rows")?);
    }
    let mut versions = vec![("node".to_owned(), node.trim_start_matches('v').to_owned())];
    versions.extend(package.dependencies);
    Ok(Found { rows, versions })
}
