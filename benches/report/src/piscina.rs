//! Makes piscina ready to take part: its script is told what to run by the benches themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command::{first_line, output};

#[derive(Debug)]
pub(crate) struct Piscina {
    /// Names and values that tell the benches of it.
    pub(crate) environment: [(&'static str, PathBuf); 1],
    /// Of Node and of piscina.
    pub(crate) versions: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Package {
    dependencies: BTreeMap<String, String>,
}

/// An error if Node or piscina is not to be had.
pub(crate) fn install(folder: &Path) -> Result<Piscina> {
    let node = first_line("node", &["--version"], folder).context("there is no `node`: install Node 20 or later")?;
    first_line("npm", &["--version"], folder).context("there is no `npm`: install it beside Node")?;
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let package: Package = serde_json::from_str(&text).with_context(|| format!("{} is no package", path.display()))?;

    eprintln!("installing piscina");
    output("npm", &["ci", "--silent", "--no-fund", "--no-audit"], folder)?;
    let mut versions = vec![("node".to_owned(), node.trim_start_matches('v').to_owned())];
    versions.extend(package.dependencies);
    Ok(Piscina { environment: [("COREPOOL_PISCINA", folder.join("bench.mjs"))], versions })
}
