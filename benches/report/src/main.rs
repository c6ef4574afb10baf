//! Runs every bench and writes what was measured: `benches/RESULTS.md`, to read, and `benches/results.svg`, to see.
//!
//! The way of a number: a bench prints it, once a round (`suites`, `turns`, `rows`; `piscina` takes part), it is kept
//! (`measured`), stands beside its peers by the ratios within each round (`group`, `role`, `spread`), is held to its bar
//! (`bars`, `judge`), and is shown (`units`, `results`, `tables`; `chart`, `panel`).

#![allow(clippy::print_stderr, reason = "a program that says how far it is")]

mod command;
mod suites;
mod turns;
mod rows;
mod piscina;
mod conditions;
mod measured;
mod role;
mod spread;
mod group;
mod bars;
mod judge;
mod units;
mod about;
mod tables;
mod results;
mod style;
mod panel;
mod chart;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::measured::Measured;
use crate::suites::{Progress, Workshop};

/// Runs every bench of corepool and writes benches/RESULTS.md and benches/results.svg.
///
/// Takes some ten minutes, on a machine that does nothing else. Whether the bars are met is in the results, not in the
/// exit code: that is 0 if everything was measured and written, 1 if something could not be, and 2 for wrong arguments.
/// What was measured is written all the same, and is there for --only-render if this program is stopped.
#[derive(Debug, Parser)]
#[command(name = "report", version)]
struct Arguments {
    /// Run each row so often, in turn with those it is compared with; the ratios shown are medians of the rounds'.
    #[arg(long, value_name = "NUMBER", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,

    /// Measure only the groups whose names begin so.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,

    /// Run no bench: write the results of the last measurements again.
    #[arg(long, conflicts_with_all = ["rounds", "group"])]
    only_render: bool,
}

fn main() -> ExitCode {
    match report(&Arguments::parse()) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            eprintln!("error: not everything was measured:");
            failures.iter().for_each(|failure| eprintln!("  {failure}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What could not be measured.
fn report(arguments: &Arguments) -> Result<Vec<String>> {
    let folder = crate_folder()?;
    let workshop = Workshop::open(&folder)?;
    let kept = workshop.scratch.join("measured.json");
    let measured = if arguments.only_render { Measured::load(&kept)? } else { measure(&workshop, arguments, &kept)? };
    let groups = group::all(&measured.rows);
    if let Some(warning) = results::warning(&groups) {
        eprintln!("{warning}");
    }
    write(&folder.join("benches/RESULTS.md"), &results::page(&measured, &groups))?;
    write(&folder.join("benches/results.svg"), &chart::svg(&measured.conditions, &groups)?)?;
    Ok(measured.failures)
}

/// Where corepool's own manifest is: this package is two folders below it.
fn crate_folder() -> Result<PathBuf> {
    // Cargo sets it for what it runs; it knows of a clone that has been moved since this program was built.
    let own = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let folder = own.ancestors().nth(2).filter(|folder| folder.join("Cargo.toml").is_file());
    let moved = || format!("corepool is not two folders above {}: build this program again where it is", own.display());
    folder.map(Path::to_path_buf).with_context(moved)
}

/// Saves what it has after each part.
fn measure(workshop: &Workshop, arguments: &Arguments, kept: &Path) -> Result<Measured> {
    // Before the long part: what is wrong here would be a pity later.
    let conditions = conditions::look(workshop)?;
    let mut measured = Measured { conditions, rounds: arguments.rounds, rows: Vec::new(), failures: Vec::new() };
    let mut environment = Vec::new();
    match piscina::install(&workshop.folder.join("benches/piscina")) {
        Ok(piscina) => {
            environment.extend(piscina.environment);
            measured.conditions.versions.extend(piscina.versions);
        }
        Err(error) => {
            eprintln!("piscina is left out: {error:#}");
            measured.failures.push(format!("piscina (Node) is left out: {error:#}"));
        }
    }
    let mut parts = workshop.parts()?;
    parts.retain(|part| arguments.group.as_ref().is_none_or(|group| part.name().starts_with(group)));
    ensure!(!parts.is_empty(), "no group begins with {:?}", arguments.group.as_deref().unwrap_or_default());
    let progress = Progress::new(parts.len());
    for (index, part) in parts.iter().enumerate() {
        progress.begin(index, part);
        let rows = workshop.measure(part, arguments.rounds, &environment, &mut measured.failures);
        measured.rows.extend(rows);
        measured.save(kept)?;
    }
    Ok(measured)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("written: {}", path.display());
    Ok(())
}
